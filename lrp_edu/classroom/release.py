"""Student notebooks from solution notebooks: nbgrader's own preprocessors, without its database and its app.

Everything is checked and prepared in memory first. Only then are files written, and either all of them or none.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from nbformat.notebooknode import NotebookNode
from nbgrader import preprocessors, utils
from nbgrader.nbgraderformat import MetadataValidator, ValidationError
from nbgrader.nbgraderformat.common import SchemaMismatchError

from lrp_edu.classroom import notebook as files

CODE_STUB = '# your code here\nraise NotImplementedError("Exercise not solved yet: write your code here")'
TEXT_STUB = (
    "*Your answer goes here. Double-click this text, write in your own words, and press Shift + Enter. "
    "There is no perfect wording: what counts is your reasoning.*"
)
OPEN_EXERCISE_TAG = "raises-exception"

# nbgrader's order of `generate_assignment`; the checksums come last, over the text that students receive.
STEPS = (
    preprocessors.LockCells(),
    preprocessors.ClearSolutions(code_stub={"python": CODE_STUB}, text_stub=TEXT_STUB),
    preprocessors.ClearOutput(),
    preprocessors.ClearHiddenTests(),
    preprocessors.ClearMarkScheme(),
    preprocessors.ComputeChecksums(),
    preprocessors.CheckCellMetadata(),
)


def _may_hold_mark_scheme(cell: NotebookNode) -> bool:
    """A task, or a written answer that is replaced as a whole and its mark scheme with it."""
    whole_answer = cell.cell_type == "markdown" and utils.is_solution(cell) and "BEGIN SOLUTION" not in cell.source
    return utils.is_task(cell) or whole_answer


# Region: (the cells it may stand in, how to say that).
REGIONS: Mapping[str, tuple[Callable[[NotebookNode], bool], str]] = {
    "SOLUTION": (utils.is_solution, "an answer cell (nbgrader: solution)"),
    "HIDDEN TESTS": (utils.is_grade, "a check cell (nbgrader: grade)"),
    "MARK SCHEME": (_may_hold_mark_scheme, "a task, or a written answer without solution markers"),
}
MARKERS = {f"### {edge} {region}": (edge, region) for region in REGIONS for edge in ("BEGIN", "END")}
# What nbgrader takes for a marker wherever it stands in a line, and comments that were probably meant as one.
MARKER_LIKE = re.compile(
    r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)"
    r"|(?i:^\s*#+\s*(begin|end)[\s_-]*(solution|hidden[\s_-]*test|mark(ing)?[\s_-]*scheme))"
)


class ReleaseError(ValueError):
    """Notebooks that cannot be handed out. `problems` has one line for each thing to put right."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def student_version(notebook: NotebookNode) -> NotebookNode:
    """The notebook as students get it: no solutions, hidden tests, mark schemes and outputs; cells locked, checksummed.

    Answer and check cells are tagged `raises-exception`, so that *Run All* goes on past an open exercise.
    The notebook itself is left as it is; check it with `check_source` first.
    """
    student = files.tidied(notebook)
    for step in STEPS:
        student, _ = step.preprocess(student, {})
    for cell in student.cells:
        if cell.cell_type == "code" and (utils.is_solution(cell) or utils.is_grade(cell)):
            other_tags = [tag for tag in cell.metadata.get("tags", []) if tag != OPEN_EXERCISE_TAG]
            cell.metadata["tags"] = [*other_tags, OPEN_EXERCISE_TAG]
    return student


def handed_out(notebook: NotebookNode, lesson: str) -> NotebookNode:
    """The student version with a note which lesson it is and which version of it.

    By the note a later release knows the file for its own, and the grader finds the tests that belong to it.
    """
    student = student_version(notebook)
    student.metadata["lrp_edu"] = {"lesson": lesson, "version": version(student)}
    return student


def version(student: NotebookNode) -> str:
    """Twelve hexadecimal digits that change whenever a student would see another text in the notebook."""
    seen = [[cell.id, cell.cell_type, cell.source, cell.metadata.get("nbgrader", {})] for cell in student.cells]
    return hashlib.sha256(json.dumps(seen, sort_keys=True, ensure_ascii=True).encode()).hexdigest()[:12]


def points(notebook: NotebookNode) -> dict[str, float]:
    """Points of each exercise, in reading order; a check `taylor-w2-check` counts for the exercise `taylor-w2`."""
    table: Counter[str] = Counter()
    for cell in filter(_has_points, notebook.cells):
        table[cell.metadata.nbgrader.grade_id.removesuffix("-check")] += cell.metadata.nbgrader.points
    return {exercise: float(number) for exercise, number in table.items()}


def check_source(notebook: NotebookNode, path: Path) -> None:
    """Refuse a solution notebook from which no safe student version can be made.

    Raises:
        ReleaseError: with every problem found: file, cell number and id, what is wrong and what to do.
    """
    problems = [
        f"{path}, cell {number} (id {notebook.cells[number - 1].get('id', 'missing')}): {problem}"
        for number, problem in _cell_problems(notebook.cells)
    ]
    if problems:
        raise ReleaseError(problems)


