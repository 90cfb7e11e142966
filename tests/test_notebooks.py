"""The lessons as they are handed out: regenerated, searched for leaks, run, graded, and held against the design."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import CHROMIUM
from lesson_rules import RULES
from nbformat.notebooknode import NotebookNode
from nbgrader import utils

from lrp_edu.classroom.execute import executed
from lrp_edu.classroom.notebook import read
from lrp_edu.classroom.release import MARKERS, check_source, release

ROOT = Path(__file__).parents[1]
SOLUTIONS, NOTEBOOKS = ROOT / "solutions", ROOT / "notebooks"
LESSONS = sorted(path.name for path in SOLUTIONS.glob("*.ipynb"))

NOT_SEEN_BY_NBVAL = {"nbval-skip", "nbval-ignore-output", "nbval-raises-exception", "raises-exception"}

each_lesson = pytest.mark.parametrize("lesson", LESSONS)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def graded(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if utils.is_grade(cell)]


def hidden_blocks(cell: NotebookNode) -> list[str]:
    """What a student must not see of a cell: its marked regions, or all of an answer without any."""
    blocks = re.findall(r"^\s*### BEGIN [A-Z ]+\n(.*?)^\s*### END", cell.source, flags=re.DOTALL | re.MULTILINE)
    return [*blocks, *([cell.source] if utils.is_solution(cell) and "BEGIN SOLUTION" not in cell.source else [])]


def without_layout(text: str) -> str:
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())


def test_there_are_lessons() -> None:
    assert "00_start_here.ipynb" in LESSONS


def test_notebooks_are_those_released_from_the_solutions(tmp_path: Path) -> None:
    again = shutil.copytree(NOTEBOOKS, tmp_path / "notebooks")
    released = release(SOLUTIONS, again)
    assert contents(again) == contents(NOTEBOOKS), "run: lrp-edu release"
    assert [path.name for path in released] == LESSONS


@each_lesson
def test_nothing_hidden_is_left(lesson: str) -> None:
    student = read(NOTEBOOKS / lesson)
    text = without_layout("\n".join(cell.source for cell in student.cells))
    blocks = [without_layout(block) for cell in read(SOLUTIONS / lesson).cells for block in hidden_blocks(cell)]
    assert [block for block in blocks if block in text] == []
    assert [marker for marker in MARKERS if marker.lstrip("# ") in (NOTEBOOKS / lesson).read_text("utf-8")] == []
    assert [cell.id for cell in student.cells if cell.get("outputs") or cell.get("execution_count")] == []


@pytest.mark.skipif(CHROMIUM is not None, reason="tests/browser does this in JupyterLab")
@each_lesson
def test_the_untouched_notebook_runs_to_its_end_and_fails_every_graded_cell(lesson: str) -> None:
    # An error in a cell without the tag raises-exception ends the run, and this test with it.
    run = executed(read(NOTEBOOKS / lesson), NOTEBOOKS)
    errors = {output.ename for cell in run.cells for output in cell.get("outputs", []) if "ename" in output}
    assert errors <= {"NotImplementedError"}
    # The visible part alone fails, so that the reader is told at once; with hidden tests behind it, it fails as well.
    grades = {cell.metadata.nbgrader.grade_id: utils.determine_grade(cell)[0] for cell in graded(run)}
    assert grades, "a lesson has exercises"
    assert set(grades.values()) == {0}, grades


@each_lesson
def test_the_solution_passes_every_graded_cell(lesson: str) -> None:
    """As it is stored. That a run gives what is stored is seen by nbval, which fails at any error in a cell."""
    for cell in graded(read(SOLUTIONS / lesson)):
        given, possible = utils.determine_grade(cell)
        # nbgrader leaves a written answer that is not the untouched one to a person.
        assert given == (None if utils.is_solution(cell) else possible), cell.metadata.nbgrader.grade_id
        assert not NOT_SEEN_BY_NBVAL & set(cell.metadata.get("tags", [])), cell.metadata.nbgrader.grade_id
        assert "NBVAL_" not in cell.source, cell.metadata.nbgrader.grade_id


@each_lesson
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_lesson_keeps_the_rule(lesson: str, rule: Callable[[NotebookNode], Iterator[str]]) -> None:
    assert list(rule(read(SOLUTIONS / lesson))) == []


@each_lesson
def test_solution_can_be_released_and_cells_keep_their_ids(lesson: str) -> None:
    solution = read(SOLUTIONS / lesson)
    check_source(solution, SOLUTIONS / lesson)
    assert [cell.id for cell in read(NOTEBOOKS / lesson).cells] == [cell.id for cell in solution.cells]


def test_a_grade_id_is_used_once_in_the_course() -> None:
    ids = Counter(cell.metadata.nbgrader.grade_id for lesson in LESSONS for cell in graded(read(SOLUTIONS / lesson)))
    assert [grade_id for grade_id, times in ids.items() if times > 1] == []
