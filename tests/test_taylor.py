"""Taylor's view of one neuron: the expansion, the root, and the relevance that each search direction gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lrp_edu import relprop_dense, rules, taylor
from lrp_edu.numpy_lrp import Linear, Network, ReLU
from lrp_edu.taylor import Neuron

X, Y = sp.symbols("x y", real=True)


def bounds(dimensions: int) -> tuple[tuple[sp.Symbol, ...], tuple[sp.Symbol, ...]]:
    low, high = (sp.symbols(f"{letter}_1:{dimensions + 1}", real=True) for letter in "lh")
    return low, high


def towards_worst_corner(neuron: Neuron) -> Sequence[sp.Expr]:
    return taylor.towards_worst_corner(neuron, *bounds(len(neuron.inputs)))


def generic(neuron: Neuron) -> Sequence[sp.Expr]:
    return sp.symbols(f"e_1:{len(neuron.inputs) + 1}", real=True)


DIRECTIONS: dict[str, Callable[[Neuron], Sequence[sp.Expr]]] = {
    "w²": taylor.towards_closest_root,
    "z": taylor.towards_origin,
    "z⁺": taylor.towards_silence,
    "zᴮ": towards_worst_corner,
}
EVERY_DIRECTION = pytest.mark.parametrize("direction", [*DIRECTIONS.values(), generic], ids=[*DIRECTIONS, "generic"])
EVERY_SIZE = pytest.mark.parametrize("dimensions", [1, 2, 3])


def same(one: Any, other: Any) -> bool:
    """Whether two expressions are equal for all values; expanding the numerator nearly always tells, and is quick."""
    difference = sp.sympify(one - other)
    return bool(sp.expand(sp.numer(sp.together(difference))) == 0 or sp.simplify(difference) == 0)


# Expanding any function


@pytest.mark.parametrize(
    ("function", "root"),
    [
        (sp.exp(X), 0),
        (sp.sin(X), sp.pi / 3),
        (sp.log(X), 1),
        (X**3 - 2 * X, 2),
        (1 / (1 + X), 0),
        (sp.sqrt(X), 4),
        (sp.exp(-(X**2)) * sp.cos(X), sp.Rational(1, 2)),
        (sp.Integer(7), 3),
    ],
    ids=str,
)
def test_first_order_of_one_variable_is_the_series_cut_after_two_terms(function: sp.Expr, root: Any) -> None:
    cut = sp.series(function, X, root, 2).removeO()
    assert same(taylor.first_order(function, [X], [root]), cut)


@pytest.mark.parametrize(
    ("function", "root", "by_hand", "missed"),
    [
        (X * Y, (2, 3), 6 + 3 * (X - 2) + 2 * (Y - 3), (X - 2) * (Y - 3)),
        (X**2 + Y**3, (1, 1), 2 + 2 * (X - 1) + 3 * (Y - 1), (X - 1) ** 2 + (Y - 1) ** 2 * (Y + 2)),
        (sp.exp(X) * sp.sin(Y), (0, 0), Y, sp.exp(X) * sp.sin(Y) - Y),
        (5 * X - 2 * Y + 1, (4, -3), 5 * X - 2 * Y + 1, 0),
        (X**2 * Y, (Y, X), X * Y**2 + 2 * X * Y * (X - Y) + Y**2 * (Y - X), (X - Y) * (X * Y - 2 * X * Y + Y**2)),
    ],
    ids=str,
)
def test_first_order_and_remainder_by_hand(function: sp.Expr, root: Any, by_hand: sp.Expr, missed: sp.Expr) -> None:
    assert same(taylor.first_order(function, [X, Y], root), by_hand)
    assert same(taylor.remainder(function, [X, Y], root), missed)


def test_terms_are_slope_times_distance_one_for_each_variable() -> None:
    terms = taylor.first_order_terms(X**2 * Y, [X, Y], (3, 5))
    assert len(terms) == 2
    assert same(terms[0], 30 * (X - 3))
    assert same(terms[1], 9 * (Y - 5))


def test_remainder_of_a_quadratic_function_is_half_its_hessian_form() -> None:
    a, b, c, d, e, f, p, q = sp.symbols("a b c d e f p q", real=True)
    quadratic = a * X**2 + b * X * Y + c * Y**2 + d * X + e * Y + f
    hessian, distance = sp.Matrix([[2 * a, b], [b, 2 * c]]), sp.Matrix([X - p, Y - q])
    assert same(taylor.remainder(quadratic, [X, Y], [p, q]), (distance.T * hessian * distance)[0] / 2)


def test_remainder_of_a_linear_function_is_zero_around_every_root() -> None:
    a, b, c, p, q = sp.symbols("a b c p q", real=True)
    assert taylor.remainder(a * X + b * Y + c, [X, Y], [p, q]) == 0


@pytest.mark.parametrize("expand", [taylor.first_order, taylor.first_order_terms, taylor.remainder])
@pytest.mark.parametrize("root", [(), (1,), (1, 2, 3)])
def test_a_root_of_the_wrong_length_is_named(expand: Callable[..., Any], root: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"root: got {len(root)} coordinates for 2 variables; give one for each"):
        expand(X * Y, [X, Y], root)


# The neuron


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_neuron_is_the_rectified_weighted_sum(dimensions: int) -> None:
    neuron = taylor.neuron(dimensions)
    x, w, b = neuron.inputs, neuron.weights, neuron.bias
    assert len({*x, *w, b}) == 2 * dimensions + 1
    assert same(neuron.z, sum(w[i] * x[i] for i in range(dimensions)) + b)
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(6):
        tenths = rng.integers(-30, 31, 2 * dimensions + 1)
        numbers = {symbol: sp.Rational(int(n), 10) for symbol, n in zip([*x, *w, b], tenths, strict=True)}
        z = sum(numbers[w_i] * numbers[x_i] for x_i, w_i in zip(x, w, strict=True)) + numbers[b]
        assert neuron.output.subs(numbers) == max(0, z)
        seen.add(z > 0)
    assert seen == {True, False}


@pytest.mark.parametrize("dimensions", [0, -1])
def test_a_neuron_needs_an_input(dimensions: int) -> None:
    with pytest.raises(ValueError, match=rf"dimensions: got {dimensions}; expected at least one input"):
        taylor.neuron(dimensions)


@EVERY_SIZE
def test_hessian_of_a_neuron_is_zero(dimensions: int) -> None:
    neuron = taylor.neuron(dimensions)
    assert taylor.hessian(neuron) == sp.zeros(dimensions, dimensions)


@EVERY_DIRECTION
def test_no_remainder_on_the_active_side(direction: Callable[[Neuron], Any]) -> None:
    neuron = taylor.neuron(2)
    assert taylor.remainder(neuron.z, neuron.inputs, taylor.root_point(neuron, direction(neuron))) == 0


def test_from_inside_the_silent_side_everything_is_missed() -> None:
    neuron = Neuron((X, Y), (sp.Integer(2), sp.Integer(1)), sp.Integer(-1))
    missed = taylor.remainder(neuron.output, (X, Y), (-1, -1))
    assert missed.subs({X: 1, Y: 2}) == 3
    assert missed.subs({X: -3, Y: 1}) == 0


# The root


@EVERY_SIZE
@EVERY_DIRECTION
def test_root_lies_on_the_hinge_along_the_direction(dimensions: int, direction: Callable[[Neuron], Any]) -> None:
    neuron = taylor.neuron(dimensions)
    d = direction(neuron)
    root, step = taylor.root_point(neuron, d), taylor.step_to_root(neuron, d)
    assert same(neuron.z.subs(dict(zip(neuron.inputs, root, strict=True)), simultaneous=True), 0)
    assert same(step * sum(w * along for w, along in zip(neuron.weights, d, strict=True)), -neuron.z)
    assert all(same(there, here + step * along) for there, here, along in zip(root, neuron.inputs, d, strict=True))


@EVERY_SIZE
def test_step_of_w_square_is_minus_z_over_the_squared_length_of_w(dimensions: int) -> None:
    neuron = taylor.neuron(dimensions)
    x, w, b = neuron.inputs, neuron.weights, neuron.bias
    t = -(sum(w[i] * x[i] for i in range(dimensions)) + b) / sum(w[i] ** 2 for i in range(dimensions))
    assert same(taylor.step_to_root(neuron, w), t)


def test_no_silent_point_is_closer_than_the_root_of_w_square() -> None:
    neuron = Neuron((X, Y), (sp.Integer(2), sp.Integer(1)), sp.Integer(-1))
    root = [float(c.subs({X: 1, Y: 2})) for c in taylor.root_point(neuron, taylor.towards_closest_root(neuron))]
    assert root == pytest.approx([-0.2, 1.4])
    distances = [np.hypot(first - 1, (1 - 2 * first) - 2) for first in np.linspace(-3, 3, 601)]
    assert np.hypot(root[0] - 1, root[1] - 2) <= min(distances) + 1e-12


D1, D2, T = sp.symbols("d_1 d_2 t", real=True)


def check_step(direction: Any) -> None:
    neuron = taylor.neuron(2)
    climb = sum(w * along for w, along in zip(neuron.weights, direction, strict=True))
    assert same(taylor.step_to_root(neuron, direction), -neuron.z / climb)


@pytest.mark.parametrize("direction", [(1, 0), (D1, D2), (T, 1), (X * Y, -3)], ids=str)
def test_step_along_any_direction(direction: Any) -> None:
    check_step(direction)


def test_step_along_a_direction_written_in_the_symbols_of_the_other_axis() -> None:
    check_step((D2, D1))


SEARCHES = pytest.mark.parametrize("search", [taylor.step_to_root, taylor.root_point, taylor.relevances])


@SEARCHES
@pytest.mark.parametrize("direction", [(), (1,), (1, 2, 3)])
def test_a_direction_of_the_wrong_length_is_named(search: Callable[..., Any], direction: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"direction: got {len(direction)} entries for 2 inputs; give one for each"):
        search(taylor.neuron(2), direction)


W1, W2 = taylor.neuron(2).weights
ALONG_THE_HINGE = pytest.mark.parametrize("direction", [(0, 0), (W2, -W1), (W2 * (W1 + 1), -W1 * (W1 + 1))], ids=str)


@ALONG_THE_HINGE
@pytest.mark.parametrize("search", [taylor.step_to_root, taylor.root_point])
def test_a_direction_along_the_hinge_leads_to_no_root(search: Callable[..., Any], direction: Any) -> None:
    with pytest.raises(ValueError, match=r"direction: .* never changes"):
        search(taylor.neuron(2), direction)


@ALONG_THE_HINGE
def test_a_direction_along_the_hinge_gives_no_relevance(direction: Any) -> None:
    with pytest.raises(ValueError, match=r"direction: .* never changes"):
        taylor.relevances(taylor.neuron(2), direction)


# The relevance


@EVERY_SIZE
@EVERY_DIRECTION
def test_relevances_add_up_to_the_output(dimensions: int, direction: Callable[[Neuron], Any]) -> None:
    neuron = taylor.neuron(dimensions)
    assert same(sum(taylor.relevances(neuron, direction(neuron))), neuron.z)


@EVERY_SIZE
@EVERY_DIRECTION
def test_relevance_is_the_share_of_the_climb(dimensions: int, direction: Callable[[Neuron], Any]) -> None:
    """R_i = w_i d_i / (Σ_j w_j d_j) · z, for every direction."""
    neuron = taylor.neuron(dimensions)
    d = direction(neuron)
    climb = sum(w * along for w, along in zip(neuron.weights, d, strict=True))
    found = taylor.relevances(neuron, d)
    assert len(found) == dimensions
    for i in range(dimensions):
        assert same(found[i] * climb, neuron.weights[i] * d[i] * neuron.z)


@EVERY_DIRECTION
def test_relevance_is_the_first_order_term_around_the_root(direction: Callable[[Neuron], Any]) -> None:
    """R_i = ∂f/∂x_i · (x_i − x̃_i), and ∂f/∂x_i = w_i where the neuron is active."""
    neuron = taylor.neuron(2)
    d = direction(neuron)
    for i, (relevance, root) in enumerate(zip(taylor.relevances(neuron, d), taylor.root_point(neuron, d), strict=True)):
        assert same(relevance, neuron.weights[i] * (neuron.inputs[i] - root))


def shares(neuron: Neuron) -> dict[str, list[sp.Expr]]:
    """The numerators of the four rules, from the papers."""
    low, high = bounds(len(neuron.inputs))
    pairs = list(zip(neuron.inputs, neuron.weights, strict=True))
    return {
        "w²": [w**2 for _, w in pairs],
        "z": [x * w for x, w in pairs],
        "z⁺": [x * sp.Max(0, w) for x, w in pairs],
        "zᴮ": [
            x * w - low[i] * sp.Max(0, w) - high[i] * sp.Min(0, w) for i, (x, w) in enumerate(pairs)
        ],
    }  # fmt: skip


@pytest.mark.parametrize("name", DIRECTIONS)
def test_the_four_directions_give_the_formulas_of_the_papers(name: str) -> None:
    neuron = taylor.neuron(3)
    numerators = shares(neuron)[name]
    for found, numerator in zip(taylor.relevances(neuron, DIRECTIONS[name](neuron)), numerators, strict=True):
        assert same(found, numerator / sum(numerators) * neuron.z)


def test_small_numbers_of_the_lesson() -> None:
    neuron = Neuron((X, Y), (sp.Integer(2), sp.Integer(1)), sp.Integer(-1))
    at = {X: 1, Y: 2}
    by_hand = {
        taylor.towards_closest_root: (sp.Rational(12, 5), sp.Rational(3, 5)),
        taylor.towards_origin: (sp.Rational(3, 2), sp.Rational(3, 2)),
        taylor.towards_silence: (sp.Rational(3, 2), sp.Rational(3, 2)),
    }
    for direction, expected in by_hand.items():
        assert tuple(r.subs(at) for r in taylor.relevances(neuron, direction(neuron))) == expected
    box = taylor.towards_worst_corner(neuron, (-1, -1), (3, 3))
    assert tuple(r.subs(at) for r in taylor.relevances(neuron, box)) == (sp.Rational(12, 7), sp.Rational(9, 7))


# The same on numbers


@lru_cache
def evaluator(name: str, what: str, dimensions: int) -> Callable[..., Any]:
    """relevances or root_point along a direction as a function of x, w, b, l, h."""
    neuron = taylor.neuron(dimensions)
    found = getattr(taylor, what)(neuron, DIRECTIONS[name](neuron))
    low, high = bounds(dimensions)
    return sp.lambdify([neuron.inputs, neuron.weights, neuron.bias, low, high], list(found), "numpy")


def rule_of(name: str, low: Any, high: Any) -> rules.Rule:
    return {
        "w²": rules.WSquare(epsilon=0),
        "z": rules.LRP0(bias="ignore"),
        "z⁺": rules.ZPlus(epsilon=0, bias="ignore"),
        "zᴮ": rules.ZBox(low, high, epsilon=0),
    }[name]


@pytest.mark.parametrize("dimensions", [1, 2, 4])
@pytest.mark.parametrize("name", DIRECTIONS)
def test_the_four_directions_on_numbers_are_the_rules_of_the_library(name: str, dimensions: int) -> None:
    rng = np.random.default_rng(dimensions)
    compared = 0
    while compared < 15:
        low, high = -rng.uniform(0.1, 2, dimensions), rng.uniform(0.1, 2, dimensions)
        x = rng.uniform(0 if name == "z⁺" else low, high)
        weight, bias = rng.normal(size=dimensions), rng.normal()
        output = weight @ x + bias
        if output <= 0 or (name == "z⁺" and weight.max() < 0):
            continue
        expected = relprop_dense([x], weight[:, None], [bias], [[output]], rule_of(name, low, high))[0]
        found = evaluator(name, "relevances", dimensions)(x, weight, bias, low, high)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
        assert expected.sum() == pytest.approx(output, rel=1e-9, abs=1e-9)
        compared += 1


amount = st.floats(0, 3)
nonzero = st.one_of(st.floats(0.01, 3), st.floats(-3, -0.01))


@settings(max_examples=50)
@given(x=st.lists(amount, min_size=3, max_size=3), w=st.lists(nonzero, min_size=3, max_size=3), part=st.floats(0, 0.99))
def test_root_of_z_plus_stays_positive(x: list[float], w: list[float], part: float) -> None:
    """x ≥ 0 and b ≤ 0: the active neuron's root has x̃ ≥ 0."""
    excitation = np.dot(w, x)
    assume(excitation > 1e-6)
    b = -part * excitation
    root = evaluator("z⁺", "root_point", 3)(x, w, b, [0] * 3, [0] * 3)
    assert np.min(root) >= -1e-9
    assert np.dot(w, root) + b == pytest.approx(0, abs=1e-9)


