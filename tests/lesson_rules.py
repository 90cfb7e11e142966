"""What a machine can check of how a lesson is written: each rule yields what breaks it in a solution notebook."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nbformat.notebooknode import NotebookNode
from nbgrader import utils

from lrp_edu.classroom.execute import WIDGET_VIEW
from lrp_edu.classroom.release import MARKERS

Problems = Iterator[str]

HEADING = re.compile(r"^(#{1,6}) +(.*\S)")
EXERCISE = re.compile(r"(?P<sign>✏|✍)\ufe0f? Exercise (?P<number>\d+\.\d+) · .+ \((?P<points>\d+) points?\)")
HINT = re.compile(r"<details>\s*<summary>\s*Hint (\d+): ")
PICTURE_WITHOUT_TEXT = re.compile(r"!\[\s*\]\(|<img(?![^>]*\balt=[\"'][^\"']+[\"'])[^>]*>")
UNSTABLE = {
    "a memory address": re.compile(r"\b0x[0-9a-f]{6,}"),
    "a path of this machine": re.compile(
        r"(?<![\w.:/])/(home|root|work|tmp|usr|opt|Users|private|content)/\w|\b[A-Z]:\\"
    ),
    "a progress bar": re.compile(r"\d+%\||\d(it|cell|epoch|batch)/s\b|s/it\b|\r(?!\n)"),
}

PICTURE_MAKERS = {"imshow", "matshow", "pcolor", "pcolormesh", "set_cmap"}
COLOUR_KEYWORDS = {"c", "cmap", "color", "colors", "edgecolor", "edgecolors", "facecolor", "facecolors"}


@dataclass
class Exercise:
    """An exercise: its heading, and the cells from there to the next heading or the next exercise."""

    title: str
    cells: list[NotebookNode]

    @property
    def is_written(self) -> bool:
        return "✍" in self.title

    @property
    def number(self) -> str:
        match = EXERCISE.search(self.title)
        return match["number"] if match else self.title

    @property
    def points(self) -> float:
        match = EXERCISE.search(self.title)
        return float(match["points"]) if match else 0.0


# --- parts of a notebook ----------------------------------------------------------------------------------------------


def headings(cell: NotebookNode) -> list[tuple[int, str]]:
    """The headings of a Markdown cell as (level, text); lines of code in it and nbgrader's markers are none."""
    if cell.cell_type != "markdown":
        return []
    text = re.sub(r"^ *(```|~~~).*?^ *\1", "", cell.source, flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in text.split("\n") if line.strip() not in MARKERS]
    return [(len(match[1]), match[2]) for line in lines if (match := HEADING.match(line))]


def all_headings(notebook: NotebookNode) -> list[tuple[int, str]]:
    return [heading for cell in notebook.cells for heading in headings(cell)]


def exercises(notebook: NotebookNode) -> list[Exercise]:
    found: list[Exercise] = []
    open_exercise = False
    for cell in notebook.cells:
        for _, text in headings(cell) if not utils.is_solution(cell) else []:
            open_exercise = "Exercise" in text and text[0] in "✏✍"
            if open_exercise:
                found.append(Exercise(text, []))
        if open_exercise:
            found[-1].cells.append(cell)
    return found


