"""Relevance through one step of a Keras model, in TensorFlow: forward, divide, backward, multiply, with an account.

The same rule objects as in NumPy (`dense`), on anything that is linear in its input: the way back through
y = apply(x, kernel) is its transpose, which TensorFlow knows as the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import layers as kl

from lrp_edu.rules import NEGATIVE, POSITIVE, WHOLE, Constant, Group, Parts, Rule, Term, Version

Tensor = Any

# Numbers in a slice of a dense kernel: versions of a kernel larger than that are made slice by slice, so that no
# second copy of a large one (VGG16's first dense layer has 411 MB) ever exists.
SLICE = 1 << 22


class Passed(NamedTuple):
    """What became of the relevance that entered a step."""

    relevance: Tensor  # of the step's input, in its shape
    bias: Tensor  # (n,): kept by the bias
    stabiliser: Tensor  # (n,): taken by the stabiliser, or met by a zero denominator


class Evaluated(NamedTuple):
    """The linear part of a layer on the way up, kept for the way down."""

    apply: Callable[[Tensor, Tensor], Tensor]
    x: Tensor
    kernel: Tensor
    bias: Tensor | None
    without_bias: Tensor  # apply(x, kernel), or None where nobody needs it any more
    transposed: Callable[[Tensor, Tensor], Tensor] | None = None

    def back(self, x: Tensor, kernel: Tensor, s: Tensor) -> Tensor:
        """What of s, in the shape of z, belongs to each entry of x."""
        return self.transposed(s, kernel) if self.transposed else transpose(self.apply, x, kernel, s)

    @property
    def z(self) -> Tensor:
        """The weighted sums with the bias."""
        return self.without_bias if self.bias is None else self.without_bias + self.bias


def needs_product(rule: Rule, nonnegative_input: bool, only_active: bool) -> bool:
    """Whether `redistribute` looks at what the layer has put out, and not just at what went in."""
    groups = _groups(rule, nonnegative_input, only_active)
    plain = any(term.input == WHOLE and term.weight == WHOLE for group in groups for term in group.terms)
    return plain or _by_sign(groups)


def redistribute(layer: Evaluated, relevance: Tensor, rule: Rule, nonnegative_input: bool, only_active: bool) -> Passed:
    """`dense.redistribute` for any layer y = apply(x, kernel) + bias.

    Args:
        nonnegative_input: x ≥ 0 is known, so terms with x⁻ vanish and x⁺ is x. It changes the cost, not the result.
        only_active: relevance is known to be zero where y ≤ 0, so that groups for those neurons are left out.
    """
    if len(layer.kernel.shape) == 2 and layer.kernel.shape.num_elements() > SLICE and _changes_weights(rule):
        return _in_slices(layer, relevance, rule, nonnegative_input, only_active)
    return _redistribute(layer, relevance, rule, nonnegative_input, only_active)


def _changes_weights(rule: Rule) -> bool:
    return any(term.weight != WHOLE for group in rule.groups() for term in group.terms)


def _in_slices(layer: Evaluated, relevance: Tensor, rule: Rule, nonnegative_input: bool, only_active: bool) -> Passed:
    """The outputs of a dense layer in slices, one after the other: each has its own denominators."""
    inputs, outputs = layer.kernel.shape
    width = max(1, SLICE // inputs)

    def add_slice(begin: Tensor, *total: Tensor) -> tuple[Tensor, ...]:
        here = slice(begin, begin + width)
        bias = None if layer.bias is None else layer.bias[here]
        product = None if layer.without_bias is None else layer.without_bias[:, here]
        part = Evaluated(layer.apply, layer.x, layer.kernel[:, here], bias, product, layer.transposed)
        passed = _redistribute(part, relevance[:, here], rule, nonnegative_input, only_active)
        return (begin + width, *(known + more for known, more in zip(total, passed, strict=True)))

    nothing = nothing_of(relevance)
    start = (tf.constant(0), tf.zeros_like(layer.x), nothing, nothing)
    _, *total = tf.while_loop(lambda begin, *_: begin < outputs, add_slice, start, parallel_iterations=1)
    return Passed(*total)


def _redistribute(
    layer: Evaluated, relevance: Tensor, rule: Rule, nonnegative_input: bool, only_active: bool
) -> Passed:
    """The four steps."""
    x, kernel, bias, without_bias = layer.x, layer.kernel, layer.bias, layer.without_bias
    groups = _groups(rule, nonnegative_input, only_active)
    keep = rule.bias == "keep" and bias is not None

    parts = []
    for group in groups:
        versions = [_versions(term, x, kernel, relevance) for term in group.terms]
        own_bias = sum(_version(term.bias, bias) for term in group.terms if term.bias) if keep else None
        # The plain product is known from the way up: ε then costs no more than a gradient.
        z = sum(without_bias if x_t is x and w_t is kernel else layer.apply(x_t, w_t) for x_t, w_t in versions)
        parts.append((versions, own_bias, z if own_bias is None else z + own_bias))
    if _by_sign(groups):
        shares = _by_sign_of(layer.z, groups, relevance)
    else:
        shares = _shares(groups, [z for *_, z in parts], relevance)

    passed: list[Tensor] = []
    kept, taken = nothing_of(relevance), relevance
    while parts:
        (versions, own_bias, z), share = parts.pop(0), shares.pop(0)
        with tf.control_dependencies(passed):  # one group after the other: each needs room
            s = divide(share, z, rule.epsilon)
        taken -= s * z
        del z, share  # each is as large as the layer, and the way back needs room
        if own_bias is not None:
            kept += each_sample(s * own_bias)
        if not parts:
            taken = each_sample(taken)
        passed += [x_t * layer.back(x_t, w_t, s) for x_t, w_t in versions]
    return Passed(tf.add_n(passed), kept, taken)


def _groups(rule: Rule, nonnegative_input: bool, only_active: bool) -> list[Group]:
    """The groups that are to be worked out."""
    groups = [_simplified(group, nonnegative_input) for group in rule.groups() if group.fraction]
    return [group for group in groups if group.sign >= 0] if only_active else groups


def _by_sign(groups: list[Group]) -> bool:
    """Whether each neuron belongs to one of the groups, by the sign of what it puts out."""
    return len(groups) > 1 and groups[0].sign != 0


def _versions(term: Term, x: Tensor, kernel: Tensor, relevance: Tensor) -> tuple[Tensor, Tensor]:
    """The versions of input and kernel in a term; unless they are plain, made only once the relevance has arrived.

    Otherwise TensorFlow would make those of all layers as soon as it can, and keep them all until they are needed.
    """
    if term.input == WHOLE and term.weight == WHOLE:
        return x, kernel
    with tf.control_dependencies([relevance]):
        x, kernel = tf.identity(x), tf.identity(kernel)
    return _version(term.input, x), _version(term.weight, kernel)


def _simplified(group: Group, nonnegative_input: bool) -> Group:
    """The group without the terms that vanish for x ≥ 0."""
    if not nonnegative_input:
        return group
    terms = [
        Term(WHOLE if term.input == POSITIVE else term.input, term.weight, term.bias)
        for term in group.terms
        if term.input != NEGATIVE
    ]
    return Group(tuple(terms), group.fraction, group.sign)


def _version(version: Version, values: Tensor) -> Tensor:
    """A version of a tensor, with as little memory as can be."""
    if isinstance(version, Parts):
        positive, negative = version.positive, version.negative
        if version == WHOLE:
            return values
        if negative == 0:
            return _times(positive, tf.nn.relu(values))
        if positive == 0:
            return _times(negative, tf.minimum(values, tf.constant(0, values.dtype)))
        if positive > negative:
            # Not the larger of p·v and n·v: with oneDNN, TensorFlow 2.21 takes max(p·v, v) for a leaky ReLU of slope p
            # where v < 0, and for p > 1 that is the smaller one.
            return _times(negative, values) + _times(positive - negative, tf.nn.relu(values))
        return tf.minimum(_times(positive, values), _times(negative, values))
    if isinstance(version, Constant):
        return tf.zeros_like(values) + tf.constant(version.value, values.dtype)
    return version(values)


def _times(factor: float, values: Tensor) -> Tensor:
    return values if factor == 1 else factor * values


def _by_sign_of(z: Tensor, groups: list[Group], relevance: Tensor) -> list[Tensor]:
    """What each group has to hand on: the relevance of the neurons that have its sign."""
    return [tf.where((z >= 0) == (group.sign > 0), relevance, tf.zeros_like(relevance)) for group in groups]


def _shares(groups: list[Group], denominators: list[Tensor], relevance: Tensor) -> list[Tensor]:
    """What each group has to hand on; they add up to the relevance.

    With two sides (αβ), a group whose other side is empty hands on everything.
    """
    if len(groups) == 1:
        return [relevance]
    empty = [_empty(z) for z in denominators]
    alone = [reduce(tf.logical_and, empty[:number] + empty[number + 1 :]) for number in range(len(groups))]
    one = tf.constant(1, relevance.dtype)
    return [
        relevance * tf.where(others_empty, one, tf.constant(group.fraction, relevance.dtype))
        for group, others_empty in zip(groups, alone, strict=True)
    ]


def stabilise(z: Tensor, epsilon: float) -> Tensor:
    """z + ε·sign(z), with sign(0) = +1."""
    if epsilon == 0:
        return z
    return z + tf.where(z >= 0, tf.constant(epsilon, z.dtype), tf.constant(-epsilon, z.dtype))


def divide(relevance: Tensor, z: Tensor, epsilon: float) -> Tensor:
    """s = R / (z + ε·sign(z)), and 0 where the denominator is empty, which it cannot be with a stabiliser."""
    denominator = stabilise(z, epsilon)
    if epsilon >= _smallest(z):
        return relevance / denominator
    return tf.math.divide_no_nan(relevance, tf.where(_empty(denominator), tf.zeros_like(denominator), denominator))


def _empty(z: Tensor) -> Tensor:
    return tf.abs(z) < _smallest(z)


def _smallest(z: Tensor) -> float:
    """Denominators below it count as zero."""
    return {"float64": 1e-292, "float32": 1e-31}.get(keras.backend.standardize_dtype(z.dtype), 1e-4)


def transpose(apply: Any, x: Tensor, kernel: Tensor, s: Tensor) -> Tensor:
    """Back through y = apply(x, kernel): the gradient of Σ s·y with respect to x."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        y = apply(x, kernel)
    return tape.gradient(y, x, output_gradients=s)


