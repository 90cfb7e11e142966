"""Pictures of a network's layers: what they put out on the way up, and the relevance that arrived on the way down.

A layer's numbers are (height, width, channels), or (neurons,) behind a flatten layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lrp_edu.arrays import Array, finite_array
from lrp_edu.plotting import draw_heatmap, draw_picture, largest, new_figure

if TYPE_CHECKING:
    from lrp_edu.keras_lrp import AtLayer

NEURONS_IN_A_ROW = 32


def layer_by_layer(layers: Mapping[str, AtLayer], names: Sequence[str], number: int = 0) -> Figure:
    """A column for each layer: its activation summed over the channels, and under it the relevance that arrived.

    Args:
        layers: what `Explanation.layers` returns.
        names: the layers to show, from left to right; each with height and width.
        number: which picture of the batch.
    """
    if not names:
        raise ValueError("names: got none; give the name of at least one layer")
    figure = new_figure(1.9 * len(names), 4.4)
    axes = figure.subplots(2, len(names), squeeze=False)
    for column, name in enumerate(names):
        if name not in layers:
            raise ValueError(f"names: there is no layer {name!r}; there are {', '.join(layers)}")
        activation = finite_array(layers[name].activation[number], name, ("height", "width", "channels")).sum(axis=-1)
        relevance = layers[name].relevance[number].sum(axis=-1)
        height, width = activation.shape
        draw_activation(axes[0, column], activation, f"{name}\n{height} × {width}")
        draw_heatmap(axes[1, column], relevance, largest(relevance), f"Σ R = {relevance.sum():.2f}")
    return figure


def draw_activation(axes: Axes, values: Array, title: str = "") -> Any:
    """Numbers (height, width), the larger the darker."""
    return draw_picture(axes, values, title)


def most_relevant(relevance: Array, count: int) -> list[int]:
    """The numbers of the channels with the largest |Σ R|, at most `count` of them, the largest first."""
    sums = np.abs(relevance.reshape(-1, relevance.shape[-1]).sum(axis=0))
    return [int(number) for number in np.argsort(-sums, kind="stable")[:count]]


def tiled(maps: Array, columns: int) -> Array:
    """Maps (height, width, n) beside and below each other in reading order, with a gap of NaN between them."""
    height, width, count = maps.shape
    columns = min(columns, count)
    gap = _gap(width)
    rows = -(-count // columns)
    tiles = np.full((rows, height + gap, columns, width + gap), np.nan)
    for number in range(count):
        tiles[number // columns, :height, number % columns, :width] = maps[:, :, number]
    return tiles.reshape(rows * (height + gap), columns * (width + gap))[:-gap, :-gap]


def corner_of_tile(number: int, size: tuple[int, int], columns: int) -> tuple[float, float]:
    """Where the upper left corner of a tile of this height and width is drawn, across and down."""
    height, width = size
    gap = _gap(width)
    return number % columns * (width + gap) - 0.5, number // columns * (height + gap) - 0.5


def _gap(width: int) -> int:
    """How many pixels lie between tiles of this width."""
    return max(1, width // 16)


def as_rectangle(neurons: Array) -> Array:
    """Neurons (n,) in rows of 32, filled up with NaN."""
    width = min(len(neurons), NEURONS_IN_A_ROW)
    rows = -(-len(neurons) // width)
    filled = np.full(rows * width, np.nan)
    filled[: len(neurons)] = neurons
    return filled.reshape(rows, width)
