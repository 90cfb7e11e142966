"""Where relevance goes, in pictures: bars that are the ledger, edges that are the messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from lrp_edu import flow, plotting, rules
from lrp_edu.ledger import Ledger, Row, ledger
from lrp_edu.numpy_lrp import Linear, Network, ReLU

NO_WARNING = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(0)
PICTURES = RNG.uniform(-1, 1, (3, 16))
NETWORK = Network(
    [
        Linear(RNG.normal(size=(16, 6)), np.full(6, 0.5)),
        ReLU(),
        Linear(RNG.normal(size=(6, 5)), np.full(5, 1.0)),
        ReLU(),
        Linear(RNG.normal(size=(5, 3)), np.full(3, 0.25)),
    ]
)
START = np.array([[0.0, 1.0, 0.0]])
RULES = [rules.ZBox(-1, 1), rules.ZPlus(), rules.Epsilon(0.5)]


# Ledger


def ledger_of(upper: tuple[float, ...], lower: tuple[float, ...]) -> Ledger:
    """The books of two layers, each (entered, left, bias, stabiliser)."""
    rows = (Row("Linear 3", "Epsilon", *upper), Row("Linear 1", "ZBox", *lower))
    return Ledger(rows, start=upper[0], arrived=lower[1])


BOOKS = {
    "of a network": ledger(NETWORK, PICTURES[:1], START, RULES),
    "losses": ledger_of((3.0, 2.0, 0.75, 0.25), (2.0, 2.0, 0.0, 0.0)),
    "a bias that gives": ledger_of((3.0, 4.0, -1.5, 0.5), (4.0, 4.0, 0.0, 0.0)),
    "negative": ledger_of((-3.0, -2.0, -0.75, -0.25), (-2.0, -2.0, 0.0, 0.0)),
}


@pytest.mark.parametrize("books", BOOKS.values(), ids=BOOKS)
def test_the_parts_of_a_ledger_bar_join_and_end_at_what_entered(books: Ledger) -> None:
    axes = flow.ledger_bars(books).axes[0]
    handed_on, bias, stabiliser = axes.containers
    assert [text.get_text() for text in axes.get_yticklabels()] == [f"{row.name} · {row.rule}" for row in books.rows]
    for row, *parts in zip(books.rows, handed_on, bias, stabiliser, strict=True):
        edge = 0.0
        for part, value in zip(parts, (row.left, row.bias, row.stabiliser), strict=True):
            assert sorted([part.get_x(), part.get_x() + part.get_width()]) == pytest.approx(
                sorted([edge, edge + value]), abs=1e-9
            )
            edge += value
        assert edge == pytest.approx(row.entered, abs=1e-9)
    assert len({part[0].get_facecolor() for part in axes.containers}) == 3
    assert axes.yaxis_inverted()
    assert f"start {books.start:.2f}" in axes.get_title()
    assert f"{books.arrived:.2f}" in axes.get_title()


# Relevance flow


def drawn_flow(**changed: Any) -> Figure:
    arguments = {"network": NETWORK, "x": PICTURES[:1], "start": START, "rules": RULES, "image_shape": (4, 4)}
    return flow.relevance_flow(**{**arguments, **changed})


def edges(figure: Figure) -> list[LineCollection]:
    return [drawn for axes in figure.axes for drawn in axes.collections if isinstance(drawn, LineCollection)]


@pytest.mark.parametrize("most", [1, 7, 120])
def test_the_number_of_edges_is_bounded(most: int) -> None:
    counts = [len(layer.get_segments()) for layer in edges(drawn_flow(edges_per_layer=most))]
    assert len(counts) == 3
    assert all(1 <= count <= most for count in counts)
    assert counts[0] <= 16 * 6


@pytest.mark.parametrize("most", [0, -1])
def test_no_more_edges_than_asked_for(most: int) -> None:
    """None at all, or an error that names the argument: never all of them."""
    try:
        drawn = drawn_flow(edges_per_layer=most)
    except ValueError as error:
        assert str(error).startswith("edges_per_layer: ")  # noqa: PT017
    else:
        assert sum(len(layer.get_segments()) for layer in edges(drawn)) == 0


def test_edges_are_the_strongest_messages_by_place_colour_and_width() -> None:
    """LRP-0 by hand: R_{j←k} = x_j w_jk / z_k · R_k, here for two inputs, three hidden neurons, two classes."""
    weight = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
    out = np.array([[1.0, 0.5], [-1.0, 2.0], [1.0, 1.0]])
    network = Network([Linear(weight, np.array([0.5, 0.0, 3.0])), ReLU(), Linear(out, np.zeros(2))])
    x, start = np.array([2.0, 3.0]), np.array([1.0, 0.0])
    z = x @ weight + [0.5, 0.0, 3.0]
    assert np.all(z != 0)
    a = np.maximum(0, z)
    upper = a[:, None] * out / (a @ out) * start
    lower = x[:, None] * weight / z * upper.sum(axis=1)
    figure = drawn_flow(
        network=network, x=x[None], start=start[None], rules=rules.LRP0(), image_shape=(1, 2), edges_per_layer=3
    )
    for column, (layer, expected) in enumerate(zip(edges(figure), (lower, upper), strict=True)):
        sources, targets = (list(np.linspace(1, 0, count)) for count in expected.shape)
        by_strength = sorted(np.ndindex(expected.shape), key=lambda pair: -abs(expected[pair]))
        strongest = {pair for pair in by_strength[:3] if expected[pair] != 0}
        found = {}
        for segment, colour, width in zip(
            layer.get_segments(), layer.get_colors(), layer.get_linewidths(), strict=True
        ):
            (left, low), (right, high) = segment
            assert (left, right) == (column, column + 1)
            found[sources.index(low), targets.index(high)] = (tuple(colour[:3]), width)
        assert set(found) == strongest
        for pair, (colour, _) in found.items():
            assert colour == to_rgba(plotting.RED if expected[pair] > 0 else plotting.BLUE)[:3]
        assert sorted(found, key=lambda pair: -found[pair][1]) == [pair for pair in by_strength if pair in found]


def test_nodes_are_the_relevances_of_each_layer() -> None:
    figure = drawn_flow()
    nodes = [drawn for axes in figure.axes for drawn in axes.collections if isinstance(drawn, PathCollection)]
    steps = [step for step in NETWORK.relevance_steps(PICTURES[:1], START, RULES) if step.rule is not None][::-1]
    expected = [steps[0].left.relevance[0], *(step.entered[0] for step in steps)]
    assert len(nodes) == 4
    for column, (drawn, relevance) in enumerate(zip(nodes, expected, strict=True)):
        np.testing.assert_allclose(drawn.get_array(), relevance)
        assert set(drawn.get_offsets()[:, 0]) == {column}
        low, high = drawn.get_clim()
        assert low == -high
    labels = [text.get_text() for axes in figure.axes for text in axes.get_xticklabels()]
    assert labels[-4:] == ["pixels", "hidden layer 1", "hidden layer 2", "classes"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x": PICTURES[:2]}, r"x: got shape \(2, 16\), expected \(1, 16\)"),
        ({"x": PICTURES[0]}, r"x: got shape \(16,\), expected \(1, 16\)"),
        ({"image_shape": (3, 3)}, r"x: got shape \(1, 16\), expected \(1, 9\)"),
        ({"start": START[:, :2]}, r"start: got shape \(1, 2\), expected \(1, 3\)"),
        ({"start": START[0]}, r"start: got shape \(3,\), expected \(1, 3\)"),
        ({"rules": RULES[:2]}, r"rules: got 2 rules for 3 layers"),
        ({"x": PICTURES[:1] * 3}, r"leave the box of ZBox"),
    ],
)
def test_relevance_flow_names_what_does_not_fit(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        drawn_flow(**changed)


@NO_WARNING
def test_nothing_to_share_out_is_a_picture_without_edges() -> None:
    figure = drawn_flow(start=0 * START)
    assert sum(len(layer.get_segments()) for layer in edges(figure)) == 0
    plotting.png(figure)


@NO_WARNING
def test_pictures_are_the_same_bytes_each_time() -> None:
    books = ledger(NETWORK, PICTURES[:1], START, RULES)
    assert plotting.png(flow.ledger_bars(books)) == plotting.png(flow.ledger_bars(books))
    assert plotting.png(drawn_flow()) == plotting.png(drawn_flow())
