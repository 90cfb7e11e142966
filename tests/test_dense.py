"""One dense layer: the published numbers, the papers' formulas restated neuron by neuron, and the laws they obey."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference_cases import (
    F_BIAS,
    F_POSITIVE,
    F_RELEVANCE,
    F_ROWS,
    F_SIGNED,
    F_SQUARED_BIAS,
    F_WEIGHT,
    WORKED,
    Case,
)

from lrp_edu import relprop_dense, rules
from lrp_edu.dense import Redistribution, redistribute, stabilise
from lrp_edu.rules import Rule

Array = np.ndarray

# Published numbers


@pytest.mark.parametrize("case", WORKED, ids=str)
def test_published_case(case: Case) -> None:
    found = relprop_dense(case.x, case.weight, case.bias, case.relevance, case.rule)
    np.testing.assert_allclose(found, case.expected, rtol=1e-12, atol=max(case.printed_to, 1e-14))


@pytest.mark.parametrize(("rule", "x", "printed", "printed_sum", "left_out"), F_ROWS, ids=lambda v: repr(v)[:60])
def test_every_rule_on_the_layer_of_zennit(
    rule: Rule, x: Array, printed: list[float], printed_sum: float, left_out: Array | float
) -> None:
    expected = np.array(printed) - left_out
    found = relprop_dense([x], F_WEIGHT, F_BIAS, [F_RELEVANCE], rule)[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    assert found.sum() == pytest.approx(printed_sum - np.sum(left_out), abs=1e-8)


@pytest.mark.parametrize("x", [F_SIGNED, F_POSITIVE], ids=["signed", "positive"])
def test_alpha_beta_of_the_same_layer_conserves_where_zennit_doubles(x: Array) -> None:
    found = relprop_dense([x], F_WEIGHT, F_BIAS, [F_RELEVANCE], rules.AlphaBeta(2, 1, epsilon=0, bias="ignore"))
    assert found.sum() == pytest.approx(6, rel=1e-12)


def test_squared_bias_of_zennit_is_the_weight_of_one_more_input() -> None:
    weight = np.vstack([F_WEIGHT, F_BIAS])
    found = relprop_dense([[*F_SIGNED, 1]], weight, None, [F_RELEVANCE], rules.WSquare())[0]
    np.testing.assert_allclose(found[:4], F_SQUARED_BIAS, rtol=0, atol=1e-9)


# The papers' formulas, one neuron at a time


class Side(NamedTuple):
    """What shares one denominator: the fraction of R_k, the contribution of each input, and that of the bias."""

    fraction: float
    contributions: list[float]
    bias: float


def sides(rule: Rule, x: list[float], w: list[float], b: float) -> list[Side]:
    """The sides of one neuron with inputs x, weights w and bias b, as the papers write them."""
    products = [x_j * w_j for x_j, w_j in zip(x, w, strict=True)]
    kept = b if rule.bias == "keep" else 0.0
    match rule:
        case rules.Epsilon():
            return [Side(1, products, kept)]
        case rules.Gamma(gamma=gamma):  # what has the sign of z is favoured
            same = max if sum(products) + b >= 0 else min
            return [Side(1, [p + gamma * same(0.0, p) for p in products], kept + gamma * same(0.0, kept))]
        case rules.ZPlus():
            return [Side(1, [max(0.0, p) for p in products], max(0.0, kept))]
        case rules.AlphaBeta(alpha=alpha, beta=beta):
            favour = Side(alpha, [max(0.0, p) for p in products], max(0.0, kept))
            against = Side(-beta, [min(0.0, p) for p in products], min(0.0, kept))
            favour_empty = sum(favour.contributions) + favour.bias == 0
            against_empty = sum(against.contributions) + against.bias == 0
            if against_empty and not favour_empty:
                return [favour._replace(fraction=1)]
            if favour_empty and not against_empty and beta > 0:  # α1β0 has no negative side: it is z⁺
                return [against._replace(fraction=1)]
            return [favour, against]
        case rules.ZBox(low=low, high=high):
            lows, highs = np.broadcast_to(low, len(x)), np.broadcast_to(high, len(x))
            worst = [low * max(0.0, w_j) + high * min(0.0, w_j) for w_j, low, high in zip(w, lows, highs, strict=True)]
            return [Side(1, [product - least for product, least in zip(products, worst, strict=True)], 0.0)]
        case rules.WSquare():
            return [Side(1, [w_j**2 for w_j in w], 0.0)]
        case rules.Flat():
            return [Side(1, [1.0] * len(w), 0.0)]
    raise AssertionError(f"no formula restated for {rule}")


def as_in_the_papers(x: Array, weight: Array, bias: Array, relevance: Array, rule: Rule) -> Redistribution:
    """R_j = Σ_k q_jk / (q_bk + Σ_j q_jk ± ε) R_k, where a denominator of zero hands nothing on."""
    found, kept, taken = np.zeros(x.shape), np.zeros(len(x)), relevance.sum(axis=1)
    for n, k in np.ndindex(relevance.shape):
        for side in sides(rule, x[n].tolist(), weight[:, k].tolist(), float(bias[k])):
            z = sum(side.contributions) + side.bias
            stabilised = z + rule.epsilon if z >= 0 else z - rule.epsilon
            if stabilised == 0:
                continue
            s = side.fraction * relevance[n, k] / stabilised
            found[n] += np.array(side.contributions) * s
            kept[n] += side.bias * s
            taken[n] -= z * s
    return Redistribution(found, kept, taken)


# Layers to draw: quarters from −2 to 2, so that zeros are common, cancellations exact, and no denominator tiny

LOW, HIGH = -2, 2
quarters = st.integers(4 * LOW, 4 * HIGH).map(lambda count: count / 4)


class Layer(NamedTuple):
    x: Array
    weight: Array
    bias: Array
    relevance: Array


@st.composite
def layers(draw: st.DrawFn, x_from: float = LOW, relevance_from: float = LOW) -> Layer:
    n, inputs, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 5)), draw(st.integers(1, 4))
    return Layer(
        np.maximum(draw(arrays(np.float64, (n, inputs), elements=quarters)), x_from),
        draw(arrays(np.float64, (inputs, outputs), elements=quarters)),
        draw(arrays(np.float64, outputs, elements=quarters)),
        np.maximum(draw(arrays(np.float64, (n, outputs), elements=quarters)), relevance_from),
    )


def positive_layers() -> st.SearchStrategy[Layer]:
    """x ≥ 0 and R ≥ 0, as after a ReLU."""
    return layers(x_from=0, relevance_from=0)


def close(found: Any, expected: Any) -> None:
    """Equal but for rounding: a stabiliser of 1e-6 can make single shares a million times R, and they may cancel."""
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-7)


BOX = rules.ZBox(LOW, HIGH)
BASE_RULES = [
    rules.LRP0(),
    rules.Epsilon(),
    rules.Epsilon(0.25),
    rules.Gamma(0.25),
    rules.Gamma(3, epsilon=0),
    rules.ZPlus(),
    rules.ZPlus(epsilon=0),
    rules.AlphaBeta(2, 1),
    rules.AlphaBeta(2, 1, epsilon=0),
    rules.AlphaBeta(1, 0),
    rules.AlphaBeta(3.5, 2.5, epsilon=0.1),
    BOX,
    rules.ZBox(LOW, HIGH, epsilon=0),
    rules.WSquare(),
    rules.WSquare(epsilon=0),
    rules.Flat(),
    rules.Flat(epsilon=0),
]
ALL_RULES = BASE_RULES + [replace(rule, bias="ignore") for rule in BASE_RULES]


def every(
    chosen: list[Rule] = ALL_RULES,
    layer: st.SearchStrategy[Layer] | None = None,
    examples: int = 40,
    **more: st.SearchStrategy[Any],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Draw layers, and try the law on each layer with each of the rules; a failure names the rule."""

    def wrap(law: Callable[..., None]) -> Callable[..., None]:
        @settings(max_examples=examples)
        @given(drawn=st.fixed_dictionaries({"layer": layers() if layer is None else layer, **more}))
        def test(drawn: dict[str, Any]) -> None:
            for rule in chosen:
                try:
                    law(rule=rule, **drawn)
                except AssertionError as failure:
                    failure.add_note(f"rule: {rule!r}")
                    raise

        test.__name__, test.__doc__ = law.__name__, law.__doc__
        return test

    return wrap


