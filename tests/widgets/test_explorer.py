"""What stands on the page is always one whole answer."""

from __future__ import annotations

import gc
from typing import Any

import ipywidgets
from pages import page

from lrp_edu.widgets import Explorer
from lrp_edu.widgets.explorer import KEYS_STAY_HERE


class Squares(Explorer):
    """A small explorer that cannot show 13."""

    def __init__(self, complaint: str = "thirteen brings bad luck") -> None:
        self.complaint = complaint
        self.seen: list[int] = []
        super().__init__({"number": ipywidgets.IntSlider(value=2, min=0, max=20)}, [["number"]])

    def look(self, **values: Any) -> tuple[int, bytes, str]:
        number = values["number"]
        self.seen.append(number)
        if number == 13:
            raise ValueError(self.complaint)
        return number**2, b"picture of %d" % number, f"{number}² = {number**2}"


def test_what_goes_wrong_is_told_and_the_old_picture_stays() -> None:
    explorer = Squares()
    explorer.controls["number"].value = 5
    explorer.controls["number"].value = 13
    picture, words, state = page(explorer)
    assert "thirteen brings bad luck" in words
    assert "5²" not in words
    assert (picture, state) == (b"picture of 5", 25)
    explorer.controls["number"].value = 6
    assert page(explorer) == (b"picture of 6", "6² = 36", 36)


def test_an_explorer_that_fails_at_once_still_opens() -> None:
    class Thirteen(Squares):
        def look(self, **values: Any) -> Any:
            raise ValueError(self.complaint)

    explorer = Thirteen()
    assert explorer.state is None
    assert "thirteen brings bad luck" in explorer.words.value


def test_a_message_with_angle_brackets_can_be_read_on_the_page() -> None:
    explorer = Squares("got <class 'int'>, expected low < high & so on")
    explorer.controls["number"].value = 13
    assert "&lt;class &#x27;int&#x27;&gt;" in explorer.words.value.replace("&#39;", "&#x27;")


def test_a_quick_run_of_changes_ends_with_the_last_one() -> None:
    explorer = Squares()
    for number in [7, 3, 13, 19, 4, 13, 11]:
        explorer.controls["number"].value = number
    assert page(explorer) == (b"picture of 11", "11² = 121", 121)
    assert explorer.seen == [2, 7, 3, 13, 19, 4, 13, 11]


def test_the_garbage_collector_waits_until_the_picture_is_there() -> None:
    collecting = []

    class Watched(Squares):
        def look(self, **values: Any) -> tuple[int, bytes, str]:
            collecting.append(gc.isenabled())
            return super().look(**values)

    explorer = Watched()
    explorer.controls["number"].value = 13  # which cannot be shown
    assert collecting == [False, False]
    assert gc.isenabled()


def test_a_collector_that_somebody_has_switched_off_stays_off() -> None:
    gc.disable()
    try:
        Squares()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_keys_are_kept_from_jupyterlab_without_a_trace_on_the_page() -> None:
    """That it works is seen in a browser (tests/browser)."""
    explorer = Squares()
    keys = next(child for child in explorer.children if getattr(child, "value", "") == KEYS_STAY_HERE)
    assert keys.layout.display == "none"
    assert "lrp-explorer" in explorer._dom_classes
    assert ".lrp-explorer" in KEYS_STAY_HERE
