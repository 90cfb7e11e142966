"""Every rule on every kind of layer, against the matrix that the layer is: M from its values at the unit vectors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras
import tensorflow as tf
from keras import layers as kl

from lrp_edu import composites, keras_rules, rules, targets
from lrp_edu.dense import redistribute as redistribute_in_numpy
from lrp_edu.keras_graph import Linear
from lrp_edu.keras_lrp import LRP
from lrp_edu.keras_rules import needs_product, redistribute
from lrp_edu.numpy_lrp import Network
from lrp_edu.rules import Rule

Array = np.ndarray

LOW, HIGH = -2.0, 2.0
BASE_RULES = [
    rules.LRP0(),
    rules.Epsilon(0.25),
    rules.Gamma(0.25),
    rules.Gamma(3, epsilon=0),
    rules.ZPlus(),
    rules.AlphaBeta(2, 1),
    rules.AlphaBeta(1, 0, epsilon=0),
    rules.AlphaBeta(3.5, 2.5, epsilon=0.1),
    rules.ZBox(LOW, HIGH),
    rules.WSquare(),
    rules.Flat(),
]
ALL_RULES = BASE_RULES + [replace(rule, bias="ignore") for rule in BASE_RULES[:8]]
A_FEW = [rules.Epsilon(0.25), rules.Gamma(0.25), rules.Flat()]

# The rules in matrix form


def randomised(model: Any, seed: int = 0) -> Any:
    """The model with random numbers in all weights; variances stay positive."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        numbers = (
            rng.uniform(0.5, 2, variable.shape) if "variance" in variable.path else rng.normal(size=variable.shape)
        )
        variable.assign(numbers)
    return model


def of_layers(*layers: Any, shape: tuple[int, ...], seed: int = 0) -> Any:
    """A float64 model of one or two layers, flattened at its end."""
    return randomised(
        keras.Sequential([keras.Input(shape, dtype="float64"), *layers, kl.Flatten(dtype="float64")]), seed
    )


def as_matrix(model: Any) -> tuple[Array, Array]:
    """The matrix (inputs, outputs) and bias (outputs,) of a model that is linear, from its values alone."""
    shape = model.inputs[0].shape[1:]
    units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    bias = np.asarray(model(np.zeros((1, *shape))))[0]
    return np.asarray(model(units)) - bias, bias


class Shared(NamedTuple):
    """A fraction of R_k, shared out by the contributions of inputs (n, inputs, outputs) and bias (outputs,)."""

    fraction: Any
    contributions: Array
    bias: Array


def shared(rule: Rule, x: Array, matrix: Array, bias: Array) -> list[Shared]:
    """What shares one denominator, as the papers write it. A connection is where the matrix is not zero."""
    products = x[:, :, None] * matrix
    kept = bias if rule.bias == "keep" else 0 * bias
    up, down = np.maximum(products, 0), np.minimum(products, 0)
    kept_up, kept_down = np.maximum(kept, 0), np.minimum(kept, 0)
    match rule:
        case rules.Epsilon():
            return [Shared(1, products, kept)]
        case rules.Gamma(gamma=gamma):
            excited = products.sum(axis=1) + bias >= 0
            return [
                Shared(excited, products + gamma * up, kept + gamma * kept_up),
                Shared(~excited, products + gamma * down, kept + gamma * kept_down),
            ]
        case rules.ZPlus():
            return [Shared(1, up, kept_up)]
        case rules.AlphaBeta(alpha=alpha, beta=beta):
            favoured, opposed = up.sum(axis=1) + kept_up != 0, down.sum(axis=1) + kept_down != 0
            only_favoured, only_opposed = favoured & ~opposed & (beta > 0), opposed & ~favoured & (beta > 0)
            to_favoured = np.select([only_favoured, only_opposed], [1, 0], alpha)
            to_opposed = np.select([only_favoured, only_opposed], [0, 1], -beta)
            return [Shared(to_favoured, up, kept_up), Shared(to_opposed, down, kept_down)]
        case rules.ZBox(low=low, high=high):
            worst = low * np.maximum(matrix, 0) + high * np.minimum(matrix, 0)
            return [Shared(1, products - worst, 0 * bias)]
        case rules.WSquare():
            return [Shared(1, np.broadcast_to(matrix**2, products.shape), 0 * bias)]
        case rules.Flat():
            return [Shared(1, np.broadcast_to((matrix != 0).astype(float), products.shape), 0 * bias)]
    raise AssertionError(f"no formula restated for {rule}")