@every(examples=100)
def test_every_rule_equals_the_formula_of_its_paper(rule: Rule, layer: Layer) -> None:
    found, expected = redistribute(*layer, rule), as_in_the_papers(*layer, rule)
    close(found.relevance, expected.relevance)
    close(found.bias, expected.bias)
    close(found.stabiliser, expected.stabiliser)


@pytest.mark.parametrize("seed", range(5))
def test_every_rule_equals_the_formula_of_its_paper_on_wide_layers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer = Layer(rng.uniform(-1, 1, (3, 20)), rng.normal(size=(20, 7)), rng.normal(size=7), rng.normal(size=(3, 7)))
    for rule in ALL_RULES:
        expected = as_in_the_papers(*layer, rule).relevance
        np.testing.assert_allclose(relprop_dense(*layer, rule), expected, rtol=1e-9, atol=1e-10)


@given(layer=layers(), data=st.data())
def test_box_bounds_of_each_input_enter_the_formula_of_the_box(layer: Layer, data: st.DataObject) -> None:
    inputs = layer.x.shape[1]
    low = layer.x.min(axis=0) - np.abs(data.draw(arrays(np.float64, inputs, elements=quarters)))
    high = layer.x.max(axis=0) + np.abs(data.draw(arrays(np.float64, inputs, elements=quarters)))
    rule = rules.ZBox(low, high, epsilon=0)
    close(relprop_dense(*layer, rule), as_in_the_papers(*layer, rule).relevance)


