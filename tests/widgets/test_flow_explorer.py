"""The flow explorer: its words are the ledger, and every control changes all that is shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pages import page, set_all

from lrp_edu import rules
from lrp_edu.data import Digits
from lrp_edu.ledger import ledger
from lrp_edu.numpy_lrp import Network
from lrp_edu.widgets.explorer import ANSWER
from lrp_edu.widgets.flow import HIDDEN_RULES as ON_OFFER
from lrp_edu.widgets.flow import FlowExplorer

RNG = np.random.default_rng(5)
NETWORK = Network.random((16, 7, 6, 4), RNG)
for layer in NETWORK.linear_layers:
    layer.bias += 0.3
DIGITS = Digits(
    x_train=RNG.uniform(-1, 1, (2, 16)),
    y_train=np.array([0, 1]),
    x_test=RNG.uniform(-1, 1, (5, 16)),
    y_test=np.array([3, 1, 0, 2, 2]),
    image_shape=(4, 4),
)
HIDDEN_RULES = {
    "z⁺": rules.ZPlus(epsilon=1e-6),
    "ε = 10⁻⁶": rules.Epsilon(1e-6),
    "ε = 0.5": rules.Epsilon(0.5),
    "w²": rules.WSquare(),
    "γ = 0.25 (lesson 04)": rules.Gamma(0.25),
    "α 2, β 1 (lesson 04)": rules.AlphaBeta(2, 1),
}


def expected_words(picture: int, explained: int | str, rule: str) -> str:
    x = DIGITS.x_test[picture : picture + 1]
    logits = NETWORK.forward(x)[0]
    chosen = int(np.argmax(logits)) if explained == ANSWER else explained
    start = np.zeros((1, 4))
    start[0, chosen] = logits[chosen]
    books = ledger(NETWORK, x, start, [rules.ZBox(-1, 1), HIDDEN_RULES[rule], HIDDEN_RULES[rule]])
    biases, stabilisers = (sum(getattr(row, part) for row in books.rows) for part in ("bias", "stabiliser"))
    return (
        f"A {DIGITS.y_test[picture]}, read as {np.argmax(logits)}. Start {logits[chosen]:z.2f} = arrived "
        f"{books.rows[-1].left:z.2f} + taken by biases {biases:z.2f} + taken by stabilisers {stabilisers:z.2f}."
    )


@pytest.fixture(scope="module")
def flow_explorer() -> FlowExplorer:
    return FlowExplorer(NETWORK, DIGITS)


def test_the_rules_on_offer_are_the_ones_that_are_named() -> None:
    assert ON_OFFER == HIDDEN_RULES


def test_the_flow_explorer_offers_every_test_picture_class_and_rule(flow_explorer: FlowExplorer) -> None:
    controls = flow_explorer.controls
    assert (controls["picture"].min, controls["picture"].max) == (0, 4)
    assert [value for _, value in controls["explained"].options] == [ANSWER, 0, 1, 2, 3]
    assert list(controls["rule"].options) == list(HIDDEN_RULES)


@pytest.mark.parametrize(
    ("picture", "explained", "rule"),
    [(0, ANSWER, "z⁺"), (4, 0, "ε = 0.5"), (2, ANSWER, "γ = 0.25 (lesson 04)"), (3, 1, "w²")],
)
def test_words_of_the_flow_explorer_are_the_ledger(
    flow_explorer: FlowExplorer, picture: int, explained: int | str, rule: str
) -> None:
    values = {"picture": picture, "explained": explained, "rule": rule}
    set_all(flow_explorer, values)
    assert flow_explorer.words.value == expected_words(**values)
    books = flow_explorer.state
    assert books.start == pytest.approx(books.arrived + books.bias + books.stabiliser)
    assert [row.rule for row in books.rows if row.rule != "passes"][-1] == "ZBox"


@pytest.mark.parametrize(("name", "value"), [("picture", 3), ("explained", 2), ("rule", "ε = 0.5")])
def test_every_control_of_the_flow_explorer_changes_all_that_is_shown(
    flow_explorer: FlowExplorer, name: str, value: Any
) -> None:
    start = {"picture": 0, "explained": ANSWER, "rule": "z⁺"}
    assert np.argmax(NETWORK.forward(DIGITS.x_test[:1])) != 2
    set_all(flow_explorer, start)
    state_before, picture_before, words_before = flow_explorer.look(**start)
    flow_explorer.controls[name].value = value
    picture, words, state = page(flow_explorer)
    assert picture.startswith(b"\x89PNG")
    assert picture != picture_before
    assert words == expected_words(**{**start, name: value}) != words_before
    assert state != state_before


def test_a_network_that_sees_nothing_is_shown_too() -> None:
    """All logits are 0: there is nothing to share out, and no reason to stop."""
    silent = Network.random((16, 3, 4), np.random.default_rng(0))
    for layer in silent.linear_layers:
        layer.weight[:] = 0
    explorer = FlowExplorer(silent, DIGITS)
    assert page(explorer)[0].startswith(b"\x89PNG")
    assert "Start 0.00 = arrived 0.00" in explorer.words.value
