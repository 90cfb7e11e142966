"""What all explorers share: controls above a picture and a line of words, and what happens when a control is moved."""

from __future__ import annotations

import gc
import html
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets

# JupyterLab takes plain keys for its commands: an arrow leaves a drop-down list for the next cell, and d pressed twice
# deletes the cell. It leaves them to an element that bears this mark, which no widget can be given from Python.
KEYS_STAY_HERE = """<style onload="
    const explorer = this.closest('.lrp-explorer');
    window.addEventListener('keydown', event => {
        if (explorer.contains(event.target)) {
            event.target.toggleAttribute('data-lm-suppress-shortcuts', !event.ctrlKey && !event.metaKey);
        }
    }, true);
"></style>"""

ANSWER = "the network's answer"  # not None, which a drop-down list takes for "nothing chosen"


class Explorer(ipywidgets.VBox):
    """Controls above a picture and a line of words. The old picture stays until the new one is whole.

    Subclasses say in `look` what the values of the controls mean.
    """

    def __init__(self, controls: dict[str, Any], rows: list[list[str]]) -> None:
        self.controls = controls
        self.picture = ipywidgets.Image(format="png", layout=ipywidgets.Layout(max_width="100%"))
        self.words = ipywidgets.HTML()
        self.state: Any = None
        self._held = False
        boxes = [ipywidgets.HBox([controls[name] for name in row]) for row in rows]
        keys = ipywidgets.HTML(KEYS_STAY_HERE, layout=ipywidgets.Layout(display="none"))
        super().__init__([*boxes, keys, self.picture, self.words])
        self.add_class("lrp-explorer")
        for control in controls.values():
            control.observe(self._update, names="value")
        self._update()

    def look(self, **values: Any) -> tuple[Any, bytes, str]:
        """From the controls' values to the state, the picture as PNG, and the words."""
        raise NotImplementedError

    def set(self, **values: Any) -> None:
        """Move several controls at once: one new picture, or none if they stand there already."""
        moved = {name: value for name, value in values.items() if self.controls[name].value != value}
        self._held = True
        try:
            for name, value in moved.items():
                self.controls[name].value = value
        finally:
            self._held = False
        if moved:
            self._update()

    def _update(self, _change: Any = None) -> None:
        if self._held:
            return
        values = {name: control.value for name, control in self.controls.items()}
        try:
            with _garbage_waits():
                self.state, self.picture.value, self.words.value = self.look(**values)
        except Exception as error:  # a learner sees no log: what went wrong has to stand where she looks
            self.words.value = f"<b>This setting cannot be shown:</b> {html.escape(str(error))}"


@contextmanager
def _garbage_waits() -> Iterator[None]:
    """Without Python's garbage collector, which beside TensorFlow takes a third of a second to look at everything.

    A figure is garbage as soon as it has become a picture. Where all of it is young then, little has to be looked at.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def slider(name: str, value: float, low: float, high: float) -> Any:
    layout = ipywidgets.Layout(width="21em")
    return ipywidgets.FloatSlider(value=value, min=low, max=high, step=0.1, description=name, layout=layout)


def class_menu(classes: int) -> Any:
    """A drop-down list of what may be explained: `ANSWER`, or the number of a class."""
    options = [(ANSWER, ANSWER), *((f"class {number}", number) for number in range(classes))]
    return ipywidgets.Dropdown(options=options, description="explain")