# Conservation


@every(examples=100)
def test_the_books_close_in_every_row(rule: Rule, layer: Layer) -> None:
    found = redistribute(*layer, rule)
    close(found.relevance.sum(axis=1) + found.bias + found.stabiliser, layer.relevance.sum(axis=1))


BIAS_FREE = [replace(rule, bias="ignore") for rule in BASE_RULES if rule.epsilon <= 1e-6]


@every(BIAS_FREE)
def test_without_bias_all_relevance_arrives_but_that_of_dead_neurons(rule: Rule, layer: Layer) -> None:
    """A neuron whose contributions are all zero, or cancel to a denominator of zero, has nobody to give to."""
    arrives = np.zeros(layer.relevance.shape)
    for n, k in np.ndindex(arrives.shape):
        found = sides(rule, layer.x[n].tolist(), layer.weight[:, k].tolist(), float(layer.bias[k]))
        arrives[n, k] = sum(side.fraction for side in found if sum(side.contributions) + side.bias != 0)
    sums = relprop_dense(*layer, rule).sum(axis=1)
    lost = 1000 * rule.epsilon  # up to 3 R ε / z for each output, where z is 1/16 or more
    np.testing.assert_allclose(sums, (arrives * layer.relevance).sum(axis=1), rtol=0, atol=1e-9 + lost)


@given(layer=layers())
def test_alpha_beta_conserves_whatever_side_is_empty(layer: Layer) -> None:
    live = ((layer.x[:, :, None] * layer.weight) != 0).any(axis=1)
    found = relprop_dense(*layer, rules.AlphaBeta(2, 1, epsilon=0, bias="ignore"))
    close(found.sum(axis=1), (live * layer.relevance).sum(axis=1))


