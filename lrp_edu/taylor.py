"""One neuron's Taylor expansion in SymPy: root points, and the relevance that each search direction gives.

A ReLU neuron f(x) = max(0, z) with z = Σ_i w_i x_i + b is expanded to first order around a root point x̃, where it
falls silent. The root is looked for from x along a direction d, x̃ = x + t·d. Every choice of d is a rule of LRP.

Source: Montavon et al. 2017, "Explaining nonlinear classification decisions with deep Taylor decomposition".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

Expressions = tuple[sp.Expr, ...]


# Expanding any function


def first_order(function: sp.Expr, variables: Sequence[sp.Symbol], root: Sequence[Any]) -> sp.Expr:
    """The first-order Taylor expansion f(x̃) + Σ_i ∂f/∂x_i(x̃) · (x_i − x̃_i) around x̃ = `root`."""
    return function.subs(_at(variables, root), simultaneous=True) + sum(first_order_terms(function, variables, root))


def first_order_terms(function: sp.Expr, variables: Sequence[sp.Symbol], root: Sequence[Any]) -> Expressions:
    """What each variable contributes to the expansion: ∂f/∂x_i(x̃) · (x_i − x̃_i)."""
    place = _at(variables, root)
    return tuple(
        sp.diff(function, variable).subs(place, simultaneous=True) * (variable - value)
        for variable, value in zip(variables, root, strict=True)
    )


def remainder(function: sp.Expr, variables: Sequence[sp.Symbol], root: Sequence[Any]) -> sp.Expr:
    """ε, what the first-order expansion misses: f(x) − (f(x̃) + Σ_i ∂f/∂x_i(x̃) · (x_i − x̃_i)), simplified."""
    return sp.simplify(function - first_order(function, variables, root))


def _at(variables: Sequence[sp.Symbol], point: Sequence[Any]) -> dict[sp.Symbol, Any]:
    if len(variables) != len(point):
        raise ValueError(f"root: got {len(point)} coordinates for {len(variables)} variables; give one for each")
    return dict(zip(variables, point, strict=True))


# The neuron and its roots


@dataclass(frozen=True)
class Neuron:
    """A ReLU neuron: the symbols of its inputs, and its weights and bias, symbols or any expressions without x."""

    inputs: tuple[sp.Symbol, ...]
    weights: Expressions
    bias: sp.Expr

    @property
    def z(self) -> sp.Expr:
        """The weighted sum Σ_i w_i x_i + b; on the active side, z > 0, this is the neuron's output."""
        return sum((w * x for w, x in zip(self.weights, self.inputs, strict=True)), self.bias)

    @property
    def output(self) -> sp.Expr:
        """f(x) = z where z > 0, else 0."""
        return sp.Piecewise((self.z, self.z > 0), (0, True))


def neuron(dimensions: int) -> Neuron:
    """A neuron with symbols x_1 … x_d, w_1 … w_d and b."""
    if dimensions < 1:
        raise ValueError(f"dimensions: got {dimensions}; expected at least one input")
    inputs, weights = (sp.symbols(f"{letter}_1:{dimensions + 1}", real=True) for letter in "xw")
    return Neuron(inputs, weights, sp.Symbol("b", real=True))


def hessian(neuron: Neuron) -> sp.Matrix:
    """The second derivatives of the neuron's output. All are zero: f is straight on either side of its hinge, so an
    expansion around a point on the hinge, taken from the active side, has no remainder (ε = 0)."""
    return sp.hessian(neuron.output, neuron.inputs).applyfunc(sp.simplify)


def step_to_root(neuron: Neuron, direction: Sequence[Any]) -> sp.Expr:
    """The t at which the neuron falls silent on the way from x along d: z(x + t·d) = 0, so t = −z / Σ_j w_j d_j.

    Raises:
        ValueError: the direction has the wrong length, or walking along it never changes z, so there is no root.
    """
    t = sp.Dummy("t", real=True)
    on_the_way = neuron.z.subs(_at(neuron.inputs, _along(neuron, direction, t)), simultaneous=True)
    solutions = sp.solve(sp.expand(on_the_way), t)
    if not solutions:
        raise ValueError(f"direction: along {tuple(direction)} the neuron never changes, so no root can be reached")
    return solutions[0]


def root_point(neuron: Neuron, direction: Sequence[Any]) -> Expressions:
    """The root x̃ = x + t·d."""
    return _along(neuron, direction, step_to_root(neuron, direction))


def relevances(neuron: Neuron, direction: Sequence[Any]) -> Expressions:
    """The relevance of each input of an active neuron: the first-order terms around the root along `direction`.

    They come out as R_i = w_i d_i / (Σ_j w_j d_j) · z and add up to z: no remainder.
    """
    t = step_to_root(neuron, direction)
    terms = first_order_terms(neuron.z, neuron.inputs, root_point(neuron, direction))
    climbs = [sp.expand(-term / t) for term in terms]  # w_i d_i; and −t is z / Σ_j w_j d_j
    return tuple(climb / sum(climbs) * neuron.z for climb in climbs)


def _along(neuron: Neuron, direction: Sequence[Any], step: sp.Expr) -> Expressions:
    if len(direction) != len(neuron.inputs):
        raise ValueError(f"direction: got {len(direction)} entries for {len(neuron.inputs)} inputs; give one for each")
    return tuple(x + step * d for x, d in zip(neuron.inputs, direction, strict=True))


# Four directions, four rules


