"""The books of a network: nothing appears, nothing disappears."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrp_edu import rules
from lrp_edu.ledger import Ledger, Row, ledger
from lrp_edu.numpy_lrp import Linear, Network, ReLU
from lrp_edu.rules import Rule

CHOICES: list[Any] = [
    rules.LRP0(),
    rules.Epsilon(0.5),
    rules.Gamma(0.25, epsilon=0),
    rules.ZPlus(),
    rules.AlphaBeta(2, 1),
    rules.AlphaBeta(2, 1, epsilon=0),
    rules.WSquare(),
    rules.Flat(),
    [rules.ZBox(-2, 2), rules.Gamma(0.5), rules.Epsilon(0.1)],
    [rules.Flat(bias="ignore"), rules.ZPlus(bias="ignore"), rules.Epsilon(0.1, bias="ignore")],
]


def random_network(seed: int) -> Network:
    """Weights and biases are small whole numbers, so that zero denominators and dead neurons are common."""
    rng = np.random.default_rng(seed)
    layers: list[Linear | ReLU] = []
    for inputs, outputs in ((4, 5), (5, 3), (3, 2)):
        layers += [
            Linear(rng.integers(-2, 3, (inputs, outputs)).astype(float), rng.integers(-1, 2, outputs).astype(float)),
            ReLU(),
        ]
    return Network(layers[:-1])


@pytest.mark.parametrize("chosen", CHOICES, ids=repr)
@given(seed=st.integers(0, 10**6))
def test_the_books_close_in_every_layer_and_in_all(chosen: Rule | list[Rule], seed: int) -> None:
    network, rng = random_network(seed), np.random.default_rng(seed)
    x, start = rng.integers(-2, 3, (3, 4)).astype(float), rng.integers(-3, 4, (3, 2)).astype(float)
    books = ledger(network, x, start, chosen)
    largest = max(1.0, *(abs(value) for row in books.rows for value in (row.entered, row.bias, row.stabiliser)))
    for row in books.rows:
        assert row.entered == pytest.approx(row.left + row.bias + row.stabiliser, abs=1e-7 * largest)
    for above, below in pairwise(books.rows):
        assert below.entered == above.left
    assert books.start == start.sum()
    assert books.arrived == network.relprop(x, start, chosen).sum()
    assert books.start == pytest.approx(books.arrived + books.bias + books.stabiliser, abs=1e-6 * largest)


def test_the_books_of_a_published_network() -> None:
    """Case A11 from the logit 88: the biases −1 and then −10, 1, 1, 1 take −1 and −7, so 96 arrives."""
    network = Network(
        [
            Linear(np.eye(3), np.zeros(3)),
            Linear(np.ones((3, 4)), np.array([-10.0, 1, 1, 1])),
            ReLU(),
            Linear(np.ones((4, 2)), np.array([-1.0, 1])),
        ]
    )
    books = ledger(network, [[4, 8, 12]], [[88, 0]], rules.LRP0())
    assert books == Ledger(
        (
            Row("Linear 4", "LRP0", entered=88, left=89, bias=-1, stabiliser=0),
            Row("ReLU 3", "passes", entered=89, left=89, bias=0, stabiliser=0),
            Row("Linear 2", "LRP0", entered=89, left=pytest.approx(96), bias=pytest.approx(-7), stabiliser=0),
            Row("Linear 1", "LRP0", entered=pytest.approx(96), left=pytest.approx(96), bias=0, stabiliser=0),
        ),
        start=88,
        arrived=pytest.approx(96),
    )
    assert (books.start, books.arrived, books.bias) == (88, pytest.approx(96), pytest.approx(-8))


def test_what_meets_a_zero_denominator_is_booked_as_taken_by_the_stabiliser() -> None:
    books = ledger(Network([Linear([[1], [-1]], [0])]), [[1, 1], [2, 1]], [[5], [7]], rules.LRP0())
    (row,) = books.rows
    assert (row.entered, row.left, row.bias, row.stabiliser) == (12, 7, 0, 5)


def test_the_stabiliser_takes_its_share() -> None:
    """z = 3 and ε = 1: of R = 8 the stabiliser takes 8 · 1/4, the bias of 1 another 8 · 1/4."""
    books = ledger(Network([Linear([[2]], [1])]), [[1]], [[8]], rules.Epsilon(1))
    (row,) = books.rows
    assert (row.entered, row.left, row.bias, row.stabiliser) == (8, 4, 2, 2)


def test_printed_it_is_a_table() -> None:
    network = Network([Linear([[2.0]], [1.0]), ReLU(), Linear([[1.0]], [0.0])])
    assert str(ledger(network, [[1]], [[8]], [rules.Epsilon(1), rules.ZPlus(epsilon=0)])).splitlines() == [
        "layer     rule     entered  handed on  bias took  stabiliser took",
        "-----------------------------------------------------------------",
        "Linear 3  ZPlus     8.0000     8.0000     0.0000           0.0000",
        "ReLU 2    passes    8.0000     8.0000     0.0000           0.0000",
        "Linear 1  Epsilon   8.0000     4.0000     2.0000           2.0000",
        "start 8.0000 = arrived 4.0000 + biases 2.0000 + stabilisers 2.0000",
    ]


def test_the_table_shows_no_negative_zero() -> None:
    row = Row("Linear 1", "LRP0", entered=-1e-9, left=-0.0, bias=-1e-7, stabiliser=0.0)
    rounding = Ledger((row,), start=-1e-9, arrived=-0.0)
    assert "-0.0000" not in str(rounding)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((2, 3)), np.ones((2, 2)), rules.ZPlus()), r"^x: got shape \(2, 3\), expected \(n, 4\)"),
        ((np.ones((2, 4)), np.ones((2, 3)), rules.ZPlus()), r"^start: got shape \(2, 3\), expected \(2, 2\)"),
        ((np.ones((2, 4)), np.ones((2, 2)), [rules.ZPlus()]), r"^rules: got 1 rules for 3 layers with weights"),
        ((np.full((2, 4), np.nan), np.ones((2, 2)), rules.ZPlus()), r"^x: holds nan"),
    ],
)
def test_a_wrong_argument_is_named(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ledger(random_network(0), *arguments)