@given(layer=layers())
def test_what_epsilon_leaves_to_the_bias_is_its_share_of_each_neuron(layer: Layer) -> None:
    """Σ_k R_k b_k / (z_k + ε), and Σ_k R_k ε / (z_k + ε) to the stabiliser."""
    z = layer.x @ layer.weight + layer.bias
    signed = np.where(z >= 0, 0.25, -0.25)
    found = redistribute(*layer, rules.Epsilon(0.25))
    close(found.bias, (layer.relevance * layer.bias / (z + signed)).sum(axis=1))
    close(found.stabiliser, (layer.relevance * signed / (z + signed)).sum(axis=1))


WITHOUT_BIAS = (rules.ZBox, rules.WSquare, rules.Flat)


@every([rule for rule in ALL_RULES if rule.bias == "ignore" or isinstance(rule, WITHOUT_BIAS)])
def test_an_ignored_bias_takes_nothing(rule: Rule, layer: Layer) -> None:
    assert not redistribute(*layer, rule).bias.any()


@every()
def test_no_bias_is_a_bias_of_zero_and_ignoring_it_is_the_same(rule: Rule, layer: Layer) -> None:
    x, weight, bias, relevance = layer
    without = relprop_dense(x, weight, None, relevance, rule)
    np.testing.assert_array_equal(without, relprop_dense(x, weight, 0 * bias, relevance, rule))
    np.testing.assert_array_equal(without, relprop_dense(x, weight, None, relevance, replace(rule, bias="ignore")))


# Relations


@every(factor=quarters)
def test_relevance_is_linear_in_what_entered(rule: Rule, layer: Layer, factor: float) -> None:
    x, weight, bias, relevance = layer
    other = np.roll(relevance, 1, axis=1) + 0.5
    together = relprop_dense(x, weight, bias, relevance + factor * other, rule)
    apart = relprop_dense(x, weight, bias, relevance, rule) + factor * relprop_dense(x, weight, bias, other, rule)
    close(together, apart)


@every()
def test_rows_of_a_batch_do_not_see_each_other(rule: Rule, layer: Layer) -> None:
    x, weight, bias, relevance = layer
    rows = [relprop_dense(x[[n]], weight, bias, relevance[[n]], rule)[0] for n in range(len(x))]
    close(relprop_dense(*layer, rule), rows)


@every([rule for rule in ALL_RULES if isinstance(rule, (rules.ZPlus, *WITHOUT_BIAS))], positive_layers())
def test_positive_rules_keep_positive_relevance_positive(rule: Rule, layer: Layer) -> None:
    assert (relprop_dense(*layer, rule) >= 0).all()


@given(layer=layers(relevance_from=0))
def test_z_plus_and_box_stay_positive_for_signed_inputs(layer: Layer) -> None:
    assert (relprop_dense(*layer, rules.ZPlus()) >= 0).all()
    assert (relprop_dense(*layer, BOX) >= -1e-12).all()


@pytest.mark.parametrize("rule", [rules.WSquare(), rules.Flat()], ids=repr)
@given(layer=layers())
def test_w_square_and_flat_see_neither_input_nor_bias(rule: Rule, layer: Layer) -> None:
    x, weight, bias, relevance = layer
    np.testing.assert_array_equal(
        relprop_dense(*layer, rule), relprop_dense(1 - 3 * x, weight, 5 - bias, relevance, rule)
    )


@given(layer=layers())
def test_flat_is_w_square_with_all_weights_one(layer: Layer) -> None:
    x, weight, bias, relevance = layer
    with_ones = relprop_dense(x, np.ones_like(weight), bias, relevance, rules.WSquare())
    close(relprop_dense(*layer, rules.Flat()), with_ones)


@pytest.mark.parametrize("bias", ["keep", "ignore"])
@given(layer=layers())
def test_z_plus_is_alpha_one_beta_zero(bias: Any, layer: Layer) -> None:
    close(relprop_dense(*layer, rules.ZPlus(bias=bias)), relprop_dense(*layer, rules.AlphaBeta(1, 0, bias=bias)))