def each_sample(values: Tensor) -> Tensor:
    """Summed over all axes but the first."""
    return tf.reduce_sum(values, axis=list(range(1, values.shape.rank)))


def nothing_of(values: Tensor) -> Tensor:
    """A zero for each sample."""
    return tf.zeros(tf.shape(values)[:1], values.dtype)


# Layers without a kernel


def max_pool(layer: Any, x: Tensor, relevance: Tensor, pooling: str) -> Passed:
    """Winner: all to the largest input. Proportional: shares go with the inputs. Flat: equal shares."""
    if pooling == "winner":
        return unchanged(transpose(lambda v, _: layer(v), x, None, relevance), relevance)
    mean = _average_twin(layer)
    if pooling == "flat":
        ones = tf.ones_like(x)
        return unchanged(transpose(mean, x, None, relevance / mean(ones, None)), relevance)
    return average_pool(layer, x, relevance)


def average_pool(layer: Any, x: Tensor, relevance: Tensor, epsilon: float = 1e-6) -> Passed:
    """R_i = Σ_k x_i / (Σ_{i in window k} x_i) · R_k: each window shares out in proportion to its inputs."""
    mean = _average_twin(layer)
    z = mean(x, None)
    s = divide(relevance, z, epsilon)
    passed = x * transpose(mean, x, None, s)
    return Passed(passed, nothing_of(relevance), each_sample(relevance - s * z))


