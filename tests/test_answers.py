"""The checks under the exercises, tried on answers that readers would give: right ones pass, wrong ones hear why."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest
from answers import lesson_04
from nbgrader import utils

from lrp_edu.check import CheckFailed
from lrp_edu.classroom.notebook import read

SOLUTIONS = Path(__file__).parents[1] / "solutions"
NOTEBOOKS = {"rules": "04_rules_and_composites.ipynb"}
RIGHT, WRONG = lesson_04.RIGHT, lesson_04.WRONG


def run(source: str, names: dict[str, Any]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        exec(source, names)


@pytest.fixture(scope="session")
def exercises() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """For each exercise its answer cell, its check cell, and all names that a reader has when she comes to it."""
    found = {}
    for notebook in NOTEBOOKS.values():
        names: dict[str, Any] = {}
        answer = ""
        for cell in read(SOLUTIONS / notebook).cells:
            if cell.cell_type != "code":
                continue
            if utils.is_solution(cell):
                answer = cell.source
            elif utils.is_grade(cell):
                found[cell.metadata.nbgrader.grade_id.removesuffix("-check")] = answer, cell.source, dict(names)
            if not utils.is_grade(cell) and "widgets." not in cell.source:
                run(cell.source, names)
    return found


def pairs(bank: dict[str, list[Any]]) -> list[Any]:
    return [pytest.param(name, one, id=f"{name}-{n}") for name, many in bank.items() for n, one in enumerate(many, 1)]


def test_every_exercise_has_answers(exercises: dict[str, Any]) -> None:
    assert set(exercises) == set(RIGHT) == set(WRONG)
    assert all(len(many) >= 2 for many in RIGHT.values())
    assert all(len(many) >= 4 for many in WRONG.values())


@pytest.mark.parametrize(("exercise", "source"), pairs(RIGHT))
def test_a_right_answer_passes(exercise: str, source: str, exercises: dict[str, Any]) -> None:
    answer, check, names = exercises[exercise]
    names = dict(names)
    run(answer, names)  # a right answer may replace one of two functions only
    run(source, names)
    run(check, names)


@pytest.mark.parametrize(("exercise", "wrong"), pairs(WRONG))
def test_a_wrong_answer_is_told_what_is_wrong_with_it(
    exercise: str, wrong: tuple[str, str], exercises: dict[str, Any]
) -> None:
    message, source = wrong
    answer, check, names = exercises[exercise]
    names = dict(names)
    run(answer, names)
    run(source, names)
    visible = check.partition("### BEGIN HIDDEN TESTS")[0]
    with pytest.raises(CheckFailed, match=re.escape(message)):
        run(visible, names)
