"""Students' notebooks of the real lessons, made by code, and a quick way to have answers graded as a class's are.

To try many answers: `grade_bank("03", {"mlp-zplus": {"weights not clipped": "def relprop_z_plus(...): ..."}})`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import cache
from itertools import zip_longest
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from lrp_edu.classroom.graft import graft, parse
from lrp_edu.classroom.lessons import Lesson, read_lessons
from lrp_edu.classroom.marks import Mark, mark
from lrp_edu.classroom.notebook import to_bytes
from lrp_edu.classroom.run import run
from lrp_edu.classroom.sandbox import Limits, best

SOLUTIONS = Path(__file__).parents[2] / "solutions"
WRITTEN = "What I think of it, in words of my own."


@cache
def lessons() -> dict[str, Lesson]:
    return read_lessons(SOLUTIONS)


def lesson(beginning: str) -> Lesson:
    """The lesson whose name begins so."""
    (found,) = [one for name, one in lessons().items() if name.startswith(beginning)]
    return found


def solved(one: Lesson) -> dict[str, str]:
    """The solution of every exercise, and words of one's own for written ones, by the grade id of its answer cell."""
    return {
        answer: WRITTEN if exercise.written else one.by_grade_id[answer][1].source
        for exercise in one.exercises
        for answer in exercise.answers
    }


def notebook(one: Lesson, answers: Mapping[str, str]) -> NotebookNode:
    """The notebook of a student who has filled in these answers, by grade id, and left the others open."""
    student = deepcopy(one.student)
    by_id = {cell.metadata.nbgrader.grade_id: cell for cell in student.cells if "nbgrader" in cell.metadata}
    for grade_id, source in answers.items():
        by_id[grade_id].source = source
    return student


def grade_content(one: Lesson, content: bytes, limits: Limits | None = None) -> dict[str, Mark]:
    """The marks of a file, by the name of the exercise: parsed, grafted, run in the sandbox, judged by nbgrader."""
    marked = mark(one, graft(parse(content), one), lambda plan: run(plan, best(), limits or Limits()))
    return {grade_id.removesuffix("-check"): found for grade_id, found in marked.marks.items()}


def grade_answers(beginning: str, answers: Mapping[str, str], limits: Limits | None = None) -> dict[str, Mark]:
    """The marks of one student's answers to a lesson, by the name of the exercise."""
    one = lesson(beginning)
    return grade_content(one, to_bytes(notebook(one, answers)), limits)


def grade_many(beginning: str, students: Sequence[Mapping[str, str]]) -> list[dict[str, Mark]]:
    """The marks of several students' answers, graded at the same time."""
    return at_once([lambda answers=answers: grade_answers(beginning, answers) for answers in students])


def at_once(tasks: Sequence[Callable[[], dict[str, Mark]]]) -> list[dict[str, Mark]]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


def grade_bank(beginning: str, bank: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, Mark]]:
    """The mark of every answer in a bank: answers by what they are called, by the grade id of their answer cell.

    The first answers to all exercises go into one notebook, the second into another, and so on: as many runs as the
    longest list is long.
    """
    rounds = list(zip_longest(*(named.items() for named in bank.values())))
    students = [
        {grade_id: item[1] for grade_id, item in zip(bank, items, strict=True) if item is not None} for items in rounds
    ]
    marks = grade_many(beginning, students)
    return {
        grade_id: {name: found[grade_id] for (name, found) in zip(named, marks, strict=False)}
        for grade_id, named in bank.items()
    }
