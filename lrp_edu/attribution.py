"""Explanations that are not LRP, to hold it against."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from lrp_edu.arrays import Array, finite_array


def occlusion(f: Callable[[Array], Any], images: Any, patch: int, fill: Any, stride: int = 1) -> Array:
    """What the score loses when a part of the picture is covered: R = f(x) − f(x with that part covered).

    The picture is divided into blocks of `stride` × `stride` pixels. All pixels of a block get what f loses when a
    square of `patch` × `patch` pixels with the block in its middle is covered. Squares are cut off at the picture's
    edges. It takes one call of `f` for each block, and one more.

    Args:
        f: from images, shape (n, height, width) or (n, height, width, channels), to their scores, shape (n,).
        images: what is explained, of one of those shapes.
        patch: the side of the covered square in pixels; `stride`, or more by an even number, so that there is a middle.
        fill: what covered pixels are set to: a number, one for each channel, or a picture.
        stride: the side of a block in pixels; 1 takes the most calls, and gives each pixel a number of its own.

    Returns:
        Relevance, shape (n, height, width): positive where the covered part spoke for the score.

    Raises:
        TypeError, ValueError: an argument of the wrong kind, shape or size, or scores that are not n finite numbers.

    Source: Zeiler and Fergus 2014, section 4.2.
    """
    images = finite_array(images, "images")
    if images.ndim not in (3, 4):
        raise ValueError(f"images: got shape {images.shape}; expected (n, height, width), or with channels")
    for name, whole in (("patch", patch), ("stride", stride)):
        if isinstance(whole, bool) or not isinstance(whole, (int, np.integer)) or whole < 1:
            raise ValueError(f"{name}: got {whole!r}; expected a whole number of pixels ≥ 1")
    if patch < stride or (patch - stride) % 2:
        raise ValueError(f"patch: got {patch} with stride {stride}; expected {stride}, {stride + 2}, {stride + 4}, …")
    cover = finite_array(fill, "fill")
    if cover.shape not in ((), images.shape[3:], images.shape[1:]):
        raise ValueError(f"fill: got shape {cover.shape}; expected a number, one for each channel, or a whole picture")
    cover = np.broadcast_to(cover, images.shape[1:])

    from tqdm.auto import tqdm

    _, height, width = images.shape[:3]
    before = _scores(f, images)
    relevance = np.zeros(images.shape[:3])
    blocks = list(product(range(0, height, stride), range(0, width, stride)))
    # A bar only where it takes more than a second: explorers ask for many small maps.
    quiet = bool(os.environ.get("TQDM_DISABLE"))
    for top, left in tqdm(blocks, desc="covering", unit="block", delay=1, leave=False, disable=quiet):
        rows, columns = square(top + stride // 2, left + stride // 2, patch)
        covered = images.copy()
        covered[:, rows, columns] = cover[rows, columns]
        lost = before - _scores(f, covered)
        relevance[:, top : top + stride, left : left + stride] = lost[:, None, None]
    return relevance


def square(row: int, column: int, side: int) -> tuple[slice, slice]:
    """The rows and the columns of a square around a pixel, cut off at the upper and the left edge of the picture.

    (NumPy itself cuts slices off at the lower and the right edge, but counts from the other end below zero.)
    """
    top, left = row - side // 2, column - side // 2
    return slice(max(0, top), top + side), slice(max(0, left), left + side)


def _scores(f: Callable[[Array], Any], images: Array) -> Array:
    return finite_array(np.asarray(f(images)), "the scores that f returns", (len(images),))