def test_with_a_positive_bias_the_root_of_z_plus_can_leave_the_domain() -> None:
    assert evaluator("z⁺", "root_point", 2)([1, 1], [1, 1], 1, [0, 0], [0, 0]) == pytest.approx([-0.5, -0.5])


@settings(max_examples=50)
@given(
    place=st.lists(st.floats(0, 1), min_size=3, max_size=3),
    low=st.lists(st.floats(-2, 1), min_size=3, max_size=3),
    width=st.lists(amount, min_size=3, max_size=3),
    w=st.lists(nonzero, min_size=3, max_size=3),
    part=st.floats(0, 0.99),
)
def test_root_of_z_box_stays_in_the_box(place: Any, low: Any, width: Any, w: Any, part: float) -> None:
    """l ≤ x ≤ h and a worst corner where the neuron is silent: the root has l ≤ x̃ ≤ h."""
    low, w = np.array(low), np.array(w)
    high = low + width
    x = low + place * (high - low)
    corner = np.where(w > 0, low, high)
    gap = w @ x - w @ corner
    assume(gap > 1e-6)
    b = -(w @ corner) - part * gap  # z(corner) = −part · gap
    root = np.array(evaluator("zᴮ", "root_point", 3)(x, w, b, low, high))
    assert np.all(root >= low - 1e-9)
    assert np.all(root <= high + 1e-9)
    assert w @ root + b == pytest.approx(0, abs=1e-9)


