"""The pictures of the course. Each function draws and returns a figure; `show` puts it on the page with a description.

Relevance is red where it is positive, blue where it is negative and white where it is zero, and the limits of the
colours are symmetric around zero.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lrp_edu.arrays import Array, finite_array
from lrp_edu.numpy_lrp import Snapshot

RED, BLUE, GREY = "#b2182b", "#2166ac", "#666666"
# An odd number of colours, so that one of them, white, stands for exactly zero.
RELEVANCE_COLOURS = LinearSegmentedColormap.from_list("relevance", [BLUE, "#ffffff", RED], N=257)
PICTURE_COLOURS = "gray_r"  # ink is dark, paper is white
DOTS_PER_INCH = 100
QUICK, SMALL = 2, 9  # compression of PNG files: for pictures that live for a moment, and for those that are stored


# Onto the page


def png(figure: Figure, compression: int = QUICK) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    pillow = {"compress_level": compression}
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, facecolor="white", pil_kwargs=pillow)
    return buffer.getvalue()


def show(figure: Figure, alt: str) -> None:
    """Display a figure with its description, both for a screen reader and as a line under the picture.

    Args:
        figure: from one of the functions below, or any Matplotlib figure.
        alt: what is to be seen, in a sentence or two, for somebody who cannot see it.

    Raises:
        ValueError: the description is empty.
    """
    from IPython import get_ipython
    from IPython.display import display

    if not alt.strip():
        raise ValueError("alt: got an empty description; say in a sentence what the picture shows")
    if get_ipython() is None:
        print(f"[picture] {alt}")
        return
    image = {"image/png": png(figure, SMALL), "text/plain": f"[picture] {alt}"}
    display(image, raw=True, metadata={"image/png": {"alt": alt}})
    display({"text/markdown": f"*{alt}*", "text/plain": alt}, raw=True)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, sizes in inches, that no global state knows of."""
    return Figure(figsize=(width, height), layout="constrained")


# Pictures and heatmaps


def draw_heatmap(axes: Axes, relevance: Array, limit: float, title: str = "") -> Any:
    """One heatmap of shape (height, width); `limit` is the relevance at which the colours are full."""
    drawn = axes.imshow(relevance, cmap=RELEVANCE_COLOURS, vmin=-limit, vmax=limit)
    _as_picture(axes, title)
    return drawn


def draw_picture(axes: Axes, picture: Array, title: str = "") -> Any:
    """One picture, grey of shape (height, width) or with the colours RGB from 0 to 1, (height, width, 3)."""
    drawn = axes.imshow(picture, cmap=PICTURE_COLOURS)
    _as_picture(axes, title)
    return drawn


