"""The occluder explorer of lesson 01: cover a part of a picture, and see what becomes of the score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lrp_edu import plotting
from lrp_edu.arrays import Array, finite_array
from lrp_edu.attribution import occlusion, square
from lrp_edu.flow import ORANGE
from lrp_edu.numpy_lrp import Network
from lrp_edu.widgets.drag import Drag, data_below
from lrp_edu.widgets.explorer import Explorer

FILLS = {"paper": -1.0, "grey": 0.0, "ink": 1.0}
SIDES = (1, 3, 5)  # pixels; odd, so that one pixel is the middle


@dataclass(frozen=True, eq=False)
class Occlusion:
    """What the explorer shows: the covered picture, the logits before and after, and the occlusion map."""

    covered: Array  # (height, width)
    logits_before: Array  # (classes,)
    logits_after: Array
    relevance: Array  # (height, width), of the class that is the answer before anything is covered

    @property
    def answer(self) -> int:
        """The class that is explained: the network's answer as long as nothing is covered."""
        return int(self.logits_before.argmax())

    @property
    def lost(self) -> float:
        """How much the logit of that class has lost."""
        return float(self.logits_before[self.answer] - self.logits_after[self.answer])


class OccluderExplorer(Explorer):
    """Lesson 01: drag an occluder over a picture; watch the logits, and its place on the occlusion map."""

    def __init__(self, networks: Mapping[str, Network], pictures: Any) -> None:
        """Take networks by the name to show, and pictures in [−1, 1] of shape (n, height, width) that they can read."""
        self.networks = dict(networks)
        self.pictures = finite_array(pictures, "pictures", ("n", "height", "width"))
        count, height, width = self.pictures.shape
        if not self.networks or count == 0:
            raise ValueError(f"got {len(self.networks)} networks and {count} pictures; give at least one of each")
        controls = {
            "network": ipywidgets.Dropdown(options=list(self.networks), description="network"),
            "picture": _slider("picture", count, 0),
            "row": _slider("row", height, height // 2),
            "column": _slider("column", width, width // 2),
            "side": ipywidgets.Dropdown(
                options=[(f"{side} × {side} pixels", side) for side in SIDES], value=3, description="occluder"
            ),
            "fill": ipywidgets.Dropdown(options=list(FILLS), description="filled with"),
        }
        self.draggable: tuple[Axes, ...] = ()
        super().__init__(controls, [["network", "picture"], ["row", "column"], ["side", "fill"]])
        self.drag = Drag(self.picture, self._drag_to)

    def look(self, **values: Any) -> tuple[Occlusion, bytes, str]:
        """The covered picture, the logits before and after, the occlusion map, and the same in words."""
        found = self._cover(**values)
        figure, (left, middle, right, bar) = _fixed_figure()
        plotting.draw_picture(left, found.covered, "the picture, covered")
        left.images[0].set_clim(-1, 1)  # paper stays white, even where no ink is left to compare it with
        _draw_logits(middle, found)
        title = f"what the logit of {found.answer} loses"
        plotting.draw_heatmap(right, found.relevance, plotting.largest(found.relevance), title)
        figure.colorbar(right.images[0], cax=bar)
        for axes in (left, right):
            axes.set_axis_on()
            axes.set(xticks=[], yticks=[])
            _outline(axes, values["row"], values["column"], values["side"], found.covered.shape)
        self.draggable = (left, right)
        return found, plotting.png(figure), _words(found)

    def _drag_to(self, x: float, y: float) -> None:
        """Put the occluder's middle on the pixel below the mouse, be it on the picture or on the map."""
        for axes in self.draggable:
            if below := data_below(axes, x, y):
                self.set(column=round(below[0]), row=round(below[1]))

    def _cover(self, network: str, picture: int, row: int, column: int, side: int, fill: str) -> Occlusion:
        chosen = self.networks[network]

        def logits(pictures: Array) -> Array:
            return chosen.forward(pictures.reshape(len(pictures), -1))

        whole = self.pictures[picture : picture + 1]
        before = logits(whole)[0]
        covered = whole.copy()
        covered[:, *square(row, column, side)] = FILLS[fill]
        relevance = occlusion(lambda pictures: logits(pictures)[:, before.argmax()], whole, side, FILLS[fill])
        return Occlusion(covered[0], before, logits(covered)[0], relevance[0])


def _slider(name: str, length: int, value: int) -> Any:
    layout = ipywidgets.Layout(width="21em")
    return ipywidgets.IntSlider(value=value, min=0, max=length - 1, description=name, layout=layout)


def _fixed_figure() -> tuple[Figure, list[Axes]]:
    """A figure with the axes of picture, logits, map and colour bar, always in the same place.

    Matplotlib could arrange them, but then they would jump when a label becomes longer, and take twice the time.
    """
    figure = Figure(figsize=(9.6, 3.4))
    places = ((0.01, 0.03, 0.28, 0.87), (0.36, 0.09, 0.22, 0.81), (0.63, 0.03, 0.28, 0.87), (0.925, 0.09, 0.012, 0.75))
    return figure, [figure.add_axes(place) for place in places]


def _draw_logits(axes: Axes, found: Occlusion) -> None:
    """A filled bar for each class as it is, and the outline of the bar that was there before anything was covered."""
    classes = np.arange(len(found.logits_before))
    axes.barh(classes, found.logits_after, color="#8c8c8c")
    axes.barh(classes, found.logits_before, color="none", edgecolor="black")
    axes.axvline(0, color="black", linewidth=0.8)
    # Room for most of what a move can do, so that the scale seldom changes.
    limit = max(1.4 * plotting.largest(found.logits_before), plotting.largest(found.logits_after))
    axes.set(yticks=classes, ylim=(len(classes) - 0.4, -0.6), xlim=(-limit, limit), ylabel="class")
    axes.set_title("logits (outlines: uncovered)", fontsize=10)


def _outline(axes: Axes, row: int, column: int, side: int, shape: tuple[int, ...]) -> None:
    """The edge of the occluder, as far as it lies on the picture."""
    rows, columns = square(row, column, side)
    corner = (columns.start - 0.5, rows.start - 0.5)
    width, height = min(columns.stop, shape[1]) - columns.start, min(rows.stop, shape[0]) - rows.start
    edge = Rectangle(corner, width, height, fill=False, edgecolor=ORANGE, linewidth=2.5, clip_on=False, zorder=3)
    axes.add_patch(edge)


def _words(found: Occlusion) -> str:
    answer, after = found.answer, int(found.logits_after.argmax())
    change = "loses" if found.lost >= 0 else "gains"
    text = (
        f"The network reads a {answer}. Covered here, the logit of {answer} {change} {abs(found.lost):.2f}: "
        f"{found.logits_before[answer]:z.2f} becomes {found.logits_after[answer]:z.2f}."
    )
    return text + (f" The answer is still {answer}." if after == answer else f" <b>Now it reads a {after}.</b>")
