"""The rules for lessons can fail: a sound lesson keeps all of them, and each way to spoil it breaks one."""

from __future__ import annotations

from collections.abc import Callable

import examples as ex
import lesson_rules
import pytest
from lesson_rules import RULES
from nbformat import v4
from nbformat.notebooknode import NotebookNode

OPENING = (
    "# Doubling\n\n**You will learn** to double. **You need** to add. **Time**: 5 minutes.\n\n"
    "[Words](../NOTATION.md)\n\n```\n# no title\n```"
)
HINT = "<details><summary>Hint 1: how?</summary>\nAdd it to itself.\n</details>"
EXERCISE = f"### ✏️ Exercise 1.1 · Double it (2 points)\n\n{HINT}"
WRITTEN = "### ✍ Exercise 1.2 · Say why (3 points)"
QUESTION = "Is it?\n<details><summary>Answer</summary>\nYes.\n</details>\n"
CLOSING = f"## Summary\n\nIt doubles.\n\n## Check yourself\n\n{QUESTION * 3}\n\n## Read on\n\nEuclid."
FIGURE = v4.new_output("display_data", {"image/png": "AAAA"}, metadata={"image/png": {"alt": "A line."}})
STORY, ANSWER, CHECK, WRITTEN_ANSWER, AFTERWARDS, LAST = 1, 4, 5, 7, 8, 9