def _average_twin(layer: Any) -> Callable[[Tensor, Any], Tensor]:
    """The average over the same windows."""
    name = type(layer).__name__.replace("Max", "Average")
    twin = layer if name == type(layer).__name__ else getattr(kl, name).from_config(layer.get_config())
    return lambda x, _: twin(x)


def add(summands: list[Tensor], relevance: Tensor, epsilon: float = 1e-6) -> list[Passed]:
    """R_i = x_i / (Σ_j x_j) · R for each summand, entry by entry; a summand that was broadcast collects its entries."""
    summands = [tf.identity(x) for x in summands]  # apart, should one tensor be added to itself
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(summands)
        z = sum(summands)
    s = divide(relevance, z, epsilon)
    back = tape.gradient(z, summands, output_gradients=s)
    nothing = nothing_of(relevance)
    taken = each_sample(relevance - s * z)
    shares = [x * part for x, part in zip(summands, back, strict=True)]
    # What the stabiliser took is booked once, with the first summand.
    return [Passed(share, nothing, nothing if index else taken) for index, share in enumerate(shares)]


def unchanged(passed: Tensor, relevance: Tensor) -> Passed:
    """Nothing taken on the way."""
    nothing = nothing_of(relevance)
    return Passed(passed, nothing, nothing)
