"""A model read as steps: what each layer is taken for, what is folded, and what is known of its input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("tensorflow")

import keras
from keras import layers as kl

from lrp_edu.keras_graph import Step, as_functional, read


def stack(*layers: Any, shape: tuple[int, ...] = (4, 4, 2)) -> Any:
    return keras.Sequential([keras.Input(shape), *layers])


def kinds(model: Any) -> list[str]:
    return [step.kind for step in read(model)]


def by_name(model: Any) -> dict[str, Step]:
    return {step.name: step for step in read(model)}


# What a layer is taken for

LAYERS: list[tuple[str, tuple[int, ...], list[Any]]] = [
    ("dense", (3,), [kl.Dense(2)]),
    ("convolution", (5, 2), [kl.Conv1D(2, 2), kl.DepthwiseConv1D(2)]),
    ("convolution", (5, 5, 2), [kl.Conv2D(2, 2), kl.DepthwiseConv2D(2)]),
    ("batch_norm", (3,), [kl.BatchNormalization()]),
    ("max_pool", (4, 2), [kl.MaxPooling1D(), kl.GlobalMaxPooling1D()]),
    ("max_pool", (4, 4, 2), [kl.MaxPooling2D(), kl.GlobalMaxPooling2D()]),
    ("average_pool", (4, 2), [kl.AveragePooling1D(2), kl.GlobalAveragePooling1D()]),
    ("average_pool", (4, 4, 2), [kl.AveragePooling2D(2), kl.GlobalAveragePooling2D()]),
    ("rearrange", (4, 2), [kl.Flatten(), kl.Reshape((2, 4)), kl.Permute((2, 1)), kl.ZeroPadding1D(), kl.Cropping1D()]),
    ("rearrange", (4, 4, 2), [kl.ZeroPadding2D(), kl.Cropping2D(), kl.UpSampling2D(), kl.SpatialDropout2D(0.5)]),
    ("rearrange", (4, 2), [kl.UpSampling1D(), kl.Dropout(0.5), kl.GaussianNoise(1.0), kl.SpatialDropout1D(0.5)]),
    ("rearrange", (3,), [kl.RepeatVector(2), kl.Identity(), kl.GaussianDropout(0.5)]),
    ("activation", (3,), [kl.ReLU(), kl.LeakyReLU(), kl.PReLU(), kl.ELU()]),
    ("activation", (3,), [kl.Activation(name) for name in ("relu", "gelu", "tanh", "sigmoid", "elu", "leaky_relu")]),
    ("unknown", (3,), [kl.LayerNormalization(), kl.Rescaling(2.0)]),
    ("unknown", (4, 4, 2), [kl.UpSampling2D(interpolation="bilinear"), kl.Conv2DTranspose(2, 2)]),
    ("unknown", (4, 2), [kl.LSTM(2)]),
]


@pytest.mark.parametrize(
    ("kind", "shape", "layer"),
    [(kind, shape, layer) for kind, shape, layers in LAYERS for layer in layers],
    ids=lambda value: type(value).__name__ if isinstance(value, kl.Layer) else str(value),
)
def test_kind_of_each_layer(kind: str, shape: tuple[int, ...], layer: Any) -> None:
    assert kinds(stack(layer, shape=shape)) == [kind]


def test_a_separable_convolution_is_two_steps() -> None:
    steps = read(stack(kl.SeparableConv2D(3, 2, activation="relu", name="both")))
    assert [(step.name, step.kind) for step in steps] == [("both/depthwise", "convolution"), ("both", "convolution")]
    assert [step.activation is None for step in steps] == [True, False]


def test_merging_layers_and_the_plus_sign() -> None:
    x = keras.Input((3,))
    same = kl.Dense(3)(x)
    wide = kl.Concatenate()([kl.Add()([x, same]), kl.Average()([x, same]), x + same])
    found = read(keras.Model(x, wide))
    assert sorted(step.kind for step in found) == ["add", "add", "add", "dense", "rearrange"]


def test_operations_that_only_look_like_an_addition_are_not_taken_for_one() -> None:
    x = keras.Input((3, 2))
    assert kinds(keras.Model(x, keras.ops.average(x, axis=1))) == ["unknown"]
    assert kinds(keras.Model(x, x + 1.0)) == ["unknown"]
    assert kinds(keras.Model(x, kl.Multiply()([x, x]))) == ["unknown"]


# Order, names and nested models


def test_every_step_stands_behind_those_that_it_needs() -> None:
    x = keras.Input((3,))
    left = kl.Dense(3)(kl.Dense(3)(x))
    y = kl.Add()([left, x, kl.Dense(3)(x)])
    known = {0}
    for step in read(keras.Model(x, kl.Dense(2)(y))):
        assert known.issuperset(step.inputs)
        known.add(step.output)


def test_nested_models_are_read_through_and_named_by_their_path() -> None:
    inner = keras.Sequential([keras.Input((3,)), kl.Dense(3, name="a"), kl.ReLU(name="b")], name="inner")
    x = keras.Input((3,))
    middle = keras.Model(x, kl.Add(name="plus")([x, inner(x)]), name="middle")
    outer = keras.Sequential([keras.Input((3,)), middle, kl.Dense(2, name="top")])
    assert list(by_name(outer)) == ["middle/inner/a", "middle/inner/b", "middle/plus", "top"]


def test_a_sequential_model_that_was_built_by_its_first_call_is_read() -> None:
    inner = keras.Sequential([kl.Dense(3, name="a")], name="inner")
    x = keras.Input((3,))
    assert list(by_name(keras.Model(x, inner(x)))) == ["inner/a"]


def test_a_layer_used_twice_is_two_steps() -> None:
    shared = kl.Dense(3, name="shared")
    x = keras.Input((3,))
    steps = read(keras.Model(x, shared(shared(x))))
    assert [step.name for step in steps] == ["shared", "shared (use 2)"]
    assert steps[1].inputs == (steps[0].output,)


def test_a_functional_model_of_a_sequential_one_shares_its_layers() -> None:
    model = stack(kl.Dense(2), shape=(3,))
    assert as_functional(model).layers[-1] is model.layers[-1]
    assert as_functional(as_functional(model)) is not None


# Softmax at the end


@pytest.mark.parametrize(
    ("layers", "kind"),
    [
        ([kl.Dense(2, activation="softmax", name="last")], "dense"),
        ([kl.Dense(2), kl.Activation("softmax", name="last")], "rearrange"),
        ([kl.Dense(2), kl.Softmax(name="last")], "rearrange"),
    ],
)
def test_a_softmax_at_the_end_is_taken_off(layers: list[Any], kind: str) -> None:
    last = by_name(stack(*layers, shape=(3,)))["last"]
    assert (last.kind, last.activation, last.notes) == (kind, None, ("softmax taken off",))


def test_a_softmax_at_the_end_of_a_nested_model_too() -> None:
    inner = stack(kl.Dense(2, activation="softmax", name="last"), shape=(3,))
    assert read(keras.Sequential([keras.Input((3,)), inner]))[-1].notes == ("softmax taken off",)


def test_a_softmax_in_between_and_another_function_at_the_end_stay() -> None:
    steps = read(stack(kl.Dense(2, activation="softmax"), kl.Dense(2, activation="sigmoid"), shape=(3,)))
    assert all(step.activation is not None for step in steps)


# Batch normalisation and padding


NORM = "norm"
FOLDED: list[tuple[str, Callable[[], list[Any]], bool]] = [
    ("behind a convolution", lambda: [kl.Conv2D(2, 2)], True),
    ("behind a depthwise convolution", lambda: [kl.DepthwiseConv2D(2)], True),
    ("behind a separable convolution", lambda: [kl.SeparableConv2D(2, 2)], True),
    ("behind a dense layer", lambda: [kl.Dense(2)], True),
    ("behind a convolution with an activation", lambda: [kl.Conv2D(2, 2, activation="relu")], False),
    ("behind a pooling", lambda: [kl.MaxPooling2D()], False),
    ("first", list, False),
    ("behind another", lambda: [kl.Conv2D(2, 2), kl.BatchNormalization()], False),
]


@pytest.mark.parametrize(("place", "below", "folds"), FOLDED, ids=[place for place, *_ in FOLDED])
def test_batch_normalisation_folds_into_the_layer_below(
    place: str, below: Callable[[], list[Any]], folds: bool
) -> None:
    steps = read(stack(*below(), kl.BatchNormalization(name=NORM)))
    assert steps[-1].kind == ("rearrange" if folds else "batch_norm")
    assert any(note == f"{NORM} folded in" for step in steps for note in step.notes) == folds


def test_batch_normalisation_does_not_fold_where_another_layer_sees_what_is_below() -> None:
    x = keras.Input((4,))
    y = kl.Dense(4)(x)
    assert "batch_norm" in kinds(keras.Model(x, kl.Add()([kl.BatchNormalization()(y), y])))


def test_zeros_that_only_convolutions_see_become_part_of_them() -> None:
    found = by_name(stack(kl.ZeroPadding2D(name="zeros"), kl.Conv2D(2, 3, name="conv")))
    assert found["zeros"].notes == ("folded into conv",)
    assert found["conv"].notes == ("zeros folded in",)
    other = by_name(stack(kl.ZeroPadding2D(name="zeros"), kl.MaxPooling2D()))
    assert other["zeros"].notes == ()


# What is known of the input of a step

KNOWN: list[tuple[str, Callable[[], list[Any]], bool]] = [
    ("nothing", list, False),
    ("a dense layer", lambda: [kl.Dense(4)], False),
    ("ReLU", lambda: [kl.ReLU()], True),
    ("ReLU with a slope", lambda: [kl.ReLU(negative_slope=0.1)], False),
    ("relu as activation", lambda: [kl.Activation("relu")], True),
    ("relu of a dense layer", lambda: [kl.Dense(4, activation="relu")], True),
    ("sigmoid", lambda: [kl.Activation("sigmoid")], True),
    ("softplus", lambda: [kl.Dense(4, activation="softplus")], True),
    ("softmax", lambda: [kl.Softmax()], True),
    ("tanh", lambda: [kl.Activation("tanh")], False),
    ("leaky ReLU", lambda: [kl.LeakyReLU()], False),
    ("ReLU, dropout", lambda: [kl.ReLU(), kl.Dropout(0.5)], True),
    ("ReLU, tanh", lambda: [kl.ReLU(), kl.Activation("tanh")], True),
    ("ReLU, leaky ReLU", lambda: [kl.ReLU(), kl.LeakyReLU()], True),
    ("ReLU, the logarithm of a sigmoid", lambda: [kl.ReLU(), kl.Activation("log_sigmoid")], False),
    ("ReLU, an own function", lambda: [kl.ReLU(), kl.Activation(lambda x: -x)], False),
    ("ReLU, batch normalisation", lambda: [kl.ReLU(), kl.BatchNormalization()], False),
    ("ReLU, dense", lambda: [kl.ReLU(), kl.Dense(4)], False),
    ("ReLU, an unknown layer", lambda: [kl.ReLU(), kl.Rescaling(-1.0)], False),
]


@pytest.mark.parametrize(("below", "layers", "known"), KNOWN, ids=[below for below, *_ in KNOWN])
def test_whether_an_input_is_known_to_be_positive(below: str, layers: Callable[[], list[Any]], known: bool) -> None:
    assert read(stack(*layers(), kl.Dense(3), shape=(4,)))[-1].nonnegative_input is known


def test_pools_and_sums_of_positive_numbers_are_positive() -> None:
    x = keras.Input((4, 4, 2))
    up, plain = kl.ReLU()(x), kl.Conv2D(2, 1)(x)
    pooled = kl.MaxPooling2D()(up), kl.AveragePooling2D(2)(up), kl.MaxPooling2D()(plain)
    for inputs, known in [(pooled[:2], True), (pooled[1:], False)]:
        for merge in (kl.Add(), kl.Concatenate()):
            model = keras.Model(x, kl.Conv2D(2, 1, name="top")(merge(list(inputs))))
            assert by_name(model)["top"].nonnegative_input is known


def test_the_first_layers_are_those_that_see_nothing_but_the_input() -> None:
    x = keras.Input((4, 4, 2))
    padded = kl.ZeroPadding2D()(x)
    left, right = kl.Conv2D(2, 3, name="left")(padded), kl.Conv2D(2, 1, name="right")(x)
    both = kl.Add()([left, x])  # input and features mixed: out of the box of the pixels
    model = keras.Model(x, kl.Concatenate()([right, kl.Conv2D(2, 1, name="second")(both)]))
    assert {step.name for step in read(model) if step.is_first} == {"left", "right"}


# Errors


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="mine")
        self.dense = kl.Dense(2)

    def call(self, x: Any) -> Any:
        return self.dense(x)


def with_two_inputs() -> Any:
    x, y = keras.Input((3,)), keras.Input((3,))
    return keras.Model([x, y], kl.Add()([x, y]), name="pair")


def with_two_outputs() -> Any:
    x = keras.Input((3,))
    return keras.Model(x, [kl.Dense(1)(x), kl.Dense(1)(x)], name="pair")


def around(inner: Any) -> Any:
    x = keras.Input((3,))
    return keras.Model(x, inner(x))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: 3, TypeError, "model: got int; expected a Keras 3 model"),
        (lambda: keras.Sequential, TypeError, "model: got .*; expected a Keras 3 model"),
        (lambda: kl.Dense(2), TypeError, "model: got Dense; expected a Keras 3 model"),
        (lambda: keras.Sequential([kl.Dense(2)], name="new"), ValueError, "model: 'new' is not built yet; add a keras"),
        (Subclassed, TypeError, r"model: 'mine' is a subclassed model \(Subclassed\).*rebuild it as a functional"),
        (lambda: around(Subclassed()), TypeError, r"model: 'mine' is a subclassed model"),
        (with_two_inputs, ValueError, "'pair' has 2 inputs and 1 outputs; .* cut it with keras.Model"),
        (with_two_outputs, ValueError, "'pair' has 1 inputs and 2 outputs; .* cut it with keras.Model"),
        (
            lambda: stack(kl.Conv2D(2, 1, data_format="channels_first", name="old")),
            ValueError,
            "layer 'old' has data_format=\"channels_first\".*rebuild",
        ),
    ],
)
def test_a_model_that_cannot_be_read_is_named(make: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read(make())