def section(notebook: NotebookNode, title: str) -> str:
    """The text below the heading with this title, up to the next heading of any level."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    match = re.search(rf"^#+ [^\n]*{title}[^\n]*\n(.*?)(?=^#+ |\Z)", text, flags=re.DOTALL | re.MULTILINE)
    return match[1] if match else ""


def outputs(notebook: NotebookNode) -> list[tuple[int, NotebookNode]]:
    """(cell number, output) for every stored output."""
    cells = enumerate(notebook.cells, start=1)
    return [(number, output) for number, cell in cells for output in cell.get("outputs", [])]


def output_text(output: NotebookNode) -> str:
    """What a reader sees of an output in words; pictures and scripts left out."""
    shown = [text for kind, text in output.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join(map(str, [output.get("text", ""), *shown]))


# --- the rules --------------------------------------------------------------------------------------------------------


OPENING_WORDS = ("You will learn", "You need", "Time")
CLOSING_WORDS = ("Summary", "Check yourself", "Read on")


def opening(notebook: NotebookNode) -> Problems:
    titles = [text for level, text in all_headings(notebook) if level == 1]
    if len(titles) != 1:
        yield f"there should be one # title, there are {len(titles)}: {titles}"
    first = notebook.cells[0]
    if not headings(first) or headings(first)[0][0] != 1:
        yield "the first cell should begin with the title"
    yield from (f"the opening cell should say {word!r}" for word in OPENING_WORDS if word not in first.source)


def letters_and_words_are_linked(notebook: NotebookNode) -> Problems:
    if "](../NOTATION.md)" not in notebook.cells[0].source:
        yield "the opening cell should link the list of letters and words: [NOTATION.md](../NOTATION.md)"


def closing(notebook: NotebookNode) -> Problems:
    texts = [text for _, text in all_headings(notebook)]
    places = [next((n for n, text in enumerate(texts) if word in text), -1) for word in CLOSING_WORDS]
    if -1 in places or places != sorted(places):
        yield f"the closing should have the headings {', '.join(CLOSING_WORDS)}, in this order"
    questions = section(notebook, "Check yourself").count("<details>")
    if not 3 <= questions <= 5:
        yield f"Check yourself should have three to five folded answers (<details>), it has {questions}"


def heading_levels(notebook: NotebookNode) -> Problems:
    for (level, _), (next_level, text) in pairwise(all_headings(notebook)):
        if next_level > level + 1:
            yield f"heading {text!r} has level {next_level}, after one of level {level}"


def exercise_anatomy(notebook: NotebookNode) -> Problems:
    numbers = [exercise.number for exercise in exercises(notebook)]
    if len(set(numbers)) < len(numbers):
        yield f"every exercise should have a number of its own, these are {numbers}"
    for exercise in exercises(notebook):
        if not EXERCISE.fullmatch(exercise.title):
            yield f"heading {exercise.title!r} should read '✏️ Exercise N.M · Title (k points)', or ✍ for a written one"
            continue
        anatomy = _written_anatomy if exercise.is_written else _code_anatomy
        yield from (f"{exercise.title!r}: {problem}" for problem in anatomy(exercise))


def _code_anatomy(exercise: Exercise) -> Problems:
    answers = [cell for cell in exercise.cells if utils.is_solution(cell)]
    checks = [cell for cell in exercise.cells if utils.is_grade(cell) and not utils.is_solution(cell)]
    if len(answers) != 1 or len(checks) != 1:
        yield f"it should have one answer cell and one check cell, it has {len(answers)} and {len(checks)}"
        return
    answer, check = answers[0], checks[0]
    if check.metadata.nbgrader.grade_id != answer.metadata.nbgrader.grade_id + "-check":
        yield "the grade id of the check should be that of the answer with -check at the end"
    if check.metadata.nbgrader.points != exercise.points:
        yield f"the heading says {exercise.points:g} points, the check {check.metadata.nbgrader.points:g}"
    if "### BEGIN SOLUTION" not in answer.source:
        yield "the answer cell should mark its solution, and leave the reader a stub to fill"
    visible, _, hidden = check.source.partition("### BEGIN HIDDEN TESTS")
    if not visible.strip():
        yield "the check should have a visible part"
    if not hidden:
        yield "the check should have hidden tests"
    elif not check.source.rstrip().endswith("### END HIDDEN TESTS"):
        yield "the hidden tests should end the check cell"
    yield from _hint_problems(exercise)


def _written_anatomy(exercise: Exercise) -> Problems:
    answers = [cell for cell in exercise.cells if utils.is_solution(cell) and utils.is_grade(cell)]
    tasks = [cell for cell in exercise.cells if utils.is_task(cell)]
    if len(answers) + len(tasks) != 1:
        yield f"it should have one written answer or one task, it has {len(answers)} and {len(tasks)}"
        return
    (graded,) = answers + tasks
    if graded.metadata.nbgrader.points != exercise.points:
        yield f"the heading says {exercise.points:g} points, the cell {graded.metadata.nbgrader.points:g}"
    if "### BEGIN MARK SCHEME" not in graded.source:
        yield "the answer should come with a mark scheme"


def _hint_problems(exercise: Exercise) -> Problems:
    text = "\n".join(cell.source for cell in exercise.cells if cell.cell_type == "markdown")
    numbers = [int(number) for number in HINT.findall(text)]
    if not numbers or numbers != list(range(1, len(numbers) + 1)) or len(numbers) > 3:
        yield f"it should have hints 1 to at most 3, folded as <details><summary>Hint 1: …; found {numbers}"
    if text.count("<details>") != text.count("</details>"):
        yield "a <details> is not closed"


def grade_ids(notebook: NotebookNode) -> Problems:
    ids = [
        cell.metadata.nbgrader.grade_id for cell in notebook.cells if utils.is_solution(cell) or utils.is_grade(cell)
    ]
    yield from (
        f"grade id {one!r} should read lesson-topic, in small letters"
        for one in ids
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", one)
    )
    if len(lessons := {one.split("-")[0] for one in ids}) > 1:
        yield f"the grade ids of a lesson should begin with the same word, these begin with {sorted(lessons)}"


def graded_cells_belong_to_exercises(notebook: NotebookNode) -> Problems:
    inside = {cell.id for exercise in exercises(notebook) for cell in exercise.cells}
    for number, cell in enumerate(notebook.cells, start=1):
        if (utils.is_solution(cell) or utils.is_grade(cell) or utils.is_task(cell)) and cell.id not in inside:
            yield f"cell {number} is an nbgrader cell, but stands below no exercise heading"


def pictures_have_a_description(notebook: NotebookNode) -> Problems:
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown" and PICTURE_WITHOUT_TEXT.search(cell.source):
            yield f"cell {number}: a picture in the text has no alternative text"
    for number, output in outputs(notebook):
        kinds = [kind for kind in output.get("data", {}) if kind.startswith("image/")]
        if any(not output.metadata.get(kind, {}).get("alt", "").strip() for kind in kinds):
            yield f"cell {number}: a figure has no description; show it with lrp_edu.plotting.show(figure, alt=...)"


def figures_have_the_colours_of_the_course(notebook: NotebookNode) -> Problems:
    """One colour map with limits symmetric around zero, and colours that can be seen: `plotting` sees to both."""
    for number, cell in enumerate(notebook.cells, start=1):
        calls = [node for node in ast.walk(ast.parse(_python(cell))) if isinstance(node, ast.Call)]
        for call in calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr in PICTURE_MAKERS:
                yield f"cell {number} calls {call.func.attr}; use plotting.heatmaps, draw_heatmap or draw_picture"
            for keyword in call.keywords:
                if keyword.arg in COLOUR_KEYWORDS and _own_colour(keyword.value):
                    yield f"cell {number} sets {keyword.arg}={ast.unparse(keyword.value)}; use plotting.RED, BLUE, GREY"


def _python(cell: NotebookNode) -> str:
    """The code of a cell without the lines that only IPython understands."""
    return re.sub(r"^\s*[%!].*$", "", cell.source, flags=re.MULTILINE) if cell.cell_type == "code" else ""


def _own_colour(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value not in ("black", "white", "none", None)


def outputs_are_stable(notebook: NotebookNode) -> Problems:
    for number, output in outputs(notebook):
        if output.output_type == "error":
            yield f"cell {number} stores an error: {output.ename}"
        if output.get("name") == "stderr":
            yield f"cell {number} writes to stderr: {output.text[:80]!r}"
        if WIDGET_VIEW in output.get("data", {}):
            yield f"cell {number} stores a widget view; tag the cell nbval-ignore-output and execute again"
        for what, pattern in UNSTABLE.items():
            if match := pattern.search(output_text(output)):
                yield f"cell {number} stores {what}: {match[0]!r}"


def executed_from_top_to_bottom(notebook: NotebookNode) -> Problems:
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if counts != list(range(1, len(counts) + 1)):
        yield f"the execution counts are {counts}; run python -m lrp_edu.classroom.execute"


def story_uses_no_name_of_a_check(notebook: NotebookNode) -> Problems:
    """A check (and its hidden part even more so) does not run for every reader: what it assigns is nobody else's."""
    owned: set[str] = set()
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        statements = ast.parse(_python(cell)).body
        if utils.is_grade(cell):
            owned |= {name for statement in statements for name in _assigned(statement)}
            continue
        for statement in statements:
            if used := _used(statement) & owned:
                yield f"cell {number} uses {', '.join(sorted(used))}, which a check above has assigned"
            owned -= _assigned(statement)