WITHOUT_WEIGHT = pytest.mark.parametrize("weights", [(2, 0), (0, 3), (sp.Integer(0), sp.Integer(3))], ids=str)


@WITHOUT_WEIGHT
def test_an_input_without_weight_gets_nothing(weights: tuple[Any, ...]) -> None:
    neuron = Neuron((X, Y), weights, sp.Integer(-1))
    for d in (taylor.towards_silence(neuron), taylor.towards_worst_corner(neuron, (0, 0), (3, 3))):
        found = taylor.relevances(neuron, d)
        assert found[weights.index(0)] == 0
        assert same(sum(found), neuron.z)


@WITHOUT_WEIGHT
def test_an_input_without_weight_does_not_spoil_the_root(weights: tuple[Any, ...]) -> None:
    """z⁺ turns down only what excites: d_i = 0 where w_i = 0, and zᴮ walks towards a corner of the box."""
    neuron = Neuron((X, Y), weights, sp.Integer(-1))
    assert taylor.towards_silence(neuron)[weights.index(0)] == 0
    for d in (taylor.towards_silence(neuron), taylor.towards_worst_corner(neuron, (0, 0), (3, 3))):
        root = taylor.root_point(neuron, d)
        assert all(coordinate.subs({X: 1, Y: 2}).is_finite for coordinate in root)
        assert same(neuron.z.subs(dict(zip((X, Y), root, strict=True)), simultaneous=True), 0)