@pytest.mark.parametrize("bias", ["keep", "ignore"])
@given(layer=layers())
def test_gamma_zero_is_epsilon(bias: Any, layer: Layer) -> None:
    for epsilon in (0.0, 0.25):
        close(
            relprop_dense(*layer, rules.Gamma(0, epsilon=epsilon, bias=bias)),
            relprop_dense(*layer, rules.Epsilon(epsilon, bias=bias)),
        )


@given(layer=positive_layers())
def test_an_infinite_gamma_is_z_plus_where_the_neuron_is_active(layer: Layer) -> None:
    x, weight, bias, relevance = layer
    relevance = relevance * (x @ weight + bias > 0)
    np.testing.assert_allclose(
        relprop_dense(x, weight, bias, relevance, rules.Gamma(1e9, epsilon=0)),
        relprop_dense(x, weight, bias, relevance, rules.ZPlus(epsilon=0)),
        atol=1e-6,
    )


@given(layer=layers())
def test_gamma_is_blind_to_turning_all_signs_of_a_neuron(layer: Layer) -> None:
    """With −w, −b for w, b the neuron's z turns its sign, and what was favoured still is: the shares stay."""
    x, weight, bias, relevance = layer
    active = relevance * (x @ weight + bias != 0)  # at z = 0 the convention sign(0) = +1 breaks the tie
    rule = rules.Gamma(0.5, epsilon=0)
    close(relprop_dense(x, weight, bias, active, rule), relprop_dense(x, -weight, -bias, active, rule))


# Numbers at the edge


@pytest.mark.parametrize(("z", "expected"), [(0.0, 0.5), (-0.0, 0.5), (2.0, 2.5), (-2.0, -2.5), (1e-300, 0.5)])
def test_the_stabiliser_pushes_away_from_zero_and_zero_up(z: float, expected: float) -> None:
    assert stabilise(np.array([z]), 0.5) == [expected]


def test_the_sign_of_zero_is_plus() -> None:
    """x = (1, 1), w = (1, −1): z = 0, so R_j = x_j w_j / ε · R."""
    found = relprop_dense([[1, 1]], [[1], [-1]], None, [[1]], rules.Epsilon(0.5))
    np.testing.assert_allclose(found, [[2, -2]])


EDGES = {
    "zeros everywhere": (np.zeros((2, 3)), np.zeros((3, 2)), np.zeros(2)),
    "a dead unit": (np.array([[0.0, 0, 0], [1, 0, 0]]), np.array([[0.0, 1], [2, 0], [3, 0]]), np.zeros(2)),
    "negative zeros": (np.full((2, 3), -0.0), -np.ones((3, 2)), np.full(2, -0.0)),
    "subnormal inputs": (np.array([[5e-324, 0, 0], [0, -5e-324, 1e-310]]), np.ones((3, 2)), np.zeros(2)),
    "subnormal weights": (np.ones((2, 3)), np.full((3, 2), 5e-324), np.full(2, -1e-310)),
    "products that underflow": (np.full((2, 3), 1e-200), np.full((3, 2), 1e-200), np.zeros(2)),
    "large inputs": (np.array([[1e100, -1e100, 1], [1e100, 1e100, 0]]), np.ones((3, 2)), np.ones(2)),
    "large weights": (np.ones((2, 3)), np.array([[1e100, 1], [-1e100, 1], [1e100, -1e100]]), np.ones(2)),
    "large and small": (np.array([[1e100, 1e-100, 1], [0, 1e-100, 0]]), np.full((3, 2), 1e-100), np.ones(2)),
}


