"""The checks under the exercises, tried on answers that readers would give: right ones pass, wrong ones hear why."""

from __future__ import annotations

import contextlib
import io
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from answers import lesson_04, lesson_05
from nbgrader import utils

from lrp_edu.check import CheckFailed
from lrp_edu.classroom.notebook import read

SOLUTIONS = Path(__file__).parents[1] / "solutions"
NOTEBOOKS = {"rules": "04_rules_and_composites.ipynb", "conv": "05_convolutional_networks.ipynb"}
RIGHT, WRONG = lesson_04.RIGHT | lesson_05.RIGHT, lesson_04.WRONG | lesson_05.WRONG


def run(source: str, names: dict[str, Any]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        exec(source, names)


class Exercise(NamedTuple):
    answer: str  # the solution's cell
    check: str
    names: dict[str, Any]  # all that a reader has when she comes to it


@cache
def exercises(notebook: str) -> dict[str, Exercise]:
    """The exercises of a lesson by their names; the lesson runs once in each process, up to its last exercise."""
    found, names, answer = {}, {}, ""
    cells = [cell for cell in read(SOLUTIONS / notebook).cells if cell.cell_type == "code"]
    last = max(number for number, cell in enumerate(cells) if utils.is_grade(cell))
    for cell in cells[: last + 1]:
        if utils.is_solution(cell):
            answer = cell.source
        elif utils.is_grade(cell):
            found[cell.metadata.nbgrader.grade_id.removesuffix("-check")] = Exercise(answer, cell.source, dict(names))
        if not utils.is_grade(cell) and "widgets." not in cell.source:
            run(cell.source, names)
    return found


def exercise(name: str) -> Exercise:
    return exercises(NOTEBOOKS[name.partition("-")[0]])[name]


def pairs(bank: dict[str, list[Any]]) -> list[Any]:
    return [pytest.param(name, one, id=f"{name}-{n}") for name, many in bank.items() for n, one in enumerate(many, 1)]


@pytest.mark.parametrize("lesson", NOTEBOOKS)
def test_every_exercise_has_answers(lesson: str) -> None:
    right, wrong = ({name: bank[name] for name in bank if name.startswith(f"{lesson}-")} for bank in (RIGHT, WRONG))
    assert set(exercises(NOTEBOOKS[lesson])) == set(right) == set(wrong)
    assert all(len(many) >= 2 for many in right.values())
    assert all(len(many) >= 4 for many in wrong.values())


@pytest.mark.parametrize(("name", "source"), pairs(RIGHT))
def test_a_right_answer_passes(name: str, source: str) -> None:
    answer, check, before = exercise(name)
    names = dict(before)
    run(answer, names)  # a right answer may replace one of two functions only
    run(source, names)
    run(check, names)


@pytest.mark.parametrize(("name", "wrong"), pairs(WRONG))
def test_a_wrong_answer_is_told_what_is_wrong_with_it(name: str, wrong: tuple[str, str]) -> None:
    message, source = wrong
    answer, check, before = exercise(name)
    names = dict(before)
    run(answer, names)
    run(source, names)
    visible = check.partition("### BEGIN HIDDEN TESTS")[0]
    with pytest.raises(CheckFailed, match=re.escape(message)):
        run(visible, names)
