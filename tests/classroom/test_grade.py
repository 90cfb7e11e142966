"""A whole class, with kernels that only pretend: results, going on after a crash or marking by hand, bad input."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import damage
import pytest
from damage import ANSWER, LESSON, RIGHT
from nbgrader.api import Gradebook, get_alembic_version
from pretend import Pretended
from students import SOLUTIONS, lesson, notebook, solved
from typer.testing import CliRunner, Result

from lrp_edu import cli
from lrp_edu.classroom import grade as module
from lrp_edu.classroom import gradebook, records
from lrp_edu.classroom.grade import GradeError, Summary, grade
from lrp_edu.classroom.lessons import LessonError, read_lessons
from lrp_edu.classroom.notebook import to_bytes

NAME = lesson(LESSON).name
WRITTEN = "mlp-two-questions"


database_version = cache(get_alembic_version)


@pytest.fixture(autouse=True)
def kernel(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    pretended = Pretended()
    monkeypatch.setattr(module, "run", pretended)
    # nbgrader starts a program to learn this for each new database, which takes a second.
    monkeypatch.setattr("nbgrader.api.get_alembic_version", database_version)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return pretended


@pytest.fixture(scope="module")
def solutions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The solutions of one lesson only."""
    folder = tmp_path_factory.mktemp("solutions")
    shutil.copy(SOLUTIONS / f"{NAME}.ipynb", folder)
    return folder


@pytest.fixture
def handed_in(tmp_path: Path, solutions: Path) -> Path:
    """Ann is right, Bob wrong in one exercise and silent in another, and Cem has handed in a picture of it."""
    folder = tmp_path / "class"
    (tmp_path / "solutions").symlink_to(solutions)
    hand_in(folder, "ann", solved(lesson(LESSON)))
    hand_in(folder, "bob", {**solved(lesson(LESSON)), ANSWER: "wrong = 1", WRITTEN: "*Relevance* <b>adds</b> up."})
    (folder / "cem").mkdir()
    (folder / "cem" / "photo.jpg").write_bytes(b"not a notebook")
    return folder


def hand_in(folder: Path, student: str, answers: dict[str, str], file: str = f"{NAME}.ipynb") -> Path:
    (folder / student).mkdir(parents=True, exist_ok=True)
    (folder / student / file).write_bytes(to_bytes(notebook(lesson(LESSON), answers)))
    return folder / student / file


def graded(folder: Path, **options: object) -> Summary:
    results = options.pop("to", folder.parent / "results")
    return grade(folder, results, folder.parent / "solutions", say=lambda line: None, **options)


