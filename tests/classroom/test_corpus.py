"""Damaged and hostile submissions in one class: each gets its mark or a reason, changes no other's, and is not lost."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import damage
import pytest
from damage import CORPUS, FAST, HERE, SAME_ANSWERS, TARGETS, Damage, Target, damages
from students import SOLUTIONS, lesson

from lrp_edu.classroom import reports
from lrp_edu.classroom.grade import grade
from lrp_edu.classroom.run import PREFIX
from lrp_edu.classroom.sandbox import Limits, best

LIMITS = Limits(cell_seconds=8)
HOSTILE = ("reads solutions, others' work, the gradebook", "deletes files", "opens a connection")


def graded(corpus: dict[str, Damage], target: Target, root: Path) -> tuple[dict[str, list[dict[str, str]]], str]:
    """The rows of the table by student, and the list for a person, of a class that handed in these."""
    solutions, class_folder, results = root / "solutions", root / "class", root / "results"
    file_name = f"{lesson(target.lesson).name}.ipynb"
    solutions.mkdir()
    shutil.copy(SOLUTIONS / file_name, solutions)
    for name, one in corpus.items():
        (class_folder / name).mkdir(parents=True)
        content = damage.content(one, (solutions, class_folder, results), target)
        (class_folder / name / file_name).write_bytes(content)
    before = tree(solutions), tree(class_folder)
    grade(class_folder, results, solutions, limits=LIMITS, say=lambda line: None)
    assert (tree(solutions), tree(class_folder)) == before
    return rows_of(results), (results / reports.PERSON).read_text(encoding="utf-8")


def rows_of(results: Path) -> dict[str, list[dict[str, str]]]:
    rows: dict[str, list[dict[str, str]]] = {}
    with open(results / reports.GRADES, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["student"], []).append(row)
    return rows


def tree(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*")}


def otherwise(name: str, expected: Damage, target: Target, rows: list[dict[str, str]], for_a_person: str) -> list[str]:
    """What is not as foreseen: one line with the right points, the others' points untouched, the reason if any."""
    (row,) = rows
    told = row["look at it"]
    found = []
    if expected.reason is not None and not re.search(expected.reason or "^$", told):
        found.append(f"{name}: the reason is {told!r}")
    if told and name not in for_a_person:
        found.append(f"{name}: a person is not told")
    if row["lesson"] == "":
        return [*found, *([f"{name}: could not be graded"] if expected.points is not None else [])]
    for exercise in lesson(target.lesson).exercises:
        answered = set(exercise.answers) <= target.given().keys()
        points = (None if exercise.written else exercise.points) if answered else 0.0
        if exercise == target.exercise:
            points = expected.points
        if row[exercise.name] != ("" if points is None else f"{points:g}"):
            found.append(f"{name}: {row[exercise.name]!r} for {exercise.name} ({told})")
    return found


def run_corpus(corpus: dict[str, Damage], target: Target, root: Path) -> None:
    if best().name != "bubblewrap":
        corpus = {name: one for name, one in corpus.items() if name not in HOSTILE}
    rows, for_a_person = graded(corpus, target, root)
    assert sorted(rows) == sorted(corpus), "none is lost"
    assert not list(Path(tempfile.gettempdir()).glob(f"{PREFIX}{os.getpid()}-*")), "no folder of a kernel is left"
    assert [
        line for name, one in corpus.items() for line in otherwise(name, one, target, rows[name], for_a_person)
    ] == []


def test_one_of_each_kind(tmp_path: Path) -> None:
    run_corpus({name: CORPUS[name] for name in FAST}, HERE, tmp_path)


@pytest.mark.slow
def test_all_of_them(tmp_path: Path) -> None:
    run_corpus({name: one for name, one in CORPUS.items() if name not in FAST}, HERE, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("target", [one for one in TARGETS.values() if one != HERE], ids=lambda one: one.lesson)
def test_answers_to_the_other_lessons(target: Target, tmp_path: Path) -> None:
    """Where damage leaves the answers as they were, test_graft.py has seen it for every lesson; no kernel is needed."""
    corpus = {name: one for name, one in damages(target).items() if name not in SAME_ANSWERS}
    run_corpus(corpus, target, tmp_path)


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda one: one.lesson)
def test_the_corpus_is_made_from_a_good_submission(target: Target) -> None:
    corpus = CORPUS if target == HERE else damages(target)
    contents = {name: damage.content(one, target=target) for name, one in corpus.items()}
    assert json.loads(contents.pop("untouched")) == damage.good(target)
    assert len({json.dumps(damage.good(target)).encode(), *contents.values()}) == len(contents) + 1
    assert set(FAST) <= set(CORPUS)


@pytest.mark.slow
def test_killed_and_resumed_it_gives_the_same_bytes(tmp_path: Path) -> None:
    solutions, class_folder = tmp_path / "solutions", tmp_path / "class"
    name = f"{lesson(damage.LESSON).name}.ipynb"
    solutions.mkdir()
    shutil.copy(SOLUTIONS / name, solutions)
    for student in ("untouched", "check edited", "os._exit", "np.allclose patched", "not JSON", "warnings on stderr"):
        (class_folder / student).mkdir(parents=True)
        (class_folder / student / name).write_bytes(damage.content(CORPUS[student]))
    start = [sys.executable, "-c", "from lrp_edu.cli import app; app()", "grade", str(class_folder)]
    options = ["--solutions", str(solutions), "--to"]
    subprocess.run([*start, *options, str(tmp_path / "whole")], check=True, capture_output=True)
    killed = subprocess.Popen([*start, *options, str(tmp_path / "killed")], stderr=subprocess.DEVNULL)
    while len(list((tmp_path / "killed" / "records").glob("*/*.json"))) < 2:
        assert killed.poll() is None
        time.sleep(0.1)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    subprocess.run([*start, *options, str(tmp_path / "killed"), "--resume"], check=True, capture_output=True)
    whole, resumed = contents(tmp_path / "whole"), contents(tmp_path / "killed")
    assert [name for name in whole.keys() | resumed.keys() if whole.get(name) != resumed.get(name)] == []


def contents(folder: Path) -> dict[str, bytes]:
    """All files but the database, in which there are times and random ids."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "gradebook.db"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
