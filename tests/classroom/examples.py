"""Small notebooks to release and to execute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbformat import v4
from nbformat.notebooknode import NotebookNode

from lrp_edu.classroom.notebook import to_bytes

ANSWER = """def double(x):
    \"\"\"Twice x.\"\"\"
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION"""

CHECK = """assert double(1) == 2
### BEGIN HIDDEN TESTS
assert double(21) == 42
### END HIDDEN TESTS"""

MODEL_ANSWER = """Because the bias took it.
### BEGIN MARK SCHEME
One point for the word bias.
### END MARK SCHEME"""


def nbgrader(**values: Any) -> dict[str, Any]:
    """The metadata of an nbgrader cell, an ordinary one unless values say otherwise."""
    flags = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return {"nbgrader": {**flags, **values}}


def code(source: str, **values: Any) -> NotebookNode:
    return v4.new_code_cell(source, metadata=nbgrader(**values) if values else {})


def markdown(source: str, **values: Any) -> NotebookNode:
    return v4.new_markdown_cell(source, metadata=nbgrader(**values) if values else {})


def answer(source: str = ANSWER, grade_id: str = "topic-double") -> NotebookNode:
    return code(source, solution=True, grade_id=grade_id)


def check(source: str = CHECK, grade_id: str = "topic-double-check", points: Any = 2) -> NotebookNode:
    return code(source, grade=True, locked=True, grade_id=grade_id, points=points)


def written(source: str = MODEL_ANSWER, grade_id: str = "topic-why", points: Any = 3) -> NotebookNode:
    return markdown(source, grade=True, solution=True, grade_id=grade_id, points=points)


def task(source: str, grade_id: str = "topic-task", points: Any = 1) -> NotebookNode:
    return markdown(source, task=True, locked=True, grade_id=grade_id, points=points)


def notebook(*cells: NotebookNode) -> NotebookNode:
    """A notebook of these cells, with the ids cell-1, cell-2, …"""
    for number, cell in enumerate(cells, start=1):
        cell["id"] = f"cell-{number}"
    return v4.new_notebook(cells=list(cells))


def lesson() -> NotebookNode:
    """A story, a solved exercise and a written one."""
    return notebook(markdown("# Doubling"), code("6 * 7"), answer(), check(), written())


def write(path: Path, content: NotebookNode) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_bytes(content))
    return path
