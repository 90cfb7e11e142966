"""nbgrader's gradebook, filled so that its formgrader can mark what a person has to mark, and read again afterwards.

The folder of results is an nbgrader course: `gradebook.db`, and the graded notebooks under `autograded/`.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, InvalidEntry, MissingEntry
from nbgrader.preprocessors import ComputeChecksums, SaveAutoGrades, SaveCells
from sqlalchemy.exc import SAWarning, SQLAlchemyError

from lrp_edu.classroom import notebook as files
from lrp_edu.classroom.lessons import Lesson
from lrp_edu.classroom.records import Record, graded_notebook
from lrp_edu.files import whole_file

DATABASE = "gradebook.db"
# nbgrader writes a traceback where it also raises an error.
logging.getLogger("tornado.application").addFilter(lambda record: "database error" not in record.getMessage())


class GradebookError(OSError):
    """The gradebook cannot be read or written: the disk is full, or another program holds it."""


@dataclass(frozen=True)
class Entry:
    """What the gradebook says about one exercise: the points, None while a person has to decide, and a comment."""

    points: float | None
    comment: str = ""
    by_hand: bool = False


def assignment(record: Record) -> str:
    """The name of an assignment: two versions of a lesson have different cells, and so are two assignments."""
    return f"{record.lesson}-{record.version}"


@contextmanager
def opened(folder: Path) -> Iterator[Gradebook]:
    """The gradebook in a folder of results, which is made where there is none.

    Raises:
        GradebookError: it cannot be read or written.
    """
    try:
        with _gradebook(folder) as book, warnings.catch_warnings():
            # nbgrader builds its entries in a way about which SQLAlchemy warns each time.
            warnings.simplefilter("ignore", SAWarning)
            yield book
    except (SQLAlchemyError, InvalidEntry) as error:
        raise GradebookError(f"{DATABASE}: {str(error).splitlines()[0].rpartition(') ')[2]}") from error


def _gradebook(folder: Path) -> Gradebook:
    before = os.environ.get("PATH", "")
    # For a new one nbgrader starts alembic, which lies beside Python and maybe nowhere else.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        return Gradebook(_url(folder))
    finally:
        os.environ["PATH"] = before


def _url(folder: Path) -> str:
    return f"sqlite:///{(folder / DATABASE).absolute()}"


def enter(book: Gradebook, folder: Path, lesson: Lesson, record: Record) -> None:
    """Enter a record, unless it is in the gradebook already. Points that a person gave stay, to be looked at again."""
    path = folder / "autograded" / record.student / assignment(record) / f"{record.lesson}.ipynb"
    if _entered_key(path) == record.key:
        return
    notebook = graded_notebook(lesson, record)
    resources = _resources(folder, record)
    if not _has_cells(book, lesson, record):
        book.update_or_create_assignment(assignment(record))
        solution, _ = ComputeChecksums().preprocess(deepcopy(lesson.solution), {})
        SaveCells().preprocess(solution, resources)
        book.db.expire_all()
    book.update_or_create_student(record.student)
    book.update_or_create_submission(assignment(record), record.student)
    SaveAutoGrades().preprocess(deepcopy(notebook), resources)
    book.db.expire_all()
    for grade_id, mark in record.marks.items():
        if mark.points is None:
            grade = book.find_grade(grade_id, record.lesson, assignment(record), record.student)
            grade.auto_score, grade.needs_manual_grade = None, True
    book.db.commit()
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(files.to_bytes(notebook))


def _has_cells(book: Gradebook, lesson: Lesson, record: Record) -> bool:
    """Whether all cells of the lesson are there: a run may have been cut short while they were entered."""
    try:
        notebook = book.find_notebook(record.lesson, assignment(record))
    except MissingEntry:
        return False
    return len(notebook.source_cells) == len(lesson.by_grade_id)


def _resources(folder: Path, record: Record) -> dict[str, dict[str, str]]:
    return {
        "nbgrader": {
            "notebook": record.lesson,
            "assignment": assignment(record),
            "student": record.student,
            "db_url": _url(folder),
        }
    }


def _entered_key(path: Path) -> str | None:
    try:
        note = files.read(path).metadata.get("lrp_edu", {})
    except files.NotebookError:
        return None
    return str(note.get("key"))


def entries(book: Gradebook, record: Record) -> dict[str, Entry]:
    """What the gradebook now says about the exercises of a record, points by hand before those by machine."""
    name = assignment(record)
    submission = book.find_submission_notebook(record.lesson, name, record.student)
    comments = {comment.name: comment.manual_comment or "" for comment in submission.comments}
    return {
        grade.name: Entry(
            None if grade.needs_manual_grade else float(grade.score),
            comments.get(grade.name, ""),
            grade.manual_score is not None,
        )
        for grade in submission.grades
    }
