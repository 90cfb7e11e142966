"""An exercise solved by typing: a wrong answer, a right one, and what is there when the learner comes back."""

from __future__ import annotations

import shutil
from typing import Any

from playwright.sync_api import expect

from browser.jupyterlab import JupyterLab

LESSON, COPY = "notebooks/00_start_here.ipynb", "notebooks/exercise.ipynb"
ANSWER, CHECK = "start-percent", "start-percent-check"
TYPED = "def percent(relevance):\nreturn {}"  # JupyterLab indents the second line
WRONG, RIGHT = "relevance / relevance.sum()", "100 * relevance / relevance.sum()"
TOLD_WRONG, TOLD_RIGHT = "These add up to 1: they are fractions.", "✓ Right: these are percent."


def place(lab: JupyterLab, grade_id: str) -> int:
    def has_id(cell: dict[str, Any]) -> bool:
        return cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id

    return lab.place(has_id)


def answer(lab: JupyterLab, formula: str) -> None:
    """Write the function into the answer cell; run this cell, and the check below it."""
    lab.write(place(lab, ANSWER), TYPED.format(formula))
    lab.run_and_go_on()
    lab.run_and_go_on()
    lab.wait_until_run()


def test_an_answer_is_typed_checked_mended_and_kept(notebooks: JupyterLab) -> None:
    # A copy, since other tests open the lesson as it is handed out.
    shutil.copy(notebooks.server.course / LESSON, notebooks.server.course / COPY)
    notebooks.open(COPY)
    notebooks.run_all()
    check = place(notebooks, CHECK)
    assert check == place(notebooks, ANSWER) + 1

    answer(notebooks, WRONG)
    expect(notebooks.output(check)).to_contain_text(TOLD_WRONG)
    expect(notebooks.output(check)).not_to_contain_text("Traceback")

    answer(notebooks, RIGHT)
    expect(notebooks.output(check)).to_have_text(TOLD_RIGHT)

    notebooks.save()
    notebooks.reload(COPY)
    assert RIGHT in notebooks.cells()[place(notebooks, ANSWER)]["source"]
    expect(notebooks.cell(place(notebooks, ANSWER))).to_contain_text(RIGHT)
    expect(notebooks.output(check)).to_have_text(TOLD_RIGHT)
    assert RIGHT in (notebooks.server.course / COPY).read_text(encoding="utf-8")
