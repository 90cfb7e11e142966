"""Every answer of the banks in tests/answers through the real grading path, and the mark that it is meant to get.

tests/test_answers.py runs the same answers against the checks alone, which is quicker. Here they come in a student's
notebook, and are grafted, run in the sandbox beside other answers, and judged by nbgrader.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
from students import grade_many, lesson, solved

from lrp_edu.classroom.lessons import Lesson
from lrp_edu.classroom.marks import PASSED, Mark
from lrp_edu.classroom.names import names

FOLDER = Path(__file__).parents[1] / "answers"
BANKS = {
    path.stem.removeprefix("lesson_"): import_module(f"answers.{path.stem}") for path in FOLDER.glob("lesson_*.py")
}
FAST, FAST_STUDENTS = "03", 4


class Answer(NamedTuple):
    exercise: str
    called: str
    source: str
    mark: Mark  # of a wrong answer, the message is a piece of what the student is told


Student = dict[str, Answer]  # what stands in each answer cell, by its grade id


def answers(one: Lesson, bank: ModuleType) -> dict[str, list[Answer]]:
    """The solution of each answer cell, and the right and wrong answers of the bank after it.

    An answer may replace one function of two. What it leaves undefined is taken from the solution.
    """
    found = {}
    for exercise in one.exercises:
        if exercise.written:
            continue
        (cell,) = exercise.answers
        solution, points = solved(one)[cell], exercise.points
        right = [("solution", "", PASSED, points)]
        right += [(f"right {n}", source, PASSED, points) for n, source in enumerate(bank.RIGHT[exercise.name], 1)]
        wrong = [(f"wrong {n}", source, told, 0.0) for n, (told, source) in enumerate(bank.WRONG[exercise.name], 1)]
        found[cell] = [
            Answer(exercise.name, called, f"{solution}\n{source}", Mark(given, points, told))
            for called, source, told, given in right + wrong
        ]
    return found


def students(choices: dict[str, list[Answer]]) -> list[Student]:
    """As many students as it takes to give every answer once, each with an answer to every exercise.

    Each exercise begins at another place of its bank, so that right answers stand beside wrong ones: a mark that
    leaked from one exercise into another would be noticed. Only an answer that calls a function of another exercise
    stands beside the solutions, since it is as right as that function is.
    """
    model = {cell: many[0] for cell, many in choices.items()}
    defined = {cell: names(solution.source).bound for cell, solution in model.items()}

    def calls_another(cell: str, answer: Answer) -> bool:
        return any(names(answer.source).open & bound for other, bound in defined.items() if other != cell)

    calling = [(cell, one) for cell, many in choices.items() for one in many if calls_another(cell, one)]
    alone = [(cell, [one for one in many if (cell, one) not in calling]) for cell, many in choices.items()]
    mixed = [
        {cell: many[(number + 3 * place) % len(many)] for place, (cell, many) in enumerate(alone)}
        for number in range(max(len(many) for _, many in alone))
    ]
    return mixed + [{**model, cell: answer} for cell, answer in calling]


def graded_otherwise(beginning: str, handed: list[Student]) -> list[tuple[str, str, Mark]]:
    """The answers whose mark is not the one that they are meant to get, or that a person is asked to look at."""
    marks = grade_many(beginning, [{cell: answer.source for cell, answer in one.items()} for one in handed])
    pairs = [
        (answer, found[answer.exercise]) for one, found in zip(handed, marks, strict=True) for answer in one.values()
    ]
    return [(answer.exercise, answer.called, found) for answer, found in pairs if not as_meant(found, answer.mark)]


def as_meant(found: Mark, meant: Mark) -> bool:
    return (found.points, found.of, found.reasons) == (meant.points, meant.of, ()) and meant.message in found.message


def test_some_answers_get_the_marks_that_they_are_meant_to_get() -> None:
    handed = students(answers(lesson(FAST), BANKS[FAST]))
    assert graded_otherwise(FAST, handed[:FAST_STUDENTS]) == []


def test_every_answer_is_handed_in_by_somebody() -> None:
    for beginning, bank in BANKS.items():
        choices = answers(lesson(beginning), bank)
        handed = {answer for student in students(choices) for answer in student.values()}
        assert handed == {answer for many in choices.values() for answer in many}


@pytest.mark.slow
@pytest.mark.parametrize("beginning", sorted(BANKS))
def test_every_answer_gets_the_mark_that_it_is_meant_to_get(beginning: str) -> None:
    assert graded_otherwise(beginning, students(answers(lesson(beginning), BANKS[beginning]))) == []
