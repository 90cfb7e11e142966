"""The plane of a ReLU neuron with two inputs: its output, the line where it falls silent, and the ways to its roots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from lrp_edu.arrays import Array, finite_array
from lrp_edu.plotting import BLUE, GREY, RED, new_figure


def neuron_plane(
    weight: Any,
    bias: float,
    x: Any,
    roots: Mapping[str, Any],
    box: tuple[float, float] | None = None,
    extent: tuple[float, float] = (-1.5, 3.5),
) -> Figure:
    """The plane of a ReLU neuron with two inputs: contours of its output, the line where it falls silent, roots.

    Args:
        weight, bias: of the neuron; weight of shape (2,).
        x: the input, shape (2,).
        roots: name → root point of shape (2,), joined to x by an arrow.
        box: the lowest and the highest value that an input can have, drawn as a dashed square.
        extent: the range of both axes.
    """
    figure = new_figure(5.2, 4.6)
    draw_neuron_plane(figure.subplots(), weight, bias, x, roots, box, extent)
    return figure


def draw_neuron_plane(
    axes: Axes,
    weight: Any,
    bias: float,
    x: Any,
    roots: Mapping[str, Any],
    box: tuple[float, float] | None,
    extent: tuple[float, float],
) -> None:
    """What `neuron_plane` shows, on given axes. Towards a root outside of them an arrow leads up to the frame."""
    weight, x = finite_array(weight, "weight", (2,)), finite_array(x, "x", (2,))
    finite_array(bias, "bias", ())
    roots = {name: finite_array(root, f"roots[{name!r}]", (2,)) for name, root in roots.items()}
    axes.set(xlim=extent, ylim=extent, xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    axes.apply_aspect()  # now, since the numbers of the contours are turned as the lines are on the page
    contours = _draw_contours(axes, weight, bias, extent)
    taken = [x, x + 0.05 * (extent[1] - extent[0])]  # where no number shall stand: on x, on its name, and so on
    if box is not None:
        taken += _draw_box(axes, box)
    for name, root in roots.items():
        taken += _draw_way_to_root(axes, weight, x, name, root, extent)
    axes.plot(*x, "o", color="black", markersize=7)
    axes.annotate("$x$", tuple(x), xytext=(7, 5), textcoords="offset points", fontsize=12)
    places = _free_places(contours.levels, weight, bias, np.array(taken), extent)
    axes.clabel(contours, fontsize=7, fmt="%g", manual=places)


def _draw_contours(axes: Axes, weight: Array, bias: float, extent: tuple[float, float]) -> Any:
    """The neuron's output, the line where it falls silent, and contours, which are returned."""
    first, second = np.meshgrid(extent, extent)  # z is a plane, and the four corners have all of it
    z = weight[0] * first + weight[1] * second + bias
    levels = MaxNLocator(nbins=10, steps=[1, 2, 5, 10]).tick_values(0, max(z.max(), 1e-9))
    axes.contourf(first, second, z, levels=levels, cmap="Greys", vmin=0, vmax=2 * levels[-1])  # the light half of Greys
    if z.min() < 0 < z.max():
        axes.contour(first, second, z, levels=[0], colors="black", linewidths=2)
    return axes.contour(first, second, z, levels=levels[1:-1], colors=GREY, linewidths=0.6)


def _draw_box(axes: Axes, box: tuple[float, float]) -> list[Array]:
    """A dashed square; returns points on it."""
    low, high = box
    axes.add_patch(Rectangle((low, low), high - low, high - low, fill=False, linestyle="--", edgecolor=BLUE))
    sides = [np.array([one, other]) for one in np.linspace(low, high, 12) for other in box]
    return sides + [point[::-1] for point in sides]


def _draw_way_to_root(
    axes: Axes, weight: Array, x: Array, name: str, root: Array, extent: tuple[float, float]
) -> list[Array]:
    """An arrow from x to a root with its name, or up to the frame; returns points on it."""
    (low, high), side, way = extent, extent[1] - extent[0], root - x
    room = np.divide(np.where(way > 0, high, low) - x, way, out=np.full(2, np.inf), where=way != 0).min()
    end = x + min(1.0, room) * way
    arrow = {"arrowstyle": "->", "color": RED, "linewidth": 1.6}
    axes.annotate("", xy=tuple(end), xytext=tuple(x), arrowprops=arrow, annotation_clip=False)
    points = [x + step * (end - x) for step in np.linspace(0, 1, 12)]
    if room < 1 - 1e-9:
        return points
    axes.plot(*root, "o", color=RED, markersize=5, clip_on=False)
    silent_side = -weight / (np.linalg.norm(weight) or 1.0)
    inwards = 1.0 * (root - low < 0.08 * side) - 1.0 * (high - root < 0.08 * side)  # 0 where the frame is far
    shift = np.where(inwards, 8 * inwards, (14 if inwards.any() else 11) * silent_side)
    label = axes.annotate(name, tuple(root), xytext=tuple(shift), textcoords="offset points", color=RED)
    label.set(horizontalalignment="right" if shift[0] < 0 else "left", verticalalignment="center")
    return [*points, root + 0.05 * side * silent_side]


def _free_places(levels: Array, weight: Array, bias: float, taken: Array, extent: tuple[float, float]) -> list[Array]:
    """For each level the point of its line that is farthest from the frame and from what is drawn, if there is room."""
    (low, high), side, steepness = extent, extent[1] - extent[0], np.linalg.norm(weight)
    if steepness == 0:
        return []
    uphill, centre = weight / steepness, np.full(2, (low + high) / 2)
    climbs = (levels - (weight @ centre + bias)) / steepness
    along = np.linspace(-0.7 * side, 0.7 * side, 41)
    spots = centre + climbs[:, None, None] * uphill + along[:, None] * (uphill[::-1] * (-1, 1))  # (level, spot, 2)
    to_frame = np.minimum(spots - low, high - spots).min(axis=-1)
    to_others = np.linalg.norm(spots[:, :, None] - taken, axis=-1).min(axis=-1)
    free = np.minimum(to_frame, to_others)
    return [line[room.argmax()] for line, room in zip(spots, free, strict=True) if room.max() > 0.06 * side]
