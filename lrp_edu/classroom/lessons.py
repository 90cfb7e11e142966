"""A lesson as the grader sees it: what was handed out, the solution behind it, and its exercises.

Students are graded against the version that they were given. Today's solutions are tried first, then those that git
remembers for the same folder.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nbformat.notebooknode import NotebookNode
from nbgrader import utils

from lrp_edu.classroom import notebook as files
from lrp_edu.classroom.release import check_source, handed_out


class LessonError(ValueError):
    """A lesson, or the version of it that was handed out, cannot be had."""


@dataclass(frozen=True)
class Exercise:
    """One exercise: the ids of its answer cells, and of the cell that bears the points.

    A written answer is one cell for both. Its points are given by a person.
    """

    grade_id: str
    answers: tuple[str, ...]
    points: float
    written: bool

    @property
    def name(self) -> str:
        return self.grade_id.removesuffix("-check")


@dataclass(frozen=True)
class Lesson:
    """One version of a lesson."""

    name: str
    solution: NotebookNode

    @cached_property
    def student(self) -> NotebookNode:
        """What students were given."""
        return handed_out(self.solution, self.name)

    @property
    def version(self) -> str:
        return str(self.student.metadata["lrp_edu"]["version"])

    @cached_property
    def exercises(self) -> tuple[Exercise, ...]:
        """In reading order. A check belongs to the answers since the check before it."""
        found: list[Exercise] = []
        answers: list[str] = []
        for cell in self.student.cells:
            if utils.is_solution(cell):
                answers.append(cell.metadata.nbgrader.grade_id)
            if utils.is_grade(cell) or utils.is_task(cell):
                about = cell.metadata.nbgrader
                written = utils.is_solution(cell) or utils.is_task(cell)
                found.append(Exercise(about.grade_id, tuple(answers), float(about.points), written))
                answers = []
        return tuple(found)

    def exercise_of(self, grade_id: str) -> Exercise | None:
        """The exercise to which a cell with this grade id belongs."""
        return next((one for one in self.exercises if grade_id == one.grade_id or grade_id in one.answers), None)

    @cached_property
    def by_grade_id(self) -> dict[str, tuple[NotebookNode, NotebookNode]]:
        """Each graded cell as it was handed out, and as it is in the solution."""
        return {
            student.metadata.nbgrader.grade_id: (student, solution)
            for student, solution in zip(self.student.cells, self.solution.cells, strict=True)
            if utils.is_solution(student) or utils.is_grade(student) or utils.is_task(student)
        }


def read_lessons(solutions: Path) -> dict[str, Lesson]:
    """Today's lessons in a folder of solutions, by name.

    Raises:
        LessonError: there are none.
        NotebookError, ReleaseError: one of them cannot be handed out.
    """
    paths = sorted(solutions.glob("*.ipynb"))
    if not paths:
        raise LessonError(f"{solutions}: no notebooks there; run this in the course's folder or give --solutions")
    lessons = {path.stem: Lesson(path.stem, files.read(path)) for path in paths}
    for path in paths:
        check_source(lessons[path.stem].solution, path)
    return lessons


def with_version(today: Lesson, version: str, solutions: Path) -> Lesson:
    """The lesson as it was when the version was handed out.

    Raises:
        LessonError: neither the folder nor git has that version.
    """
    if today.version == version:
        return today
    for older in _remembered(solutions, today.name):
        if older.version == version:
            return older
    raise LessonError(
        f"{today.name}, version {version}: {solutions} has version {today.version}, and git remembers no other that "
        "fits; give the folder of the solutions that you handed out with --solutions"
    )


def _remembered(solutions: Path, name: str) -> Iterator[Lesson]:
    """Earlier versions that git has of a lesson, the latest first; broken ones are passed over."""
    path = f"{name}.ipynb"
    for commit in _git(solutions, "log", "--format=%H", "--", path).decode().split():
        content = _git(solutions, "show", f"{commit}:./{path}")
        try:
            lesson = Lesson(name, files.parsed(content, Path(f"{path} at {commit[:12]}")))
            check_source(lesson.solution, Path(path))
        except ValueError:
            continue
        yield lesson


def _git(folder: Path, *arguments: str) -> bytes:
    """What git answers in a folder; nothing where it has nothing to say."""
    try:
        return subprocess.run(["git", *arguments], cwd=folder, capture_output=True).stdout
    except FileNotFoundError:
        return b""