def rules_for(x: Array) -> Iterator[Rule]:
    """Every rule, with a box that holds x."""
    for rule in ALL_RULES:
        yield replace(rule, low=x.min() - 1, high=x.max() + 1) if isinstance(rule, rules.ZBox) else rule


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("edge", EDGES)
def test_no_nan_no_infinity_no_warning(edge: str) -> None:
    x, weight, bias = EDGES[edge]
    for rule in rules_for(x):
        found = redistribute(x, weight, bias, np.array([[1.0, 2], [-3, 100]]), rule)
        for numbers in found:
            assert np.isfinite(numbers).all(), f"{rule}: {found}"


@pytest.mark.parametrize("rule", [rules.LRP0(), rules.ZPlus(), rules.AlphaBeta(), rules.Gamma(), BOX], ids=repr)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_too_large_to_multiply_are_refused_or_survived(rule: Rule) -> None:
    """1e200 · 1e200 overflows: a clear error will do, a silent NaN will not."""
    huge = replace(rule, low=-1e200, high=1e200) if isinstance(rule, rules.ZBox) else rule
    found: Any = ()
    with contextlib.suppress(ValueError):
        found = redistribute([[1e200, 1]], [[1e200], [1]], [0.0], [[1.0]], huge)
    assert all(np.isfinite(numbers).all() for numbers in found), found


@pytest.mark.parametrize("rule", [rules.LRP0(), rules.ZPlus(epsilon=0), rules.AlphaBeta(epsilon=0)], ids=repr)
def test_relevance_does_not_depend_on_the_scale_of_a_layer(rule: Rule) -> None:
    x, weight, relevance = np.array([[1.0, -2, 3]]), np.array([[1.0, 1], [1, -1], [2, 1]]), np.array([[1.0, 2]])
    expected = relprop_dense(x, weight, None, relevance, rule)
    for scale in (1e-150, 1e-30, 1e30, 1e150):
        np.testing.assert_allclose(relprop_dense(scale * x, weight, None, relevance, rule), expected, rtol=1e-12)
        np.testing.assert_allclose(relprop_dense(x, scale * weight, None, relevance, rule), expected, rtol=1e-12)


# Manners


@every()
def test_arguments_stay_as_they_were_and_a_second_call_gives_the_same(rule: Rule, layer: Layer) -> None:
    before = [argument.copy() for argument in layer]
    first = relprop_dense(*layer, rule)
    second = relprop_dense(*layer, rule)
    np.testing.assert_array_equal(first, second)
    for argument, was in zip(layer, before, strict=True):
        np.testing.assert_array_equal(argument, was)
        assert not np.shares_memory(first, argument)


@pytest.mark.parametrize("rule", ALL_RULES, ids=repr)
@pytest.mark.parametrize("with_bias", [True, False])
def test_float32_stays_float32_and_agrees_with_float64(rule: Rule, with_bias: bool) -> None:
    rng = np.random.default_rng(5)
    x, weight = rng.uniform(0.1, 1, (4, 30)), rng.uniform(-1, 1.2, (30, 8))
    bias = rng.uniform(0, 1, 8) if with_bias else None
    relevance = np.maximum(0, x @ weight)
    exact = relprop_dense(x, weight, bias, relevance, rule)
    single = [None if argument is None else argument.astype(np.float32) for argument in (x, weight, bias, relevance)]
    found = relprop_dense(*single, rule)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-4 * np.abs(exact).max())


@pytest.mark.parametrize("rule", ALL_RULES, ids=repr)
def test_lists_of_whole_numbers_will_do(rule: Rule) -> None:
    found = relprop_dense([[1, 2]], [[3, 5], [4, 6]], [7, 8], [[1, 2]], rule)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(
        found, relprop_dense([[1.0, 2.0]], [[3.0, 5.0], [4.0, 6.0]], [7.0, 8.0], [[1.0, 2.0]], rule)
    )


def test_an_empty_batch_gives_an_empty_batch() -> None:
    for rule in ALL_RULES:
        assert relprop_dense(np.zeros((0, 2)), np.ones((2, 3)), None, np.zeros((0, 3)), rule).shape == (0, 2)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32])
