"""A student's answers, taken out of whatever was handed in, to be put into the notebook that was handed out.

An answer is found by the grade id of its cell, then by the id of the cell, then by the names that it defines, or for a
text by the cell above it. Nothing else of the submission is run, except cells of the student's own that define what an
answer needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from nbformat.notebooknode import NotebookNode

from lrp_edu.classroom.lessons import Exercise, Lesson
from lrp_edu.classroom.names import names, plain_python

MOST_PARTS = 5_000_000  # brackets and commas, of which a notebook with all its figures has some ten thousand
MOST_CELLS = 2000
MOST_TEXT = 1_000_000  # characters in all cells: a lesson has a tenth of that


class GraftError(ValueError):
    """A file in which no answers can be found."""


@dataclass(frozen=True)
class Cell:
    """A cell as it was handed in, as far as it could be read."""

    kind: str
    source: str
    id: str | None
    grade_id: str | None


@dataclass(frozen=True)
class Handed:
    """A notebook as it was handed in: its cells, and the lesson and version that it says it is."""

    cells: tuple[Cell, ...]
    lesson: str | None
    version: str | None


@dataclass
class Answers:
    """What is to be graded of one submission.

    Attributes:
        code: for each exercise the cells that take the place of its answer cells, in the order of the submission.
        text: for each written exercise what was written.
        notes: what was put right without an effect on the marks.
        reasons: for each exercise why a person should look at it.
    """

    code: dict[str, list[str]] = field(default_factory=dict)
    text: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    reasons: dict[str, list[str]] = field(default_factory=dict)

    def doubt(self, exercise: Exercise, reason: str) -> None:
        self.reasons.setdefault(exercise.grade_id, []).append(reason)


def parse(content: bytes) -> Handed:
    """The notebook in a file, of whatever format, with or without ids and metadata.

    Raises:
        GraftError: it is not a notebook.
    """
    if not content.strip():
        raise GraftError("the file is empty")
    if sum(map(content.count, (b"[", b"{", b","))) > MOST_PARTS:
        raise GraftError("it is made of more parts than any notebook")
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise GraftError("not UTF-8 text, and so not a notebook") from None
    except (ValueError, RecursionError) as error:
        raise GraftError(f"not JSON, and so not a notebook ({error})") from None
    cells = _cells(notebook)
    if not cells:
        raise GraftError("JSON, but not a notebook: it has no cells")
    size = sum(len(cell.source) for cell in cells)
    if len(cells) > MOST_CELLS or size > MOST_TEXT:
        limit = f"{MOST_CELLS} cells and {MOST_TEXT / 1e6:g} MB of text"
        raise GraftError(f"it has {len(cells)} cells with {size / 1e6:.1f} MB of text, more than the limit of {limit}")
    note = _table(_table(notebook.get("metadata")).get("lrp_edu"))
    return Handed(tuple(cells), _text(note.get("lesson")), _text(note.get("version")))


def _cells(notebook: Any) -> list[Cell]:
    """The cells of a notebook of format 4, or of format 3 with its worksheets; what is no cell is passed over."""
    if not isinstance(notebook, dict):
        return []
    sheets = notebook.get("worksheets")
    lists = [notebook, *(sheets if isinstance(sheets, list) else [])]
    found = [one for sheet in lists for one in _list(_table(sheet).get("cells")) if isinstance(one, dict)]
    return [_cell(one) for one in found]


def _cell(cell: dict[str, Any]) -> Cell:
    source = cell.get("source", cell.get("input", ""))
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    about = _table(_table(cell.get("metadata")).get("nbgrader"))
    # A lone half of a surrogate pair can stand in JSON, but in no file.
    text = text.encode("utf-8", "replace").decode()
    return Cell(str(cell.get("cell_type")), text, _text(cell.get("id")), _text(about.get("grade_id")))


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def which_lesson(handed: Handed, file: str, lessons: dict[str, Lesson]) -> str | None:
    """The lesson that the notebook says it is; else that whose name the file has; else that with the most of its cells.

    None where nothing fits. An unknown lesson that the notebook names is given as it is.
    """
    if handed.lesson:
        return handed.lesson
    for name in lessons:
        if name in file:
            return name

    def common(name: str) -> int:
        own = {(cell.cell_type, cell.source) for cell in lessons[name].student.cells}
        graded = set(lessons[name].by_grade_id)
        return sum((cell.kind, cell.source) in own or cell.grade_id in graded for cell in handed.cells)

    best = max(lessons, key=common)
    return best if common(best) else None


def graft(handed: Handed, lesson: Lesson) -> Answers:
    """The answers to all exercises of a lesson."""
    answers = Answers()
    places = _places(handed, lesson)
    taken = {place for found in places.values() for place in found}
    own = _own_cells(handed, lesson, taken)
    for exercise in lesson.exercises:
        if exercise.written:
            answers.text[exercise.grade_id] = _written(handed, lesson, exercise, places, answers)
        else:
            answers.code[exercise.grade_id] = _code(handed, lesson, exercise, places, own, answers)
    _look_at_checks(handed, lesson, answers)
    return answers


Places = dict[str, list[int]]


def _places(handed: Handed, lesson: Lesson) -> Places:
    """For each answer cell of the lesson the cells that may be it: by grade id, else by cell id, else by what it is."""
    places: Places = {}
    free = set(range(len(handed.cells)))
    wanted = [grade_id for exercise in lesson.exercises for grade_id in exercise.answers]
    originals = {grade_id: lesson.by_grade_id[grade_id][0] for grade_id in wanted}
    for grade_id in wanted:
        places[grade_id] = [place for place in sorted(free) if handed.cells[place].grade_id == grade_id]
        free -= set(places[grade_id])
    for grade_id in wanted:
        if not places[grade_id]:
            places[grade_id] = [place for place in sorted(free) if handed.cells[place].id == originals[grade_id].id]
            free -= set(places[grade_id])
    for grade_id in wanted:
        if not places[grade_id]:
            places[grade_id] = [place for place in sorted(free) if _may_be(handed, place, originals[grade_id], lesson)]
            free -= set(places[grade_id])
    return places


def _may_be(handed: Handed, place: int, original: NotebookNode, lesson: Lesson) -> bool:
    """Whether a cell without any id may be an answer: code that defines its names, or text below the question."""
    cell = handed.cells[place]
    if original.cell_type == "code":
        return bool(names(original.source).bound & names(cell.source).bound)
    above = lesson.student.cells[lesson.student.cells.index(original) - 1].source.strip()
    return cell.kind == "markdown" and place > 0 and handed.cells[place - 1].source.strip() == above


def _code(
    handed: Handed, lesson: Lesson, exercise: Exercise, places: Places, own: dict[int, str], answers: Answers
) -> list[str]:
    """The cells that answer an exercise: the answer cells, and the student's own cells that they need."""
    chosen: dict[int, str] = {}
    for grade_id in exercise.answers:
        stub = lesson.by_grade_id[grade_id][0].source
        found = [place for place in places[grade_id] if handed.cells[place].source.strip() != stub.strip()]
        if not places[grade_id]:
            answers.doubt(exercise, f"the answer cell {grade_id!r} is missing")
        elif len({handed.cells[place].source for place in found}) > 1:
            answers.doubt(exercise, f"there are {len(found)} different answer cells {grade_id!r}; the last one counts")
        if found:
            chosen[found[-1]] = handed.cells[found[-1]].source
            if handed.cells[found[-1]].kind != "code":
                answers.notes.append(f"{grade_id}: the answer had become a {handed.cells[found[-1]].kind} cell")
    _join_split(chosen, own, exercise, answers)
    defined = {name for grade_id in exercise.answers for name in names(lesson.by_grade_id[grade_id][0].source).bound}
    _add_needed(chosen, own, defined, _bound_by(lesson))
    return [chosen[place] for place in sorted(chosen)]


