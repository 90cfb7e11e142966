"""One dense layer: its outputs' relevance divided among its inputs, by any rule, with every share accounted for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from lrp_edu.arrays import Array, finite_array
from lrp_edu.rules import Group, Rule


class Redistribution(NamedTuple):
    """What became of the relevance that entered a layer; rows are samples."""

    relevance: Array  # (n, inputs): what each input got
    bias: Array  # (n,): what the bias kept
    stabiliser: Array  # (n,): what the stabiliser took, and what met a zero denominator


def relprop_dense(x: Any, weight: Any, bias: Any, relevance: Any, rule: Rule) -> Array:
    """Relevance of the inputs of a dense layer, shape (n, inputs); the arguments are those of `redistribute`."""
    return redistribute(x, weight, bias, relevance, rule).relevance


def redistribute(x: Any, weight: Any, bias: Any, relevance: Any, rule: Rule) -> Redistribution:
    """Hand the relevance of a dense layer's outputs down to its inputs, in four steps for each group of the rule.

    Forward, z_k = Σ_t (Σ_j x_j^(t) w_jk^(t) + b_k^(t)); divide, s_k = R_k / (z_k + ε·sign(z_k)); backward,
    c_j^(t) = Σ_k w_jk^(t) s_k; multiply, R_j = Σ_t x_j^(t) c_j^(t).

    Args:
        x: inputs, shape (n, inputs).
        weight: shape (inputs, outputs).
        bias: shape (outputs,), or None for none.
        relevance: relevance of the outputs, shape (n, outputs).
        rule: one of `lrp_edu.rules`.

    Raises:
        TypeError, ValueError: an argument that is not finite, of the wrong shape, or outside the rule's box; or numbers
            so large that their products are not finite.
    """
    if not isinstance(rule, Rule):
        raise TypeError(f"rule: got {rule!r}; expected a rule object such as rules.Epsilon()")
    weight = finite_array(weight, "weight", ("inputs", "outputs"))
    inputs, outputs = weight.shape
    x = finite_array(x, "x", ("n", inputs))
    relevance = finite_array(relevance, "relevance", (len(x), outputs))
    bias = np.zeros(outputs, weight.dtype) if bias is None else finite_array(bias, "bias", (outputs,))
    rule.check_input(x)

    with np.errstate(over="ignore", invalid="ignore"):  # told in words below
        found = _redistribute(x, weight, bias, relevance, rule)
    if not all(np.isfinite(part).all() for part in found):
        raise ValueError("x, weight, relevance: numbers too large, their products overflow; scale them down")
    return found


def _redistribute(x: Array, weight: Array, bias: Array, relevance: Array, rule: Rule) -> Redistribution:
    """The four steps, on arguments that were checked."""
    groups = rule.groups()
    versions = [_versions(group, x, weight, bias, keep_bias=rule.bias == "keep") for group in groups]
    denominators = [_total(x_t @ w_t + b_t for x_t, w_t, b_t in terms) for terms in versions]
    fractions = _fractions(groups, denominators, x @ weight + bias)

    passed, kept_by_bias, taken = np.zeros_like(x), np.zeros(len(x)), np.zeros(len(x))
    for terms, z, fraction in zip(versions, denominators, fractions, strict=True):
        share = fraction * relevance
        s = _divide(share, stabilise(z, rule.epsilon))
        passed = passed + _total(x_t * (s @ w_t.T) for x_t, w_t, _ in terms)
        kept_by_bias = kept_by_bias + _total((s * b_t).sum(axis=1) for _, _, b_t in terms)
        taken = taken + (share - s * z).sum(axis=1)
    return Redistribution(passed.astype(np.result_type(x, weight, relevance)), kept_by_bias, taken)


def messages(x: Any, weight: Any, bias: Any, relevance: Any, rule: Rule) -> Array:
    """The messages R_{j←k} between the neurons of one sample: what input j gets from output k.

    Args:
        x: one input, shape (inputs,).
        relevance: of one sample, shape (outputs,); the other arguments are those of `redistribute`.

    Returns:
        Shape (inputs, outputs); the sum over k is the relevance of input j.
    """
    x, relevance = finite_array(x, "x", ("inputs",)), finite_array(relevance, "relevance", ("outputs",))
    one_output_each = np.diag(relevance)
    return relprop_dense(np.tile(x, (len(relevance), 1)), weight, bias, one_output_each, rule).T


def stabilise(z: Array, epsilon: float) -> Array:
    """z + ε·sign(z), with sign(0) = +1."""
    return z + np.where(z >= 0, epsilon, -epsilon)


def _total(arrays: Iterable[Array]) -> Array:
    return np.sum(list(arrays), axis=0)


def _divide(numerator: Array, denominator: Array) -> Array:
    """The quotient, and 0 where the denominator is empty: there is nothing to hand relevance to."""
    return np.divide(numerator, denominator, where=~_empty(denominator), out=np.zeros(np.shape(denominator)))


def _empty(z: Array) -> Array:
    """Where z is zero, or so close to the smallest number there is that dividing by it would overflow."""
    limits = np.finfo(z.dtype)
    return np.abs(z) < limits.tiny / limits.eps


def _versions(
    group: Group, x: Array, weight: Array, bias: Array, keep_bias: bool
) -> list[tuple[Array, Array, Array | float]]:
    """The arrays (x^(t), w^(t), b^(t)) of each term of a group."""
    return [
        (term.input(x), term.weight(weight), term.bias(bias) if term.bias and keep_bias else 0.0)
        for term in group.terms
    ]


def _fractions(groups: tuple[Group, ...], denominators: list[Array], own_z: Array) -> list[Array]:
    """The fraction of each neuron's relevance that goes to each group, arrays of shape (n, outputs).

    A group that is for the other sign of z gets nothing. Where groups compete (αβ) and one is empty, the
    fractions of the others are scaled to add up to one, so that no relevance is doubled or lost.
    """
    own_sign = np.where(own_z >= 0, 1, -1)
    fractions = [np.where((group.sign == 0) | (group.sign == own_sign), group.fraction, 0.0) for group in groups]
    if len(groups) == 1:
        return fractions
    filled = [fraction * ~_empty(z) for fraction, z in zip(fractions, denominators, strict=True)]
    total = np.sum(filled, axis=0)
    return [
        np.where(total == 0, fraction, _divide(part, total)) for fraction, part in zip(fractions, filled, strict=True)
    ]
