"""CAM and Grad-CAM, against their formulas in NumPy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.transform import resize

pytest.importorskip("tensorflow")

import keras
from keras import layers as kl

from lrp_edu import models
from lrp_edu.class_activation import cam, grad_cam

Array = np.ndarray
DOUBLE = {"dtype": "float64"}


def randomised(model: Any, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(size=weight.shape) / max(1, len(weight.shape)) for weight in model.get_weights()])
    return model


def of_layers(*layers: Any, seed: int = 0) -> Any:
    """A float64 model of pictures (8, 8, 2) whose first layer, "features", has 3 channels of 4 × 4."""
    features = kl.Conv2D(3, 2, strides=2, activation="relu", name="features", **DOUBLE)
    return randomised(keras.Sequential([keras.Input((8, 8, 2), **DOUBLE), features, *layers]), seed)


def averaged(seed: int = 0, end: str | None = "softmax") -> Any:
    return of_layers(kl.GlobalAveragePooling2D(**DOUBLE), kl.Dense(4, activation=end, **DOUBLE), seed=seed)


def pictures(seed: int = 0, count: int = 3) -> Array:
    return np.random.default_rng(seed).uniform(0, 1, (count, 8, 8, 2))


def parts(model: Any, x: Array) -> tuple[Array, Array, Array]:
    """The feature map (n, 4, 4, 3), and the weight (…, 4) and bias (4,) of the last layer."""
    (kernel, bias), (weight, last_bias) = model.layers[0].get_weights(), model.layers[-1].get_weights()
    blocks = x.reshape(len(x), 4, 2, 4, 2, 2)
    return np.maximum(np.einsum("nyaxbc,abck->nyxk", blocks, kernel) + bias, 0), weight, last_bias


def enlarged(maps: Array) -> Array:
    """Twice the height and width, with straight lines between the middles of the cells."""
    return np.stack([resize(one, (8, 8), order=1, mode="edge", anti_aliasing=False) for one in maps])


def close(found: Array, expected: Array) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * max(1e-9, np.abs(expected).max()))


# CAM: Zhou et al. 2016, eq. 2


@settings(max_examples=5)
@given(seed=st.integers(0, 99), classes=st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_cam_adds_up_the_channels_by_their_weights(seed: int, classes: list[int]) -> None:
    model, x = averaged(seed), pictures(seed)
    features, weight, _ = parts(model, x)
    expected = [sum(weight[k, c] * one[..., k] for k in range(3)) for one, c in zip(features, classes, strict=True)]
    close(cam(model, x, classes), enlarged(np.array(expected)))


def test_the_mean_of_cam_is_the_logit_without_its_bias() -> None:
    """On a picture of the size of the feature map nothing is enlarged."""
    x = pictures()[:, :4, :4]
    layers = [kl.Conv2D(3, 1, activation="relu"), kl.GlobalAveragePooling2D(), kl.Dense(4)]
    model = randomised(keras.Sequential([keras.Input((4, 4, 2)), *layers]), 1)
    logits = np.asarray(model(x))
    for number in range(4):
        means = cam(model, x, number).mean(axis=(1, 2))
        np.testing.assert_allclose(means, logits[:, number] - layers[-1].get_weights()[1][number], rtol=1e-5)


def test_cam_of_the_top_class_looks_through_dropout_and_softmax() -> None:
    plain, x = averaged(end=None), pictures()
    noisy = of_layers(
        *(kl.GlobalAveragePooling2D(keepdims=True, **DOUBLE), kl.Flatten(**DOUBLE), kl.Dropout(0.5, **DOUBLE)),
        *(kl.Dense(4, **DOUBLE), kl.Activation("softmax", **DOUBLE)),
    )
    noisy.set_weights(plain.get_weights())
    expected = cam(plain, x, np.argmax(plain(x), axis=1).tolist())
    np.testing.assert_array_equal(cam(plain, x), expected)
    np.testing.assert_array_equal(cam(noisy, x), expected)


@pytest.mark.parametrize(
    "layers",
    [
        [kl.Flatten(), kl.Dense(4)],
        [kl.GlobalMaxPooling2D(), kl.Dense(4)],
        [kl.GlobalAveragePooling2D()],
        [kl.GlobalAveragePooling2D(), kl.Dense(5, activation="relu"), kl.Dense(4)],
        [kl.Flatten()],
    ],
    ids=["flatten", "max", "no dense layer", "two dense layers", "nothing"],
)
def test_cam_says_which_networks_it_is_for(layers: list[Any]) -> None:
    model = keras.Sequential([keras.Input((8, 8, 2)), kl.Conv2D(3, 2), *layers])
    end = rf"this one ends in .*{type(layers[-1]).__name__}; train such a head on its last feature map, or take grad"
    with pytest.raises(ValueError, match=rf"^cam: the model should end in GlobalAveragePooling2D and .*{end}"):
        cam(model, pictures())


# Grad-CAM: Selvaraju et al. 2017, eq. 1 and 2


@settings(max_examples=5)
@given(seed=st.integers(0, 99), number=st.integers(0, 3))
def test_grad_cam_of_a_dense_network_in_numpy(seed: int, number: int) -> None:
    """Flatten, then one hidden layer: the slopes by the chain rule."""
    hidden = kl.Dense(5, activation="relu", **DOUBLE)
    model = of_layers(kl.Flatten(**DOUBLE), hidden, kl.Dense(4, activation="softmax", **DOUBLE), seed=seed)
    x = pictures(seed)
    features, last, _ = parts(model, x)
    weight, bias = hidden.get_weights()
    active = features.reshape(3, -1) @ weight + bias > 0
    slopes = ((active * last[:, number]) @ weight.T).reshape(features.shape)
    alpha = slopes.sum(axis=(1, 2)) / 16
    expected = np.maximum(sum(alpha[:, None, None, k] * features[..., k] for k in range(3)), 0)
    close(grad_cam(model, x, number, layer="features"), enlarged(expected))


def test_grad_cam_generalises_cam() -> None:
    """Selvaraju et al. 2017, section 3.1: behind global average pooling, α_k is w_kc / Z."""
    model = of_layers(kl.GlobalAveragePooling2D(**DOUBLE), kl.Dense(4, **DOUBLE))
    x = pictures()
    features, weight, _ = parts(model, x)
    expected = np.maximum(features @ weight[:, 2], 0) / 16
    close(grad_cam(model, x, 2, layer="features"), enlarged(expected))


def test_a_softmax_makes_no_difference_to_grad_cam() -> None:
    with_softmax, without = averaged(), averaged(end=None)
    assert np.abs(np.asarray(with_softmax(pictures()))).max() <= 1
    np.testing.assert_array_equal(
        grad_cam(with_softmax, pictures(), layer="features"), grad_cam(without, pictures(), layer="features")
    )


def test_pictures_do_not_mix() -> None:
    model, x = averaged(), pictures()
    for method in (cam, lambda *given: grad_cam(*given, layer="features")):
        together = method(model, x, [0, 1, 2])
        for number in range(3):
            close(together[number], method(model, x[[number]], [number])[0])


def test_vgg16_mini_has_a_map_of_the_size_of_its_pictures() -> None:
    x = np.random.default_rng(0).uniform(0, 1, (2, 64, 64, 3))
    model = models.vgg16_mini()
    before = [weight.copy() for weight in model.get_weights()]
    maps = grad_cam(model, x, layer="block5_conv3")
    assert (maps.shape, maps.dtype) == ((2, 64, 64), np.float32)
    assert maps.min() >= 0
    assert maps.max() > 0
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("feature", "there is no layer 'feature'; did you mean 'features'? These have: features"),
        ("tail", "the output of layer 'tail' has no height and width. These have: features"),
    ],
)
def test_a_layer_that_will_not_do_is_named_with_those_that_would(layer: str, message: str) -> None:
    model = of_layers(kl.GlobalAveragePooling2D(**DOUBLE), kl.Dense(4, name="tail", **DOUBLE))
    with pytest.raises(ValueError, match=f"^grad_cam: {re.escape(message)}$"):
        grad_cam(model, pictures(), layer=layer)


@pytest.mark.parametrize("method", [cam, lambda *given: grad_cam(*given, layer="features")], ids=["cam", "grad_cam"])
@pytest.mark.parametrize(
    ("images", "target", "error", "message"),
    [
        (pictures()[0], None, ValueError, r"images: got shape \(8, 8, 2\), expected \(n, 8, 8, 2\)"),
        (pictures()[:0], None, ValueError, "images: got an empty batch"),
        (np.full((1, 8, 8, 2), np.nan), None, ValueError, "images: holds nan"),
        (pictures(), 4, ValueError, "target: got 4; the network has classes 0 to 3"),
        (pictures(), [0, 1], ValueError, r"target: got shape \(2,\) for 3 inputs"),
        (pictures(), 0.5, TypeError, "target: got 0.5; expected whole numbers"),
    ],
)
def test_wrong_input_is_named(method: Any, images: Any, target: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        method(averaged(), images, target)
