"""LRP on Keras models: published numbers, the laws on random graphs, what may be asked for, and what is refused."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("tensorflow")

import keras
import tensorflow as tf
from keras import layers as kl

from lrp_edu import composites, rules, targets
from lrp_edu.composites import Composite
from lrp_edu.dense import relprop_dense
from lrp_edu.keras_lrp import LRP
from lrp_edu.rules import Rule
from lrp_edu.targets import Target

Array = np.ndarray
DOUBLE = {"dtype": "float64"}


def given_weights(layer: Any, *weights: Any) -> Callable[[Any], Any]:
    """The layer, which gets these weights when it is first called."""

    def call(x: Any) -> Any:
        y = layer(x)
        layer.set_weights([np.array(numbers, float) for numbers in weights])
        return y

    return call


def dense(weight: Any, bias: Any = None, **options: Any) -> Callable[[Any], Any]:
    weight = np.array(weight, float)
    layer = kl.Dense(weight.shape[1], use_bias=bias is not None, **DOUBLE, **options)
    return given_weights(layer, *([weight] if bias is None else [weight, bias]))


def chain(shape: tuple[int, ...], *layers: Callable[[Any], Any]) -> Any:
    x = y = keras.Input(shape, **DOUBLE)
    for layer in layers:
        y = layer(y)
    return keras.Model(x, y)


def explained(model: Any, composite: Any, x: Any, start: Any, **options: Any) -> Array:
    """The relevance of `x` for a start relevance, in float64."""
    composite = composites.uniform(composite) if isinstance(composite, Rule) else composite
    return LRP(model, composite, **options).relevance(np.array(x, float), np.array(start, float)).numpy()


def close(found: Any, expected: Any, printed_to: float = 0.0) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=max(printed_to, 1e-9))


# Published numbers: A (captum), B (RelevancePropagation.jl), C (keras-explainability)


def test_a1_convolution_and_dense() -> None:
    """The delta is 0 by coincidence: the biases take 225 − 171 = 54."""
    kernel = np.ones((3, 3, 1, 2))
    signs = np.array([1, 1, 1, 1, 1, -1, -1, -1])
    # The case flattens channel by channel; Keras flattens with the channels last.
    weight = np.tile(signs[:, None], (1, 4)).reshape(2, 2, 2, 4).transpose(1, 2, 0, 3).reshape(8, 4)
    conv = given_weights(kl.Conv2D(2, 3, activation="relu", **DOUBLE), kernel, [-50, -75])
    model = chain((4, 4, 1), conv, kl.Flatten(**DOUBLE), dense(weight, np.zeros(4), activation="relu"))
    explanation = LRP(model, composites.uniform(rules.Epsilon(1e-9)))(np.arange(16.0).reshape(1, 4, 4, 1))
    expected = [[0, 1, 2, 3], [0, 5, 6, 7], [0, 9, 10, 11], [0, 0, 0, 0]]
    close(explanation.logits, [[54] * 4])
    close(explanation.relevance[0, :, :, 0], expected, printed_to=1e-8)
    ledger = explanation.ledger()
    assert ledger.bias == pytest.approx(0, abs=1e-6)
    assert ledger.arrived == pytest.approx(54)


TWOS = np.full((3, 3), 2.0)
BENT = np.array([[-2.0, 2, 2], [2, 2, 2], [2, 2, 2]])
THREES = np.full((3, 1), 3.0)
ONE_TWO_THREE = [[1, 2, 3]]


def two_layers(weight: Array) -> Any:
    return chain((3,), dense(weight, activation="relu"), dense(THREES))


def test_a2_epsilon_and_its_batch() -> None:
    explanation = LRP(two_layers(TWOS), composites.uniform(rules.Epsilon()))([[1, 2, 3], [3, 6, 9]])
    close(explanation.logits, [[108], [324]])
    close(explanation.relevance, [[18, 36, 54], [54, 108, 162]])


def test_a3_gamma_of_each_layer() -> None:
    model = two_layers(BENT)
    first, second = (layer.name for layer in model.layers[1:])
    own = {first: rules.Gamma(1, epsilon=0), second: rules.Gamma(0.25, epsilon=0)}
    close(LRP(model, rules=own)(ONE_TWO_THREE).relevance, [[28 / 3, 104 / 3, 52]])


@pytest.mark.parametrize("rule", [rules.AlphaBeta(1, 0), rules.ZPlus()], ids=repr)
def test_a4_z_plus(rule: Rule) -> None:
    close(LRP(two_layers(BENT), composites.uniform(rule))(ONE_TWO_THREE).relevance, [[12, 33.6, 50.4]])


def test_a5_relevance_passes_a_layer_as_it_came() -> None:
    model = two_layers(BENT)
    explanation = LRP(model, composites.uniform(rules.Epsilon()), rules={model.layers[1].name: "pass"})(ONE_TWO_THREE)
    close(explanation.logits, [[96]])
    close(explanation.relevance, [[24, 36, 36]])


def test_a6_tanh_passes_relevance_through() -> None:
    model = chain((3,), dense(np.full((3, 3), 0.1)), kl.Activation("tanh", **DOUBLE), dense(np.full((3, 1), 0.1)))
    explanation = LRP(model, composites.uniform(rules.Epsilon(0)))(ONE_TWO_THREE)
    close(explanation.logits, [[0.3 * np.tanh(0.6)]])
    close(explanation.relevance, [[0.0269, 0.0537, 0.0806]], printed_to=5e-5)


def test_a7_an_addition_shares_out_in_proportion() -> None:
    model = chain((2,), lambda x: kl.Add(**DOUBLE)([dense(np.full((2, 2), 5.0))(x), x]))
    explanation = LRP(model, composites.uniform(rules.Epsilon()))([[2, 3]], target=1)
    close(explanation.start, [[0, 28]])
    close(explanation.relevance, [[10, 18]])


def test_a8_dense_rows_and_the_winner_of_a_pool() -> None:
    model = chain((2, 2), dense(np.full((2, 2), 2.0)), kl.Reshape((4, 1), **DOUBLE), kl.MaxPooling1D(2, **DOUBLE))
    model = keras.Model(model.inputs, kl.Flatten(**DOUBLE)(model.outputs[0]))
    explanation = LRP(model, composites.uniform(rules.Epsilon()))([[[1, 2], [5, 6]]], target=1)
    close(explanation.start, [[0, 22]])
    close(explanation.relevance, [[[0, 0], [10, 12]]])


def pooled(layer: Any, x: Any, relevance: Any, **options: Any) -> Array:
    x = np.array(x, float)
    model = chain((*x.shape, 1), layer)
    start = np.array(relevance, float)[None, ..., None]
    return explained(model, rules.Epsilon(), x[None, ..., None], start, **options)[0, ..., 0]


def test_a9_the_winner_takes_all() -> None:
    close(pooled(kl.MaxPooling2D(2, **DOUBLE), [[1, 2], [5, 6]], [[6]]), [[0, 0], [0, 6]])


def test_a10_three_dimensions_are_refused_by_name() -> None:
    """Of the layers, 1D and 2D are promised."""
    model = keras.Sequential([keras.Input((2, 2, 2, 1)), kl.MaxPooling3D(2, name="cube"), kl.Flatten()])
    with pytest.raises(ValueError, match=r"layer 'cube' \(MaxPooling3D\) has no rule"):
        LRP(model)


def test_a11_two_inputs_summed_and_a_bias_that_takes_less_than_nothing() -> None:
    """The inputs are x and 3x. Captum hands all of the sum's relevance to each, 88 − 2 · 96 = −104; ours splits it.

    Seen as one input that comes in twice, both shares of x add up to what the sum got.
    """
    model = chain(
        (3,),
        lambda x: kl.Add(**DOUBLE)([x, dense(3 * np.eye(3))(x)]),
        dense(np.eye(3), np.zeros(3)),
        dense(np.ones((3, 4)), [-10, 1, 1, 1], activation="relu"),
        dense(np.ones((4, 2)), [-1, 1]),
    )
    explanation = LRP(model, composites.uniform(rules.Epsilon(1e-9)))(ONE_TWO_THREE, target=0)
    close(explanation.start, [[88, 0]])
    close(explanation.relevance, [[16, 32, 48]])
    assert explanation.ledger().bias == pytest.approx(88 - 96)


def test_a12_epsilon_is_input_times_gradient() -> None:
    rng = np.random.default_rng(2)
    convolution = kl.Conv2D(3, 3, use_bias=False, activation="relu", **DOUBLE)
    model = chain(
        (6, 6, 2), convolution, kl.MaxPooling2D(**DOUBLE), kl.Flatten(**DOUBLE), kl.Dense(3, use_bias=False, **DOUBLE)
    )
    x = tf.constant(rng.normal(size=(3, 6, 6, 2)))
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = tf.reduce_sum(model(x)[:, 1])
    expected = x * tape.gradient(value, x)
    close(LRP(model, composites.uniform(rules.LRP0()))(x, target=1).relevance, expected)


def test_b2_overlapping_pools() -> None:
    x, relevance = [[1, 2, 3], [10, 5, 6], [7, 8, 9]], np.array([[1, 2], [3, 4]]) / 30
    expected = np.array([[0, 0, 0], [4, 0, 2], [0, 0, 4]]) / 30
    close(pooled(kl.MaxPooling2D(2, strides=1, **DOUBLE), x, relevance), expected)


def test_b3_batch_normalisation_is_an_element_wise_scale() -> None:
    norm = given_weights(kl.BatchNormalization(epsilon=0, **DOUBLE), [-2, 2], [1, -3], [0, 0], [1, 1])
    model = chain((2,), norm, kl.ReLU(**DOUBLE))
    close(explained(model, rules.LRP0(), [[1, 2]], [[1 / 3, 2 / 3]]), [[2 / 3, 8 / 3]])


@pytest.mark.parametrize(("target", "expected"), [(0, [4 / 19, 8 / 19]), (1, [5 / 27, 14 / 27])])
def test_b4_residual(target: int, expected: list[float]) -> None:
    branch = dense([[3, 5], [4, 6]], [7, 8], activation="relu")
    model = chain((2,), lambda x: kl.Add(**DOUBLE)([x, branch(x)]))
    close(LRP(model, composites.uniform(rules.LRP0()))([[1, 2]], targets.OneHot(target)).relevance, [expected])


def test_c1_and_c2_dense() -> None:
    model = chain((2,), dense([[1, 2, 3], [2, 3, 4]]))
    close(explained(model, rules.LRP0(), [[2, 3]], [[24, 52, 90]]), [[52, 114]])
    close(explained(model, rules.Epsilon(1), [[2, 3]], [[24, 52, 90]]), [[48.611529, 106.270677]], printed_to=5e-7)


@pytest.mark.parametrize("a", [1, 2, 3, 4])
def test_c5_alpha_beta_of_two_layers(a: int) -> None:
    """The second layer has no negative part; ours does not multiply by α there."""
    first = dense([[1, 1, -1], [-1, -1, -1], [1, -1, 1]], activation="relu")
    model = chain((3,), first, dense([[1], [2], [3]]))
    found = LRP(model, composites.uniform(rules.AlphaBeta(a, a - 1)))([[1, 2, -3]]).relevance
    close(found, [[a, -4 * (a - 1), 3 * a]])


def test_c9_the_bias_of_a_convolution_keeps_its_part() -> None:
    conv = given_weights(kl.Conv2D(1, 3, **DOUBLE), np.arange(1, 10).reshape(3, 3, 1, 1), [100])
    model = chain((3, 3, 1), conv, kl.Flatten(**DOUBLE))
    explanation = LRP(model, composites.uniform(rules.LRP0()))(np.arange(1, 10).reshape(1, 3, 3, 1))
    close(explanation.relevance[0, :, :, 0], np.arange(1, 10).reshape(3, 3) ** 2)
    assert explanation.ledger().bias == pytest.approx(100)


def test_c14_average_pooling_in_proportion() -> None:
    up = np.arange(1, 17).reshape(4, 4)
    x, relevance = np.stack([up, 17 - up], axis=-1)[None], np.array([[[1, 5], [2, 6]], [[3, 7], [4, 8]]])[None]
    model = chain((4, 4, 2), kl.AveragePooling2D(2, **DOUBLE))
    found = explained(model, rules.Epsilon(), x, relevance)[0]
    close(found[0, :, 0], [1 / 14, 2 / 14, 6 / 22, 8 / 22])
    close(found[0, :, 1], [80 / 54, 75 / 54, 84 / 46, 78 / 46])
    close(found[3, :, 1], [7 * 4 / 22, 7 * 3 / 22, 8 * 2 / 14, 8 * 1 / 14])
    close(found[3, :, 0], [39 / 46, 42 / 46, 60 / 54, 64 / 54])


def test_d_an_empty_side_of_alpha_beta_conserves() -> None:
    model = chain((2,), dense([[-1], [1]], [0]))
    found = explained(model, rules.AlphaBeta(2, 1, epsilon=0), [[0, 0], [0, 1], [1, 0], [2, 4]], [[0], [1], [1], [1]])
    close(found, [[0, 0], [0, 1], [1, 0], [-1, 2]])


# Random graphs


def merged(a: Any, b: Any, way: str) -> Any:
    return {"add": kl.Add, "average": kl.Average, "concatenate": kl.Concatenate}[way](**DOUBLE)([a, b])


def a_block(way: str, x: Any) -> Any:
    """One more layer or branch on top of x, shape (4, 4, channels)."""
    channels = x.shape[-1]
    conv = {"padding": "same", **DOUBLE}
    match way:
        case "conv":
            return kl.Conv2D(3, 3, activation="relu", **conv)(x)
        case "norm":
            return kl.ReLU(**DOUBLE)(kl.BatchNormalization(**DOUBLE)(kl.Conv2D(2, 3, **conv)(x)))
        case "affine":
            return kl.BatchNormalization(**DOUBLE)(x)
        case "depthwise":
            return kl.DepthwiseConv2D(2, activation="relu", **conv)(x)
        case "skip":
            return merged(kl.Conv2D(channels, 2, activation="relu", **conv)(x), x, "add")
        case "average":
            return merged(kl.Conv2D(channels, 1, **conv)(x), x, "average")
        case "branch":
            return merged(kl.Conv2D(2, 1, activation="elu", **conv)(x), kl.Conv2D(1, 3, **conv)(x), "concatenate")
        case "self":
            return merged(x, x, "concatenate")
        case "pool":
            return kl.MaxPooling2D(3, strides=1, **conv)(x)
        case "mean":
            return kl.AveragePooling2D(2, strides=1, **conv)(x)
        case "zeros":
            return kl.Conv2D(2, 3, **DOUBLE)(kl.ZeroPadding2D(1, **DOUBLE)(x))
        case "nested":
            inner = keras.Sequential([keras.Input(x.shape[1:], **DOUBLE), kl.Conv2D(2, 1, activation="relu", **conv)])
            return inner(x)
    raise AssertionError(way)


BLOCKS = [
    *("conv", "norm", "affine", "depthwise", "skip", "average", "branch", "self", "pool", "mean", "zeros", "nested"),
]


def a_graph(ways: list[str], seed: int) -> Any:
    x = y = keras.Input((4, 4, 1), **DOUBLE)
    for way in ways:
        y = a_block(way, y)
    y = kl.Dense(3, **DOUBLE)(kl.Flatten(**DOUBLE)(y))
    model = keras.Model(x, y)
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        if "variance" in variable.path:
            variable.assign(rng.uniform(0.5, 2, variable.shape))
        else:
            variable.assign(rng.normal(size=variable.shape) / max(1, np.sqrt(np.prod(variable.shape[:-1]))))
    return model


def images(seed: int, count: int = 3) -> Array:
    return np.random.default_rng(seed).uniform(0, 1, (count, 4, 4, 1))


graphs = st.tuples(st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=4), st.integers(0, 99))
few = settings(max_examples=12)


def untraced(explainer: LRP) -> LRP:
    """The explainer without tracing, which takes longer than a few small pictures."""
    explainer.__dict__.update(_explain=explainer._explained)
    return explainer


CONSERVING = [
    composites.epsilon_plus(),
    composites.epsilon_plus_flat(),
    composites.epsilon_alpha2_beta1(),
    composites.deep_taylor(0, 1),
]


def without_stabiliser(composite: Composite) -> Composite:
    first = None if composite.first is None else replace(composite.first, epsilon=0.0)
    return replace(
        composite, rules=tuple((kind, replace(rule, epsilon=0.0)) for kind, rule in composite.rules), first=first
    )


@few
@given(graph=graphs)
def test_without_bias_all_relevance_arrives(graph: Any) -> None:
    """But for what additions and average pools stabilise, and what meets neurons that have nobody to give to."""
    model = a_graph(*graph)
    start = np.random.default_rng(0).normal(size=(3, 3))
    for composite in CONSERVING:
        explainer = untraced(LRP(model, without_stabiliser(composite), bias="ignore"))
        ledger = explainer.books(images(1), start)
        assert ledger.bias == 0
        lost = sum(abs(row.stabiliser) for row in ledger.rows)
        assert abs(ledger.start - ledger.arrived) <= 1e-5 * max(1, abs(start).sum()) + lost


@few
@given(graph=graphs, pooling=st.sampled_from(["winner", "proportional", "flat"]))
def test_the_books_close(graph: Any, pooling: Any) -> None:
    model = a_graph(*graph)
    for composite in (composites.epsilon_plus(), composites.epsilon_gamma_box(0, 1), composites.uniform(rules.LRP0())):
        explanation = untraced(LRP(model, composite, pooling=pooling))(images(1), targets.Logit("all"))
        ledger = explanation.ledger()
        scale = max(abs(row.entered) + abs(row.left) + abs(row.bias) + abs(row.stabiliser) for row in ledger.rows)
        exact = {"rel": 0, "abs": 1e-9 * scale}
        assert ledger.start == pytest.approx(explanation.start.sum())
        assert ledger.arrived == pytest.approx(explanation.relevance.sum(), **exact)
        assert ledger.start == pytest.approx(ledger.arrived + ledger.bias + ledger.stabiliser, **exact)
        for row in ledger.rows:
            assert row.entered == pytest.approx(row.left + row.bias + row.stabiliser, **exact), row


@few
@given(graph=graphs, pooling=st.sampled_from(["winner", "proportional", "flat"]))
def test_layer_by_layer_it_is_what_the_books_say(graph: Any, pooling: Any) -> None:
    model = a_graph(*graph)
    explanation = untraced(LRP(model, composites.epsilon_gamma_box(0, 1), pooling=pooling))(images(1))
    layers, rows = explanation.layers(), explanation.ledger().rows
    assert list(layers) == [model.layers[0].name, *(row.name for row in reversed(rows))]
    for row in rows:
        assert layers[row.name].relevance.shape == layers[row.name].activation.shape
        assert layers[row.name].relevance.sum() == pytest.approx(row.entered, abs=1e-9 * abs(explanation.start).sum())
    first, last = (list(layers.values())[number] for number in (0, -1))
    np.testing.assert_array_equal(first.activation, images(1))
    np.testing.assert_array_equal(first.relevance, explanation.relevance)
    close(last.activation, explanation.logits)
    np.testing.assert_array_equal(last.relevance, explanation.start)


@pytest.mark.parametrize("seed", range(2))
def test_what_arrives_at_a_layer_explains_the_network_above_it(seed: int) -> None:
    model = a_graph(["conv", "pool", "conv", "mean"], seed)
    explanation = LRP(model, composites.epsilon_plus())(images(1))
    layers = explanation.layers()
    for layer in model.layers[:-1]:
        here, above = layers[layer.name], keras.Model(layer.output, model.output)
        close(here.activation, keras.Model(model.input, layer.output)(images(1)))
        close(here.relevance, explained(above, composites.epsilon_plus(), here.activation, explanation.start))


def test_relevance_logits_and_books_at_once_are_those_of_an_explanation() -> None:
    """What nothing was traced for is what was traced."""
    explainer = LRP(a_graph(["conv", "pool", "conv", "mean"], 1), "epsilon_alpha2_beta1")
    explanation = explainer(images(1), targets.Logit("all"))
    close(explainer.logits(images(1)), explanation.logits)
    relevance, books = explainer.relevance_and_books(images(1), explanation.start)
    close(relevance, explanation.relevance)
    assert books.arrived == pytest.approx(explanation.relevance.sum())
    assert books == explanation.ledger()


def test_an_explainer_that_is_let_go_of_lets_go_of_its_network() -> None:
    """TensorFlow keeps what it traced; that must not lead back to the weights, of which VGG16 has half a gigabyte."""
    model = a_graph(["conv", "pool"], 0)
    explainer = LRP(model)
    explainer(images(1)).ledger()
    kernel = weakref.ref(next(layer for layer in model.layers if layer.weights))
    del model, explainer
    gc.collect()
    assert kernel() is None


@settings(max_examples=6)
@given(graph=graphs)
def test_linear_in_relevance_and_rows_independent(graph: Any) -> None:
    model = a_graph(*graph)
    rng = np.random.default_rng(3)
    x, one, other = images(2), rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    for composite in (composites.epsilon_gamma_box(0, 1), composites.epsilon_alpha2_beta1()):
        relevance = LRP(model, composite).relevance
        together = relevance(tf.constant(x), tf.constant(one + 2 * other)).numpy()
        first, second = (relevance(tf.constant(x), tf.constant(start)).numpy() for start in (one, other))
        scale = np.abs(first).max() + np.abs(second).max()
        np.testing.assert_allclose(together, first + 2 * second, rtol=0, atol=1e-9 * scale)
        rows = [relevance(tf.constant(x[[n]]), tf.constant(one[[n]])).numpy()[0] for n in range(3)]
        np.testing.assert_allclose(first, rows, rtol=0, atol=1e-9 * scale)


@few
@given(graph=graphs)
def test_the_model_is_left_as_it_was_and_a_second_call_gives_the_same(graph: Any) -> None:
    model = a_graph(*graph)
    model.trainable = True
    weights, values = [weight.copy() for weight in model.get_weights()], np.asarray(model(images(1)))
    variables = {id(variable) for variable in model.variables}
    explainer = untraced(LRP(model))
    first, second = explainer(images(1)), explainer(images(1))
    np.testing.assert_array_equal(first.relevance, second.relevance)
    close(first.logits, values)
    np.testing.assert_array_equal(np.asarray(model(images(1))), values)
    for now, before in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(now, before)
    assert model.trainable
    assert {id(variable) for variable in model.variables} == variables


@settings(max_examples=5)
@given(graph=graphs)
def test_dead_units_make_no_nan(graph: Any) -> None:
    model = a_graph(*graph)
    for variable in model.weights:
        if "bias" in variable.path or "beta" in variable.path:
            variable.assign(np.zeros(variable.shape))
    dark = np.zeros((2, 4, 4, 1))
    for composite in (*CONSERVING, composites.epsilon_gamma_box(0, 1), composites.uniform(rules.LRP0())):
        for pooling in ("winner", "proportional", "flat"):
            assert np.isfinite(explained(model, composite, dark, np.ones((2, 3)), pooling=pooling)).all()


def knowing_nothing(explainer: LRP) -> LRP:
    """The explainer without the shortcuts that it takes where inputs are positive or neurons active."""
    explainer._plan = [
        replace(planned, only_active=False, step=replace(planned.step, nonnegative_input=False))
        for planned in explainer._plan
    ]
    return explainer


SIGNED_RULES = [rules.Gamma(0.5), rules.ZPlus(), rules.AlphaBeta(2, 1), rules.Gamma(0.5, bias="ignore")]


@few
@given(graph=graphs, rule=st.sampled_from(SIGNED_RULES), pooling=st.sampled_from(["winner", "proportional", "flat"]))
def test_what_is_known_changes_the_cost_and_not_the_result(graph: Any, rule: Rule, pooling: Any) -> None:
    model = a_graph(*graph)
    start = np.random.default_rng(4).normal(size=(3, 3))
    quick = LRP(model, composites.uniform(rule), pooling=pooling)
    plain = knowing_nothing(LRP(model, composites.uniform(rule), pooling=pooling))
    expected = plain.relevance(images(5), start).numpy()
    atol = 1e-9 * np.abs(expected).max()
    np.testing.assert_allclose(quick.relevance(images(5), start).numpy(), expected, rtol=1e-7, atol=atol)


# What stands between a layer that ends in ReLU and the next one that hands relevance out
BETWEEN: dict[str, tuple[list[Callable[[], Any]], dict[str, Any]]] = {
    "nothing": ([], {}),
    "tanh": ([lambda: kl.Activation("tanh", **DOUBLE)], {}),
    "sigmoid": ([lambda: kl.Activation("sigmoid", **DOUBLE)], {}),
    "softplus": ([lambda: kl.Activation("softplus", **DOUBLE)], {}),
    "log of sigmoid": ([lambda: kl.Activation("log_sigmoid", **DOUBLE)], {}),
    "a layer that passes": ([lambda: kl.LayerNormalization(name="norm", **DOUBLE)], {"rules": {"norm": "pass"}}),
    "a shift that passes": ([lambda: kl.Rescaling(1.0, -1.0, name="norm", **DOUBLE)], {"rules": {"norm": "pass"}}),
    "batch norm": ([lambda: kl.BatchNormalization(**DOUBLE)], {}),
    "winner": (
        [lambda: kl.Reshape((5, 1), **DOUBLE), lambda: kl.MaxPooling1D(2, **DOUBLE), lambda: kl.Flatten(**DOUBLE)],
        {},
    ),
    "flat pool": (
        [lambda: kl.Reshape((5, 1), **DOUBLE), lambda: kl.MaxPooling1D(2, **DOUBLE), lambda: kl.Flatten(**DOUBLE)],
        {"pooling": "flat"},
    ),
}


@pytest.mark.parametrize("between", BETWEEN)
def test_neurons_count_as_silent_only_where_no_relevance_reaches_them(between: str) -> None:
    layers, options = BETWEEN[between]
    rng = np.random.default_rng(8)
    model = chain(
        (4,),
        dense(rng.normal(size=(4, 5)), rng.normal(size=5), activation="relu"),
        *(layer() for layer in layers),
        kl.Dense(3, bias_initializer="ones", **DOUBLE),
    )
    x, start, gamma = rng.normal(size=(4, 4)), rng.normal(size=(4, 3)), composites.uniform(rules.Gamma(0.5))
    found = LRP(model, gamma, **options).relevance(x, start)
    close(found, knowing_nothing(LRP(model, gamma, **options)).relevance(x, start))


# Other graphs


@pytest.mark.parametrize("merge", [kl.Add, kl.Average, kl.Concatenate])
def test_a_tensor_merged_with_itself_gets_its_relevance_once(merge: Any) -> None:
    model = chain((3,), lambda x: merge(**DOUBLE)([x, x]), kl.Dense(2, use_bias=False, **DOUBLE))
    found = explained(model, rules.LRP0(), [[1, 2, 3]], [[1, 2]])
    assert found.sum() == pytest.approx(3, rel=1e-5)


def test_a_summand_that_is_broadcast_collects_its_relevance() -> None:
    model = chain(
        (3, 2),
        lambda x: kl.Add(**DOUBLE)([x, kl.GlobalAveragePooling1D(keepdims=True, **DOUBLE)(x)]),
        kl.Flatten(**DOUBLE),
        kl.Dense(2, use_bias=False, **DOUBLE),
    )
    found = explained(model, rules.LRP0(), [[[1, 2], [3, 4], [5, 6]]], [[1, 2]])
    assert found.shape == (1, 3, 2)
    assert found.sum() == pytest.approx(3, rel=1e-5)


def test_the_plus_sign_is_an_addition() -> None:
    layer = dense(np.full((2, 2), 5.0))
    model = chain((2,), lambda x: layer(x) + x)
    close(explained(model, rules.Epsilon(), [[2, 3]], [[0, 28]]), [[10, 18]])


def test_a_layer_used_twice_is_walked_twice() -> None:
    weight = np.array([[1.0, 2], [3, 1]])
    shared = kl.Dense(2, use_bias=False, **DOUBLE)
    x = keras.Input((2,), **DOUBLE)
    model = keras.Model(x, shared(shared(x)))
    shared.set_weights([weight])
    apart = chain((2,), dense(weight), dense(weight))
    arguments = rules.ZPlus(), [[1, 2]], [[1, 2]]
    close(explained(model, *arguments), explained(apart, *arguments))


def test_a_rule_of_its_own_holds_for_every_use_of_a_layer_or_for_the_one_that_is_named() -> None:
    weight = np.array([[1.0, 2], [-3, 1]])
    shared = kl.Dense(2, use_bias=False, name="shared", **DOUBLE)
    x = keras.Input((2,), **DOUBLE)
    model = keras.Model(x, shared(shared(x)))
    shared.set_weights([weight])

    def by_rules(lower: Rule, upper: Rule) -> Array:
        start = np.array([[3.0, 4.0]])
        values = np.array([[2.0, 1.0]])
        hidden = values @ weight
        above = relprop_dense(hidden, weight, None, start, upper)
        return relprop_dense(values, weight, None, above, lower)

    for own, expected in [
        ({"shared": rules.Flat()}, by_rules(rules.Flat(), rules.Flat())),
        ({"shared (use 2)": rules.Flat()}, by_rules(rules.Epsilon(), rules.Flat())),
        ({"shared": rules.Flat(), "shared (use 2)": rules.ZPlus()}, by_rules(rules.Flat(), rules.ZPlus())),
    ]:
        close(explained(model, rules.Epsilon(), [[2, 1]], [[3, 4]], rules=own), expected)


def test_nested_models_are_explained_like_flat_ones() -> None:
    layers = [kl.Dense(4, activation="relu", **DOUBLE), kl.Dense(3, **DOUBLE), kl.Dense(2, **DOUBLE)]
    flat = chain((3,), *layers)
    x = keras.Input((3,), **DOUBLE)
    inside = keras.Sequential([keras.Input((3,), **DOUBLE), keras.Model(x, layers[1](layers[0](x))), layers[2]])
    around = keras.Model(x, keras.Sequential([keras.Input((3,), **DOUBLE), *layers])(x))
    expected = explained(flat, "epsilon_plus", [[1, -2, 3]], [[1, 2]])
    for model in (inside, around):
        close(explained(model, "epsilon_plus", [[1, -2, 3]], [[1, 2]]), expected)


@pytest.mark.parametrize(
    "top",
    [
        lambda: [kl.Dense(3, activation="softmax", name="top", **DOUBLE)],
        lambda: [kl.Dense(3, name="top", **DOUBLE), kl.Activation("softmax", name="soft", **DOUBLE)],
        lambda: [kl.Dense(3, name="top", **DOUBLE), kl.Softmax(name="soft", **DOUBLE)],
    ],
)
def test_the_logit_is_explained_where_the_model_ends_in_softmax(
    top: Callable[[], list[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    model = chain((4,), *top())
    explainer = LRP(model)
    explanation = explainer(np.ones((2, 4)))
    layer = model.get_layer("top")
    logits = np.ones((2, 4)) @ layer.get_weights()[0]
    close(explanation.logits, logits)
    np.testing.assert_allclose(explanation.relevance.sum(axis=1), logits.max(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(model(np.ones((2, 4))).numpy().sum(axis=1).round(9), [1, 1])
    explainer.summary()
    assert "softmax taken off" in capsys.readouterr().out


def test_batch_normalisation_folds_to_the_same_logits_and_the_flag_of_training_stays() -> None:
    model = a_graph(["norm", "affine", "depthwise"], seed=1)
    before = np.asarray(model(images(0), training=False))
    close(LRP(model)(images(0)).logits, before)
    statistics = [variable.numpy() for variable in model.non_trainable_variables]
    assert all(np.isfinite(numbers).all() for numbers in statistics)


PASSING: dict[str, Callable[[], list[Any]]] = {
    "a folded convolution": lambda: [kl.Conv2D(1, 1, name="it", **DOUBLE), kl.BatchNormalization(**DOUBLE)],
    "a separable convolution": lambda: [kl.SeparableConv2D(1, 3, padding="same", name="it", **DOUBLE)],
    "batch normalisation": lambda: [kl.BatchNormalization(name="it", **DOUBLE)],
    "a layer without a rule": lambda: [kl.LayerNormalization(name="it", **DOUBLE)],
    "a layer without a rule that tells training": lambda: [kl.RandomZoom(0.5, name="it", **DOUBLE)],
}


@pytest.mark.parametrize("what", PASSING)
def test_passing_relevance_through_a_layer_leaves_the_logits_as_they_are(what: str) -> None:
    model = chain((4, 4, 1), *PASSING[what](), kl.Flatten(**DOUBLE), kl.Dense(2, **DOUBLE))
    rng = np.random.default_rng(9)
    for variable in model.weights:
        if variable.dtype == "float64":
            variable.assign(rng.uniform(0.5, 2, variable.shape))
    close(LRP(model, rules={"it": "pass"})(images(1)).logits, np.asarray(model(images(1), training=False)))


def test_relevance_can_pass_an_operation_with_a_number_in_it() -> None:
    model = chain((2,), dense([[1, 2], [3, 1]]), lambda x: 2 * x + 1.0, dense([[1, 0], [1, 1]]))
    passing = {part.name: "pass" for part in model.operations[2:4]}  # Keras numbers their names: multiply_1, add_5
    explainer = LRP(model, composites.uniform(rules.Epsilon(0)), rules=passing)
    found = explainer([[1, 2]], 0)  # 7, 4 → 15, 9 → 24, 9
    close(found.logits, [[24, 9]])
    close(found.relevance, [[15 / 7 + 9 / 4 * 2, 6 * 15 / 7 + 2 * 9 / 4]])


def test_a_tie_in_global_max_pooling_is_shared() -> None:
    model = chain((3, 1), kl.GlobalMaxPooling1D(**DOUBLE))
    close(explained(model, rules.Epsilon(), [[[4], [1], [4]]], [[6]]), [[[3], [0], [3]]])


def test_new_weights_are_seen_by_an_explainer_that_is_there_already() -> None:
    model = chain((3,), dense(np.ones((3, 2))))
    explainer = LRP(model, composites.uniform(rules.Epsilon()))
    explainer([[1, 2, 3]])
    model.layers[-1].set_weights([np.full((3, 2), 2.0)])
    close(explainer([[1, 2, 3]]).relevance, [[2, 4, 6]])


def test_one_trace_serves_every_batch_size_and_every_target(monkeypatch: pytest.MonkeyPatch) -> None:
    traced = []
    walk = LRP._forward
    monkeypatch.setattr(LRP, "_forward", lambda self, x: traced.append(x.shape[0]) or walk(self, x))
    explainer = LRP(a_graph(["conv"], seed=0))
    for count, target in [(1, None), (2, 1), (5, targets.Margin()), (3, [0, 1, 2])]:
        explainer(images(0, count), target)
    assert traced == [None]


def test_float32_agrees_with_float64() -> None:
    def made(dtype: str) -> Any:
        convolution = kl.Conv2D(4, 3, activation="relu", padding="same", dtype=dtype)
        layers = convolution, kl.MaxPooling2D(dtype=dtype), kl.Flatten(dtype=dtype), kl.Dense(3, dtype=dtype)
        return keras.Sequential([keras.Input((4, 4, 1), dtype=dtype), *layers])

    exact, single = made("float64"), made("float32")
    single.set_weights(exact.get_weights())
    found, expected = (LRP(model)(images(1), target=0).relevance for model in (single, exact))
    assert (found.dtype, expected.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


# What may be asked for

TARGETS: list[Target] = [
    targets.Logit(),
    targets.Logit(2),
    targets.Logit([0, 2, 1]),
    targets.Logit("all"),
    targets.OneHot(1),
    targets.Softmax("all"),
    targets.Margin(0, 1),
    targets.Margin(),
    targets.LogOdds(1),
    targets.Contrastive(2),
]


@pytest.fixture(scope="module")
def small() -> Any:
    return a_graph(["conv"], seed=0)


@pytest.fixture(scope="module")
def explainer(small: Any) -> LRP:
    """One for all that may be asked, since it takes longer to trace than to answer."""
    return LRP(small)


@pytest.mark.parametrize("target", TARGETS, ids=repr)
def test_every_target(small: Any, explainer: LRP, target: Target) -> None:
    explanation = explainer(images(1), target)
    logits = np.asarray(small(images(1)))
    assert explanation.target is target
    close(explanation.logits, logits)
    close(explanation.start, target.start(logits))
    close(explanation.relevance, explainer.relevance(images(1), target.start(logits)))
    assert explanation.ledger().start == pytest.approx(target.value(logits).sum())


@pytest.mark.parametrize(("short", "target"), [(None, targets.Logit()), (1, targets.Logit(1)), ([2, 0, 1],) * 2])
def test_a_class_or_a_list_of_classes_means_their_logits(explainer: LRP, short: Any, target: Any) -> None:
    expected = target if isinstance(target, Target) else targets.Logit(target)
    found = explainer(images(1), short)
    assert found.target == expected
    np.testing.assert_array_equal(found.relevance, explainer(images(1), expected).relevance)


def test_explanations_keep_what_they_were_made_for(explainer: LRP) -> None:
    first = explainer(images(1), 0)
    second = explainer(images(2), targets.OneHot(1))
    assert (first.target, second.target) == (targets.Logit(0), targets.OneHot(1))
    assert first.ledger().start == pytest.approx(first.start.sum())
    assert second.ledger().start == pytest.approx(3)


def test_relevance_in_a_function_of_the_user(explainer: LRP) -> None:
    @tf.function
    def heat(x: Any) -> Any:
        return tf.reduce_sum(explainer.relevance(x, tf.one_hot([1] * 3, 3, dtype=x.dtype)), axis=-1)

    expected = explainer(images(1), targets.OneHot(1)).relevance.sum(axis=-1)
    close(heat(tf.constant(images(1))), expected)


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.float32, np.float64, list, tf.constant])
def test_pictures_of_any_kind_of_number(explainer: LRP, kind: Any) -> None:
    whole = np.random.default_rng(0).integers(0, 255, (2, 4, 4, 1))
    given_images = whole.tolist() if kind is list else kind(whole)
    close(explainer(given_images).relevance, explainer(whole.astype(float)).relevance)


def test_summary_has_one_row_a_layer(capsys: pytest.CaptureFixture[str]) -> None:
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            kl.ZeroPadding2D(name="zeros"),
            kl.Conv2D(3, 3, name="conv"),
            kl.BatchNormalization(name="norm"),
            kl.ReLU(name="relu"),
            kl.MaxPooling2D(name="pool"),
            kl.SeparableConv2D(2, 2, name="parts"),
            kl.LayerNormalization(name="own"),
            kl.Flatten(name="flat"),
            kl.Dense(3, activation="softmax", name="top"),
        ]
    )
    box = composites.get("epsilon_gamma_box", low=np.zeros((6, 6, 2)), high=np.ones((6, 6, 2)))
    LRP(model, box, pooling="flat", rules={"own": "pass", "top": rules.Gamma(0.5)}).summary()
    heads, line, *rows = capsys.readouterr().out.splitlines()
    assert heads.split("  ")[0] == "layer"
    assert set(line) == {"-", " "}
    names = ["zeros", "conv", "norm", "relu", "pool", "parts/depthwise", "parts", "own", "flat", "top"]
    assert [row.split()[0] for row in rows] == names
    said = dict(zip(names, rows, strict=True))
    for name, words in {
        "zeros": ["folded into conv", "passes", " no "],
        "conv": ["convolution", "ZBox", "array(6, 6, 2)", "norm folded in", "zeros folded in"],
        "norm": ["folded into conv"],
        "relu": ["activation", "passes through"],
        "pool": ["max pool", "flat", " yes"],
        "parts/depthwise": ["Gamma(", "gamma=0.25", " yes"],
        "parts": ["Gamma(", " no"],
        "own": ["passes through"],
        "top": ["dense", "gamma=0.5", "softmax taken off"],
    }.items():
        assert all(word in said[name] for word in words), said[name]


def test_an_own_rule_takes_the_place_of_the_composite() -> None:
    model = two_layers(BENT)
    own = {layer.name: rules.ZPlus() for layer in model.layers[1:]}
    close(LRP(model, "epsilon_plus", rules=own)(ONE_TWO_THREE).relevance, [[12, 33.6, 50.4]])


def test_ignoring_the_bias_reaches_the_composite() -> None:
    model = chain((2,), dense([[1], [1]], [2]))
    assert LRP(model)([[1, 1]]).relevance.sum() == pytest.approx(2)
    assert LRP(model, bias="ignore")([[1, 1]]).relevance.sum() == pytest.approx(4, rel=1e-5)


# Bad input


@pytest.mark.parametrize(
    ("given_images", "error", "message"),
    [
        (np.ones((4, 4, 1)), ValueError, r"^images: got shape \(4, 4, 1\), expected \(n, 4, 4, 1\)$"),
        (np.ones((2, 5, 4, 1)), ValueError, r"^images: got shape \(2, 5, 4, 1\), expected \(n, 4, 4, 1\)$"),
        (np.ones((2, 4, 4, 3)), ValueError, r"^images: got shape \(2, 4, 4, 3\), expected \(n, 4, 4, 1\)$"),
        (np.ones((0, 4, 4, 1)), ValueError, "^images: got an empty batch; give at least one$"),
        (np.full((1, 4, 4, 1), np.nan), ValueError, r"^images: holds nan at position \(0, 0, 0, 0\)"),
        (np.full((1, 4, 4, 1), np.inf), ValueError, r"^images: holds inf at position"),
        (np.full((1, 4, 4, 1), "a"), TypeError, "^images: got ndarray of <U1; give an array of real numbers$"),
        (np.full((1, 4, 4, 1), 1j), TypeError, "^images: got ndarray of complex128; give an array of real numbers$"),
        (None, TypeError, "^images: got NoneType"),
        ("cat.jpg", TypeError, "^images: got str"),
        ([[1], [1, 2]], ValueError, "^images: the rows have different lengths"),
    ],
)
def test_wrong_images_are_refused(small: Any, given_images: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        LRP(small)(given_images)


def test_images_outside_the_box_are_refused(small: Any) -> None:
    with pytest.raises(ValueError, match=r"leave the box of ZBox\(low=0.0, high=1.0\)"):
        LRP(small, composites.epsilon_gamma_box(0, 1))(np.full((1, 4, 4, 1), 255))


def test_any_size_is_taken_where_the_model_takes_any() -> None:
    model = chain((None, None, 1), kl.Conv2D(2, 2, **DOUBLE), kl.GlobalAveragePooling2D(**DOUBLE))
    explainer = LRP(model)
    assert [explainer(np.ones((1, side, side, 1))).relevance.shape[1] for side in (3, 5)] == [3, 5]
    with pytest.raises(ValueError, match=r"expected \(n, any, any, 1\)"):
        explainer(np.ones((1, 3, 3, 2)))


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        (3, ValueError, "^classes: got 3; the network has classes 0 to 2$"),
        (-1, ValueError, "^classes: got -1; the network has classes 0 to 2$"),
        ([0, 1], ValueError, r"^classes: got shape \(2,\) for 3 inputs"),
        ([0, 1, 5], ValueError, r"^classes: got \[0, 1, 5\]; the network has classes 0 to 2$"),
        ("cat", ValueError, "^classes: got 'cat'; expected None, an int"),
        (1.5, TypeError, "^classes: got 1.5; expected whole numbers from 0 to 2$"),
        (targets.Margin(1, 1), ValueError, "^other: got 1, the class that is explained"),
        (targets.LogOdds("all"), ValueError, "^classes: got 'all'; this target compares"),
    ],
    ids=repr,
)
def test_a_wrong_target_is_refused_and_the_explainer_lives_on(
    explainer: LRP, target: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        explainer(images(1), target)
    assert np.isfinite(explainer(images(1)).relevance).all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"composite": "epsilon_plsu"}, ValueError, "'epsilon_plsu'; did you mean 'epsilon_plus'"),
        ({"composite": rules.Epsilon()}, TypeError, "composite: got Epsilon.*; expected a name or a composite"),
        ({"composite": None}, TypeError, "composite: got None; expected a name or a composite"),
        ({"composite": "epsilon_gamma_box"}, TypeError, "'low' and 'high'; give options with composites.get"),
        ({"pooling": "max"}, ValueError, 'pooling: got \'max\'; expected "winner", "proportional" or "flat"'),
        ({"bias": "drop"}, ValueError, 'bias: got \'drop\'; expected "keep" or "ignore"'),
        ({"rules": [rules.Flat()]}, TypeError, r"rules: got \[Flat.*; expected layer name → rule"),
        ({"rules": {"cnv": "pass"}}, ValueError, "there is no layer 'cnv'; did you mean 'conv'.* layers are: conv, "),
        ({"rules": {7: "pass"}}, ValueError, "there is no layer 7. The layers are: conv, "),
        ({"rules": {"conv": "epsilon"}}, TypeError, r"'conv' has 'epsilon'; expected a rule object.*or \"pass\""),
        ({"rules": {"conv": rules.Flat}}, TypeError, "'conv' has <class.*; expected a rule object"),
        ({"rules": {"flat": rules.Flat()}}, ValueError, "layer 'flat' is no dense layer, convolution or batch norm"),
        ({"rules": {"norm": rules.Flat()}}, ValueError, r"layer 'norm' \(folded into conv\) is no dense layer"),
        ({"rules": {"sum": "pass"}}, ValueError, "layer 'sum' has 2 inputs, so its relevance cannot pass"),
        ({"composite": Composite((("dense", rules.Epsilon()),))}, ValueError, r"layer 'conv' \(Conv2D\) has no rule"),
    ],
    ids=str,
)
def test_a_wrong_option_is_named(options: dict[str, Any], error: type[Exception], message: str) -> None:
    x = keras.Input((4, 4, 1))
    y = kl.BatchNormalization(name="norm")(kl.Conv2D(1, 1, name="conv")(x))
    y = kl.Flatten(name="flat")(kl.Add(name="sum")([x, y]))
    with pytest.raises(error, match=message):
        LRP(keras.Model(x, kl.Dense(2, name="dense")(y)), **options)


def test_a_layer_without_a_rule_is_named_with_the_ways_out() -> None:
    model = keras.Sequential([keras.Input((5, 2)), kl.LSTM(3, name="lstm"), kl.Dense(2)])
    ways = r"LRP: layer 'lstm' \(LSTM\) has no rule; give one with rules=.*\"pass\".*or cut the model before it"
    with pytest.raises(ValueError, match=ways):
        LRP(model)


def test_a_model_without_layers_is_named() -> None:
    x = keras.Input((3,))
    with pytest.raises(ValueError, match="model: it has no layers, so there is nothing to explain"):
        LRP(keras.Model(x, x))


def test_relevance_cannot_pass_a_layer_that_changes_the_shape() -> None:
    model = keras.Sequential([keras.Input((3,)), kl.Dense(4, name="wide"), kl.Dense(2)])
    with pytest.raises(
        ValueError, match=r"layer 'wide' \(Dense\) makes \(4,\) of \(3,\), so its relevance cannot pass"
    ):
        LRP(model, rules={"wide": "pass"})(np.ones((1, 3)))


@pytest.mark.parametrize("model", [3, None, keras.Sequential, kl.Dense(2)], ids=repr)
def test_what_is_no_model_is_refused(model: Any) -> None:
    with pytest.raises(TypeError, match=r"model: got .*; expected a Keras 3 model"):
        LRP(model)
