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
from collections.abc import Iterable
from pathlib import Path

import damage
import pytest
from damage import CORPUS, FAST
from students import SOLUTIONS, lesson

from lrp_edu.classroom import reports
from lrp_edu.classroom.grade import grade
from lrp_edu.classroom.run import PREFIX
from lrp_edu.classroom.sandbox import Limits, best

LIMITS = Limits(cell_seconds=8)
HOSTILE = ("reads solutions, others' work, the gradebook", "deletes files", "opens a connection")


def graded(names: Iterable[str], root: Path) -> tuple[dict[str, list[dict[str, str]]], str]:
    """The rows of the table by student, and the list for a person, of a class that handed in these."""
    solutions, class_folder, results = root / "solutions", root / "class", root / "results"
    solutions.mkdir()
    shutil.copy(SOLUTIONS / f"{lesson(damage.LESSON).name}.ipynb", solutions)
    for name in names:
        (class_folder / name).mkdir(parents=True)
        file = class_folder / name / f"{lesson(damage.LESSON).name}.ipynb"
        file.write_bytes(damage.content(CORPUS[name], (solutions, class_folder, results)))
    before = tree(solutions), tree(class_folder)
    grade(class_folder, results, solutions, limits=LIMITS, say=lambda line: None)
    assert (tree(solutions), tree(class_folder)) == before
    rows: dict[str, list[dict[str, str]]] = {}
    with open(results / reports.GRADES, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["student"], []).append(row)
    return rows, (results / reports.PERSON).read_text(encoding="utf-8")


def tree(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*")}


def assert_as_foreseen(name: str, rows: list[dict[str, str]], for_a_person: str) -> None:
    """One line with the right points, the others' points untouched, and the reason where there should be one."""
    expected = CORPUS[name]
    (row,) = rows
    told = row["look at it"]
    assert expected.reason is None or re.search(expected.reason or "^$", told), (name, told)
    assert not told or name in for_a_person
    if row["lesson"] == "":
        assert expected.points is None, (name, "could not be graded", told)
        return
    for exercise in lesson(damage.LESSON).exercises:
        points = {damage.CHECK: expected.points}.get(exercise.grade_id, None if exercise.written else exercise.points)
        assert row[exercise.name] == ("" if points is None else f"{points:g}"), (name, exercise.name, told)


def run_corpus(names: list[str], root: Path) -> None:
    if best().name != "bubblewrap":
        names = [name for name in names if name not in HOSTILE]
    rows, for_a_person = graded(names, root)
    assert sorted(rows) == sorted(names), "none is lost"
    assert not list(Path(tempfile.gettempdir()).glob(f"{PREFIX}{os.getpid()}-*")), "no folder of a kernel is left"
    for name in names:
        assert_as_foreseen(name, rows[name], for_a_person)


def test_one_of_each_kind(tmp_path: Path) -> None:
    run_corpus(list(FAST), tmp_path)


@pytest.mark.slow
def test_all_of_them(tmp_path: Path) -> None:
    run_corpus([name for name in CORPUS if name not in FAST], tmp_path)


def test_the_corpus_is_made_from_a_good_submission() -> None:
    assert set(FAST) <= set(CORPUS)
    assert json.loads(damage.content(CORPUS["untouched"])) == damage.good()
    assert all(damage.content(one) != damage.content(CORPUS["untouched"]) for one in list(CORPUS.values())[1:])


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
