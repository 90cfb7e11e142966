"""What is run for one submission: the checks with the answers before them, and of the story what these need.

Each exercise becomes these cells, each with its role in its metadata:

    watch     the canary notes what there is, before the student's code runs
    answer    the student's cells
    visible   the check as students see it, whose messages may be quoted
    full      the same with the hidden tests, which makes the mark; the hidden tests reach the kernel only here
    canary    what must fail is tried, and what was noted is compared

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
    """The notebook to run.

    Args:
        lesson: the version that was handed out.
        answers: the student's.
        canary: watches over the run.
        without: exercises that are not run, by the grade ids of their checks.
        whole: run all of the story, also what seems not to be needed.
    """
    wanted = [one for one in lesson.exercises if not one.written and one.grade_id not in without]
    places = {lesson.student.cells.index(lesson.by_grade_id[one.grade_id][0]): one for one in wanted}
    exercises = {place: _exercise(lesson, one, answers, canary) for place, one in places.items()}
    code = {place: [cell.source for cell in cells if role(cell) != "canary"] for place, cells in exercises.items()}
    told = story(lesson)
    kept = set(told) if whole else needed(told, code)
    cells = [_cell("setup", canary.setup())] if exercises else []
    for place in sorted({*kept, *exercises}):
        cells += exercises.get(place) or [_cell("story", told[place])]
    return v4.new_notebook(cells=cells)


def _exercise(lesson: Lesson, exercise: Exercise, answers: Answers, canary: Canary) -> list[NotebookNode]:
    grade_id = exercise.grade_id
    student, solution = lesson.by_grade_id[grade_id]
    stubs = [lesson.by_grade_id[answer][0].source for answer in exercise.answers]
    relied_on = names(solution.source).open.difference(*(names(stub).bound for stub in stubs))
    return [
        _cell("watch", canary.watch(sorted(relied_on)), grade_id),
        *(_cell("answer", source, grade_id) for source in answers.code[grade_id]),
        _cell("visible", student.source, grade_id),
        _cell("full", solution.source, grade_id),
        _cell("canary", canary.sing(grade_id), grade_id),
    ]


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