def release(solutions: Path, notebooks: Path, lessons: Sequence[str] = ()) -> list[Path]:
    """Write the student versions of the notebooks in `solutions` into `notebooks`; returns the files, sorted.

    `lessons` are beginnings of names, such as `02`; without any, all lessons are released, and a student notebook
    whose solution is gone is removed. Whatever else lies in `notebooks` is kept.

    Raises:
        ReleaseError: a lesson is unknown, or notebooks have problems (all are named); `notebooks` is then as it was.
    """
    sources = sorted(solutions.glob("*.ipynb"))
    if not sources:
        raise ReleaseError([f"{solutions}: no notebooks there; run this in the course's folder or give --solutions"])
    chosen = [path for path in sources if not lessons or path.stem.startswith(tuple(lessons))]
    if unknown := [name for name in lessons if not any(path.stem.startswith(name) for path in sources)]:
        known = ", ".join(path.stem for path in sources)
        raise ReleaseError(
            [f"{solutions}: no lesson there begins with {name!r}; there are {known}" for name in unknown]
        )
    if notebooks.resolve() == solutions.resolve():
        raise ReleaseError([f"{notebooks}: the solutions themselves lie there; choose another folder for the students"])
    contents = _prepared(chosen)
    kept = {path.name for path in sources}
    stale = {path.name: None for path in notebooks.glob("*.ipynb") if path.name not in kept and _is_released(path)}
    files.write_all_or_none(notebooks, contents if lessons else {**contents, **stale})
    return [notebooks / name for name in contents]


def _prepared(sources: list[Path]) -> dict[str, bytes]:
    """The content of each student notebook by its name, if not one of the sources has a problem."""
    contents, problems = {}, []
    for source in sources:
        try:
            notebook = files.read(source)
            check_source(notebook, source)
            contents[source.name] = files.to_bytes(handed_out(notebook, source.stem))
        except files.NotebookError as error:
            problems.append(str(error))
        except ReleaseError as error:
            problems += error.problems
    if problems:
        raise ReleaseError(problems)
    return contents


def _is_released(path: Path) -> bool:
    """Whether a notebook was written by `release` under the name that it has now."""
    try:
        note = files.read(path).metadata.get("lrp_edu")
    except files.NotebookError:
        return False
    return isinstance(note, dict) and note.get("lesson") == path.stem


def _cell_problems(cells: list[NotebookNode]) -> list[tuple[int, str]]:
    """Everything that must be put right, as (cell number, problem), in reading order."""
    found = [
        *_repeated("id", [cell.get("id") for cell in cells]),
        *_repeated("grade id", [_grade_id(cell) for cell in cells]),
        *((number, problem) for number, cell in enumerate(cells, start=1) for problem in _problems_within(cell)),
    ]
    return sorted(found, key=lambda item: item[0])


def _repeated(name: str, values: list[str | None]) -> Iterator[tuple[int, str]]:
    """A problem for every cell that has the value of an earlier one."""
    first_cell_with: dict[str, int] = {}
    for number, value in enumerate(values, start=1):
        if value and (first := first_cell_with.setdefault(value, number)) != number:
            yield number, f"cell {first} has the same {name} {value!r}; give one of them another"


def _grade_id(cell: NotebookNode) -> str | None:
    nbgrader = cell.metadata.get("nbgrader")
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return grade_id if isinstance(grade_id, str) else None


def _problems_within(cell: NotebookNode) -> Iterator[str]:
    if "id" not in cell:
        yield "it has no id; give it one that no other cell has"
    if isinstance(cell.metadata.get("nbgrader", {}), dict):
        yield from _metadata_problems(cell)
        yield from _marker_problems(cell)
    else:
        yield "its nbgrader metadata is not a table of names and values; mark the cell anew"


def _metadata_problems(cell: NotebookNode) -> Iterator[str]:
    """What is wrong with the nbgrader metadata of a cell, in nbgrader's own judgement and in ours."""
    if cell.get("attachments") and (utils.is_solution(cell) or utils.is_task(cell)):
        yield "its attachment would stay in the student version; put the picture elsewhere"
    if _has_points(cell) and not _is_positive(cell.metadata.nbgrader.get("points")):
        yield f"it is graded with points {cell.metadata.nbgrader.get('points')!r}; give it a number above 0"
        return
    try:
        MetadataValidator().validate_cell(cell)
    except (ValidationError, SchemaMismatchError) as error:
        yield f"its nbgrader metadata is not valid: {str(error.args[0]).splitlines()[0]}"


def _is_positive(number: object) -> bool:
    return isinstance(number, int | float) and 0 < number < math.inf


def _has_points(cell: NotebookNode) -> bool:
    return bool(utils.is_grade(cell) or utils.is_task(cell))


def _marker_problems(cell: NotebookNode) -> Iterator[str]:
    """Markers that nbgrader would overlook or misread, and regions where they do not belong."""
    inside: str | None = None
    for line in filter(MARKER_LIKE.search, cell.source.split("\n")):
        if line.strip() not in MARKERS:
            yield f"{line.strip()!r} looks like a marker; write one of these, alone on its line: {', '.join(MARKERS)}"
            continue
        edge, region = MARKERS[line.strip()]
        may_hold, where = REGIONS[region]
        if edge == "END" and inside != region:
            yield f"{region} ends but has not begun; put in '### BEGIN {region}' or correct it"
        if edge == "BEGIN" and inside:
            yield f"{region} begins before {inside} has ended; regions cannot be nested"
        if edge == "BEGIN" and not may_hold(cell):
            yield f"{region} may only stand in {where}; move it there or change the metadata of the cell"
        inside = region if edge == "BEGIN" else None
    if inside:
        yield f"{inside} begins but does not end; put in '### END {inside}'"
