"""Composites: which rule each kind of layer gets, and what is said when a name or an option is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lrp_edu import composites, rules
from lrp_edu.composites import Composite
from lrp_edu.rules import Rule

EPSILON, PLUS, GAMMA, FLAT = rules.Epsilon(), rules.ZPlus(), rules.Gamma(0.25), rules.Flat()
ALPHA_BETA, BOX, SQUARE = rules.AlphaBeta(2, 1), rules.ZBox(0, 1), rules.WSquare()
BOUNDS = {"low": 0, "high": 1}

# name, options, then the rule of: the first convolution, another, a first dense layer, another, batch normalisation
PRESETS: list[tuple[str, dict[str, Any], list[Rule]]] = [
    ("epsilon_plus", {}, [PLUS, PLUS, EPSILON, EPSILON, EPSILON]),
    ("epsilon_plus_flat", {}, [FLAT, PLUS, FLAT, EPSILON, EPSILON]),
    ("epsilon_gamma_box", BOUNDS, [BOX, GAMMA, EPSILON, EPSILON, EPSILON]),
    ("epsilon_alpha2_beta1", {}, [ALPHA_BETA, ALPHA_BETA, EPSILON, EPSILON, EPSILON]),
    ("epsilon_alpha2_beta1_flat", {}, [FLAT, ALPHA_BETA, FLAT, EPSILON, EPSILON]),
    ("deep_taylor", {}, [SQUARE, PLUS, SQUARE, PLUS, EPSILON]),
    ("deep_taylor", BOUNDS, [BOX, PLUS, BOX, PLUS, EPSILON]),
    ("uniform", {"rule": GAMMA}, [GAMMA] * 5),
]
PLACES = [("convolution", True), ("convolution", False), ("dense", True), ("dense", False), ("batch_norm", False)]


def same(found: Rule | None, expected: Rule) -> bool:
    """Boxes are equal by their bounds; the other rules are plain data."""
    if isinstance(found, rules.ZBox) and isinstance(expected, rules.ZBox):
        return (found.low, found.high, found.bias) == (expected.low, expected.high, expected.bias)
    return found == expected


@pytest.mark.parametrize(("name", "options", "expected"), PRESETS)
def test_each_kind_of_layer_gets_its_rule(name: str, options: dict[str, Any], expected: list[Rule]) -> None:
    composite = composites.get(name, **options)
    for (kind, is_first), rule in zip(PLACES, expected, strict=True):
        assert same(composite.rule_for(kind, is_first), rule), (kind, is_first)


def test_all_presets_are_tried() -> None:
    assert {name for name, *_ in PRESETS} == set(composites.PRESETS)


@pytest.mark.parametrize(("name", "options", "expected"), PRESETS)
def test_ignoring_the_bias_reaches_every_rule(name: str, options: dict[str, Any], expected: list[Rule]) -> None:
    before = composites.get(name, **options)
    composite = before.with_bias("ignore")
    for (kind, is_first), rule in zip(PLACES, expected, strict=True):
        assert same(composite.rule_for(kind, is_first), replace(rule, bias="ignore"))
        assert same(before.rule_for(kind, is_first), rule)


def test_the_first_pair_that_fits_is_taken_and_none_may_fit() -> None:
    composite = Composite((("dense", PLUS), ("dense", EPSILON)))
    assert composite.rule_for("dense", is_first=False) is PLUS
    assert composite.rule_for("convolution", is_first=False) is None


NAMES = ", ".join(composites.PRESETS)


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("epsilon_plsu", {}, ValueError, rf"'epsilon_plsu'; did you mean 'epsilon_plus'\? There are: {NAMES}$"),
        ("zennit", {}, ValueError, rf"none called 'zennit'\. There are: {NAMES}$"),
        ("epsilon_gamma_box", {}, TypeError, r"'epsilon_gamma_box'.*'low' and 'high'.*composites.get\('epsilon_gamma"),
        ("epsilon_gamma_box", {"low": 0}, TypeError, "'epsilon_gamma_box'.*'high'"),
        ("epsilon_gamma_box", {"low": 1, "high": 0}, ValueError, "low=1 is above high=0"),
        ("deep_taylor", {"low": 0}, ValueError, "deep_taylor: got low=0, high=None; give both bounds"),
        ("uniform", {}, TypeError, "'uniform'.*'rule'"),
        (
            "uniform",
            {"rule": "epsilon"},
            TypeError,
            r"rule='epsilon'; expected a rule object such as rules.Epsilon\(\)",
        ),
        ("uniform", {"rule": rules.Epsilon}, TypeError, "uniform: rule=.*expected a rule object"),
        ("epsilon_plus", {"gamma": 1}, TypeError, "'epsilon_plus'.*'gamma'"),
    ],
)
def test_a_wrong_name_or_option_is_named(
    name: str, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        composites.get(name, **options)
