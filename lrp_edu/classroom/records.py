"""What was found out about each submission, one file each: a run that was cut short goes on from these."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbformat import v4
from nbformat.notebooknode import NotebookNode

from lrp_edu.classroom.graft import Answers
from lrp_edu.classroom.lessons import Lesson
from lrp_edu.classroom.marks import Mark, Marked, as_graded
from lrp_edu.files import whole_file

FORMAT = 2  # to be raised when the same submission would get other marks


@dataclass(frozen=True)
class Record:
    """A graded submission, as it is kept.

    Attributes:
        key: changes with the answers, the solution and the grader; while it is the same, the marks hold.
        student, lesson, version: whose it is, and what was graded.
        file: where it lay in what was collected.
        marks: by grade id.
        answers: what was graded, by grade id of the exercise: code or text.
        outputs: what nbgrader judges, by grade id of the check.
        notes: what was put right; for information only.
        reasons: why a person should look at the submission as a whole.
    """

    key: str
    student: str
    lesson: str
    version: str
    file: str
    marks: Mapping[str, Mark]
    answers: Mapping[str, str]
    outputs: Mapping[str, list[dict[str, Any]]]
    notes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def key(lesson: Lesson, answers: Answers, file: str, reasons: tuple[str, ...]) -> str:
    """What the marks depend on, and what is told beside them, in 64 hexadecimal digits."""
    tests = [[cell.get("id"), cell.cell_type, cell.source] for cell in lesson.solution.cells]
    given = [answers.code, answers.text, answers.notes, answers.reasons, file, reasons]
    return hashlib.sha256(json.dumps([FORMAT, lesson.name, tests, given]).encode()).hexdigest()


def record(
    key: str, student: str, lesson: Lesson, file: str, answers: Answers, marked: Marked, reasons: tuple[str, ...]
) -> Record:
    """The record of a submission that was marked."""
    outputs = {one: as_graded(lesson, one, cell).outputs for one, cell in marked.cells.items()}
    code = {one: "\n\n".join(cells) for one, cells in answers.code.items()}
    return Record(
        key, student, lesson.name, lesson.version, file, marked.marks, {**code, **answers.text}, outputs,
        tuple(answers.notes), reasons,
    )  # fmt: skip


def path_of(folder: Path, student: str, lesson: str) -> Path:
    return folder / student / f"{lesson}.json"


def write(path: Path, one: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(json.dumps(asdict(one), ensure_ascii=True, indent=1, sort_keys=True).encode())


def read(path: Path) -> Record | None:
    """The record in a file; None where there is none, or none of this format."""
    try:
        content = json.loads(path.read_bytes())
        marks = {one: Mark(**{**mark, "reasons": tuple(mark["reasons"])}) for one, mark in content["marks"].items()}
        lists = {name: tuple(content[name]) for name in ("notes", "reasons")}
        return Record(**{**content, **lists, "marks": marks})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def graded_notebook(lesson: Lesson, one: Record) -> NotebookNode:
    """The lesson with the student's answers and the outputs of the checks, as nbgrader's formgrader shows it."""
    cells = []
    for cell in map(NotebookNode.copy, lesson.student.cells):
        cell = NotebookNode(cell)
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        exercise = lesson.exercise_of(grade_id) if grade_id else None
        if exercise and grade_id == exercise.grade_id and not exercise.written:
            cell.source = lesson.by_grade_id[grade_id][1].source
            cell.outputs = [NotebookNode(output) for output in _outputs(one, grade_id)]
        elif exercise and grade_id in exercise.answers:
            first = grade_id == exercise.answers[0]
            cell.source = one.answers[exercise.grade_id] if first else ""
        cells.append(cell)
    note = {"lrp_edu": {"lesson": one.lesson, "version": one.version, "key": one.key}}
    return v4.new_notebook(cells=cells, metadata={**lesson.student.metadata, **note})


def _outputs(one: Record, grade_id: str) -> list[dict[str, Any]]:
    """The outputs of a check; an error in place of them where it could not be run to its end."""
    if one.marks[grade_id].points is None or grade_id not in one.outputs:
        message = one.marks[grade_id].message
        return [{"output_type": "error", "ename": "Stopped", "evalue": message, "traceback": [message]}]
    return one.outputs[grade_id]