def _join_split(chosen: dict[int, str], own: dict[int, str], exercise: Exercise, answers: Answers) -> None:
    """Put an answer that was split in the middle together again: the rest of it is no program by itself."""
    for place in list(chosen):
        after = place + 1
        while after in own and plain_python(own[after]) is None:
            joined = f"{chosen[place].rstrip()}\n{own[after]}"
            if plain_python(joined) is None and plain_python(chosen[place]) is not None:
                break
            chosen[place] = joined
            answers.notes.append(f"{exercise.name}: the answer was split in two cells, and was put together again")
            after += 1


def _add_needed(chosen: dict[int, str], own: dict[int, str], defined: set[str], known: frozenset[str]) -> None:
    """Add the student's own cells that define what the answer should, or read what the lesson does not define."""
    while True:
        wanted = {name for source in chosen.values() for name in names(source).read} - known
        missing = (wanted | defined) - {name for source in chosen.values() for name in names(source).bound}
        more = {place: source for place, source in own.items() if names(source).bound & missing}
        if not more:
            return
        chosen.update(more)


def _bound_by(lesson: Lesson) -> frozenset[str]:
    """The names that the lesson binds in its story."""
    story = [cell for cell in lesson.student.cells if cell.cell_type == "code" and "nbgrader" not in cell.metadata]
    return frozenset(name for cell in story for name in names(cell.source).bound)


def _own_cells(handed: Handed, lesson: Lesson, taken: set[int]) -> dict[int, str]:
    """The code that a student added or changed: neither an answer nor a check nor as it was handed out."""
    original = {cell.source.strip() for cell in lesson.student.cells}
    return {
        place: cell.source
        for place, cell in enumerate(handed.cells)
        if cell.kind == "code"
        and place not in taken
        and cell.grade_id not in lesson.by_grade_id
        and cell.source.strip() not in original
    }


def _written(handed: Handed, lesson: Lesson, exercise: Exercise, places: Places, answers: Answers) -> str:
    """What was written; several cells, if they differ, one below the other."""
    stub = lesson.by_grade_id[exercise.grade_id][0].source
    found = places.get(exercise.grade_id, [])
    if not found:
        answers.doubt(exercise, "the cell for the written answer is missing")
    texts = dict.fromkeys(handed.cells[place].source.strip() for place in found)
    return "\n\n".join(text for text in texts if text and text != stub.strip()) or stub


def _look_at_checks(handed: Handed, lesson: Lesson, answers: Answers) -> None:
    """Checks that are not as they were handed out are never run, but a person should know of them."""
    for exercise, cell in _checks(lesson):
        copies = [one for one in handed.cells if one.grade_id == exercise.grade_id or one.id == cell.id]
        if any(one.source.strip() != cell.source.strip() for one in copies):
            answers.doubt(exercise, "the check was edited; the original one was run")
        if not copies and all(one.source.strip() != cell.source.strip() for one in handed.cells):
            answers.notes.append(f"{exercise.name}: the check was missing; the original one was run")


def _checks(lesson: Lesson) -> Iterator[tuple[Exercise, Any]]:
    for exercise in lesson.exercises:
        if not exercise.written:
            yield exercise, lesson.by_grade_id[exercise.grade_id][0]
