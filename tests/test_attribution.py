"""Occlusion: by hand, against its definition for any picture, and with everything that can be wrong about the input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrp_edu.arrays import Array
from lrp_edu.attribution import occlusion, square


def total(images: Array) -> Array:
    return images.reshape(len(images), -1).sum(axis=1)


def test_a_picture_of_ones_by_hand() -> None:
    """Around a corner 4 of the 9 covered pixels lie on the picture, around an edge 6, in the middle all 9."""
    ones = np.ones((1, 4, 4))
    expected = [[4, 6, 6, 4], [6, 9, 9, 6], [6, 9, 9, 6], [4, 6, 6, 4]]
    np.testing.assert_array_equal(occlusion(total, ones, patch=3, fill=0)[0], expected)


def test_blocks_of_two_pixels_with_a_margin_of_one_by_hand() -> None:
    """Blocks at rows and columns 0–1, 2–3 and 4; covered are 3, 4 and 2 rows: one more on each side that there is."""
    ones = np.ones((1, 5, 5))
    covered = np.array([3, 3, 4, 4, 2])
    np.testing.assert_array_equal(occlusion(total, ones, patch=4, fill=0, stride=2)[0], np.outer(covered, covered))


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 7)),
    stride=st.integers(1, 4),
    margin=st.integers(0, 3),
    channels=st.integers(0, 3),
    seed=st.integers(0, 10**6),
)
def test_each_pixel_gets_what_covering_its_block_and_the_margin_around_it_costs(
    shape: tuple[int, int, int], stride: int, margin: int, channels: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    images = rng.normal(size=shape if channels == 0 else (*shape, channels))
    fill = rng.normal(size=images.shape[1:])
    weight = rng.normal(size=images.shape[1:])

    def f(pictures: Array) -> Array:
        return np.tanh((pictures * weight).reshape(len(pictures), -1).sum(axis=1)) + pictures[:, 0, 0].min(initial=9)

    kept = images.copy()
    found = occlusion(f, images, stride + 2 * margin, fill, stride)
    assert found.shape == shape
    rows, columns = np.indices(shape[1:])
    for row, column in np.ndindex(*shape[1:]):
        top, left = row - row % stride, column - column % stride
        inside = (rows >= top - margin) & (rows < top + stride + margin)
        inside &= (columns >= left - margin) & (columns < left + stride + margin)
        covered = np.where(inside if channels == 0 else inside[..., None], fill, images)
        np.testing.assert_allclose(found[:, row, column], f(images) - f(covered), atol=1e-12)
    np.testing.assert_array_equal(images, kept)


def test_for_an_additive_function_single_pixels_share_out_everything() -> None:
    images = np.random.default_rng(0).normal(size=(4, 3, 5))
    found = occlusion(lambda pictures: total(pictures**3), images, patch=1, fill=0)
    np.testing.assert_allclose(found, images**3, atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=(1, 2)), total(images**3))


@pytest.mark.parametrize(
    ("fill", "lost"),
    [(0.0, 1 + 2 + 4), (1.0, 0 + 1 + 3), ([1.0, 2.0, 4.0], 0), (np.full((2, 2, 3), 3.0), -2 - 1 + 1)],
)
def test_the_fill_is_a_number_a_colour_or_a_picture(fill: Any, lost: float) -> None:
    images = np.tile([1.0, 2.0, 4.0], (1, 2, 2, 1))
    np.testing.assert_allclose(occlusion(total, images, patch=1, fill=fill), lost)


def test_f_is_asked_once_for_each_block_and_once_before() -> None:
    asked: list[tuple[int, ...]] = []

    def f(images: Array) -> list[float]:
        asked.append(images.shape)
        return [0.0] * len(images)

    occlusion(f, np.zeros((2, 5, 7)), patch=3, fill=1, stride=3)
    assert asked == [(2, 5, 7)] * (1 + 2 * 3)


def test_whole_numbers_and_small_floats_are_taken_as_they_are() -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (2, 3, 3))
    np.testing.assert_array_equal(occlusion(total, pictures, 1, 0), pictures)
    seen: list[Any] = []
    occlusion(lambda images: (seen.append(images.dtype), total(images))[1], pictures.astype(np.float32), 1, 0.5)
    assert set(seen) == {np.dtype(np.float32)}


@pytest.mark.parametrize(("row", "column", "side"), [(0, 0, 3), (2, 5, 3), (4, 1, 5), (3, 3, 1), (2, 2, 4)])
def test_square_is_what_lies_around_the_pixel_and_on_the_picture(row: int, column: int, side: int) -> None:
    marked = np.zeros((5, 6))
    marked[square(row, column, side)] = 1
    rows, columns = np.indices(marked.shape)
    low, high = side // 2, side - side // 2
    inside = (rows >= row - low) & (rows < row + high) & (columns >= column - low) & (columns < column + high)
    np.testing.assert_array_equal(marked, inside)


IMAGES = np.zeros((2, 4, 4))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"images": np.zeros((4, 4))}, ValueError, r"images: got shape \(4, 4\); expected \(n, height, width\)"),
        ({"images": [[["a"]]]}, TypeError, "images: .* give an array of real numbers"),
        ({"images": IMAGES + np.nan}, ValueError, "images: holds nan"),
        ({"patch": 0}, ValueError, "patch: got 0; expected a whole number of pixels"),
        ({"patch": 2.0}, ValueError, "patch: got 2.0"),
        ({"patch": True}, ValueError, "patch: got True"),
        ({"stride": -1}, ValueError, "stride: got -1"),
        ({"patch": 2}, ValueError, "patch: got 2 with stride 1; expected 1, 3, 5, …"),
        ({"patch": 2, "stride": 4}, ValueError, "patch: got 2 with stride 4; expected 4, 6, 8, …"),
        ({"fill": [1.0, 2.0]}, ValueError, r"fill: got shape \(2,\); expected a number"),
        ({"fill": np.zeros(4)}, ValueError, r"fill: got shape \(4,\)"),
        ({"fill": np.inf}, ValueError, "fill: holds inf"),
        (
            {"f": lambda images: images},
            ValueError,
            r"scores that f returns: got shape \(2, 4, 4\), expected \(2,\)",
        ),
        ({"f": lambda images: [np.nan] * 2}, ValueError, "the scores that f returns: holds nan"),
    ],
)
def test_wrong_input_is_named(change: dict[str, Any], error: type[Exception], message: str) -> None:
    arguments: dict[str, Any] = {"f": total, "images": IMAGES, "patch": 3, "fill": 0.0}
    with pytest.raises(error, match=message):
        occlusion(**{**arguments, **change})


def test_no_pictures_give_no_maps() -> None:
    assert occlusion(lambda images: np.zeros(len(images)), np.zeros((0, 3, 2)), 1, 0).shape == (0, 3, 2)
