"""From answers to marks: run, see who spoiled the run, run again without them.

Exercises without an answer are not run. An exercise whose code ends the kernel, takes too much or tampers with the
checks is taken out, and the others are run again as if it had not been solved. So it costs itself and nobody else.

What a student is told comes from another run, in which there are no hidden tests: what an answer has seen of them
cannot leak out in a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from nbformat import v4
from nbformat.notebooknode import NotebookNode
from nbgrader import utils

from lrp_edu.classroom.canary import Canary
from lrp_edu.classroom.graft import Answers
from lrp_edu.classroom.lessons import Exercise, Lesson
from lrp_edu.classroom.plan import exercise_id, left_out, plan, rehearsal, role
from lrp_edu.classroom.run import Run

Runner = Callable[[NotebookNode], Run]

PASSED = "All checks passed."
HIDDEN = "Right for the examples in the notebook, but not for other inputs: try cases of your own."
NOT_SEEN = "Not right yet."
NOT_TRUSTED = "Could not be checked by machine; a person will look at it."
WRITTEN = "A person will read this."
EMPTY = "There is no answer yet."
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{4,}")
LONGEST = 1000  # characters of a message, and of an output that is kept
TRIES = 2  # a kernel that does not even start is not the student's fault, and may start the next time
STOPPED = "Your code had to be stopped: {reason}."


@dataclass(frozen=True)
class Mark:
    """The mark of one exercise.

    Attributes:
        points: None as long as a person has to decide.
        of: the most that can be had.
        message: what the student is told.
        reasons: why a person should look, if one should.
    """

    points: float | None
    of: float
    message: str
    reasons: tuple[str, ...] = ()


@dataclass
class Marked:
    """All marks of a submission by grade id, and the notebook of the last run for nbgrader."""

    marks: dict[str, Mark]
    cells: dict[str, NotebookNode] = field(default_factory=dict)


def mark(lesson: Lesson, answers: Answers, execute: Runner) -> Marked:
    """The marks of one submission; `execute` runs a notebook in a sandbox."""
    taken_out = {
        one.grade_id: Mark(0.0, one.points, EMPTY)
        for one in lesson.exercises
        if not one.written and not answers.code[one.grade_id]
    }
    whole, tries = False, TRIES
    while True:
        canary = Canary()
        done = execute(plan(lesson, answers, canary, without=taken_out, whole=whole))
        spoiled = _spoiled(done, canary, {one.grade_id: one.points for one in lesson.exercises})
        if spoiled is None:
            if whole or not _missed(lesson, done):
                break
            whole = True
        elif spoiled[0] is None and (tries := tries - 1):
            continue
        elif spoiled[0] is None:
            return _given_up(lesson, answers, taken_out, spoiled[1].reasons)
        else:
            taken_out[spoiled[0]] = spoiled[1]
    full = {str(exercise_id(cell)): cell for cell in done.notebook.cells if role(cell) == "full"}
    points = {one: utils.determine_grade(as_graded(lesson, one, cell))[0] for one, cell in full.items()}
    failed = [one.grade_id for one in lesson.exercises if points.get(one.grade_id, one.points) < one.points]
    messages = _messages(execute(rehearsal(lesson, answers, failed, taken_out, whole)), failed) if failed else {}
    marks = {}
    for exercise in lesson.exercises:
        one = exercise.grade_id
        if exercise.written:
            found = _written(lesson, exercise, answers)
        elif one in taken_out:
            found = taken_out[one]
        else:
            found = Mark(points[one], exercise.points, messages[one] if one in failed else PASSED)
        marks[one] = replace(found, reasons=(*found.reasons, *answers.reasons.get(one, [])))
    return Marked(marks, full)


def _spoiled(done: Run, canary: Canary, points: dict[str, float]) -> tuple[str | None, Mark] | None:
    """Which exercise spoiled the run, and its mark; the exercise is None where that cannot be known."""
    for place, cell in enumerate(done.notebook.cells):
        exercise = exercise_id(cell)
        if place == done.stopped_at:
            of = points.get(exercise or "", 0.0)
            told = STOPPED.format(reason=done.reason)
            return exercise, Mark(0.0, of, told, (f"{done.reason} (in its {_called(role(cell))})",))
        if role(cell) == "canary" and exercise and (found := canary.findings(cell, exercise)):
            return exercise, Mark(None, points[exercise], NOT_TRUSTED, (f"tampered with: {'; '.join(found)}",))
        if role(cell) in ("setup", "watch", "story") and (errors := _errors(cell)):
            return None, Mark(None, 0.0, NOT_TRUSTED, (f"the lesson itself failed: {errors[0].ename}",))
    return None


def _called(cell_role: str) -> str:
    return {"answer": "answer", "full": "check"}.get(cell_role, "surroundings")


def _given_up(lesson: Lesson, answers: Answers, taken_out: dict[str, Mark], reasons: tuple[str, ...]) -> Marked:
    marks = {}
    for exercise in lesson.exercises:
        unknown = Mark(None, exercise.points, NOT_TRUSTED, reasons)
        written = _written(lesson, exercise, answers) if exercise.written else None
        marks[exercise.grade_id] = written or taken_out.get(exercise.grade_id, unknown)
    return Marked(marks)


def _missed(lesson: Lesson, done: Run) -> bool:
    """Whether some code looked in vain for a name that the left-out story would have bound."""
    names = left_out(lesson, done.notebook)
    missing = [
        re.match(r"name '(\w+)' is not defined", error.evalue)
        for cell in done.notebook.cells
        if role(cell) in ("answer", "full")
        for error in _errors(cell)
        if error.ename == "NameError"
    ]
    return any(found and found[1] in names for found in missing)


def _errors(cell: NotebookNode) -> list[NotebookNode]:
    return [output for output in cell.get("outputs", []) if output.output_type == "error"]


def _written(lesson: Lesson, exercise: Exercise, answers: Answers) -> Mark:
    """A person gives the points, unless nothing was written."""
    if answers.text[exercise.grade_id].strip() == lesson.by_grade_id[exercise.grade_id][0].source.strip():
        return Mark(0.0, exercise.points, EMPTY)
    return Mark(None, exercise.points, WRITTEN)


def _messages(rehearsed: Run, failed: list[str]) -> dict[str, str]:
    """For each exercise that failed the first thing that went wrong in what the student can see."""
    messages = dict.fromkeys(failed, NOT_SEEN if rehearsed.reason else HIDDEN)
    for place, cell in reversed(list(enumerate(rehearsed.notebook.cells))):
        if (exercise := exercise_id(cell)) in failed:
            stopped = [STOPPED.format(reason=rehearsed.reason)] if place == rehearsed.stopped_at else []
            told = [*map(_message, _errors(cell)), *stopped]
            messages[str(exercise)] = next(iter(told), messages[str(exercise)])
    return messages


def _message(error: NotebookNode) -> str:
    """What a visible check or Python said."""
    return _plain(error.evalue) if error.ename == "CheckFailed" else f"{_plain(error.ename)}: {_plain(error.evalue)}"


def _plain(text: object) -> str:
    """What a kernel said, without what differs from run to run, what no file can hold, and more than anybody reads."""
    told = ADDRESS.sub("0x…", str(text)[: 2 * LONGEST]).encode(errors="replace").decode()
    return told if len(told) <= LONGEST else f"{told[:LONGEST]} …"


def as_graded(lesson: Lesson, grade_id: str, run: NotebookNode) -> NotebookNode:
    """The check cell of the lesson with those outputs of a run by which nbgrader should judge.

    nbgrader takes a warning for a failure and a number in the last line for points; here only an error counts. What
    would differ from run to run, such as an address or the place of a file in a traceback, is left out.
    """
    cell = NotebookNode(lesson.by_grade_id[grade_id][1].copy())
    cell.outputs = [kept for output in run.outputs if (kept := _repeatable(output))]
    cell.execution_count = None
    return cell


def _repeatable(output: NotebookNode) -> NotebookNode | None:
    if output.output_type == "error":
        name, told = _plain(output.ename), _plain(output.evalue)
        return v4.new_output("error", ename=name, evalue=told, traceback=[f"{name}: {told}"])
    if output.output_type == "stream" and output.name == "stdout":
        return v4.new_output("stream", name="stdout", text=_plain(output.text))
    return None