def lesson() -> NotebookNode:
    cells = [
        ex.markdown(OPENING), ex.code("n = 3\nplot(n, c=RED, color='black')\nprint([n * k for k in range(3)])"),
        ex.markdown("## Section\n\n![a cat](c.png)"),
        ex.markdown(EXERCISE), ex.answer(), ex.check(f"n = 4\n{ex.CHECK}"),
        ex.markdown(WRITTEN), ex.written(),
        ex.code("for n in range(3):\n    square = n * n\nsum(n for n in range(2))"), ex.markdown(CLOSING),
    ]  # fmt: skip
    notebook = ex.notebook(*cells)
    notebook.cells[STORY].outputs = [v4.new_output("stream", text="[0, 3, 6]\n"), FIGURE]
    for count, cell in enumerate((cell for cell in cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count
    return notebook


def replaced(number: int, old: str, new: str) -> Callable[[NotebookNode], None]:
    def spoil(notebook: NotebookNode) -> None:
        assert old in notebook.cells[number].source
        notebook.cells[number].source = notebook.cells[number].source.replace(old, new, 1)

    return spoil


def stored(text: str, name: str = "stdout") -> Callable[[NotebookNode], None]:
    return lambda notebook: notebook.cells[STORY].outputs.append(v4.new_output("stream", text=text, name=name))


def shown(data: dict[str, object]) -> Callable[[NotebookNode], None]:
    return lambda notebook: notebook.cells[STORY].outputs.append(v4.new_output("display_data", data))


def drawing(code: str) -> Callable[[NotebookNode], None]:
    return replaced(STORY, "print", f"{code}\nprint")


def marked(number: int, **values: object) -> Callable[[NotebookNode], None]:
    return lambda notebook: notebook.cells[number].metadata.nbgrader.update(values)


def removed(number: int) -> Callable[[NotebookNode], None]:
    return lambda notebook: notebook.cells.pop(number)


SPOILT = {
    "no title": ("opening", replaced(0, "# Doubling", "Doubling")),
    "two titles": ("opening", replaced(2, "## Section", "# Section")),
    "title comes late": ("opening", lambda notebook: notebook.cells.insert(0, ex.markdown("Hello, Time"))),
    "no prerequisites": ("opening", replaced(0, "You need", "Know")),
    "no link to the letters and words": ("letters_and_words_are_linked", replaced(0, "../NOTATION", "NOTATION")),
    "no summary": ("closing", replaced(LAST, "## Summary", "## The end")),
    "read on comes first": ("closing", replaced(2, "## Section", "## Read on")),
    "too few questions": ("closing", replaced(LAST, QUESTION * 3, QUESTION)),
    "too many questions": ("closing", replaced(LAST, QUESTION * 3, QUESTION * 6)),
    "a level is skipped": ("heading_levels", replaced(2, "## Section", "## Section\n\n#### Deep")),
    "no points in the heading": ("exercise_anatomy", replaced(3, " (2 points)", "")),
    "other points in the heading": ("exercise_anatomy", replaced(3, "(2 points)", "(4 points)")),
    "the same number": ("exercise_anatomy", replaced(6, "1.2", "1.1")),
    "no hint": ("exercise_anatomy", replaced(3, "Hint 1", "Tip")),
    "hints begin at 2": ("exercise_anatomy", replaced(3, "Hint 1", "Hint 2")),
    "a hint is not closed": ("exercise_anatomy", replaced(3, "</details>", "")),
    "no check": ("exercise_anatomy", removed(CHECK)),
    "no answer": ("exercise_anatomy", removed(ANSWER)),
    "no solution region": ("exercise_anatomy", replaced(ANSWER, "### BEGIN", "# begin")),
    "no hidden tests": ("exercise_anatomy", replaced(CHECK, "### BEGIN", "# begin")),
    "nothing visible": ("exercise_anatomy", replaced(CHECK, "n = 4\nassert double(1) == 2\n", "")),
    "hidden tests in the middle": ("exercise_anatomy", replaced(CHECK, "END HIDDEN TESTS", "END HIDDEN TESTS\n1")),
    "check named otherwise": ("exercise_anatomy", marked(CHECK, grade_id="topic-two-check")),
    "no written answer": ("exercise_anatomy", removed(WRITTEN_ANSWER)),
    "other points for the written answer": ("exercise_anatomy", marked(WRITTEN_ANSWER, points=1)),
    "no mark scheme": ("exercise_anatomy", replaced(WRITTEN_ANSWER, "### BEGIN MARK SCHEME", "")),
    "grade id of one word": ("grade_ids", marked(ANSWER, grade_id="double")),
    "grade id in capitals": ("grade_ids", marked(ANSWER, grade_id="topic-Double")),
    "grade id of another lesson": ("grade_ids", marked(WRITTEN_ANSWER, grade_id="other-why")),
    "an answer before any exercise": (
        "graded_cells_belong_to_exercises", lambda notebook: notebook.cells.insert(1, notebook.cells.pop(ANSWER)),
    ),
    "an answer in the closing": (
        "graded_cells_belong_to_exercises", lambda notebook: notebook.cells.append(notebook.cells.pop(WRITTEN_ANSWER)),
    ),
    "a picture without text": ("pictures_have_a_description", replaced(2, "a cat", "")),
    "an img without alt": ("pictures_have_a_description", replaced(2, "![a cat](c.png)", '<img src="c.png" alt="">')),
    "a figure without alt": ("pictures_have_a_description", shown({"image/png": "AAAA"})),
    "another colour map": ("figures_have_the_colours_of_the_course", drawing("plotting.show(x, cmap='jet')")),
    "a picture with limits of its own": ("figures_have_the_colours_of_the_course", drawing("axes.imshow(x)")),
    "a colour of its own": ("figures_have_the_colours_of_the_course", drawing("axes.plot(x, color='gold')")),
    "an address": ("outputs_are_stable", stored("<object at 0x7fa3b8c2d0>")),
    "an address in a result": ("outputs_are_stable", shown({"text/plain": "<object at 0x7fa3b8c2d0>"})),
    "a path": ("outputs_are_stable", stored("saved in /home/me/lesson")),
    "a path of Windows": ("outputs_are_stable", stored("saved in C:\\Users")),
    "a progress bar": ("outputs_are_stable", stored(" 50%|████     | 5/10 [00:01<00:01]")),
    "something on stderr": ("outputs_are_stable", stored("a warning", name="stderr")),
    "a widget": ("outputs_are_stable", shown({"application/vnd.jupyter.widget-view+json": {"model_id": "1"}})),
    "an error": (
        "outputs_are_stable",
        lambda notebook: notebook.cells[STORY].outputs.append(v4.new_output("error", ename="E", evalue="E")),
    ),
    "not executed": (
        "executed_from_top_to_bottom", lambda notebook: notebook.cells[STORY].update(execution_count=None),
    ),
    "the story reads what a check has set": (
        "story_uses_no_name_of_a_check", replaced(AFTERWARDS, "for n in", "n\nfor n in"),
    ),
    "the story counts on from a check": (
        "story_uses_no_name_of_a_check", replaced(AFTERWARDS, "for n", "n += 1\nfor n"),
    ),
    "a function reads what a check has set": (
        "story_uses_no_name_of_a_check", replaced(AFTERWARDS, "for n", "def f():\n    return n\nfor n"),
    ),
}  # fmt: skip


def broken(notebook: NotebookNode) -> set[str]:
    return {rule.__name__ for rule in RULES if list(rule(notebook))}


def test_a_sound_lesson_keeps_every_rule() -> None:
    assert {rule.__name__: list(rule(lesson())) for rule in RULES} == {rule.__name__: [] for rule in RULES}


@pytest.mark.parametrize(("rule", "spoil"), SPOILT.values(), ids=SPOILT)
def test_a_spoilt_lesson_breaks_the_rule(rule: str, spoil: Callable[[NotebookNode], object]) -> None:
    notebook = lesson()
    spoil(notebook)
    assert rule in broken(notebook)


def test_every_rule_is_shown_to_fail() -> None:
    assert {rule for rule, _ in SPOILT.values()} == {rule.__name__ for rule in lesson_rules.RULES}