def in_matrix_form(x: Array, matrix: Array, bias: Array, relevance: Array, rule: Rule) -> tuple[Array, float, float]:
    """The relevance of the inputs (n, inputs), and what bias and stabiliser took of the batch."""
    found, kept, taken = np.zeros(x.shape), 0.0, 0.0
    for fraction, contributions, own_bias in shared(rule, x, matrix, bias):
        z = contributions.sum(axis=1) + own_bias
        stabilised = z + np.where(z >= 0, rule.epsilon, -rule.epsilon)
        share = fraction * relevance
        s = np.divide(share, stabilised, where=stabilised != 0, out=np.zeros(share.shape))
        found += np.einsum("njk,nk->nj", contributions, s)
        kept += float((s * own_bias).sum())
        taken += float((share - s * z).sum())
    return found, kept, taken


def close(found: Any, expected: Array) -> None:
    """Equal to 1e-6 of the largest number."""
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max())


def check_all_rules(model: Any, chosen: list[Rule]) -> None:
    """The model explained by each rule, and its ledger, against the matrix form."""
    rng = np.random.default_rng(1)
    matrix, bias = as_matrix(model)
    x = rng.uniform(LOW, HIGH, (2, *model.inputs[0].shape[1:]))
    relevance = rng.normal(size=(2, len(bias)))
    for rule in chosen:
        expected, kept, taken = in_matrix_form(x.reshape(2, -1), matrix, bias, relevance, rule)
        explainer = LRP(model, composites.uniform(rule))
        found, rows = explainer._backward(*explainer._forward(tf.constant(x)), tf.constant(relevance))
        try:
            close(found.numpy().reshape(2, -1), expected)
            np.testing.assert_allclose(np.array(rows)[:, 2:].sum(axis=0), [kept, taken], rtol=1e-6, atol=1e-9)
        except AssertionError as failure:
            failure.add_note(f"rule: {rule!r}")
            raise