def test_the_kind_of_number_of_a_box_bound_does_not_matter(kind: type) -> None:
    layer = ([[1.0, 100.0]], [[1.0], [-1.0]], None, [[1.0]])
    expected = relprop_dense(*layer, rules.ZBox(0.0, 255.0))
    np.testing.assert_allclose(relprop_dense(*layer, rules.ZBox(kind(0), kind(255))), expected)
    bounds = np.zeros(2, kind), np.full(2, 255, kind)
    np.testing.assert_allclose(relprop_dense(*layer, rules.ZBox(*bounds)), expected)


# Errors

GOOD = {"x": np.ones((2, 3)), "weight": np.ones((3, 4)), "bias": np.ones(4), "relevance": np.ones((2, 4))}


def spoilt(array: Array, value: float) -> Array:
    copy = array.copy()
    copy.flat[-1] = value
    return copy


@pytest.mark.parametrize(
    ("argument", "value", "error", "message"),
    [
        ("x", np.ones((2, 5)), ValueError, r"^x: got shape \(2, 5\), expected \(n, 3\)$"),
        ("x", np.ones(3), ValueError, r"^x: got shape \(3,\), expected \(n, 3\)$"),
        ("x", spoilt(GOOD["x"], np.nan), ValueError, r"^x: holds nan at position \(1, 2\)"),
        ("x", "pixels", TypeError, r"^x: got str .*; give an array of real numbers$"),
        ("x", None, TypeError, r"^x: got NoneType .*; give an array of real numbers$"),
        ("weight", np.ones(3), ValueError, r"^weight: got shape \(3,\), expected \(inputs, outputs\)$"),
        ("weight", spoilt(GOOD["weight"], np.inf), ValueError, r"^weight: holds inf at position \(2, 3\)"),
        ("bias", np.ones(3), ValueError, r"^bias: got shape \(3,\), expected \(4,\)$"),
        ("bias", np.ones((1, 4)), ValueError, r"^bias: got shape \(1, 4\), expected \(4,\)$"),
        ("bias", spoilt(GOOD["bias"], -np.inf), ValueError, r"^bias: holds -inf at position \(3,\)"),
        ("relevance", np.ones((2, 3)), ValueError, r"^relevance: got shape \(2, 3\), expected \(2, 4\)$"),
        ("relevance", np.ones((1, 4)), ValueError, r"^relevance: got shape \(1, 4\), expected \(2, 4\)$"),
        ("relevance", np.ones(4), ValueError, r"^relevance: got shape \(4,\), expected \(2, 4\)$"),
        ("relevance", spoilt(GOOD["relevance"], np.nan), ValueError, r"^relevance: holds nan at position \(1, 3\)"),
        ("rule", "epsilon", TypeError, r"^rule: got 'epsilon'; expected a rule object such as rules.Epsilon\(\)$"),
        ("rule", None, TypeError, r"^rule: got None; expected a rule object"),
        ("rule", rules.Epsilon, TypeError, r"^rule: got <class .*Epsilon'>; expected a rule object"),
        ("rule", rules.ZBox(2, 3), ValueError, r"^x: values from 1 to 1 leave the box of ZBox\(low=2.0, high=3.0\)"),
        ("rule", rules.ZBox(-1, 0.5), ValueError, r"^x: values from 1 to 1 leave the box of ZBox\(low=-1.0"),
        ("rule", rules.ZBox([0, 0, 2], [1, 1, 3]), ValueError, r"^x: values from 1 to 1 leave the box of ZBox"),
        ("rule", rules.ZBox([0, 0], [1, 1]), ValueError, r"ZBox.*(low|high).*\(2,\)"),
    ],
)
def test_a_wrong_argument_is_named(argument: str, value: Any, error: type[Exception], message: str) -> None:
    given_arguments = {**GOOD, "rule": rules.Epsilon(), argument: value}
    with pytest.raises(error, match=message):
        relprop_dense(**given_arguments)