@SEARCHES
def test_a_neuron_without_any_weight_has_no_root(search: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"direction: .* never changes"):
        search(Neuron((X, Y), (sp.Integer(0), sp.Integer(0)), sp.Integer(1)), (1, 1))


@pytest.mark.parametrize(("low", "high", "name"), [((0,), (1, 1), "low"), ((0, 0), (1, 1, 1), "high")])
def test_bounds_of_the_wrong_length_are_named(low: Any, high: Any, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        taylor.towards_worst_corner(taylor.neuron(2), low, high)


# A second layer


@lru_cache
def two_layers(dimensions: int, hidden: int, name: str) -> taylor.DeepTaylor:
    return taylor.deep_taylor(dimensions, hidden, DIRECTIONS[name])


FIRST_LAYER = ["w²", "z⁺", "zᴮ"]
NETWORKS = [(2, 4), (3, 2)]


@pytest.mark.parametrize("name", FIRST_LAYER)
def test_relevance_adds_up_layer_by_layer(name: str) -> None:
    deep = two_layers(3, 2, name)
    output = sum(v * a for v, a in zip(deep.output_weights, deep.activations, strict=True))
    assert same(sum(deep.hidden_relevance), output)
    for j, relevance in enumerate(deep.relevance_symbols):
        assert same(sum(deep.messages.col(j)), relevance)
    for i, relevance in enumerate(deep.input_relevance):
        assert same(relevance, sum(deep.messages.row(i)))
    assert same(sum(deep.input_relevance), sum(deep.relevance_symbols))


def test_first_step_shares_the_output_by_z_plus() -> None:
    deep = two_layers(2, 4, "w²")
    a, v = deep.activations, deep.output_weights
    excitation = sum(sp.Max(0, v_k) * a_k for v_k, a_k in zip(v, a, strict=True))
    output = sum(v_k * a_k for v_k, a_k in zip(v, a, strict=True))
    for j in range(4):
        assert same(deep.hidden_relevance[j], sp.Max(0, v[j]) * a[j] / excitation * output)


@pytest.mark.parametrize("name", FIRST_LAYER)
def test_second_step_shares_each_hidden_relevance_by_the_rule_of_its_direction(name: str) -> None:
    deep = two_layers(3, 2, name)
    for j, neuron in enumerate(deep.hidden):
        numerators = shares(neuron)[name]
        for i, numerator in enumerate(numerators):
            assert same(deep.messages[i, j], numerator / sum(numerators) * deep.relevance_symbols[j])


@lru_cache
def deep_evaluators(dimensions: int, hidden: int, name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Step one as a function of a, v; step two as a function of x, w (a row for each neuron), b, R, l, h."""
    deep = two_layers(dimensions, hidden, name)
    columns, biases = [neuron.weights for neuron in deep.hidden], [neuron.bias for neuron in deep.hidden]
    second = [deep.hidden[0].inputs, columns, biases, deep.relevance_symbols, *bounds(dimensions)]
    return (
        sp.lambdify([deep.activations, deep.output_weights], list(deep.hidden_relevance)),
        sp.lambdify(second, list(deep.input_relevance)),
    )


@pytest.mark.parametrize("name", FIRST_LAYER)
@pytest.mark.parametrize(("dimensions", "hidden"), NETWORKS)
def test_deep_taylor_on_numbers_is_relprop_of_a_network(dimensions: int, hidden: int, name: str) -> None:
    """With a silent hidden neuron, negative output weights, and one neuron at least that speaks for the output."""
    rng = np.random.default_rng(10 * dimensions + hidden)
    low, high = -rng.uniform(0.5, 1.5, dimensions), rng.uniform(0.5, 1.5, dimensions)
    for _ in range(5):
        x = rng.uniform(0 if name == "z⁺" else low, high)
        weight, bias, out = rng.normal(size=(dimensions, hidden)), rng.normal(size=hidden), rng.normal(size=hidden)
        weight[0] = np.abs(weight[0])  # every neuron has something that excites it
        bias[0], out[0] = 1 - x @ weight[:, 0], abs(out[0])  # active, and for the output
        bias[1] = -9 - x @ weight[:, 1]  # silent
        out[-1] = -abs(out[-1])
        network = Network([Linear(weight, bias), ReLU(), Linear(out[:, None], np.zeros(1))])
        output = network.forward([x])
        first = rule_of(name, low, high)
        upper, _, lower = network.relevance_steps([x], output, [first, rules.ZPlus(epsilon=0)])
        step_one, step_two = deep_evaluators(dimensions, hidden, name)
        middle = step_one(np.maximum(0, x @ weight + bias), out)
        inputs = np.array(step_two(x, weight.T, bias, middle, low, high))
        assert middle[1] == middle[-1] == 0
        np.testing.assert_allclose(middle, upper.left.relevance[0], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(inputs, lower.left.relevance[0], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(
            inputs, network.relprop([x], output, [first, rules.ZPlus(epsilon=0)])[0], rtol=1e-9, atol=1e-12
        )
        assert inputs.sum() == pytest.approx(output.item(), rel=1e-9)


@pytest.mark.parametrize(("dimensions", "hidden", "name"), [(0, 2, "dimensions: got 0"), (2, 0, "hidden: got 0")])
def test_deep_taylor_needs_inputs_and_hidden_neurons(dimensions: int, hidden: int, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        taylor.deep_taylor(dimensions, hidden)