LAYERS: dict[str, tuple[tuple[int, ...], list[Any]]] = {
    "dense": ((5,), [(kl.Dense, 4)]),
    "dense without bias": ((5,), [(kl.Dense, 4, {"use_bias": False})]),
    "dense on each row": ((3, 4), [(kl.Dense, 2)]),
    "conv1d": ((7, 2), [(kl.Conv1D, 3, 3)]),
    "conv1d same, strides": ((8, 2), [(kl.Conv1D, 3, 3, {"strides": 2, "padding": "same"})]),
    "conv1d causal, dilated": ((8, 2), [(kl.Conv1D, 2, 2, {"dilation_rate": 2, "padding": "causal"})]),
    "conv2d": ((4, 5, 2), [(kl.Conv2D, 3, 3)]),
    "conv2d same": ((4, 5, 2), [(kl.Conv2D, 3, 3, {"padding": "same"})]),
    "conv2d strides": ((6, 5, 2), [(kl.Conv2D, 2, (3, 2), {"strides": (2, 1)})]),
    "conv2d strides, same": ((6, 5, 2), [(kl.Conv2D, 2, 3, {"strides": 2, "padding": "same"})]),
    "conv2d dilated": ((6, 6, 2), [(kl.Conv2D, 2, 2, {"dilation_rate": (2, 3)})]),
    "conv2d dilated, same": ((6, 6, 1), [(kl.Conv2D, 2, 3, {"dilation_rate": 2, "padding": "same"})]),
    "conv2d groups": ((4, 4, 4), [(kl.Conv2D, 6, 3, {"groups": 2})]),
    "conv2d without bias": ((4, 4, 2), [(kl.Conv2D, 2, 3, {"use_bias": False})]),
    "conv2d behind zeros": ((4, 4, 2), [(kl.ZeroPadding2D, ((1, 2), (0, 1))), (kl.Conv2D, 2, 3, {"strides": 2})]),
    "conv1d behind zeros": ((5, 2), [(kl.ZeroPadding1D, 2), (kl.Conv1D, 2, 3)]),
    "conv2d of a cropped part": ((5, 5, 2), [(kl.Cropping2D, 1), (kl.Conv2D, 2, 2)]),
    "depthwise 1d": ((7, 3), [(kl.DepthwiseConv1D, 3)]),
    "depthwise": ((5, 5, 3), [(kl.DepthwiseConv2D, 3)]),
    "depthwise, several": ((6, 6, 2), [(kl.DepthwiseConv2D, 3, {"depth_multiplier": 2, "strides": 2})]),
    "depthwise, same, dilated": ((5, 5, 2), [(kl.DepthwiseConv2D, 2, {"dilation_rate": 2, "padding": "same"})]),
    "batch norm alone": ((3, 3, 2), [(kl.BatchNormalization,)]),
    "batch norm of the middle axis": ((3, 2, 2), [(kl.BatchNormalization, {"axis": 2})]),
    "batch norm without scale": ((4,), [(kl.BatchNormalization, {"scale": False})]),
    "dense, batch norm": ((5,), [(kl.Dense, 4), (kl.BatchNormalization,)]),
    "dense without bias, batch norm without center": (
        (5,),
        [(kl.Dense, 4, {"use_bias": False}), (kl.BatchNormalization, {"center": False})],
    ),
    "conv, batch norm": ((4, 4, 2), [(kl.Conv2D, 3, 3), (kl.BatchNormalization,)]),
    "conv groups, batch norm": ((4, 4, 4), [(kl.Conv2D, 4, 3, {"groups": 2}), (kl.BatchNormalization,)]),
    "zeros, conv, batch norm": ((4, 4, 2), [(kl.ZeroPadding2D, 1), (kl.Conv2D, 2, 3), (kl.BatchNormalization,)]),
    "depthwise, batch norm": ((4, 4, 3), [(kl.DepthwiseConv2D, 3, {"depth_multiplier": 2}), (kl.BatchNormalization,)]),
}


def made(recipe: tuple[Any, ...]) -> Any:
    layer, *arguments = recipe
    options = arguments.pop() if arguments and isinstance(arguments[-1], dict) else {}
    return layer(*arguments, **options, dtype="float64")


@pytest.mark.parametrize("name", LAYERS)
def test_every_rule_equals_its_matrix_form(name: str) -> None:
    shape, recipes = LAYERS[name]
    slow = "groups" in name  # TensorFlow compiles them anew at each use
    check_all_rules(of_layers(*map(made, recipes), shape=shape), chosen=A_FEW if slow else ALL_RULES)


@pytest.mark.parametrize("name", ["dense", "conv2d strides, same", "depthwise", "conv, batch norm"])
def test_and_so_it_is_where_the_input_is_known_to_be_positive(name: str) -> None:
    shape, recipes = LAYERS[name]
    model = of_layers(kl.ReLU(dtype="float64"), *map(made, recipes), shape=shape)
    assert LRP(model)._plan[1].step.nonnegative_input
    x = np.random.default_rng(1).uniform(0, HIGH, (2, *shape))
    relevance = np.random.default_rng(2).normal(size=(2, model.outputs[0].shape[-1]))
    linear = keras.Sequential([keras.Input(shape, dtype="float64"), *model.layers[1:]])
    matrix, bias = as_matrix(linear)
    for rule in ALL_RULES:
        expected, *_ = in_matrix_form(x.reshape(2, -1), matrix, bias, relevance, rule)
        close(LRP(model, composites.uniform(rule)).relevance(x, relevance).numpy().reshape(2, -1), expected)


