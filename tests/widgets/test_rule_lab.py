"""The rule lab: each side shows what its own rules give, and every control that is awake changes something."""

from __future__ import annotations

import re
import time
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from pages import page, set_all

from lrp_edu import evaluation, plotting, rules
from lrp_edu.data import Digits
from lrp_edu.ledger import ledger
from lrp_edu.numpy_lrp import Network
from lrp_edu.widgets import RuleLab
from lrp_edu.widgets.rule_lab import PIXEL_RULES, RULES

RNG = np.random.default_rng(6)
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
LAYERS = ["first layer", "layer 2", "top layer"]
START: dict[str, Any] = {
    "picture": 0,
    "explained": "the network's answer",
    "same_colours": False,
    **{f"left {layer}": "ε" for layer in LAYERS},
    **dict(zip([f"right {layer}" for layer in LAYERS], ["zᴮ", "γ", "γ"], strict=True)),
    "left ε": 0.1,
    "left γ": 0.25,
    "right ε": 0.1,
    "right γ": 0.25,
}


@pytest.fixture(scope="module")
def lab() -> RuleLab:
    return RuleLab(NETWORK, DIGITS)


def as_rule(name: str, epsilon: float, gamma: float) -> rules.Rule:
    named = {
        "LRP-0": rules.LRP0(),
        "ε": rules.Epsilon(epsilon),
        "γ": rules.Gamma(gamma),
        "z⁺": rules.ZPlus(),
        "α 2, β 1": rules.AlphaBeta(2, 1),
        "w²": rules.WSquare(),
        "flat": rules.Flat(),
    }
    return rules.ZBox(-1, 1) if name == "zᴮ" else named[name]


def explained(values: dict[str, Any], side: str) -> tuple[np.ndarray, Any]:
    """Relevance and ledger of one side, from the values of the controls."""
    x = DIGITS.x_test[[values["picture"]]]
    logits = NETWORK.forward(x)[0]
    chosen = int(np.argmax(logits)) if isinstance(values["explained"], str) else values["explained"]
    start = np.zeros((1, 4))
    start[0, chosen] = logits[chosen]
    of_layers = [as_rule(values[f"{side} {name}"], values[f"{side} ε"], values[f"{side} γ"]) for name in LAYERS]
    return NETWORK.relprop(x, start, of_layers)[0], ledger(NETWORK, x, start, of_layers)


SETTINGS = [
    START,
    {**START, "picture": 4, "explained": 2, "left ε": 3.0, "right γ": 100.0},
    {**START, **dict(zip([f"left {name}" for name in LAYERS], ["flat", "w²", "LRP-0"], strict=True))},
    {**START, **dict(zip([f"right {name}" for name in LAYERS], ["α 2, β 1", "z⁺", "ε"], strict=True)), "right ε": 0.5},
]


def test_it_opens_with_the_settings_that_the_lesson_speaks_of(lab: RuleLab) -> None:
    assert {name: control.value for name, control in lab.controls.items()} == START
    assert page(lab)[0].startswith(b"\x89PNG")


def test_every_rule_is_offered_in_every_layer_but_the_box_only_for_pixels(lab: RuleLab) -> None:
    assert [label for label, _ in lab.controls["explained"].options] == [
        "the network's answer",
        *(f"class {k}" for k in range(4)),
    ]
    for side in ("left", "right"):
        assert list(lab.controls[f"{side} first layer"].options) == list(PIXEL_RULES) == [*RULES, "zᴮ"]
        assert list(lab.controls[f"{side} layer 2"].options) == list(lab.controls[f"{side} top layer"].options)
        assert list(lab.controls[f"{side} top layer"].options) == list(RULES)


@pytest.mark.parametrize("values", SETTINGS)
def test_each_side_shows_its_own_relevance_and_ledger(lab: RuleLab, values: dict[str, Any]) -> None:
    settings, picture, words = lab.look(**values)
    assert picture.startswith(b"\x89PNG")
    for side in ("left", "right"):
        relevance, books = explained(values, side)
        np.testing.assert_allclose(settings[side].relevance, relevance)
        assert str(settings[side].ledger) == str(books)
        assert settings[side].rules == tuple(values[f"{side} {layer}"] for layer in LAYERS)
        assert settings[side].noise == pytest.approx(evaluation.noise(relevance[None], (4, 4))[0])
        assert (
            f"<b>{side}</b>: start {books.start:z.2f} = arrived {books.arrived:z.2f} + biases {books.bias:z.2f} "
            f"+ stabilisers {books.stabiliser:z.2f}<br>noise {settings[side].noise:.2f}"
        ) in words
    chosen = np.argmax(NETWORK.forward(DIGITS.x_test[[values["picture"]]]))
    asked = chosen if isinstance(values["explained"], str) else values["explained"]
    assert f"A {DIGITS.y_test[values['picture']]}, read as {chosen}. Explained: class {asked}." in words


