"""How good is a heatmap? Measures that need no eye: how noisy it is, where it lies, and whether it found what matters.

Each returns a number for each heatmap. None of them alone says that an explanation is good: see lesson 04.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrp_edu.arrays import Array, finite_array
from lrp_edu.targets import choose


def noise(relevance: Any, image_shape: tuple[int, int]) -> Array:
    """How much neighbouring pixels disagree: Σ |R_p − R_q| / Σ (|R_p| + |R_q|), over all pixels p, q side by side.

    0 where all pixels are equal, 1 where no two neighbours have relevance of the same sign. An empty map has 0.

    Args:
        relevance: shape (n, pixels).
        image_shape: (height, width).

    Returns:
        One number from 0 to 1 for each map, shape (n,).
    """
    height, width = image_shape
    maps = finite_array(relevance, "relevance", ("n", height * width)).reshape(-1, height, width)
    below = maps[:, 1:], maps[:, :-1]
    beside = maps[:, :, 1:], maps[:, :, :-1]
    jumps = sum(np.abs(p - q).sum(axis=(1, 2)) for p, q in (below, beside))
    sizes = sum((np.abs(p) + np.abs(q)).sum(axis=(1, 2)) for p, q in (below, beside))
    return _fraction(jumps, sizes)


def share_inside(relevance: Any, mask: Any) -> Array:
    """How much of the relevance, counted without its sign, lies in a region: Σ_{p in mask} |R_p| / Σ_p |R_p|.

    The region's share of the picture is what a map would get that knows nothing. An empty map has 0.

    Args:
        relevance: shape (n, pixels).
        mask: True inside the region, shape (n, pixels).

    Returns:
        One number from 0 to 1 for each map, shape (n,).

    Source: Kohlbrenner et al. 2020, "Towards best practice in explaining neural network decisions with LRP", who count
    positive relevance only.
    """
    relevance = np.abs(finite_array(relevance, "relevance", ("n", "pixels")))
    mask = np.asarray(mask)
    if mask.shape != relevance.shape or mask.dtype != bool:
        raise ValueError(f"mask: got {mask.dtype} of shape {mask.shape}; expected True and False, {relevance.shape}")
    return _fraction((relevance * mask).sum(axis=1), relevance.sum(axis=1))


def deletion_curve(
    forward: Callable[[Array], Array], x: Any, relevance: Any, classes: Any, fill: float, steps: int
) -> Array:
    """The logit of a class while the pixels with the highest relevance are painted over, one after the other.

    If a map has found the pixels that the logit rests on, it falls quickly. Pixels with the same relevance go in
    reading order.

    Args:
        forward: from pictures (n, pixels) to logits (n, classes), such as `Network.forward`.
        x: the pictures, shape (n, pixels).
        relevance: shape (n, pixels).
        classes: whose logit is watched: a class, one for each picture, or None for the top class of each.
        fill: what a pixel is painted over with.
        steps: how many pixels, from 1 to all.

    Returns:
        Logits with 0, 1, …, `steps` pixels painted over, shape (steps + 1, n).

    Source: Samek et al. 2017, "Evaluating the visualization of what a deep neural network has learned".
    """
    x = finite_array(x, "x", ("n", "pixels")).copy()
    relevance = finite_array(relevance, "relevance", x.shape)
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= x.shape[1]:
        raise ValueError(f"steps: got {steps!r}; expected a whole number from 1 to {x.shape[1]}, the number of pixels")
    order = np.argsort(-relevance, axis=1, kind="stable")
    logits = forward(x)
    watched = choose(logits, classes)
    curve = [(logits * watched).sum(axis=1)]
    for pixel in order.T[:steps]:
        np.put_along_axis(x, pixel[:, None], fill, axis=1)
        curve.append((forward(x) * watched).sum(axis=1))
    return np.array(curve)


def _fraction(part: Any, whole: Any) -> Array:
    return np.divide(part, whole, where=whole > 0, out=np.zeros(np.shape(whole)))
