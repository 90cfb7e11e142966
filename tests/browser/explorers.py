"""An explorer in the page, beside the same explorer in Python, which says what the page has to show."""

from __future__ import annotations

import ast
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, expect

from browser.jupyterlab import EXPLORER, JupyterLab

SECONDS_TO_SHOW = 30
CONTROLS = ".widget-hbox > *"
FOCUSABLE = ".noUi-handle, select, input:not([type=file]), button"
WORDS = ".widget-html-content"
SLIDERS = ("IntSlider", "FloatSlider", "FloatLogSlider", "SelectionSlider")
MOVED_BY_A_KEY = (*SLIDERS, "Dropdown", "Checkbox")

# A picture to upload: black, left of white.
PICTURE = io.BytesIO()
Image.fromarray(np.repeat(np.uint8([[0, 255]] * 8), 4, axis=1)).save(PICTURE, "PNG")

# In a loop of its own: `wait_for_function` would take the promise of an answer for a yes.
SHOWS = """async ({explorer, before, words, milliseconds}) => {
    // A logarithmic slider in the page may differ from Python's in the last digits, and so may what is rounded here.
    const number = /-?\\d+\\.\\d+/g;
    const numbers = text => (text.match(number) ?? []).map(Number);
    const same = (a, b) => a.replaceAll(number, '#') === b.replaceAll(number, '#')
        && numbers(a).every((one, i) => Math.abs(one - numbers(b)[i]) < 0.011);
    const deadline = performance.now() + milliseconds;
    const wanted = document.createElement('div');
    wanted.innerHTML = words;
    while (performance.now() < deadline) {
        const shown = [...explorer.querySelectorAll('.widget-html-content')].at(-1);
        if (same(shown.textContent, wanted.textContent) && explorer.querySelector('img').src !== before) {
            return true;
        }
        await new Promise(again => setTimeout(again, 30));
    }
    return false;
}"""
# A zero-width space (U+200B) stands where ipywidgets wants a label and there is none.
LABELS = """controls => controls.map(control => {
    const labels = [...control.querySelectorAll('.widget-label, .widget-label-basic')].map(label => label.innerText);
    return labels.join(' ').replaceAll('\\u200b', '').trim()
        || control.querySelector('input')?.placeholder || control.innerText.trim();
})"""
# Looks at the picture whenever the page is painted anew, until `stop` is asked.
WATCH = """explorer => {
    const picture = explorer.querySelector('img');
    const seen = {paints: 0, heights: new Set(), milliseconds: []};
    let pressed = null;
    document.addEventListener('keydown', () => { pressed ??= performance.now(); }, {capture: true});
    picture.addEventListener('load', () => {
        if (pressed) { seen.milliseconds.push(Math.round(performance.now() - pressed)); }
        pressed = null;
    });
    const look = () => {
        seen.paints += 1;
        seen.heights.add(picture.offsetHeight);
        requestAnimationFrame(look);
    };
    look();
    explorer.seen = seen;
}"""
SEEN = "explorer => ({...explorer.seen, heights: [...explorer.seen.heights]})"


class Explorer:
    """The explorer that the cell at a place of the open notebook shows."""

    def __init__(self, notebook: JupyterLab, place: int) -> None:
        self.notebook, self.page = notebook, notebook.page
        self.source = notebook.cells()[place]["source"]
        self.box = notebook.output(place).locator(EXPLORER)

    def expect_drawn(self) -> None:
        expect(self.box).to_have_count(1)
        expect(self.box.locator("img")).to_be_visible()
        assert self.box.locator("img").evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 100
        assert self.words()
        for label in self.labels():
            assert any(len(word) > 1 and word.isalpha() for word in label.split()), f"no label in words: {label!r}"

    def words(self) -> str:
        return self.box.locator(WORDS).last.inner_text()

    def labels(self) -> list[str]:
        """What stands beside each control, or in it."""
        return self.controls().evaluate_all(LABELS)

    def controls(self) -> Locator:
        return self.box.locator(CONTROLS)

    def handle(self, number: int) -> Locator:
        """The part of a control that keys and the mouse move."""
        return self.controls().nth(number).locator(FOCUSABLE).first

    def reached_by_tab(self) -> set[int]:
        """The numbers of the controls that the tabulator comes to, from the first one on."""
        self.handle(0).focus()
        reached = {0}
        for _ in range(3 * self.controls().count()):
            self.page.keyboard.press("Tab")
            reached |= {
                number
                for number, control in enumerate(self.controls().all())
                if control.evaluate("control => control.contains(document.activeElement)")
            }
        return reached

    def drag_to_the_right_end(self, number: int) -> None:
        """With the mouse, faster than any explorer can follow, and beyond the end."""
        handle, track = self.handle(number), self.controls().nth(number).locator(".noUi-base")
        handle.scroll_into_view_if_needed()
        start, line = handle.bounding_box(), track.bounding_box()
        assert start
        assert line
        y = start["y"] + start["height"] / 2
        self.page.mouse.move(start["x"] + start["width"] / 2, y)
        self.page.mouse.down()
        self.page.mouse.move(line["x"] + line["width"] + 30, y, steps=25)
        self.page.mouse.up()

    def watch(self) -> None:
        self.box.evaluate(WATCH)

    def seen(self) -> dict[str, Any]:
        return self.box.evaluate(SEEN)

    def picture(self) -> str:
        """The address of the picture, which is another one for each picture."""
        return self.box.locator("img").get_attribute("src") or ""

    def wait_until_it_shows(self, wanted: dict[str, str], before: str) -> None:
        """Wait for the words, and for another picture than the one before."""
        box, milliseconds = self.box.element_handle(), 1000 * SECONDS_TO_SHOW
        shown = self.page.evaluate(SHOWS, {"explorer": box, "before": before, "milliseconds": milliseconds, **wanted})
        assert shown, f"not shown after {SECONDS_TO_SHOW} s: {wanted['words']}\nbut: {self.words()}"


