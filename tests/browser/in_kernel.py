"""What runs in a notebook's kernel: an explorer that no page shows, moved from Python as keys and mouse would."""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime
from typing import Any

from ipywidgets import Checkbox, Dropdown, FloatLogSlider


class Reference:
    """The explorer, and what it shows after each move."""

    def __init__(self, explorer: Any) -> None:
        self.explorer = explorer

    def on_the_page(self) -> dict[str, str]:
        picture = hashlib.sha256(self.explorer.picture.value).hexdigest()
        return {"picture": picture, "words": self.explorer.words.value}

    def controls(self) -> list[dict[str, Any]]:
        """In the order of the page."""
        names = {control: name for name, control in self.explorer.controls.items()}
        shown = [control for box in self.explorer.children for control in getattr(box, "children", ())]
        return [
            {"name": names[control], "kind": type(control).__name__, "disabled": control.disabled} for control in shown
        ]

    def after_key(self, name: str) -> dict[str, str]:
        """One step ahead, or one back where the control is at its end; and which key does that."""
        control = self.explorer.controls[name]
        ahead, back = ("ArrowDown", "ArrowUp") if isinstance(control, Dropdown) else ("ArrowRight", "ArrowLeft")
        if isinstance(control, Checkbox):
            control.value = not control.value
            return {"key": "Space", **self.on_the_page()}
        step = 1 if self._position(control) < self._last(control) else -1
        self._move_to(control, self._position(control) + step * getattr(control, "step", 1))
        return {"key": ahead if step == 1 else back, **self.on_the_page()}

    def after_last(self, name: str) -> dict[str, str]:
        """The last option, or the right end."""
        control = self.explorer.controls[name]
        self._move_to(control, self._last(control))
        return self.on_the_page()

    def after_choice(self, name: str) -> dict[str, Any]:
        """The last option that changes what is shown; and its number."""
        control, before = self.explorer.controls[name], self.on_the_page()
        for number in reversed(range(len(control.options))):
            control.index = number
            if self.on_the_page() != before:
                break
        return {"number": control.index, **self.on_the_page()}

    def after_typing(self, name: str) -> dict[str, str]:
        """The first of the names on offer that changes what is shown; and its text."""
        control, before = self.explorer.controls[name], self.on_the_page()
        for option in control.options:
            control.value = option
            if self.on_the_page() != before:
                break
        return {"text": control.value, **self.on_the_page()}

    def after_upload(self, name: str, content: bytes) -> dict[str, str]:
        file = {"name": "my.png", "type": "image/png", "size": len(content), "content": content}
        self.explorer.controls[name].value = [{**file, "last_modified": datetime.now(UTC)}]
        return self.on_the_page()

    @staticmethod
    def _position(control: Any) -> float:
        """Where the handle stands: the value itself, its power, or the number of the option."""
        if isinstance(control, FloatLogSlider):
            return math.log(control.value, control.base)
        return control.index if hasattr(control, "index") else control.value

    @staticmethod
    def _last(control: Any) -> float:
        return len(control.options) - 1 if hasattr(control, "index") else control.max

    @staticmethod
    def _move_to(control: Any, position: float) -> None:
        if hasattr(control, "index"):
            control.index = position
        else:
            control.value = control.base**position if isinstance(control, FloatLogSlider) else position