def test_the_tables_are_the_ledgers_from_the_top_layer_down(lab: RuleLab) -> None:
    _, _, words = lab.look(**START)
    for side, table in zip(("left", "right"), re.findall("<table>(.*?)</table>", words), strict=True):
        lines = [re.findall("<td>(.*?)&ensp;</td>", line) for line in re.findall("<tr>(.*?)</tr>", table)]
        assert lines[0] == ["layer", "rule", "entered", "bias", "stabiliser", "handed on"]
        _, books = explained(START, side)
        expected = [
            [layer, START[f"{side} {layer}"], *(f"{part:z.2f}" for part in (r.entered, r.bias, r.stabiliser, r.left))]
            for layer, r in zip(reversed(LAYERS), [r for r in books.rows if r.rule != "passes"], strict=True)
        ]
        assert lines[1:] == expected


CHANGES = [
    ("picture", 3),
    ("explained", 2),
    ("left first layer", "z⁺"),
    ("left layer 2", "w²"),
    ("left top layer", "γ"),
]
CHANGES += [("left ε", 5.0), ("right first layer", "flat"), ("right layer 2", "LRP-0"), ("right γ", 50.0)]


@pytest.mark.parametrize(("name", "value"), CHANGES)
def test_every_control_changes_picture_and_words(lab: RuleLab, name: str, value: Any) -> None:
    set_all(lab, START)
    state_before, picture_before, words_before = lab.look(**START)
    lab.controls[name].value = value
    picture, words, state = page(lab)
    assert picture != picture_before
    assert words != words_before
    if name.startswith(("left", "right")):
        other = "right" if name.startswith("left") else "left"
        np.testing.assert_array_equal(state[other].relevance, state_before[other].relevance)


def limits(figure: Figure) -> list[float]:
    return [image.get_clim()[1] for axes in figure.axes for image in axes.images if image.colorbar is not None]


def test_one_colour_scale_is_the_wider_of_the_two(lab: RuleLab, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(plotting, "png", lambda figure: drawn.append(figure) or b"")
    for same in (False, True):
        lab.look(**{**START, "same_colours": same})
    own = [np.abs(explained(START, side)[0]).max() for side in ("left", "right")]
    assert limits(drawn[0]) == pytest.approx(own)
    assert limits(drawn[1]) == pytest.approx([max(own)] * 2)


def test_a_slider_sleeps_while_no_layer_uses_its_rule(lab: RuleLab) -> None:
    def asleep() -> set[str]:
        return {name for name, control in lab.controls.items() if control.disabled}

    set_all(lab, START)
    assert asleep() == {"left γ", "right ε"}
    lab.controls["left top layer"].value = "γ"
    assert asleep() == {"right ε"}
    for layer in LAYERS:
        lab.controls[f"left {layer}"].value = "LRP-0"
    assert asleep() == {"left ε", "left γ", "right ε"}


def test_every_list_shows_what_is_chosen(lab: RuleLab) -> None:
    for value in (2, "the network's answer"):
        set_all(lab, {**START, "explained": value})
        lists = [control for control in lab.controls.values() if hasattr(control, "index")]
        assert len(lists) == 7
        assert all(one.options[one.index] for one in lists)


def test_every_control_has_a_label_in_words(lab: RuleLab) -> None:
    labels = [control.description for control in lab.controls.values()]
    assert len(set(labels)) == len(labels)
    assert all(re.match(r"[a-z]{4,}", label) for label in labels)
    assert lab.controls["left layer 2"].description == "left layer 2"


def test_a_lab_of_another_depth() -> None:
    for sizes, names in (((16, 4), ["first layer"]), ((16, 5, 4), ["first layer", "top layer"])):
        small = RuleLab(Network.random(sizes, np.random.default_rng(0)), DIGITS, picture=2)
        assert small.layers == names
        assert len(small.state["left"].rules) == len(names)
        assert small.controls["picture"].value == 2


def test_a_network_that_sees_nothing_is_shown_too() -> None:
    silent = Network.random((16, 3, 4), np.random.default_rng(0))
    for linear in silent.linear_layers:
        linear.weight[:] = 0
    assert "start 0.00 = arrived 0.00" in RuleLab(silent, DIGITS).words.value


def test_a_quick_run_of_changes_ends_as_if_set_at_once(lab: RuleLab) -> None:
    set_all(lab, START)
    for value in (0.01, 1.0, 0.3, 7.0):
        lab.controls["left ε"].value = value
    _, *at_once = lab.look(**{**START, "left ε": 7.0})
    assert list(page(lab)[:2]) == at_once


def test_a_move_takes_less_than_three_tenths_of_a_second_of_the_processor(lab: RuleLab) -> None:
    times = []
    for _ in range(5):
        begin = time.process_time()
        lab.look(**START)
        times.append(time.process_time() - begin)
    assert min(times) < 0.3