def _as_picture(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(color=GREY, linewidth=0.5)  # else a white pixel at the edge could not be seen


def heatmaps(
    pictures: Any,
    relevance: Mapping[str, Any],
    image_shape: tuple[int, int] | None = None,
    titles: Sequence[str] = (),
    limit: float | None = None,
    outlines: Any = None,
) -> Figure:
    """Pictures in the first row, and a row of heatmaps under them for each named explanation.

    Args:
        pictures: shape (n, pixels), or without `image_shape` (n, height, width), or with the colours RGB
            (n, height, width, 3) from 0 to 1.
        relevance: row title → relevance of shape (n, pixels), or without `image_shape` (n, height, width).
        image_shape: (height, width).
        titles: one for each picture.
        limit: where the colours are full; None: the largest |relevance| of the row. A colour bar tells.
        outlines: for each picture where its object is, bool (n, height, width), to be outlined on each heatmap.
    """
    pictures, shape = _as_pictures(pictures, image_shape)
    count, height, width = pictures.shape[:3]
    if count == 0:
        raise ValueError("pictures: got none; give at least one row")
    if titles and len(titles) != count:
        raise ValueError(f"titles: got {len(titles)} for {count} pictures; give one for each, or none")
    if limit is not None and not limit > 0:
        raise ValueError(f"limit: got {limit}; expected a number above 0")
    if outlines is not None and np.shape(outlines) != (count, height, width):
        raise ValueError(f"outlines: got shape {np.shape(outlines)}; expected {(count, height, width)}")
    figure = new_figure(1.7 * count + 0.7, 1.9 * (len(relevance) + 1))
    axes = figure.subplots(len(relevance) + 1, count + 1, squeeze=False, width_ratios=[1.0] * count + [0.06])
    axes[0, -1].set_axis_off()
    for column, picture in enumerate(pictures):
        draw_picture(axes[0, column], picture, titles[column] if titles else "")
    for row, (name, values) in enumerate(relevance.items(), start=1):
        values = finite_array(values, f"relevance[{name!r}]", shape).reshape(count, height, width)
        full = limit or largest(values)
        for column, value in enumerate(values):
            drawn = draw_heatmap(axes[row, column], value, full, name if column == 0 else "")
            if outlines is not None and len(np.unique(outlines[column])) > 1:
                axes[row, column].contour(outlines[column], levels=[0.5], colors="black", linewidths=0.5)
        figure.colorbar(drawn, cax=axes[row, -1])
    return figure


def _as_pictures(pictures: Any, image_shape: tuple[int, int] | None) -> tuple[Array, tuple[int, ...]]:
    """Pictures (n, height, width) or (n, height, width, 3), and the shape that their relevance should have."""
    if image_shape is not None:
        pictures = finite_array(pictures, "pictures", ("n", image_shape[0] * image_shape[1]))
        return pictures.reshape(-1, *image_shape), pictures.shape
    pictures = finite_array(pictures, "pictures")
    if pictures.ndim != 3 and not (pictures.ndim == 4 and pictures.shape[-1] == 3):
        raise ValueError(
            f"pictures: got shape {pictures.shape}; expected (n, height, width) or (n, height, width, 3), or rows of "
            "pixels together with image_shape"
        )
    return pictures, pictures.shape[:3]


def explanations(picture: Any, relevance: Mapping[str, Any], image_shape: tuple[int, int]) -> Figure:
    """One picture, and in a row beside it a heatmap for each named explanation, each with its own colour bar.

    Args:
        picture: shape (pixels,).
        relevance: title → relevance of shape (pixels,).
        image_shape: (height, width).
    """
    picture = finite_array(picture, "picture", (image_shape[0] * image_shape[1],))
    if not relevance:
        raise ValueError("relevance: got none; give at least one heatmap")
    figure = new_figure(1.7 * (len(relevance) + 1), 2.3)
    # Bars in a row of their own: then the picture stands beside its heatmaps row by row.
    places = figure.subplots(2, len(relevance) + 1, height_ratios=(1, 0.05))
    draw_picture(places[0, 0], picture.reshape(image_shape))
    places[1, 0].set_axis_off()
    for (axes, bar), (name, values) in zip(places.T[1:], relevance.items(), strict=True):
        values = finite_array(values, f"relevance[{name!r}]", picture.shape)
        drawn = draw_heatmap(axes, values.reshape(image_shape), largest(values), name)
        figure.colorbar(drawn, cax=bar, orientation="horizontal", ticks=MaxNLocator(3, symmetric=True))
        bar.tick_params(labelsize=8)
    return figure


def largest(values: Array) -> float:
    """The largest |value|, at which colours are full; 1 where all are zero."""
    return float(np.abs(values).max(initial=0.0)) or 1.0


# Comparing explanations


def trade_off(points: Mapping[str, Mapping[str, tuple[float, float]]], across: str, up: str) -> Figure:
    """Panels in which each method is a named point: what it reaches by one measure, and by another.

    Args:
        points: title of a panel → name of a method → (value across, value up).
        across, up: what the axes measure.
    """
    if not points:
        raise ValueError("points: got none; give at least one panel")
    figure = new_figure(4.6 * len(points), 3.8)
    panels = np.atleast_1d(figure.subplots(1, len(points), sharex=True, sharey=True))
    for axes, (title, named) in zip(panels, points.items(), strict=True):
        middle = np.median([height for _, height in named.values()])
        for name, place in named.items():
            axes.plot(*place, "o", color="black", markersize=5)
            beside = (5, 4) if place[1] >= middle else (5, -12)  # names above and below keep out of each other's way
            axes.annotate(name, place, xytext=beside, textcoords="offset points", fontsize=9)
        axes.set(xlabel=across, title=title)
        axes.margins(x=0.25, y=0.15)  # room for the names
    panels[0].set_ylabel(up)
    return figure


# A tangent, and bars


def tangent(
    function: Callable[[Any], Any],
    slope: Callable[[Any], Any],
    root: float,
    x: float,
    extent: tuple[float, float],
) -> Figure:
    """A function of one input with its tangent at `root`, and the gap ε between the two at `x`."""
    figure = new_figure(5.2, 3.4)
    axes = figure.subplots()
    line = np.linspace(*extent, 200)
    value, there = function(x), function(root)
    guess = there + slope(root) * (x - root)
    axes.plot(line, function(line), color="black", label="$f(x)$")
    axes.plot(line, there + slope(root) * (line - root), "--", color=GREY, label="first-order expansion")
    axes.plot([x, x], [guess, value], color=RED, linewidth=2)
    axes.annotate(r"$\varepsilon$", (x, (guess + value) / 2), xytext=(8, -4), textcoords="offset points", color=RED)
    axes.plot(root, there, "o", color="black")
    axes.annotate(r"$\tilde{x}$", (root, there), xytext=(6, -14), textcoords="offset points")
    axes.set(xlabel="$x$")
    axes.legend()
    return figure


def draw_bars(axes: Axes, names: Sequence[str], values: Any, title: str = "") -> None:
    """Bars from zero, red upwards and blue downwards, each with its number."""
    values = finite_array(values, "values", (len(names),))
    bars = axes.bar(names, values, color=[RED if value >= 0 else BLUE for value in values])
    axes.bar_label(bars, fmt="%.2f", padding=2, fontsize=9)
    axes.axhline(0, color="black", linewidth=0.8)
    low, high = values.min(initial=0.0), values.max(initial=0.0)
    room = 0.18 * max(high - low, 1.0)
    axes.set_ylim(low - room if low < 0 else 0.0, high + room)
    axes.set_title(title, fontsize=10)


# Training


def training_curve(loss: Sequence[float], accuracy: Mapping[str, Sequence[float]]) -> Figure:
    """The loss of each epoch on a logarithmic scale, and beside it named curves of accuracy."""
    figure = new_figure(8.5, 3.0)
    left, right = figure.subplots(1, 2)
    epochs = np.arange(1, len(loss) + 1)
    left.semilogy(epochs, loss, color="black")
    left.set(xlabel="epoch", ylabel="mean cross-entropy", title="Loss while training")
    for (name, values), style in zip(accuracy.items(), cycle(("-", "--", ":", "-.")), strict=False):
        right.plot(epochs, 100 * np.asarray(values), style, color="black", label=name)
    right.set(xlabel="epoch", ylabel="right answers in %", title="Accuracy")
    if accuracy:
        right.legend()
    return figure


def histograms(snapshots: Sequence[Snapshot]) -> Figure:
    """How weights (upper row) and gradients (lower row) of each layer spread, at several moments of the training."""
    if not snapshots:
        raise ValueError("snapshots: got none; collect them with Network.fit(..., on_epoch=snapshots.append)")
    layers = len(snapshots[0].weights)
    figure = new_figure(2.9 * layers, 4.6)
    axes = figure.subplots(2, layers, squeeze=False)
    shades = [str(shade) for shade in np.linspace(0.55, 0.0, len(snapshots))]
    for layer in range(layers):
        for snapshot, shade in zip(snapshots, shades, strict=True):
            for row, values in enumerate((snapshot.weights[layer], snapshot.gradients[layer])):
                axes[row, layer].hist(
                    values.ravel(), bins=40, histtype="step", color=shade, density=True, label=f"epoch {snapshot.epoch}"
                )
        axes[0, layer].set_title(f"weights of layer {layer + 1}", fontsize=10)
        axes[1, layer].set_title(f"gradients of layer {layer + 1}", fontsize=10)
        axes[1, layer].set_yscale("log")
    for row in range(2):
        axes[row, 0].set_ylabel("density")
    axes[0, 0].legend(fontsize=8)
    return figure