@pytest.mark.parametrize(
    ("layer", "recipe", "shape"),
    [
        (kl.SeparableConv1D, (3, 3, {"strides": 2}), (7, 2)),
        (kl.SeparableConv2D, (3, 3, {"padding": "same", "depth_multiplier": 2}), (4, 4, 2)),
        (kl.SeparableConv2D, (3, 2, {"strides": 2, "use_bias": False}), (5, 5, 2)),
    ],
)
def test_a_separable_convolution_is_its_two_parts(layer: Any, recipe: tuple[Any, ...], shape: tuple[int, ...]) -> None:
    """Relevance goes through the pointwise matrix, then through the depthwise one."""
    separable = made((layer, *recipe))
    model = of_layers(separable, shape=shape)
    options = {"strides": separable.strides, "padding": separable.padding, "use_bias": False, "dtype": "float64"}
    is_2d = len(shape) == 3
    part = kl.DepthwiseConv2D if is_2d else kl.DepthwiseConv1D
    below = part(separable.kernel_size, depth_multiplier=separable.depth_multiplier, **options)
    depthwise = of_layers(below, shape=shape)
    below.kernel.assign(separable.depthwise_kernel)
    above = (kl.Conv2D if is_2d else kl.Conv1D)(separable.filters, 1, use_bias=separable.use_bias, dtype="float64")
    pointwise = of_layers(above, shape=below.output.shape[1:])
    above.set_weights(separable.get_weights()[1:])

    x = np.random.default_rng(1).uniform(LOW, HIGH, (2, *shape))
    relevance = np.random.default_rng(2).normal(size=(2, model.outputs[0].shape[-1]))
    hidden = np.asarray(depthwise(x))
    for rule in [rule for rule in ALL_RULES if not isinstance(rule, rules.ZBox)]:  # the box holds pixels, not sums
        middle, *_ = in_matrix_form(hidden, *as_matrix(pointwise), relevance, rule)
        expected, *_ = in_matrix_form(x.reshape(2, -1), *as_matrix(depthwise), middle, rule)
        close(LRP(model, composites.uniform(rule)).relevance(x, relevance).numpy().reshape(2, -1), expected)


def test_box_bounds_of_each_pixel_enter_a_convolution() -> None:
    rng = np.random.default_rng(3)
    model = of_layers(made((kl.ZeroPadding2D, 1)), made((kl.Conv2D, 2, 3)), shape=(4, 4, 2))
    low, high = -rng.uniform(1, 2, (4, 4, 2)), rng.uniform(1, 2, (4, 4, 2))
    x, relevance = rng.uniform(-1, 1, (2, 4, 4, 2)), rng.normal(size=(2, 32))
    found = LRP(model, composites.get("epsilon_gamma_box", low=low, high=high)).relevance(x, relevance)
    matrix, bias = as_matrix(model)
    rule = rules.ZBox(low.reshape(-1, 1), high.reshape(-1, 1))
    close(found.numpy().reshape(2, -1), in_matrix_form(x.reshape(2, -1), matrix, bias, relevance, rule)[0])


# Pooling

POOLS: dict[str, tuple[tuple[int, ...], Any, Any, dict[str, Any]]] = {
    "1d": ((6, 2), kl.MaxPooling1D, kl.AveragePooling1D, {"pool_size": 2}),
    "1d overlapping, same": (
        (7, 2),
        kl.MaxPooling1D,
        kl.AveragePooling1D,
        {"pool_size": 3, "strides": 2, "padding": "same"},
    ),
    "2d": ((4, 6, 2), kl.MaxPooling2D, kl.AveragePooling2D, {"pool_size": (2, 3)}),
    "2d overlapping": ((5, 5, 2), kl.MaxPooling2D, kl.AveragePooling2D, {"pool_size": 3, "strides": 1}),
    "2d overlapping, same": (
        (5, 6, 2),
        kl.MaxPooling2D,
        kl.AveragePooling2D,
        {"pool_size": 3, "strides": 2, "padding": "same"},
    ),
    "2d with a rest": ((5, 5, 1), kl.MaxPooling2D, kl.AveragePooling2D, {"pool_size": 2}),
    "1d global": ((4, 3), kl.GlobalMaxPooling1D, kl.GlobalAveragePooling1D, {}),
    "2d global": ((3, 3, 2), kl.GlobalMaxPooling2D, kl.GlobalAveragePooling2D, {}),
    "2d global, kept": ((3, 3, 2), kl.GlobalMaxPooling2D, kl.GlobalAveragePooling2D, {"keepdims": True}),
}


