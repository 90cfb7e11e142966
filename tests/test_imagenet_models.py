"""LRP on two real classifiers of photographs: what it calls relevant is what the network looks at.

The weights are test data outside the repository; LRP_EDU_IMAGENET names their folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras
import skimage.io
import tensorflow as tf
from keras import layers as kl
from skimage.transform import resize

from lrp_edu import composites, photographs
from lrp_edu.composites import Composite
from lrp_edu.keras_lrp import LRP
from lrp_edu.targets import OneHot

Array = np.ndarray

BESIDE_THE_REPOSITORY = Path(__file__).parents[2] / "shared" / "imagenet"
FOLDER = Path(os.environ.get("LRP_EDU_IMAGENET", BESIDE_THE_REPOSITORY))

pytestmark = pytest.mark.skipif(
    not (FOLDER / "squeezenet11_sequential.npz").is_file(),
    reason="no ImageNet classifiers: set LRP_EDU_IMAGENET to the folder with squeezenet11_sequential.npz",
)

SIDE = 224
TOP_CLASSES = {
    "cat": "Egyptian_cat",
    "coffee": "espresso",
    "dog": "beagle",
    "shuttle": "space_shuttle",
    "taxis": "cab",
    "pizza": "pizza",
}
# What the photographs show. GoogLeNet takes the burger for a plate (.41), before French loaf and cheeseburger (.08).
SHOWN = {**TOP_CLASSES, "burger": "cheeseburger"}
BEAGLE = 162


def photo(name: str) -> Array:
    """The middle square, 224 pixels wide, from 0 to 1; cat and coffee are those of scikit-image."""
    if name in ("cat", "coffee"):
        return photographs.photo(name) / 255
    picture = skimage.io.imread(FOLDER / "photos" / f"{name}.jpg")[..., :3]
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = picture[top : top + side, left : left + side]
    return resize(square, (SIDE, SIDE), anti_aliasing=side > SIDE)


# The two networks


def with_stored_weights(model: Any, file: str) -> Any:
    stored = np.load(FOLDER / file)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([stored[f"{layer.name}/{part}"].astype(np.float32) for part in ("kernel", "bias")])
    return model


def squeezenet() -> Any:
    """SqueezeNet 1.1 as a chain."""
    stored = np.load(FOLDER / "squeezenet11_sequential.npz")
    names = [key.removesuffix("/kernel") for key in stored.files if key.endswith("/kernel")]
    layers: list[Any] = [keras.Input((SIDE, SIDE, 3))]
    for name in names:
        height, width, _, filters = stored[f"{name}/kernel"].shape
        if name in ("fire2_squeeze", "fire4_squeeze", "fire6_squeeze"):
            layers.append(kl.MaxPooling2D(3, 2))
        how = {"strides": 2, "padding": "valid"} if name == "conv1" else {"padding": "same"}
        layers.append(kl.Conv2D(filters, (height, width), activation="relu", name=name, **how))
    return with_stored_weights(keras.Sequential([*layers, kl.GlobalAveragePooling2D()]), "squeezenet11_sequential.npz")


class LocalResponseNorm(kl.Layer):
    """x / (1 + α/5 · Σ x² over five neighbouring channels)^β"""

    def call(self, x: Any) -> Any:
        return tf.nn.local_response_normalization(x, depth_radius=2, bias=1.0, alpha=1e-4 / 5, beta=0.75)


def googlenet() -> Any:
    stored = np.load(FOLDER / "googlenet_float16.npz")

    def conv(name: str, y: Any, **how: Any) -> Any:
        *size, _, filters = stored[f"{name}/kernel"].shape
        return kl.Conv2D(filters, size, activation="relu", name=name, **{"padding": "same", **how})(y)

    def inception(name: str, y: Any) -> Any:
        three = conv(f"{name}_3x3", conv(f"{name}_3x3_reduce", y))
        five = conv(f"{name}_5x5", conv(f"{name}_5x5_reduce", y))
        pool = conv(f"{name}_pool_proj", kl.MaxPooling2D(3, 1, padding="same")(y))
        return kl.Concatenate()([conv(f"{name}_1x1", y), three, five, pool])

    x = keras.Input((SIDE, SIDE, 3))
    y = conv("conv1_7x7_s2", kl.ZeroPadding2D(3)(x), strides=2, padding="valid")
    y = LocalResponseNorm(name="lrn1")(kl.MaxPooling2D(3, 2, padding="same")(y))
    y = LocalResponseNorm(name="lrn2")(conv("conv2_3x3", conv("conv2_3x3_reduce", y)))
    for group in (("3a", "3b"), ("4a", "4b", "4c", "4d", "4e"), ("5a", "5b")):
        y = kl.MaxPooling2D(3, 2, padding="same")(y)
        for name in group:
            y = inception(f"inception_{name}", y)
    y = kl.Flatten()(kl.AveragePooling2D(7, 1)(y))
    y = kl.Dense(1000, activation="softmax", name="loss3_classifier")(y)
    return with_stored_weights(keras.Model(x, y), "googlenet_float16.npz")


@dataclass(frozen=True)
class Classifier:
    model: Any
    low: Array  # of a black pixel, (3,)
    high: Array  # of a white one
    own_rules: dict[str, Any]

    def preprocess(self, pictures: Array) -> Array:
        if "lrn1" in self.own_rules:
            pictures = pictures[..., ::-1]  # BGR
        return (self.low + pictures * (self.high - self.low)).astype(np.float32)

    @cached_property
    def without_head(self) -> Any:
        """The model up to its last layer; kept, since Keras traces each new model anew."""
        return keras.Model(self.model.inputs, self.model.layers[-1].input)

    def logits(self, pictures: Array) -> Array:
        values, head = self.without_head.predict(self.preprocess(pictures), verbose=0), self.model.layers[-1]
        if isinstance(head, kl.GlobalAveragePooling2D):
            return values.mean(axis=(1, 2))
        weight, bias = head.get_weights()
        return values @ weight + bias

    @property
    def box(self) -> Composite:
        low, high = (np.broadcast_to(bound, (SIDE, SIDE, 3)) for bound in (self.low, self.high))
        return composites.epsilon_gamma_box(low, high)


@cache
def classifier(name: str) -> Classifier:
    if name == "squeezenet":
        mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
        return Classifier(squeezenet(), -mean / deviation, (1 - mean) / deviation, {})
    mean = np.array([104.0, 117, 123])
    return Classifier(googlenet(), -mean, 255 - mean, {"lrn1": "pass", "lrn2": "pass"})


@cache
def explainer(network: str, composite: str) -> LRP:
    own = classifier(network)
    chosen = own.box if composite == "epsilon_gamma_box" else composite
    return LRP(own.model, chosen, rules=own.own_rules)


@cache
def class_names() -> list[str]:
    index = json.loads((FOLDER / "imagenet_class_index.json").read_text())
    return [index[str(number)][1] for number in range(1000)]


both = pytest.mark.parametrize("network", ["squeezenet", "googlenet"])


@both
def test_the_stated_top_classes(network: str) -> None:
    logits = classifier(network).logits(np.stack([photo(name) for name in TOP_CLASSES]))
    assert [class_names()[top] for top in logits.argmax(axis=1)] == list(TOP_CLASSES.values())


@pytest.mark.parametrize(
    ("network", "composite"),
    [
        ("squeezenet", "epsilon_plus"),
        ("squeezenet", "epsilon_plus_flat"),
        ("squeezenet", "epsilon_gamma_box"),
        ("squeezenet", "epsilon_alpha2_beta1"),
        ("googlenet", "epsilon_gamma_box"),
        ("googlenet", "epsilon_alpha2_beta1_flat"),
    ],
)
def test_every_composite_runs_and_its_books_close(network: str, composite: str) -> None:
    lrp, images = explainer(network, composite), classifier(network).preprocess(photo("dog")[None])
    start = OneHot(BEAGLE).start(np.zeros((1, 1000)))
    arrived, rows = lrp.relevance(images, start).numpy(), lrp.books(images, start).rows
    assert arrived.shape == (1, SIDE, SIDE, 3)
    assert np.isfinite(arrived).all()
    assert rows[-1].left == pytest.approx(arrived.sum(), rel=1e-3, abs=1e-3)
    for row in rows:
        assert row.entered == pytest.approx(row.left + row.bias + row.stabiliser, rel=1e-3, abs=1e-3), row


# Patch flipping

PATCH, STEPS, PATCHES_A_STEP = 16, 3, 8
RANDOM_ORDERS = 5
GRID = SIDE // PATCH


def flipped(picture: Array, order: Array) -> Iterator[Array]:
    """The picture with the first patches of the order made gray, a few more at each step."""
    picture, gray = picture.copy(), picture.mean(axis=(0, 1))
    for step in range(STEPS):
        for patch in order[step * PATCHES_A_STEP : (step + 1) * PATCHES_A_STEP]:
            row, column = divmod(int(patch), GRID)
            picture[row * PATCH : (row + 1) * PATCH, column * PATCH : (column + 1) * PATCH] = gray
        yield picture.copy()


@both
def test_the_most_relevant_patches_matter_more_than_random_ones(network: str) -> None:
    """For the class that a photograph shows: where a network errs, graying the thing can speak *for* its answer.

    (A gray burger is more of a plate.)
    """
    own, rng = classifier(network), np.random.default_rng(0)
    pictures, numbers = np.stack([photo(name) for name in SHOWN]), [class_names().index(one) for one in SHOWN.values()]
    explanation = explainer(network, "epsilon_plus")(own.preprocess(pictures), numbers)
    patches = explanation.relevance.sum(axis=3).reshape(-1, GRID, PATCH, GRID, PATCH).sum(axis=(2, 4))
    for name, picture, relevance, number in zip(SHOWN, pictures, patches, numbers, strict=True):
        orders = [relevance.ravel().argsort()[::-1], *(rng.permutation(GRID**2) for _ in range(RANDOM_ORDERS))]
        batch = np.stack([step for order in orders for step in flipped(picture, order)])
        scores = own.logits(batch)[:, number].reshape(len(orders), STEPS).mean(axis=1)
        assert scores[0] < scores[1:].mean(), f"{name}: {scores[0]:.2f} against {scores[1:].mean():.2f}"
