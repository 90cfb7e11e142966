"""Each lesson, opened and run from top to bottom in JupyterLab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nbformat import from_dict
from nbgrader import utils
from repository import ROOT

from browser.explorers import Explorer, check_every_control
from browser.jupyterlab import WIDGET_VIEW, JupyterLab

LESSONS = sorted(path.name for path in Path(ROOT, "solutions").glob("*.ipynb"))


def errors(cells: list[dict[str, Any]]) -> set[str]:
    """The names of the errors in the outputs."""
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return {output["ename"] for output in outputs if output["output_type"] == "error"}


def points(cells: list[dict[str, Any]]) -> set[float]:
    """What nbgrader would give for the checks."""
    graded = filter(utils.is_grade, map(from_dict, cells))
    return {utils.determine_grade(cell)[0] for cell in graded}


def explorers(cells: list[dict[str, Any]]) -> list[int]:
    """The places of the cells that show an explorer."""
    return [
        index
        for index, cell in enumerate(cells)
        if any(WIDGET_VIEW in output.get("data", {}) for output in cell.get("outputs", []))
    ]


@pytest.mark.parametrize("lesson", LESSONS)
def test_student_notebook_runs_past_its_open_exercises(notebooks: JupyterLab, lesson: str) -> None:
    notebooks.open(f"notebooks/{lesson}")
    notebooks.run_all()
    cells = notebooks.cells()
    assert errors(cells) == {"NotImplementedError"}
    assert points(cells) == {0}
    notebooks.expect_no_dialog()
    for place in explorers(cells):
        Explorer(notebooks, place).expect_drawn()


@pytest.mark.parametrize("lesson", LESSONS)
def test_solution_runs_and_its_explorers_can_be_moved(notebooks: JupyterLab, lesson: str) -> None:
    notebooks.open(f"solutions/{lesson}")
    notebooks.run_all()
    cells = notebooks.cells()
    assert errors(cells) == set()
    notebooks.expect_no_dialog()
    for place in explorers(cells):
        check_every_control(Explorer(notebooks, place))