def windows(kind: Any, options: dict[str, Any], shape: tuple[int, ...]) -> Array:
    """Which input is in which window, (inputs, outputs): where the maximum over a unit vector is 1."""
    return as_matrix(of_layers(kind(**options, dtype="float64"), shape=shape))[0] > 0.5


def pooled(x: Array, inside: Array, relevance: Array, pooling: str) -> Array:
    """The relevance of the inputs. A stabiliser of 1e-6 is added to the mean of a window."""
    count = inside.sum(axis=0)
    if pooling == "flat":
        shares = np.broadcast_to(inside / count, (len(x), *inside.shape))
    elif pooling == "proportional":
        values = x[:, :, None] * inside
        total = values.sum(axis=1, keepdims=True)
        shares = values / (total + np.where(total >= 0, 1e-6, -1e-6) * count)
    else:
        values = np.where(inside, x[:, :, None], -np.inf)
        shares = values == values.max(axis=1, keepdims=True)
    return np.einsum("njk,nk->nj", shares, relevance)


@pytest.mark.parametrize("pooling", ["winner", "proportional", "flat"])
@pytest.mark.parametrize("name", POOLS)
def test_max_pooling_equals_its_matrix_form(name: str, pooling: Any) -> None:
    shape, kind, _, options = POOLS[name]
    inside = windows(kind, options, shape)
    rng = np.random.default_rng(4)
    x, relevance = rng.normal(size=(2, *shape)), rng.normal(size=(2, inside.shape[1]))
    model = of_layers(kind(**options, dtype="float64"), shape=shape)
    found = LRP(model, pooling=pooling).relevance(x, relevance).numpy().reshape(2, -1)
    close(found, pooled(x.reshape(2, -1), inside, relevance, pooling))


@pytest.mark.parametrize("name", POOLS)
def test_average_pooling_shares_out_in_proportion(name: str) -> None:
    shape, of_maximum, kind, options = POOLS[name]
    inside = windows(of_maximum, options, shape)
    rng = np.random.default_rng(4)
    x, relevance = rng.normal(size=(2, *shape)), rng.normal(size=(2, inside.shape[1]))
    model = of_layers(kind(**options, dtype="float64"), shape=shape)
    found = LRP(model).relevance(x, relevance).numpy().reshape(2, -1)
    close(found, pooled(x.reshape(2, -1), inside, relevance, "proportional"))


# The same numbers as in NumPy


def as_keras(network: Network) -> Any:
    """A NumPy network of dense layers and ReLUs as a Keras model."""
    first, *_ = network.linear_layers
    stack: list[Any] = [keras.Input((first.weight.shape[0],), dtype="float64")]
    for layer in network.layers:
        linear = hasattr(layer, "weight")
        stack.append(kl.Dense(layer.weight.shape[1], dtype="float64") if linear else kl.ReLU(dtype="float64"))
    model = keras.Sequential(stack)
    for ours, theirs in zip(network.layers, model.layers, strict=True):
        if hasattr(ours, "weight"):
            theirs.set_weights([ours.weight, ours.bias])
    return model


@pytest.mark.parametrize("rule", ALL_RULES, ids=repr)
def test_a_dense_network_is_explained_alike_in_numpy_and_keras(rule: Rule) -> None:
    rng = np.random.default_rng(6)
    network = Network.random((6, 5, 3), rng)
    for layer in network.linear_layers:
        layer.bias[:] = rng.normal(size=layer.bias.shape)
    x = rng.uniform(0, HIGH, (4, 6))
    start = network.forward(x)
    deeper = rules.Epsilon() if isinstance(rule, rules.ZBox) else rule  # the box is for pixels
    expected = network.relprop(x, start, [rule, deeper])
    model = as_keras(network)
    explanation = LRP(model, composites.uniform(deeper), rules={model.layers[0].name: rule})(x, targets.Logit("all"))
    np.testing.assert_allclose(explanation.logits, start, rtol=1e-12)
    close(explanation.relevance, expected)


