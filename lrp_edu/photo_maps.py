"""Coloured pictures and what was relevant in them: heatmaps of one channel, of three, and in the colours of the screen.

Pictures are RGB, (height, width, 3); relevance is (height, width, 3) in the same order of channels, or summed over
them, (height, width).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lrp_edu.arrays import Array, finite_array
from lrp_edu.plotting import draw_heatmap, new_figure

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
    count = len(pictures)
    if count == 0:
        raise ValueError("pictures: got none; give at least one")
    if titles and len(titles) != count:
        raise ValueError(f"titles: got {len(titles)} for {count} pictures; give one for each, or none")
    figure = new_figure(1.75 * count + 0.8, 1.95 * (len(relevance) + 1))
    axes = figure.subplots(len(relevance) + 1, count + 1, squeeze=False, width_ratios=[1.0] * count + [0.06])
    axes[0, -1].set_axis_off()
    for column, picture in enumerate(pictures):
        draw_photo(axes[0, column], picture, titles[column] if titles else "")
    for row, (name, values) in enumerate(relevance.items(), start=1):
        heat = one_channel(values, f"relevance[{name!r}]")
        if heat.shape != pictures.shape[:3]:
            raise ValueError(f"relevance[{name!r}]: got shape {heat.shape}, expected {pictures.shape[:3]}")
        for column, values in enumerate(heat):
            drawn = draw_heatmap(axes[row, column], values, full_colour(heat), name if column == 0 else "")
        figure.colorbar(drawn, cax=axes[row, -1])
    return figure


def compared(picture: Any, relevance: Mapping[str, Any]) -> Figure:
    """One picture, and beside it a heatmap for each named explanation, each with a colour scale of its own.

    Args:
        picture: RGB from 0 to 255, shape (height, width, 3).
        relevance: title → relevance of shape (height, width, 3) or (height, width).
    """
    picture = finite_array(picture, "picture", ("height", "width", 3))
    figure = new_figure(2.1 * (len(relevance) + 1), 2.5)
    axes = figure.subplots(1, len(relevance) + 1, squeeze=False)[0]
    draw_photo(axes[0], picture)
    for beside, (name, values) in zip(axes[1:], relevance.items(), strict=True):
        heat = one_channel(values, f"relevance[{name!r}]")
        drawn = draw_heatmap(beside, heat, full_colour(heat), name)
        figure.colorbar(drawn, ax=beside, orientation="horizontal", shrink=0.8, pad=0.02).ax.tick_params(labelsize=7)
    return figure


def channels(picture: Any, relevance: Any) -> Figure:
    """A picture, the relevance of its red, green and blue channel, and the three as one picture in colours.

    In the last one a pixel without relevance is grey; relevance of the red channel makes it redder where it is
    positive and less red where it is negative, and so on.
    """
    picture = finite_array(picture, "picture", ("height", "width", 3))
    relevance = finite_array(relevance, "relevance", picture.shape)
    limit = full_colour(relevance)
    figure = new_figure(10.5, 2.5)
    axes = figure.subplots(1, 6, width_ratios=(1, 1, 1, 1, 0.06, 1))
    draw_photo(axes[0], picture, "picture")
    for number, name in enumerate(("red", "green", "blue")):
        values = relevance[..., number]
        drawn = draw_heatmap(axes[1 + number], values, limit, f"{name}: Σ R = {values.sum():z.2f}")
    figure.colorbar(drawn, cax=axes[4])
    draw_photo(axes[5], 255 * in_colours(relevance), "all three as RGB")
    return figure


def draw_photo(axes: Axes, picture: Array, title: str = "") -> None:
    """One picture, RGB from 0 to 255."""
    axes.imshow(np.clip(np.rint(picture), 0, 255).astype(np.uint8))
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()


def in_colours(relevance: Array) -> Array:
    """Relevance of three channels as a picture from 0 to 1: ½ + R / (2 · limit) for each channel, zero is grey."""
    return np.clip(0.5 + 0.5 * relevance / full_colour(relevance), 0, 1)


def one_channel(relevance: Any, name: str = "relevance") -> Array:
    """Relevance summed over the channels, which are the last axis where it is 3 long."""
    values = finite_array(relevance, name)
    return values.sum(axis=-1) if values.ndim > 2 and values.shape[-1] == 3 else values


def full_colour(relevance: Array) -> float:
    """The |relevance| at which colours are full: 99.5 % of the pixels lie below. 1 where all is zero."""
    values = np.abs(relevance)
    return float(np.percentile(values, BELOW_FULL) or values.max(initial=0.0)) or 1.0