class Reference:
    """The same explorer once more, in the notebook's kernel and without a page."""

    def __init__(self, explorer: Explorer) -> None:
        self.notebook = explorer.notebook
        code = Path(__file__).with_name("in_kernel.py").read_text(encoding="utf-8")
        self.notebook.execute(f"{code}\nreference = Reference({explorer.source}\n)", "None")

    def ask(self, what: str, *arguments: Any) -> Any:
        """What a method of the reference returns."""
        call = f"reference.{what}({', '.join(map(repr, arguments))})"
        return json.loads(ast.literal_eval(self.notebook.execute("import json", f"json.dumps({call})")))


class Moves:
    """The same moves in the page and in Python; after each, the page has to show what Python says."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer, self.reference, self.page = explorer, Reference(explorer), explorer.page
        self.shown = self.reference.ask("on_the_page")
        self.before = explorer.picture()
        self.moved: set[int] = set()

    def controls(self) -> list[dict[str, Any]]:
        """Name, kind, and whether it is disabled, of each control, in the order of the page."""
        return self.reference.ask("controls")

    def awake(self, *kinds: str) -> list[int]:
        return [
            number
            for number, control in enumerate(self.controls())
            if not control["disabled"] and (not kinds or control["kind"] in kinds)
        ]

    def press_keys(self, *kinds: str) -> None:
        """Move each control that was not moved yet by one press of its key."""
        for number in self.awake(*kinds):
            if number not in self.moved and not self.controls()[number]["disabled"]:
                wanted = self._python("after_key", number)
                self.explorer.handle(number).focus()
                self.page.keyboard.press(wanted.pop("key"))
                self._check(number, wanted)

    def type_a_name(self, number: int) -> None:
        wanted = self._python("after_typing", number)
        self.explorer.handle(number).focus()
        self.page.keyboard.type(wanted.pop("text"))
        self.page.keyboard.press("Enter")
        self._check(number, wanted)

    def upload(self, number: int, content: bytes) -> None:
        wanted = self._python("after_upload", number, content)
        with self.page.expect_file_chooser() as chooser:
            self.explorer.controls().nth(number).click()
        chooser.value.set_files({"name": "my.png", "mimeType": "image/png", "buffer": content})
        self._check(number, wanted)

    def drag(self, number: int) -> None:
        wanted = self._python("after_last", number)
        self.explorer.drag_to_the_right_end(number)
        self._check(number, wanted)

    def choose(self, number: int) -> None:
        wanted = self._python("after_choice", number)
        self.explorer.handle(number).select_option(index=wanted.pop("number"))
        self._check(number, wanted)

    def _python(self, what: str, number: int, *more: Any) -> dict[str, Any]:
        self.before = self.explorer.picture()
        return self.reference.ask(what, self.controls()[number]["name"], *more)

    def _check(self, number: int, wanted: dict[str, str]) -> None:
        assert wanted != self.shown, f"{self.controls()[number]['name']} changes nothing"
        self.explorer.wait_until_it_shows(wanted, self.before)
        self.moved.add(number)
        self.shown = wanted


def check_every_control(explorer: Explorer) -> None:
    """Every control is reached by tabulator, moves by its key, and shows what the same setting gives in Python.

    A slider and a list are moved with the mouse, too. The old picture stands there until the new one is whole.
    """
    explorer.expect_drawn()
    moves = Moves(explorer)
    assert set(moves.awake()) <= explorer.reached_by_tab()
    explorer.watch()
    moves.press_keys(*SLIDERS)  # first: another choice in a list can put a slider to sleep
    moves.drag(moves.awake(*SLIDERS)[0])
    moves.press_keys(*MOVED_BY_A_KEY)
    for number in moves.awake("Combobox"):
        moves.type_a_name(number)
    for number in moves.awake("Dropdown")[-1:]:
        moves.choose(number)
    moves.press_keys(*SLIDERS)  # those that this choice woke
    for number in moves.awake("FileUpload"):
        moves.upload(number, PICTURE.getvalue())
    seen = explorer.seen()
    print("milliseconds from a key to the new picture:", seen["milliseconds"])  # shown by pytest -rP
    assert seen["paints"] > 0
    assert len(seen["heights"]) == 1, "the picture was away for a moment, or jumped"