def evaluated(x: Array, weight: Array, bias: Array) -> Any:
    return Linear(tf.matmul, lambda: tf.constant(weight), lambda: tf.constant(bias)).evaluated(tf.constant(x))


EDGES = {
    "zeros everywhere": (np.zeros((2, 3)), np.zeros((3, 2)), np.zeros(2)),
    "a dead unit": (np.array([[0.0, 0, 0], [1, 0, 0]]), np.array([[0.0, 1], [2, 0], [3, 0]]), np.zeros(2)),
    "an empty side": (np.array([[1.0, 2, 0], [-1, 0, 0]]), np.array([[1.0, 1], [2, -1], [0, 0]]), np.zeros(2)),
    "cancelling": (np.array([[1.0, 1, 0], [0, 0, 1]]), np.array([[1.0, 2], [-1, -2], [0, 0]]), np.zeros(2)),
    "negative zeros": (np.full((2, 3), -0.0), -np.ones((3, 2)), np.full(2, -0.0)),
    "products that underflow": (np.full((2, 3), 1e-200), np.full((3, 2), 1e-200), np.zeros(2)),
    "large inputs": (np.array([[1e100, -1e100, 1], [1e100, 1e100, 0]]), np.ones((3, 2)), np.ones(2)),
}


@pytest.mark.parametrize("edge", EDGES)
def test_at_the_edge_of_the_numbers_too_it_is_what_numpy_gives(edge: str) -> None:
    x, weight, bias = EDGES[edge]
    relevance = np.array([[1.0, 2], [-3, 100]])
    for rule in ALL_RULES:
        fitting = replace(rule, low=x.min() - 1, high=x.max() + 1) if isinstance(rule, rules.ZBox) else rule
        found = redistribute(evaluated(x, weight, bias), tf.constant(relevance), fitting, False, False)
        expected = redistribute_in_numpy(x, weight, bias, relevance, fitting)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-9, atol=1e-9, err_msg=f"{rule}")


@pytest.mark.parametrize(
    ("rule", "behind_relu", "elsewhere"),
    [
        (rules.LRP0(), True, True),
        (rules.Epsilon(), True, True),
        (rules.ZBox(0.0, 1.0), True, True),
        (rules.Gamma(), False, True),  # which of its two groups a neuron belongs to, its own sign says
        (rules.ZPlus(), False, False),
        (rules.AlphaBeta(), False, False),
        (rules.WSquare(), False, False),
        (rules.Flat(), False, False),
    ],
)
def test_what_a_layer_put_out_is_kept_only_for_rules_that_look_at_it(
    rule: rules.Rule, behind_relu: bool, elsewhere: bool
) -> None:
    assert needs_product(rule, nonnegative_input=True, only_active=True) is behind_relu
    assert needs_product(rule, nonnegative_input=False, only_active=False) is elsewhere


@pytest.mark.parametrize("rule", [rules.ZPlus(), rules.Gamma(), rules.AlphaBeta(2, 1), rules.WSquare()], ids=str)
def test_a_kernel_in_slices_gives_the_same_compiled_or_not(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    model = of_layers(kl.Dense(11, "relu", dtype="float64"), kl.Dense(7, dtype="float64"), shape=(5,))
    images, start = np.random.default_rng(2).normal(size=(3, 5)), np.eye(3, 7)
    whole = LRP(model, composites.uniform(rule)).relevance(images, start)
    monkeypatch.setattr(keras_rules, "SLICE", 10)
    explainer = LRP(model, composites.uniform(rule))
    close(explainer.relevance(images, start), whole)
    close(tf.function(explainer.relevance, autograph=False)(tf.constant(images), tf.constant(start)), whole)
