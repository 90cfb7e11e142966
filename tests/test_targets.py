"""What is explained: each target's number restated from its formula, and a start that adds up to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lrp_edu import targets
from lrp_edu.targets import Target, choose

Array = np.ndarray
LOGITS = np.array([[2.0, -1.0, 0.5, 3.0], [0.0, 1.0, -2.0, 0.25]])
TOP = [3, 1]


def probability(z: Array) -> Array:
    return np.exp(z) / np.exp(z).sum()


def contrastive_pairs(z: Array, c: int) -> tuple[float, Array]:
    """The number and the start, pair by pair: R_{c,c'} = z_{c,c'} exp(−z_{c,c'}) / Σ exp(−z_{c,c''}), split by LRP-0.

    z_{c,c'} = z_c − z_c' is a neuron of weights 1 and −1, so LRP-0 gives z_c / z_{c,c'} and −z_c' / z_{c,c'} of it.
    """
    others = [other for other in range(len(z)) if other != c]
    total = sum(np.exp(-(z[c] - z[other])) for other in others)
    value, start = 0.0, np.zeros(len(z))
    for other in others:
        difference = z[c] - z[other]
        pair = difference * np.exp(-difference) / total
        value += pair
        start[c] += z[c] / difference * pair
        start[other] -= z[other] / difference * pair
    return value, start


# name, target for class c, the number f(x) and the start, both from the definition
FORMULAS: list[tuple[str, Callable[[Any], Target], Callable[[Array, int], tuple[float, Array]]]] = [
    ("logit", targets.Logit, lambda z, c: (z[c], z[c] * np.eye(len(z))[c])),
    ("one-hot", targets.OneHot, lambda z, c: (1, np.eye(len(z))[c])),
    ("softmax", targets.Softmax, lambda z, c: (probability(z)[c], probability(z)[c] * np.eye(len(z))[c])),
    (
        "log-odds",
        targets.LogOdds,
        lambda z, c: (odds := np.log(probability(z)[c] / (1 - probability(z)[c])), odds * np.eye(len(z))[c]),
    ),
    ("contrastive", targets.Contrastive, contrastive_pairs),
]
NAMES = [name for name, *_ in FORMULAS]
different_logits = st.lists(st.integers(-20, 20), min_size=2, max_size=6, unique=True).map(lambda z: np.array(z) / 4)


@pytest.mark.parametrize(("make", "formula"), [row[1:] for row in FORMULAS], ids=NAMES)
@given(logits=different_logits, data=st.data())
def test_value_and_start_are_those_of_the_definition(
    make: Callable[[Any], Target], formula: Callable[[Array, int], tuple[float, Array]], logits: Array, data: Any
) -> None:
    c = data.draw(st.integers(0, len(logits) - 1))
    value, start = formula(logits, c)
    np.testing.assert_allclose(make(c).start([logits]), [start], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(make(c).value([logits]), [value], rtol=1e-9, atol=1e-12)


@given(logits=different_logits, data=st.data())
def test_margin_is_the_difference_of_two_logits(logits: Array, data: Any) -> None:
    c, other = data.draw(st.permutations(range(len(logits))))[:2]
    expected = np.zeros(len(logits))
    expected[c], expected[other] = logits[c], -logits[other]
    np.testing.assert_array_equal(targets.Margin(c, other=other).start([logits]), [expected])
    np.testing.assert_allclose(targets.Margin(c, other=other).value([logits]), [logits[c] - logits[other]], atol=1e-12)


def test_margin_compares_with_the_strongest_other_class_unless_told() -> None:
    np.testing.assert_array_equal(targets.Margin().start(LOGITS), [[-2, 0, 0, 3], [0, 1, 0, -0.25]])
    np.testing.assert_array_equal(targets.Margin(2).start(LOGITS), [[0, 0, 0.5, -3], [0, -1, -2, 0]])
    np.testing.assert_array_equal(
        targets.Margin([0, 3], other=[2, 0]).start(LOGITS), [[2, 0, -0.5, 0], [0, 0, 0, 0.25]]
    )


def test_contrastive_of_equal_logits_takes_the_limit_of_the_split() -> None:
    """z_{c,c'} = 0 makes R_{c,c'} 0 and its split 0/0; the closed form z_c − Σ q_c' z_c' has no hole there."""
    np.testing.assert_allclose(targets.Contrastive(0).start([[2.0, 2.0, 2.0]]), [[2, -1, -1]])


ALL_TARGETS = [targets.Logit, targets.OneHot, targets.Softmax, targets.Margin, targets.LogOdds, targets.Contrastive]


@pytest.mark.parametrize("kind", ALL_TARGETS)
@given(logits=arrays(np.float64, (3, 4), elements=st.floats(-50, 50)))
def test_the_start_adds_up_to_the_explained_number(kind: type[Target], logits: Array) -> None:
    for classes in (None, 2, [0, 3, 1]):
        target = kind(classes)
        np.testing.assert_allclose(target.start(logits).sum(axis=1), target.value(logits), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ALL_TARGETS)
def test_none_is_the_top_class_and_a_list_has_one_for_each_row(kind: type[Target]) -> None:
    np.testing.assert_array_equal(kind().start(LOGITS), kind(TOP).start(LOGITS))
    np.testing.assert_array_equal(kind(2).start(LOGITS), kind([2, 2]).start(LOGITS))
    np.testing.assert_array_equal(kind(np.int64(2)).start(LOGITS), kind(np.array([2, 2])).start(LOGITS))
    rows = [kind(c).start(LOGITS[[n]])[0] for n, c in enumerate([0, 2])]
    np.testing.assert_array_equal(kind([0, 2]).start(LOGITS), rows)


@pytest.mark.parametrize(
    ("classes", "mask"),
    [
        (None, [[0, 0, 0, 1], [0, 1, 0, 0]]),
        (0, [[1, 0, 0, 0], [1, 0, 0, 0]]),
        ([2, 3], [[0, 0, 1, 0], [0, 0, 0, 1]]),
        ((2, 3), [[0, 0, 1, 0], [0, 0, 0, 1]]),
        ("all", [[1, 1, 1, 1], [1, 1, 1, 1]]),
    ],
    ids=str,
)
def test_choose_marks_the_classes_asked_for(classes: Any, mask: list[list[int]]) -> None:
    np.testing.assert_array_equal(choose(LOGITS, classes), mask)


def test_all_classes_at_once() -> None:
    np.testing.assert_array_equal(targets.Logit("all").start(LOGITS), LOGITS)
    np.testing.assert_array_equal(targets.OneHot("all").start(LOGITS), np.ones((2, 4)))
    np.testing.assert_allclose(targets.Softmax("all").start(LOGITS), [probability(z) for z in LOGITS], rtol=1e-12)
    np.testing.assert_allclose(targets.Softmax("all").value(LOGITS), [1, 1], rtol=1e-12)


@pytest.mark.parametrize(
    ("target", "logits", "start"),
    [
        (targets.Softmax("all"), [1e4, 0, -1e4], [1, 0, 0]),
        (targets.LogOdds(0), [1e4, 0, -1e4], [1e4, 0, 0]),
        (targets.LogOdds(2), [1e4, 0, -1e4], [0, 0, -2e4]),
        (targets.LogOdds(0), [1e4, 1e4, 1e4], [-np.log(2), 0, 0]),
        (targets.Contrastive(0), [1e4, 2, -1e4], [1e4, -2, 0]),
        (targets.Contrastive(1), [1e4, 2, 1e4], [-5e3, 2, -5e3]),
        (targets.Margin(0), [1e4, 0, -1e4], [1e4, 0, 0]),
        (targets.Softmax(0), [-800, -800], [0.5, 0]),
    ],
    ids=repr,
)
def test_large_logits_overflow_nowhere(target: Target, logits: list[float], start: list[float]) -> None:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        np.testing.assert_allclose(target.start([logits]), [start], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", ALL_TARGETS)
def test_logits_stay_as_they_were_and_float32_stays_float32(kind: type[Target]) -> None:
    logits = LOGITS.astype(np.float32)
    start = kind(1).start(logits)
    assert start.dtype == np.float32
    np.testing.assert_allclose(start, kind(1).start(LOGITS), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(logits, LOGITS)
    assert not np.shares_memory(start, logits)


@pytest.mark.parametrize("kind", ALL_TARGETS)
def test_an_empty_batch_gives_an_empty_batch(kind: type[Target]) -> None:
    assert kind(1).start(np.zeros((0, 4))).shape == (0, 4)


@pytest.mark.parametrize("kind", ALL_TARGETS)
@pytest.mark.parametrize(
    ("classes", "error", "message"),
    [
        (4, ValueError, r"^classes: got 4; the network has classes 0 to 3$"),
        (-1, ValueError, r"^classes: got -1; the network has classes 0 to 3$"),
        ([0, 7], ValueError, r"^classes: got \[0, 7\]; the network has classes 0 to 3$"),
        ([0, 1, 2], ValueError, r"^classes: got shape \(3,\) for 2 inputs; give one class, or one for each input$"),
        ([[0, 1]], ValueError, r"^classes: got shape \(1, 2\) for 2 inputs"),
        (1.0, TypeError, r"^classes: got 1.0; expected whole numbers from 0 to 3$"),
        ([0, 1.5], TypeError, r"^classes: got \[0, 1.5\]; expected whole numbers from 0 to 3$"),
        (True, TypeError, r"^classes: got True; expected whole numbers"),
        (["cat", "dog"], TypeError, r"^classes: got \['cat', 'dog'\]; expected whole numbers"),
        ({"cat": 1}, TypeError, r"^classes: got {'cat': 1}; expected whole numbers"),
        ("cat", ValueError, r"^classes: got 'cat'; "),
        ([[0], [1, 2]], (TypeError, ValueError), r"^classes: got \[\[0\], \[1, 2\]\]"),
    ],
    ids=str,
)
def test_a_wrong_class_is_named(kind: type[Target], classes: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        kind(classes).start(LOGITS)


@pytest.mark.parametrize("kind", ALL_TARGETS)
@pytest.mark.parametrize(
    ("logits", "error", "message"),
    [
        (np.ones(4), ValueError, r"^logits: got shape \(4,\), expected \(n, classes\)$"),
        (np.full((1, 4), np.nan), ValueError, r"^logits: holds nan at position \(0, 0\)"),
        ("many", TypeError, r"^logits: got str"),
    ],
    ids=["shape", "nan", "words"],
)
def test_wrong_logits_are_named(kind: type[Target], logits: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        kind().start(logits)


@pytest.mark.parametrize("kind", [targets.Margin, targets.LogOdds, targets.Contrastive])
def test_comparing_classes_needs_two_of_them_and_one_to_explain(kind: type[Target]) -> None:
    with pytest.raises(ValueError, match=r"^logits: got shape \(2, 1\); comparing classes needs at least two$"):
        kind().start(np.ones((2, 1)))
    with pytest.raises(ValueError, match=r"^classes: got 'all'; this target compares one class of each input"):
        kind("all").start(LOGITS)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (3, r"^other: got 3, the class that is explained; give another class$"),
        ([0, 1], r"^other: got \[0, 1\], the class that is explained"),
        (9, r"^other: got 9"),
        ([0, 1, 2], r"^other: got shape \(3,\) for 2 inputs"),
        ("all", r"^other: got 'all'"),
        (1.5, r"^other: got 1.5"),
    ],
    ids=str,
)
def test_a_wrong_other_class_is_named_other(other: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        targets.Margin(TOP if isinstance(other, list) else 3, other=other).start(LOGITS)


def test_the_base_class_explains_nothing() -> None:
    with pytest.raises(NotImplementedError):
        Target().start(LOGITS)
