"""What is run for one submission: the checks with the answers before them, and of the story what these need.

For the marks, each exercise becomes these cells, each with its role in its metadata:

    watch     the canary notes what there is, before the student's code runs
    answer    the student's cells
    full      the check with its hidden tests, which makes the mark
    canary    what must fail is tried, and what was noted is compared

For the messages, exercises that failed are rehearsed in another kernel, which no hidden test ever reaches:

    answer    the student's cells
    visible   the check as students see it, whose messages may be quoted

The story uses the library and never a student's answer, so most of it has no effect on the checks and is left out.
"""

from __future__ import annotations

from collections.abc import Collection

from nbformat import v4
from nbformat.notebooknode import NotebookNode

from lrp_edu.classroom.canary import Canary
from lrp_edu.classroom.graft import Answers
from lrp_edu.classroom.lessons import Exercise, Lesson
from lrp_edu.classroom.names import names


def role(cell: NotebookNode) -> str:
    return str(cell.metadata.lrp_edu.role)


def exercise_id(cell: NotebookNode) -> str | None:
    """The exercise that a cell belongs to, as the grade id of its check; None in the story."""
    return cell.metadata.lrp_edu.get("exercise")


def plan(
    lesson: Lesson, answers: Answers, canary: Canary, without: Collection[str] = (), whole: bool = False
) -> NotebookNode:
    """The notebook that makes the marks.

    Args:
        lesson: the version that was handed out.
        answers: the student's.
        canary: watches over the run.
        without: exercises that are not run, by the grade ids of their checks.
        whole: run all of the story, also what seems not to be needed.
    """
    wanted = _places(lesson, without)
    code = {place: [*answers.code[one.grade_id], _full(lesson, one)] for place, one in wanted.items()}
    told = _told(lesson, code, whole)
    watched = _relied_on(lesson, told, wanted)
    exercises = {
        place: [
            _cell("watch", canary.watch(sorted(watched[place])), one.grade_id),
            *(_cell("answer", source, one.grade_id) for source in answers.code[one.grade_id]),
            _cell("full", _full(lesson, one), one.grade_id),
            _cell("canary", canary.sing(one.grade_id), one.grade_id),
        ]
        for place, one in wanted.items()
    }
    return _notebook([_cell("setup", canary.setup())] if exercises else [], told, exercises)


def rehearsal(
    lesson: Lesson, answers: Answers, failed: Collection[str], without: Collection[str] = (), whole: bool = False
) -> NotebookNode:
    """The notebook that makes the messages: all answers, since one may call another, and what failed of the checks."""
    exercises = {
        place: [
            *(_cell("answer", source, one.grade_id) for source in answers.code[one.grade_id]),
            *([_cell("visible", lesson.by_grade_id[one.grade_id][0].source, one.grade_id)] * (one.grade_id in failed)),
        ]
        for place, one in _places(lesson, without).items()
    }
    code = {place: [cell.source for cell in cells] for place, cells in exercises.items()}
    return _notebook([], _told(lesson, code, whole), exercises)


def _places(lesson: Lesson, without: Collection[str]) -> dict[int, Exercise]:
    """The exercises to be run, by the places of their checks in the lesson."""
    wanted = [one for one in lesson.exercises if not one.written and one.grade_id not in without]
    return {lesson.student.cells.index(lesson.by_grade_id[one.grade_id][0]): one for one in wanted}


def _full(lesson: Lesson, exercise: Exercise) -> str:
    return str(lesson.by_grade_id[exercise.grade_id][1].source)


def _told(lesson: Lesson, code: dict[int, list[str]], whole: bool) -> dict[int, str]:
    """The cells of the story that are run."""
    cells = story(lesson)
    return cells if whole else {place: cells[place] for place in needed(cells, code)}


def _relied_on(lesson: Lesson, told: dict[int, str], wanted: dict[int, Exercise]) -> dict[int, frozenset[str]]:
    """For each exercise the names that its check or anything further down reads, and its answer should not bind."""
    found: dict[int, frozenset[str]] = {}
    live: frozenset[str] = frozenset()
    for place in sorted({*told, *wanted}, reverse=True):
        about = names(told[place] if place in told else _full(lesson, wanted[place]))
        live = (live - about.bound) | about.open
        if place in wanted:
            versions = [cell.source for answer in wanted[place].answers for cell in lesson.by_grade_id[answer]]
            live = live.difference(*(names(source).bound for source in versions))
            found[place] = live
    return found


def _notebook(
    first: list[NotebookNode], told: dict[int, str], exercises: dict[int, list[NotebookNode]]
) -> NotebookNode:
    cells = list(first)
    for place in sorted({*told, *exercises}):
        cells += exercises.get(place) or [_cell("story", told[place])]
    return v4.new_notebook(cells=cells)


def _cell(role: str, source: str, exercise: str | None = None) -> NotebookNode:
    return v4.new_code_cell(source, metadata={"lrp_edu": {"role": role, "exercise": exercise}})


def story(lesson: Lesson) -> dict[int, str]:
    """The code cells that are neither answers nor checks, by their place in the lesson."""
    return {
        place: cell.source
        for place, cell in enumerate(lesson.student.cells)
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata
    }


def needed(story: dict[int, str], exercises: dict[int, list[str]]) -> set[int]:
    """The places of those cells of the story that may have an effect on the cells of the exercises.

    Read from the end: a cell has an effect if it binds a name that is read further down, or if it reads one and so
    might change what it stands for; only what stands for a module, a function or a class is taken not to change.
    A name that a function uses counts as read where the function is defined.
    """
    about = [names(source) for source in story.values()]
    changing = frozenset().union(*(one.bound for one in about)).difference(*(one.lasting for one in about))
    live: frozenset[str] = frozenset()
    kept: set[int] = set()
    for place in sorted({*story, *exercises}, reverse=True):
        if place in story:
            found = names(story[place])
            if not live & (found.bound | (found.read & changing)):
                continue
            kept.add(place)
        for source in reversed(exercises.get(place) or [story[place]]):
            found = names(source)
            live = (live - found.bound) | found.open
    return kept


def left_out(lesson: Lesson, run: NotebookNode) -> frozenset[str]:
    """The names that the story binds in cells that were not run."""
    there = {cell.source for cell in run.cells if role(cell) == "story"}
    absent = [source for source in story(lesson).values() if source not in there]
    return frozenset(name for source in absent for name in names(source).bound)