def towards_closest_root(neuron: Neuron) -> Expressions:
    """d = w, the shortest way to the hinge. Gives w²: R_i = w_i² / Σ_j w_j² · z."""
    return neuron.weights


def towards_origin(neuron: Neuron) -> Expressions:
    """d = x, along the input itself. Gives z: R_i = w_i x_i / Σ_j w_j x_j · z."""
    return neuron.inputs


def towards_silence(neuron: Neuron) -> Expressions:
    """d_i = x_i where w_i > 0, else 0, written x_i w⁺_i / w_i: turn down only what excites.

    For x ≥ 0 gives z⁺, R_i = w⁺_i x_i / Σ_j w⁺_j x_j · z; where also b ≤ 0 the root keeps x̃ ≥ 0.
    """
    return tuple(x * _over(sp.Max(0, w), w) for x, w in zip(neuron.inputs, neuron.weights, strict=True))


def towards_worst_corner(neuron: Neuron, low: Sequence[Any], high: Sequence[Any]) -> Expressions:
    """d_i = x_i − l_i where w_i > 0, else x_i − h_i, written x_i − l_i w⁺_i / w_i − h_i w⁻_i / w_i.

    The way to the corner of the box l ≤ x ≤ h where the neuron is least excited. Gives zᴮ,
    R_i = (w_i x_i − w⁺_i l_i − w⁻_i h_i) / Σ_j (…) · z.

    Raises:
        ValueError: there is not one bound for each input.
    """
    for name, bound in (("low", low), ("high", high)):
        if len(bound) != len(neuron.inputs):
            raise ValueError(f"{name}: got {len(bound)} bounds for {len(neuron.inputs)} inputs; give one for each")
    return tuple(
        x - lowest * _over(sp.Max(0, w), w) - highest * _over(sp.Min(0, w), w)
        for x, w, lowest, highest in zip(neuron.inputs, neuron.weights, low, high, strict=True)
    )


def _over(part: sp.Expr, weight: sp.Expr) -> sp.Expr:
    """w⁺ / w or w⁻ / w, which is 1 or 0 by the sign of w, and 0 for an input that is not connected."""
    return sp.S.Zero if sp.sympify(weight).is_zero else part / weight


# A second layer


@dataclass(frozen=True)
class DeepTaylor:
    """A network with one hidden layer, f = Σ_j v_j a_j, decomposed from its output down to its inputs in two steps."""

    hidden: tuple[Neuron, ...]  # neuron j has inputs x_i, weights w_ij, bias b_j; its output is a_j
    activations: tuple[sp.Symbol, ...]  # a_j
    output_weights: tuple[sp.Symbol, ...]  # v_j
    hidden_relevance: Expressions  # step one: R_j, in a_j and v_j
    relevance_symbols: tuple[sp.Symbol, ...]  # R_j, as step two reads them
    messages: sp.Matrix  # step two: R_{i←j}, what input i gets from hidden neuron j, in x_i, w_ij and R_j

    @property
    def input_relevance(self) -> Expressions:
        """R_i = Σ_j R_{i←j}."""
        return tuple(sum(self.messages.row(i), sp.Integer(0)) for i in range(self.messages.rows))


def deep_taylor(
    dimensions: int, hidden: int, direction: Callable[[Neuron], Sequence[Any]] = towards_closest_root
) -> DeepTaylor:
    """The two steps of deep Taylor decomposition for inputs → hidden ReLU layer → one output.

    Step one shares f = Σ_j v_j a_j out among the hidden neurons along the z⁺ direction, since activations are never
    negative: R_j = v⁺_j a_j / Σ_k v⁺_k a_k · f, which is c_j · a_j with c_j = v⁺_j f / Σ_k v⁺_k a_k.

    Step two reads R_j as a neuron of its own, c_j · max(0, z_j), taking c_j for constant where x changes a little. It
    has the root of z_j and c_j times its slopes, so the shares of its inputs are c_j times those of z_j.

    Args:
        dimensions, hidden: how many inputs and hidden neurons.
        direction: from a neuron to the direction in which its root is looked for, for the first layer.

    Raises:
        ValueError: a number below one.

    Source: Montavon et al. 2017, section 4.
    """
    for name, number in (("dimensions", dimensions), ("hidden", hidden)):
        if number < 1:
            raise ValueError(f"{name}: got {number}; expected at least one")
    inputs = sp.symbols(f"x_1:{dimensions + 1}", real=True)
    biases = sp.symbols(f"b_1:{hidden + 1}", real=True)
    weights = sp.Matrix(dimensions, hidden, lambda i, j: sp.Symbol(f"w_{{{i + 1}{j + 1}}}", real=True))
    neurons = tuple(Neuron(inputs, tuple(weights.col(j)), biases[j]) for j in range(hidden))

    activations = sp.symbols(f"a_1:{hidden + 1}", nonnegative=True)
    output_weights = sp.symbols(f"v_1:{hidden + 1}", real=True)
    output = Neuron(activations, output_weights, sp.Integer(0))

    relevance_symbols = sp.symbols(f"R_1:{hidden + 1}", real=True)
    columns = []
    for relevance, neuron_j in zip(relevance_symbols, neurons, strict=True):
        c_j = relevance / neuron_j.z
        columns.append([c_j * share for share in relevances(neuron_j, direction(neuron_j))])

    return DeepTaylor(
        hidden=neurons,
        activations=activations,
        output_weights=output_weights,
        hidden_relevance=relevances(output, towards_silence(output)),
        relevance_symbols=relevance_symbols,
        messages=sp.Matrix(columns).T,
    )
