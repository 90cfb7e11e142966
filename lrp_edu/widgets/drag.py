"""Dragging on a picture: from the mouse to the place in the data that lies below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipyevents import Event
from matplotlib.axes import Axes

from lrp_edu import plotting


class Drag:
    """Calls `move(x, y)` wherever the mouse is while its button is pressed on a picture.

    x and y are pixels of the picture's file, from its upper left corner. A browser sends the next place only when the
    last one is dealt with, so that a slow machine leaves places out, and does not fall behind.
    """

    def __init__(self, picture: Any, move: Callable[[float, float], None]) -> None:
        self.move = move
        self.pressed = False
        self.event = Event(
            source=picture,
            watched_events=["mousedown", "mouseup", "mouseleave"],
            xy_coordinate_system="data",
            prevent_default_action=True,  # else the browser would drag a copy of the picture
        )
        self.event.on_dom_event(self._button)
        self.event.observe(self._mouse, names="xy")

    def _button(self, message: dict[str, Any]) -> None:
        self.pressed = message["event"] == "mousedown"
        if message["event"] != "mouseleave":
            self.move(message["dataX"], message["dataY"])

    def _mouse(self, change: Any) -> None:
        if self.pressed and change.new:
            self.move(*change.new)


def data_below(axes: Axes, x: float, y: float) -> tuple[float, float] | None:
    """The data coordinates of axes at a pixel of their figure, as `plotting.png` has saved it; None beside the axes."""
    figure: Any = axes.get_figure()
    width, height = figure.get_size_inches() * plotting.DOTS_PER_INCH
    on_canvas = figure.transFigure.transform((x / width, 1 - y / height))
    if not axes.bbox.contains(*on_canvas):
        return None
    column, row = axes.transData.inverted().transform(on_canvas)
    return float(column), float(row)
