"""What all explorers have in common, on one that is slow and has a setting that it cannot show; and the dragging."""

from __future__ import annotations

import json

import pytest
from nbformat import v4
from playwright.sync_api import expect

from browser.explorers import WORDS, Explorer
from browser.jupyterlab import JupyterLab

SLOW = '''
import time, ipywidgets
from matplotlib.figure import Figure
from lrp_edu import plotting, widgets

class Slow(widgets.Explorer):
    """A number on a picture, after a fifth of a second; 13 brings bad luck."""

    looked = []

    def look(self, number, colour):
        self.looked.append(number)
        time.sleep(0.2)
        if number == 13:
            raise ValueError("thirteen brings bad luck")
        figure = Figure(figsize=(6, 2))
        figure.text(0.5, 0.5, str(number), color=colour)
        return number, plotting.png(figure), f"It is {number}, in {colour}."

controls = {
    "number": ipywidgets.IntSlider(value=12, min=0, max=80, description="number"),
    "colour": ipywidgets.Dropdown(options=["black", "red"], description="colour"),
}
'''
SHOWN = 'Slow(controls, [["number", "colour"]])'


OCCLUDER = """
import numpy as np
from lrp_edu import widgets
from lrp_edu.numpy_lrp import Network

network = Network.random((64, 9, 10), np.random.default_rng(0))
explorer = widgets.OccluderExplorer({"network": network}, np.random.default_rng(1).uniform(-1, 1, (2, 8, 8)))
"""


def opened(notebooks: JupyterLab, *sources: str) -> Explorer:
    """The explorer that the last of these cells shows."""
    cells = [v4.new_code_cell(source) for source in sources]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = v4.new_notebook(cells=cells, metadata=kernel)
    (notebooks.server.course / "alone.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    notebooks.open("alone.ipynb")
    notebooks.run_all()
    explorer = Explorer(notebooks, len(cells) - 1)
    explorer.expect_drawn()
    return explorer


@pytest.fixture
def slow(notebooks: JupyterLab) -> Explorer:
    return opened(notebooks, SLOW, SHOWN)


def test_what_cannot_be_shown_is_told_and_the_old_picture_stays(slow: Explorer) -> None:
    words, old = slow.box.locator(WORDS).last, slow.box.locator("img").get_attribute("src")
    slow.handle(0).focus()
    slow.page.keyboard.press("ArrowRight")
    expect(words).to_have_text("This setting cannot be shown: thirteen brings bad luck")
    assert slow.box.locator("img").get_attribute("src") == old
    slow.page.keyboard.press("ArrowRight")
    expect(words).to_have_text("It is 14, in black.")
    assert slow.box.locator("img").get_attribute("src") != old


def test_a_fast_drag_ends_with_the_last_value_and_leaves_others_out(slow: Explorer) -> None:
    slow.watch()
    slow.drag_to_the_right_end(0)
    expect(slow.box.locator(WORDS).last).to_have_text("It is 80, in black.", timeout=30_000)
    looked = json.loads(slow.notebook.execute("", "Slow.looked"))
    assert looked[0] == 12
    assert looked[-1] == 80
    assert len(looked) < 15, "it ran after values that were gone"
    assert len(slow.seen()["heights"]) == 1


def test_keys_in_an_explorer_are_no_commands_of_jupyterlab(slow: Explorer) -> None:
    """Else an arrow in a list would lead to the next cell, and d, pressed twice, would delete this one."""
    slow.handle(1).focus()
    slow.page.keyboard.press("ArrowDown")
    expect(slow.box.locator(WORDS).last).to_have_text("It is 12, in red.")
    slow.handle(0).focus()
    for key in ("d", "d", "ArrowUp"):
        slow.page.keyboard.press(key)
    expect(slow.box.locator(WORDS).last).not_to_contain_text("12")
    assert len(slow.notebook.cells()) == 2


def test_the_occluder_follows_the_mouse_over_the_picture(notebooks: JupyterLab) -> None:
    explorer = opened(notebooks, OCCLUDER, "explorer")
    box, mouse = explorer.box.locator("img").bounding_box(), explorer.page.mouse
    assert box

    def move(across: float, down: float) -> None:
        """To a place on the left of the three pictures, given in parts of its width and height."""
        mouse.move(box["x"] + box["width"] * (0.02 + 0.26 * across), box["y"] + box["height"] * (0.12 + 0.76 * down))

    def place() -> list[int]:
        return json.loads(explorer.notebook.execute("", "[explorer.controls[one].value for one in ('row', 'column')]"))

    assert place() == [4, 4]
    move(0.5, 0.5)
    mouse.down()
    for step in range(40):
        move(0.5 + step / 90, 0.5 - step / 90)
    mouse.up()
    expect(explorer.controls().nth(2).locator(".widget-readout")).to_have_text("0")
    expect(explorer.controls().nth(3).locator(".widget-readout")).to_have_text("7")
    assert place() == [0, 7]
    move(0.1, 0.9)
    assert place() == [0, 7], "without a button pressed, nothing follows"
