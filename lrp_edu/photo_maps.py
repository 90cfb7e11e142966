"""Photographs and what was relevant in them: one map or several, three channels apart, and as colours.

Pictures are RGB from 0 to 255, (height, width, 3); relevance is (height, width, 3), or summed over the channels
(height, width).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lrp_edu.arrays import Array, finite_array
from lrp_edu.plotting import draw_heatmap, draw_picture, heatmaps, new_figure

# A few pixels often carry far more than all others; they may go beyond the full colour, or nothing else is seen.
BELOW_FULL = 99.5  # per cent of the pixels


def photo_maps(pictures: Any, relevance: Mapping[str, Any], titles: Sequence[str] = ()) -> Figure:
    """Pictures in the first row, and a row of heatmaps under them for each named explanation, with a colour bar.

    Args:
        pictures: RGB from 0 to 255, shape (n, height, width, 3).
        relevance: row title → relevance of shape (n, height, width, 3) or (n, height, width).
        titles: one for each picture.
    """
    pictures = finite_array(pictures, "pictures", ("n", "height", "width", 3))
    shown = {}
    for name, values in relevance.items():
        heat = one_channel(values, f"relevance[{name!r}]")
        full = full_colour(heat)
        shown[name] = np.clip(heat, -full, full)
    return heatmaps(pictures / 255, shown, titles=titles)


def compared(picture: Any, relevance: Mapping[str, Any]) -> Figure:
    """One picture, and beside it a heatmap for each named explanation, each with a colour scale of its own.

    Args:
        picture: RGB from 0 to 255, shape (height, width, 3).
        relevance: title → relevance of shape (height, width, 3) or (height, width).
    """
    picture = finite_array(picture, "picture", ("height", "width", 3))
    figure = new_figure(2.5 * (len(relevance) + 1), 2.5)
    axes = figure.subplots(1, len(relevance) + 1, squeeze=False)[0]
    draw_picture(axes[0], picture / 255)
    for beside, (name, values) in zip(axes[1:], relevance.items(), strict=True):
        heat = one_channel(values, f"relevance[{name!r}]")
        drawn = draw_heatmap(beside, heat, full_colour(heat), name)
        figure.colorbar(drawn, ax=beside, shrink=0.8)
    return figure


def channels(picture: Any, relevance: Any) -> Figure:
    """A picture, the relevance of its red, green and blue channel, and the three together as colours.

    Args:
        picture: RGB from 0 to 255, shape (height, width, 3).
        relevance: of the same shape, the channels in the same order.
    """
    picture = finite_array(picture, "picture", ("height", "width", 3))
    relevance = finite_array(relevance, "relevance", picture.shape)
    limit = full_colour(relevance)
    figure = new_figure(10.5, 2.5)
    axes = figure.subplots(1, 6, width_ratios=(1, 1, 1, 1, 0.06, 1))
    draw_picture(axes[0], picture / 255, "picture")
    for number, name in enumerate(("red", "green", "blue")):
        values = relevance[..., number]
        drawn = draw_heatmap(axes[1 + number], values, limit, f"{name}: Σ R = {values.sum():z.2f}")
    figure.colorbar(drawn, cax=axes[4])
    draw_picture(axes[5], as_colours(relevance), "all three as colours")
    return figure


def as_colours(relevance: Array) -> Array:
    """Relevance of three channels as a picture from 0 to 1: ½ + R / (2 · limit) for each channel, so zero is grey."""
    return np.clip(0.5 + 0.5 * relevance / full_colour(relevance), 0, 1)


def one_channel(relevance: Any, name: str = "relevance") -> Array:
    """Relevance summed over the channels, which are the last axis where that is 3 long."""
    values = finite_array(relevance, name)
    return values.sum(axis=-1) if values.ndim > 2 and values.shape[-1] == 3 else values


def full_colour(relevance: Array) -> float:
    """The |relevance| at which colours are full: 99.5 % of the numbers lie below. 1 where all are zero."""
    values = np.abs(relevance)
    return float(np.percentile(values, BELOW_FULL) or values.max(initial=0.0)) or 1.0
