"""The measures: worked by hand, true to their limits, and blind to what they should not see."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lrp_edu import evaluation
from lrp_edu.numpy_lrp import Linear, Network

numbers = st.floats(-100, 100).map(lambda number: round(number, 3))
maps = arrays(float, (3, 12), elements=numbers)  # pictures of 3 × 4 pixels

# Noise


@pytest.mark.parametrize(
    ("relevance", "expected"),
    [
        ([3, 1, 3, 1], 4 / 16),  # the columns agree, the two rows differ by 2 each
        ([1, 1, 1, 1], 0),
        ([-2, -2, -2, -2], 0),
        ([1, -1, -1, 1], 1),
        ([5, 0, 0, 0], 1),
        ([0, 0, 0, 0], 0),
    ],
)
def test_noise_by_hand(relevance: list[float], expected: float) -> None:
    assert evaluation.noise([relevance], (2, 2)) == pytest.approx([expected])


@given(maps)
def test_noise_counts_every_pair_of_neighbours_once(relevance: Any) -> None:
    found = evaluation.noise(relevance, (3, 4))
    places = list(itertools.product(range(3), range(4)))
    for one, of_one in zip(relevance.reshape(3, 3, 4), found, strict=True):
        pairs = [
            (one[p], one[q]) for p, q in itertools.combinations(places, 2) if abs(p[0] - q[0]) + abs(p[1] - q[1]) == 1
        ]
        assert len(pairs) == 17
        sizes = sum(abs(p) + abs(q) for p, q in pairs)
        assert of_one == pytest.approx(sum(abs(p - q) for p, q in pairs) / sizes if sizes else 0)
        assert 0 <= of_one <= 1


@given(maps, st.floats(0.01, 100))
def test_noise_does_not_see_the_scale_nor_the_sign(relevance: Any, scale: float) -> None:
    expected = evaluation.noise(relevance, (3, 4))
    np.testing.assert_allclose(evaluation.noise(-scale * relevance, (3, 4)), expected)


def test_noise_of_maps_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"relevance: got shape \(1, 6\), expected \(n, 4\)"):
        evaluation.noise([[1, 2, 3, 4, 5, 6]], (2, 2))


# Share inside


def test_share_inside_by_hand() -> None:
    mask = np.array([[True, False, True, False], [False, False, False, False]])
    found = evaluation.share_inside([[3, 1, -3, 1], [1, 2, 3, 4]], mask)
    assert found.tolist() == [0.75, 0]
    assert evaluation.share_inside([[0.0, 0.0]], np.array([[True, True]])).tolist() == [0]


@given(maps)
def test_shares_of_a_region_and_of_the_rest_add_up_to_one(relevance: Any) -> None:
    mask = np.arange(36).reshape(3, 12) % 5 < 2
    both = evaluation.share_inside(relevance, mask) + evaluation.share_inside(relevance, ~mask)
    np.testing.assert_allclose(both, relevance.any(axis=1))


@pytest.mark.parametrize("mask", [np.ones((1, 3), bool), np.ones((1, 2)), np.ones(2, bool)])
def test_a_mask_that_does_not_fit(mask: Any) -> None:
    with pytest.raises(ValueError, match=r"mask: got .* expected True and False, \(1, 2\)"):
        evaluation.share_inside([[1.0, 2.0]], mask)


# Deletion

SUM = Network([Linear(np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 1.0]]), np.zeros(2))])


def test_deletion_by_hand() -> None:
    """Logits (x₁ + 2 x₂ + 3 x₃, x₃), and the pixels painted over with 0 in the order 3, 1, 2."""
    x = np.array([[1.0, 1.0, 1.0]])
    relevance = np.array([[2.0, -1.0, 5.0]])
    assert evaluation.deletion_curve(SUM.forward, x, relevance, None, 0.0, 3)[:, 0].tolist() == [6, 3, 2, 0]
    assert evaluation.deletion_curve(SUM.forward, x, relevance, None, -1.0, 2)[:, 0].tolist() == [6, 0, -2]
    assert evaluation.deletion_curve(SUM.forward, x, relevance, 1, 0.0, 1)[:, 0].tolist() == [1, 0]
    assert x.tolist() == [[1, 1, 1]]


def test_pixels_with_the_same_relevance_go_in_reading_order() -> None:
    curve = evaluation.deletion_curve(SUM.forward, [[1.0, 1.0, 1.0]], [[7.0, 7.0, 7.0]], 0, 0.0, 3)
    assert curve[:, 0].tolist() == [6, 5, 3, 0]


def test_each_picture_has_an_order_and_a_class_of_its_own() -> None:
    x, relevance = np.ones((2, 3)), np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    curve = evaluation.deletion_curve(SUM.forward, x, relevance, [0, 1], 0.0, 2)
    assert curve.tolist() == [[6, 1], [5, 0], [3, 0]]


@given(arrays(float, (2, 6), elements=numbers), st.integers(1, 6))
def test_for_a_linear_network_the_largest_contributions_are_the_best_order(x: Any, steps: int) -> None:
    """Painted over with 0, a pixel costs x_i w_i; nothing falls faster than the order of these."""
    weight = np.array([[1.0], [-2.0], [0.5], [3.0], [-1.0], [2.0]])
    network = Network([Linear(weight, np.ones(1))])
    best = evaluation.deletion_curve(network.forward, x, x * weight[:, 0], 0, 0.0, steps)
    other = evaluation.deletion_curve(network.forward, x, -x, 0, 0.0, steps)
    costs = -np.sort(-x * weight[:, 0], axis=1)[:, :steps]
    np.testing.assert_allclose(best[0] - best[1:], np.cumsum(costs, axis=1).T, atol=1e-9)
    assert np.all(best <= other + 1e-9)


@pytest.mark.parametrize("steps", [0, 4, 1.0, True])
def test_steps_that_are_no_number_of_pixels(steps: Any) -> None:
    with pytest.raises(ValueError, match=r"steps: got .*; expected a whole number from 1 to 3, the number of pixels"):
        evaluation.deletion_curve(SUM.forward, np.ones((1, 3)), np.ones((1, 3)), None, 0.0, steps)


def test_maps_that_do_not_belong_to_the_pictures() -> None:
    with pytest.raises(ValueError, match=r"relevance: got shape \(2, 3\), expected \(1, 3\)"):
        evaluation.deletion_curve(SUM.forward, np.ones((1, 3)), np.ones((2, 3)), None, 0.0, 1)
