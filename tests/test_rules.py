"""Rules as data: the versions each one names, and the arguments it refuses.

The table of terms is restated here with np.maximum and np.minimum; what the terms do to relevance is in test_dense.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy

from lrp_edu import rules
from lrp_edu.rules import Rule

VALUES = np.array([[-2.0, -0.5, 0.0], [0.25, 1.0, 3.0]])


def positive(values: np.ndarray) -> np.ndarray:
    return np.maximum(values, 0)


def negative(values: np.ndarray) -> np.ndarray:
    return np.minimum(values, 0)


def whole(values: np.ndarray) -> np.ndarray:
    return values


def ones(values: np.ndarray) -> np.ndarray:
    return np.ones_like(values)


def raised_positive(values: np.ndarray) -> np.ndarray:
    return values + 0.5 * np.maximum(values, 0)


def raised_negative(values: np.ndarray) -> np.ndarray:
    return values + 0.5 * np.minimum(values, 0)


FOR = [(positive, positive, positive), (negative, negative, None)]
AGAINST = [(positive, negative, negative), (negative, positive, None)]

# rule, and for each group: its fraction, the sign of z it is for, its terms (x, w, b)
TABLE = [
    (rules.LRP0(), [(1, 0, [(whole, whole, whole)])]),
    (rules.Epsilon(), [(1, 0, [(whole, whole, whole)])]),
    (
        rules.Gamma(0.5),
        [
            (1, +1, [(positive, raised_positive, raised_positive), (negative, raised_negative, None)]),
            (1, -1, [(positive, raised_negative, raised_negative), (negative, raised_positive, None)]),
        ],
    ),
    (rules.ZPlus(), [(1, 0, FOR)]),
    (rules.AlphaBeta(3, 2), [(3, 0, FOR), (-2, 0, AGAINST)]),
    (
        rules.ZBox(-2, 3),
        [
            (
                1,
                0,
                [
                    (whole, whole, None),
                    (lambda x: np.full_like(x, 2), positive, None),
                    (lambda x: np.full_like(x, -3), negative, None),
                ],
            )
        ],
    ),
    (rules.WSquare(), [(1, 0, [(ones, np.square, None)])]),
    (rules.Flat(), [(1, 0, [(ones, ones, None)])]),
]


@pytest.mark.parametrize(("rule", "wanted"), TABLE, ids=lambda value: type(value).__name__)
def test_terms_are_those_of_the_table_in_the_paper(rule: Rule, wanted: list) -> None:
    groups = rule.groups()
    assert [(group.fraction, group.sign) for group in groups] == [(fraction, sign) for fraction, sign, _ in wanted]
    for group, (_, _, terms) in zip(groups, wanted, strict=True):
        assert len(group.terms) == len(terms)
        for term, (x_version, w_version, b_version) in zip(group.terms, terms, strict=True):
            np.testing.assert_array_equal(term.input(VALUES), x_version(VALUES))
            np.testing.assert_array_equal(term.weight(VALUES), w_version(VALUES))
            assert (term.bias is None) == (b_version is None)
            if term.bias is not None:
                np.testing.assert_array_equal(term.bias(VALUES), b_version(VALUES))


def test_box_bounds_may_be_arrays_of_the_shape_of_one_input() -> None:
    low, high = np.array([-2.0, -1.0, 0.0]), np.array([1.0, 2.0, 3.0])
    _, below, above = rules.ZBox(low, high).groups()[0].terms
    np.testing.assert_array_equal(below.input(VALUES), [-low, -low])
    np.testing.assert_array_equal(above.input(VALUES), [-high, -high])


def test_b6_modified_weights_and_denominators_of_gamma() -> None:
    weight, bias, x = np.array([[1.0, 2.0], [-4.0, 0.0]]), np.array([-2.0, 3.0]), np.array([[-1.0, 1.0]])
    excited, inhibited = rules.Gamma(0.25).groups()
    rows_of_outputs = {
        "more positive": (excited.terms[0], [[1.25, -4], [2.5, 0]], [-2, 3.75]),
        "more negative": (inhibited.terms[0], [[1, -5], [2, 0]], [-2.5, 3]),
    }
    for term, modified_weight, modified_bias in rows_of_outputs.values():
        np.testing.assert_allclose(term.weight(weight).T, modified_weight, rtol=1e-15)
        np.testing.assert_allclose(term.bias(bias), modified_bias, rtol=1e-15)
    for group, denominators in ((excited, [-7, 1.75]), (inhibited, [-8.75, 0.5])):
        z = sum(term.input(x) @ term.weight(weight) for term in group.terms) + group.terms[0].bias(bias)
        np.testing.assert_allclose(z, [denominators], rtol=1e-15)


def test_b7_modified_weights_of_gamma() -> None:
    term = rules.Gamma(0.42).groups()[0].terms[0]
    np.testing.assert_allclose(term.weight(np.array([[1.0, -1.0], [2.0, 0.0]])), [[1.42, -1], [2.84, 0]], rtol=1e-15)
    np.testing.assert_allclose(term.bias(np.array([-1.0, 1.0])), [-1, 1.42], rtol=1e-15)


def test_versions_read_symbols_as_well_as_numbers() -> None:
    w = sympy.Symbol("w", real=True)
    for version, value, expected in [
        (rules.POSITIVE, 3, 3),
        (rules.POSITIVE, -3, 0),
        (rules.NEGATIVE, -3, -3),
        (rules.Parts(1.25, 1), 2, 2.5),
        (rules.squared, -3, 9),
        (rules.ONES, -3, 1),
    ]:
        assert float(sympy.sympify(version(w)).subs(w, value)) == expected


def test_defaults_are_those_of_the_contract() -> None:
    assert rules.Gamma().gamma == 0.25
    assert (rules.AlphaBeta().alpha, rules.AlphaBeta().beta) == (2, 1)
    assert rules.LRP0().epsilon == 0
    made = [rules.Epsilon(), rules.Gamma(), rules.ZPlus(), rules.AlphaBeta(), rules.ZBox(0, 1), rules.WSquare()]
    assert {rule.epsilon for rule in [*made, rules.Flat()]} == {1e-6}
    assert {rule.bias for rule in [*made, rules.Flat(), rules.LRP0()]} == {"keep"}


def test_rules_are_values_equal_by_their_numbers_and_fixed() -> None:
    assert rules.Gamma(0.25) == rules.Gamma(0.25) != rules.Gamma(0.5)
    assert rules.ZPlus() != rules.Flat()
    assert len({rules.Epsilon(0.1), rules.Epsilon(0.1), rules.Epsilon(0.2)}) == 2
    with pytest.raises(AttributeError):
        rules.Gamma().gamma = 1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: rules.Epsilon(-1), ValueError, r"^Epsilon: epsilon=-1; expected a finite number ≥ 0$"),
        (lambda: rules.Epsilon(np.nan), ValueError, r"^Epsilon: epsilon=nan; expected a finite number ≥ 0$"),
        (lambda: rules.ZPlus(epsilon=np.inf), ValueError, r"^ZPlus: epsilon=inf; expected a finite number ≥ 0$"),
        (lambda: rules.Epsilon("small"), TypeError, r"^Epsilon: epsilon='small' is a str; expected a number ≥ 0$"),
        (lambda: rules.Epsilon(None), TypeError, r"^Epsilon: epsilon=None is a NoneType; expected a number"),
        (lambda: rules.Epsilon(True), TypeError, r"^Epsilon: epsilon=True is a bool; expected a number"),
        (lambda: rules.Epsilon(np.zeros(2)), TypeError, r"^Epsilon: epsilon=.* is a ndarray; expected a number"),
        (lambda: rules.Gamma(-0.5), ValueError, r"^Gamma: gamma=-0.5; expected a finite number ≥ 0$"),
        (lambda: rules.Gamma("0.25"), TypeError, r"^Gamma: gamma='0.25' is a str; expected a number"),
        (lambda: rules.Flat(bias="drop"), ValueError, r"^Flat: bias='drop'; expected \"keep\" or \"ignore\"$"),
        (lambda: rules.Gamma(bias=None), ValueError, r"^Gamma: bias=None; expected \"keep\" or \"ignore\"$"),
        (lambda: rules.AlphaBeta(2, 2), ValueError, r"^AlphaBeta: alpha=2, beta=2, .*= 0; it must be 1 .*beta=1$"),
        (lambda: rules.AlphaBeta(1, 1), ValueError, r"^AlphaBeta: alpha=1, beta=1, .*= 0; it must be 1 .*beta=0$"),
        (lambda: rules.AlphaBeta(2, 0.999), ValueError, r"^AlphaBeta: alpha=2, beta=0.999, .*it must be 1"),
        (lambda: rules.AlphaBeta(0.5, -0.5), ValueError, r"^AlphaBeta: beta=-0.5; expected a finite number ≥ 0$"),
        (lambda: rules.AlphaBeta(np.inf, np.inf), ValueError, r"^AlphaBeta: alpha=inf; expected a finite number"),
        (lambda: rules.AlphaBeta("2", 1), TypeError, r"^AlphaBeta: alpha='2' is a str; expected a number"),
        (lambda: rules.ZBox(1, -1), ValueError, r"^ZBox: low=1 is above high=-1; expected low ≤ high everywhere$"),
        (lambda: rules.ZBox([0, 2], [1, 1]), ValueError, r"^ZBox: low=\[0, 2\] is above high=\[1, 1\]; expected"),
        (lambda: rules.ZBox(np.nan, 1), ValueError, r"^ZBox: low: holds nan"),
        (lambda: rules.ZBox(0, np.inf), ValueError, r"^ZBox: high: holds inf"),
        (lambda: rules.ZBox("black", 1), TypeError, r"^ZBox: low: got str .*; give an array of real numbers"),
        (lambda: rules.ZBox(0, None), TypeError, r"^ZBox: high: got NoneType .*; give an array of real numbers"),
    ],
)
def test_a_wrong_argument_is_refused_when_the_rule_is_made(
    make: Callable[[], Rule], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make()


def test_alpha_beta_forgives_rounding_only() -> None:
    assert rules.AlphaBeta(1.1, 0.1).alpha == 1.1  # 1.1 − 0.1 = 1.0000000000000002
    with pytest.raises(ValueError, match="must be 1"):
        rules.AlphaBeta(1.1, 0.1001)


def test_alpha_below_one_is_not_answered_with_a_beta_that_is_refused_too() -> None:
    with pytest.raises(ValueError, match=r"^AlphaBeta: alpha=0.5") as refusal:
        rules.AlphaBeta(0.5, 0.5)
    assert "beta=-" not in str(refusal.value)  # β ≥ 0 is asked for as well


def test_box_bounds_that_do_not_fit_each_other_are_named() -> None:
    with pytest.raises(ValueError, match=r"ZBox.*low.*\(3,\).*high.*\(2,\)"):
        rules.ZBox([0, 0, 0], [1, 1])


@pytest.mark.parametrize(
    ("x", "fits"),
    [(0.0, True), (1.0, True), (-1e-6, True), (1 + 1e-6, True), (-1e-3, False), (1.001, False), (255.0, False)],
)
def test_the_box_forgives_rounding_of_float32_only(x: float, fits: bool) -> None:
    box = rules.ZBox(0, 1)
    if fits:
        box.check_input(np.array([[0.5, x]]))
    else:
        with pytest.raises(ValueError, match=r"^x: values from .* to .* leave the box of ZBox\(low=0.0, high=1.0\)"):
            box.check_input(np.array([[0.5, x]]))


def test_the_base_class_is_no_rule() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Rule()  # type: ignore[abstract]