def _assigned(statement: ast.stmt) -> set[str]:
    """Names that a statement of a cell gives a value; what is local to a function or a comprehension is not."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    return _names(statement, ast.Store) - _local_names(statement)


def _used(statement: ast.stmt) -> set[str]:
    """Names whose earlier value a statement reads; those that it sets itself before it reads them are left out."""
    simple = isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr)
    own = _local_names(statement) if simple else _names(statement, ast.Store) | _local_names(statement)
    own |= {argument.arg for argument in ast.walk(statement) if isinstance(argument, ast.arg)}
    augmented = {statement.target.id} if isinstance(statement, ast.AugAssign) and _is_name(statement.target) else set()
    return (_names(statement, ast.Load) - own) | augmented


def _local_names(statement: ast.stmt) -> set[str]:
    scopes = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    loops = [loop for scope in ast.walk(statement) if isinstance(scope, scopes) for loop in scope.generators]
    return {name for loop in loops for name in _names(loop.target, ast.Store)}


def _names(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, context)}


def _is_name(node: Any) -> bool:
    return isinstance(node, ast.Name)


RULES: tuple[Callable[[NotebookNode], Problems], ...] = (
    opening,
    letters_and_words_are_linked,
    closing,
    heading_levels,
    exercise_anatomy,
    grade_ids,
    graded_cells_belong_to_exercises,
    pictures_have_a_description,
    figures_have_the_colours_of_the_course,
    outputs_are_stable,
    executed_from_top_to_bottom,
    story_uses_no_name_of_a_check,
)