def rows(results: Path) -> dict[str, dict[str, str]]:
    with open(results / "grades.csv", encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file but the database, with its content and the time of its last change."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != gradebook.DATABASE]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def changed(before: dict[str, tuple[bytes, int]], after: dict[str, tuple[bytes, int]]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


# --- results ----------------------------------------------------------------------------------------------------------


def test_the_table_has_a_line_for_each_student(handed_in: Path, tmp_path: Path) -> None:
    summary = graded(handed_in)
    table = rows(tmp_path / "results")
    assert (summary.graded, summary.kept, summary.waiting, summary.unreadable) == (2, 0, 2, 1)
    assert [table["ann"][name] for name in ("lesson", "points", "of", "open", "look at it")] == [
        NAME,
        "14",
        "17",
        "3",
        "",
    ]
    assert (table["bob"]["points"], table["bob"]["mlp-stabilise"], table["bob"][WRITTEN]) == ("12", "0", "")
    assert (table["cem"]["points"], "not a notebook" in table["cem"]["look at it"]) == ("", True)


def test_the_list_for_a_person_has_files_doubts_and_written_answers_with_the_mark_scheme(
    handed_in: Path, tmp_path: Path
) -> None:
    hand_in(handed_in, "dia", {ANSWER: f"import os\n{RIGHT}"})
    graded(handed_in)
    text = (tmp_path / "results" / "needs_a_person.md").read_text(encoding="utf-8")
    files, doubts, written, _ = re.split(r"^## .*\n", text, flags=re.MULTILINE)[1:]
    assert "`cem/photo.jpg`: not a notebook" in files
    assert "**dia**" in doubts
    assert "imports os" in doubts
    assert "Mark scheme:" in written
    assert "> *Relevance* <b>adds</b> up." in written
    assert "dia" not in written, "nothing was written"


def test_a_copied_model_answer_is_told_and_left_to_a_person(handed_in: Path, tmp_path: Path) -> None:
    model = lesson(LESSON).by_grade_id[WRITTEN][1].source
    paragraph = model.partition("### BEGIN MARK SCHEME")[0].replace(". ", ".\n")
    hand_in(handed_in, "eve", {**solved(lesson(LESSON)), WRITTEN: f"My answer: {paragraph}"})
    graded(handed_in)
    table = rows(tmp_path / "results")
    assert (table["eve"]["look at it"], table["eve"][WRITTEN]) == (
        f"{WRITTEN}: it is the model answer, word for word",
        "",
    )
    assert table["eve"]["points"] == table["ann"]["points"]


def test_a_feedback_page_says_what_the_checks_said_and_nothing_hidden(handed_in: Path, tmp_path: Path) -> None:
    graded(handed_in)
    page = (tmp_path / "results" / "feedback" / "bob.html").read_text(encoding="utf-8")
    assert "12 of 17 points" in page
    assert "not yet" in page
    assert "&lt;b&gt;adds" in page
    for exercise in lesson(LESSON).exercises:
        visible, full = (cell.source for cell in lesson(LESSON).by_grade_id[exercise.grade_id])
        hidden = {line.strip() for line in full.splitlines()} - {line.strip() for line in visible.splitlines()}
        assert [line for line in hidden if len(line) > 20 and line in page] == []
    assert "could not be graded" in (tmp_path / "results" / "feedback" / "cem.html").read_text(encoding="utf-8")


def test_results_are_for_the_instructor_alone(handed_in: Path, tmp_path: Path) -> None:
    graded(handed_in)
    assert (tmp_path / "results").stat().st_mode & 0o077 == 0


def test_two_files_of_one_student_are_both_named(handed_in: Path, tmp_path: Path) -> None:
    hand_in(handed_in, "ann", {}, f"{NAME}-1.ipynb")
    graded(handed_in)
    row = rows(tmp_path / "results")["ann"]
    assert row["points"] == "0", "the later file has no answers"
    assert f"2 files were handed in; ann/{NAME}-1.ipynb counts, and not ann/{NAME}.ipynb" in row["look at it"]


def test_no_name_of_a_file_is_computed_by_a_spreadsheet_or_breaks_a_table(handed_in: Path, tmp_path: Path) -> None:
    for name in ("=1+1", "\udcff", "x\ny"):
        (handed_in / name).mkdir()
        (handed_in / name / "photo.jpg").write_bytes(b"")
    graded(handed_in)
    with open(tmp_path / "results" / "grades.csv", encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    assert len(table) == 1 + 3 + 3
    assert [cell for row in table for cell in row if cell[:1] in tuple("=+-@")] == []


def test_a_failure_of_the_grader_itself_costs_nobody_else(
    handed_in: Path, tmp_path: Path, kernel: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(lesson, answers, execute):
        if any("wrong" in source for sources in answers.code.values() for source in sources):
            raise KeyError("oh")
        return module_mark(lesson, answers, execute)

    module_mark = module.mark
    monkeypatch.setattr(module, "mark", broken)
    graded(handed_in)
    table = rows(tmp_path / "results")
    assert table["ann"]["points"] == "14"
    assert (table["bob"]["open"], "the grader itself failed" in table["bob"]["look at it"]) == ("17", True)


# --- nbgrader's gradebook, and going on -------------------------------------------------------------------------------


def mark_by_hand(results: Path, student: str, points: float, comment: str) -> None:
    """What nbgrader's formgrader does when a person gives points."""
    assignment = f"{NAME}-{lesson(LESSON).version}"
    with Gradebook(f"sqlite:///{results / gradebook.DATABASE}") as book:
        grade = book.find_grade(WRITTEN, NAME, assignment, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        book.find_comment(WRITTEN, NAME, assignment, student).manual_comment = comment
        book.db.commit()


def test_the_formgrader_finds_what_it_needs(handed_in: Path, tmp_path: Path) -> None:
    graded(handed_in)
    results, assignment = tmp_path / "results", f"{NAME}-{lesson(LESSON).version}"
    with Gradebook(f"sqlite:///{results / gradebook.DATABASE}") as book:
        waiting = book.find_submission_notebook(NAME, assignment, "bob")
        assert waiting.needs_manual_grade
        assert {grade.name: grade.auto_score for grade in waiting.grades}[f"{ANSWER}-check"] == 0
        assert (waiting.score, waiting.max_score) == (12, 17)
    shown = json.loads((results / "autograded" / "bob" / assignment / f"{NAME}.ipynb").read_bytes())
    by_id = {
        cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in shown["cells"] if "nbgrader" in cell["metadata"]
    }
    assert by_id[ANSWER]["source"] == ["wrong = 1"]
    assert by_id[f"{ANSWER}-check"]["outputs"][0]["ename"] == "CheckFailed"
    assert by_id[WRITTEN]["source"] == ["*Relevance* <b>adds</b> up."]


def test_resume_without_a_change_changes_nothing_and_runs_nothing(
    handed_in: Path, tmp_path: Path, kernel: Pretended
) -> None:
    graded(handed_in)
    before, runs = state(tmp_path / "results"), kernel.runs
    summary = graded(handed_in, resume=True)
    assert (summary.graded, summary.kept, kernel.runs) == (0, 2, runs)
    assert changed(before, state(tmp_path / "results")) == set()


def test_resume_after_marking_by_hand_changes_that_student_only(handed_in: Path, tmp_path: Path) -> None:
    graded(handed_in)
    before = state(tmp_path / "results")
    mark_by_hand(tmp_path / "results", "bob", 2.5, "Well said.")
    graded(handed_in, resume=True)
    after = state(tmp_path / "results")
    assert changed(before, after) == {"grades.csv", "needs_a_person.md", "feedback/bob.html"}
    assert (rows(tmp_path / "results")["bob"]["points"], rows(tmp_path / "results")["bob"]["open"]) == ("14.5", "0")
    assert b"Well said." in after["feedback/bob.html"][0]
    graded(handed_in, resume=True)
    assert changed(after, state(tmp_path / "results")) == set()


def test_a_new_answer_is_graded_again_and_points_by_hand_are_to_be_confirmed(
    handed_in: Path, tmp_path: Path, kernel: Pretended
) -> None:
    graded(handed_in)
    mark_by_hand(tmp_path / "results", "bob", 3, "")
    hand_in(handed_in, "bob", {**solved(lesson(LESSON)), WRITTEN: "Something else."})
    runs = kernel.runs
    assert graded(handed_in, resume=True).graded == 1
    assert kernel.runs == runs + 1
    row = rows(tmp_path / "results")["bob"]
    assert (row["mlp-stabilise"], row[WRITTEN], row["open"]) == ("2", "", "3")


def test_new_hidden_tests_grade_the_same_version_again(handed_in: Path, tmp_path: Path, kernel: Pretended) -> None:
    solutions = shutil.copytree(tmp_path / "solutions", tmp_path / "mine")
    grade(handed_in, tmp_path / "results", solutions, say=lambda line: None)
    path = solutions / f"{NAME}.ipynb"
    path.write_text(path.read_text("utf-8").replace("default_rng(32)", "default_rng(33)"), "utf-8")
    assert read_lessons(solutions)[NAME].version == lesson(LESSON).version
    assert grade(handed_in, tmp_path / "results", solutions, resume=True, say=lambda line: None).graded == 2


def test_cut_short_and_resumed_it_gives_the_same_marks(
    handed_in: Path, tmp_path: Path, kernel: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        hand_in(
            handed_in, f"student {number}", {**solved(lesson(LESSON)), ANSWER: RIGHT if number % 2 else "wrong = 1"}
        )
    graded(handed_in, to=tmp_path / "whole")
    write, left = records.write, [3]

    def killed_after_three(path: Path, one: records.Record) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        write(path, one)

    with monkeypatch.context() as patch:
        patch.setattr(records, "write", killed_after_three)
        with pytest.raises(KeyboardInterrupt):
            graded(handed_in, to=tmp_path / "cut")
    assert not (tmp_path / "cut" / "grades.csv").exists()
    summary = graded(handed_in, to=tmp_path / "cut", resume=True)
    assert summary.kept == 3
    whole, cut = state(tmp_path / "whole"), state(tmp_path / "cut")
    assert {name: content for name, (content, _) in whole.items()} == {
        name: content for name, (content, _) in cut.items()
    }


def test_a_record_that_was_half_written_is_made_again(handed_in: Path, tmp_path: Path) -> None:
    graded(handed_in)
    path = records.path_of(tmp_path / "results" / "records", "ann", NAME)
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    assert graded(handed_in, resume=True).graded == 1
    assert path.read_bytes() == whole


# --- versions ---------------------------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """Solutions in which a visible check has changed since the lesson was handed out; git remembers the old ones."""
    solutions = tmp_path / "course" / "solutions"
    solutions.mkdir(parents=True)
    path = solutions / f"{NAME}.ipynb"
    shutil.copy(SOLUTIONS / path.name, path)
    git(tmp_path / "course", "init", "--quiet")
    git(tmp_path / "course", "add", "-A")
    git(tmp_path / "course", "commit", "--quiet", "-m", "handed out")
    path.write_text(path.read_text("utf-8").replace("away from zero, on both sides", "on both sides"), "utf-8")
    return solutions


def test_students_are_graded_against_the_version_that_they_were_given(
    handed_in: Path, tmp_path: Path, newer: Path
) -> None:
    assert read_lessons(newer)[NAME].version != lesson(LESSON).version
    grade(handed_in, tmp_path / "results", newer, say=lambda line: None)
    record = records.read(records.path_of(tmp_path / "results" / "records", "ann", NAME))
    assert record is not None
    assert record.version == lesson(LESSON).version


def test_who_says_another_version_than_the_class_is_told_of(handed_in: Path, tmp_path: Path, newer: Path) -> None:
    today = read_lessons(newer)[NAME]
    (handed_in / "eve").mkdir()
    (handed_in / "eve" / f"{NAME}.ipynb").write_bytes(to_bytes(notebook(today, solved(today))))
    grade(handed_in, tmp_path / "results", newer, say=lambda line: None)
    table = rows(tmp_path / "results")
    assert f"version {today.version}, unlike most of the class" in table["eve"]["look at it"]
    assert "unlike" not in table["ann"]["look at it"]


def test_a_version_that_is_not_to_be_had_is_refused_by_name(handed_in: Path, tmp_path: Path, newer: Path) -> None:
    shutil.rmtree(newer.parent / ".git")
    summary = grade(handed_in, tmp_path / "results", newer, say=lambda line: None)
    assert (summary.graded, summary.unreadable) == (0, 3)
    told = rows(tmp_path / "results")["ann"]["look at it"]
    assert f"version {lesson(LESSON).version}" in told
    assert "--solutions" in told


def test_no_version_in_the_notebook_is_told(handed_in: Path, tmp_path: Path) -> None:
    stripped = damage.content(damage.CORPUS["all metadata stripped"])
    (handed_in / "ann" / f"{NAME}.ipynb").write_bytes(stripped)
    graded(handed_in)
    assert "does not say which version" in rows(tmp_path / "results")["ann"]["look at it"]


# --- bad input --------------------------------------------------------------------------------------------------------


def command(source: Path, *arguments: object) -> Result:
    solutions = source.parent / "solutions"
    return CliRunner().invoke(cli.app, ["grade", *map(str, [source, *arguments, "--solutions", solutions])])


def refused(source: Path, *arguments: object) -> str:
    result = command(source, *arguments)
    assert result.exit_code == 1, result.output
    told = [line for line in result.stderr.splitlines() if line and not line.startswith(("grading:", "gradebook:"))]
    assert [line for line in told if "submission/s" not in line] == told[-1:], result.stderr
    return told[-1]


def test_the_command_says_which_protection_is_on_and_where_the_results_are(handed_in: Path, tmp_path: Path) -> None:
    result = command(handed_in, "--to", tmp_path / "results")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("protection: ")
    assert "2 graded, 0 kept as they were, 1 files could not be graded." in result.stdout
    assert str(tmp_path / "results" / "grades.csv") in result.stdout


def test_no_submissions_are_one_sentence(handed_in: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no notebooks (.ipynb) in it" in refused(tmp_path / "empty", "--to", tmp_path / "results")
    assert "no such file or folder" in refused(tmp_path / "nowhere", "--to", tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_an_unknown_lesson_is_told_with_the_known_ones(handed_in: Path, tmp_path: Path) -> None:
    path = hand_in(handed_in, "dia", {})
    path.write_bytes(path.read_bytes().replace(f'"lesson": "{NAME}"'.encode(), b'"lesson": "77_future"'))
    graded(handed_in)
    told = rows(tmp_path / "results")["dia"]["look at it"]
    assert "it says it is lesson '77_future'" in told
    assert f"known are {NAME}" in told


def test_results_of_an_earlier_run_are_kept(handed_in: Path, tmp_path: Path) -> None:
    graded(handed_in)
    before = state(tmp_path / "results")
    assert "add --resume to go on" in refused(handed_in, "--to", tmp_path / "results")
    assert changed(before, state(tmp_path / "results")) == set()


def test_nothing_to_go_on_from_is_told(handed_in: Path, tmp_path: Path) -> None:
    assert "no results to go on from" in refused(handed_in, "--to", tmp_path / "results", "--resume")


@pytest.mark.parametrize("place", ["class", "class/results", "mine"])
def test_a_place_for_results_that_is_none_is_refused(handed_in: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    assert "choose another folder" in refused(handed_in, "--to", tmp_path / place)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


def test_an_unwritable_target_is_one_sentence(handed_in: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written to" in refused(handed_in, "--to", tmp_path / "file" / "results")


def test_a_full_disk_is_one_sentence_and_what_was_graded_is_kept(
    handed_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = records.write

    def full(path: Path, one: records.Record) -> None:
        if one.student == "bob":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, one)

    with monkeypatch.context() as patch:
        patch.setattr(records, "write", full)
        told = refused(handed_in, "--to", tmp_path / "results")
    assert "No space left on device; what was graded is kept" in told
    assert "--resume" in told
    assert graded(handed_in, resume=True).kept == 1


def test_a_broken_gradebook_is_one_sentence(handed_in: Path, tmp_path: Path) -> None:
    graded(handed_in)
    (tmp_path / "results" / gradebook.DATABASE).write_bytes(b"no database" * 100)
    told = refused(handed_in, "--to", tmp_path / "results", "--resume")
    assert "gradebook.db: file is not a database; what was graded is kept" in told


def test_no_solutions_are_one_sentence(handed_in: Path, tmp_path: Path) -> None:
    with pytest.raises(LessonError, match="no notebooks there; run this in the course's folder or give --solutions"):
        grade(handed_in, tmp_path / "results", tmp_path, say=lambda line: None)
    with pytest.raises(GradeError, match="lies in the submissions"):
        graded(handed_in, to=handed_in / "results")
