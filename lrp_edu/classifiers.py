"""Networks with their world: the pictures they know, how these go in, and what the answers are called."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np

from lrp_edu import composites, data, models
from lrp_edu.arrays import Array
from lrp_edu.composites import Composite
from lrp_edu.photographs import PHOTOS, Guess


class TwoThings(NamedTuple):
    """A picture with two things in it, each of a class that the network knows."""

    picture: str
    one: str
    other: str


@dataclass(frozen=True)
class Classifier:
    """A network with all that a picture needs on its way in, and its answers on their way out."""

    name: str
    build: Callable[..., Any]  # the Keras model; weights=None makes random ones
    size: int  # height and width of a picture, in pixels
    prepare: Callable[[Array], Array]  # from RGB in [0, 255], (n, size, size, 3), to the network's own scale, float32
    low: Any  # the box of that scale: what the darkest pixel becomes,
    high: Any  # and the brightest
    class_names: Callable[[], tuple[str, ...]]
    pictures: Callable[[], dict[str, Array]]  # to begin with: name → RGB, (size, size, 3) uint8
    two_things: TwoThings
    channels: tuple[int, int, int] = (0, 1, 2)  # where red, green and blue are in what `prepare` returns

    def composite(self, name: str) -> Composite:
        """A preset of `composites`, told the box of the pixels where it needs one."""
        if name in ("epsilon_gamma_box", "deep_taylor"):
            return composites.get(name, low=self.low, high=self.high)
        return composites.get(name)

    def as_rgb(self, relevance: Array) -> Array:
        """Relevance (..., 3) of the network's input, its channels in the order red, green, blue."""
        return relevance[..., self.channels]

    def number(self, wanted: str) -> int:
        """The number of a class, given its name, or the number itself as text.

        Raises:
            ValueError: there is no such class; the message has the nearest.
        """
        names = self.class_names()
        if wanted in names:
            return names.index(wanted)
        if wanted.isdecimal() and int(wanted) < len(names):
            return int(wanted)
        raise ValueError(f"class: there is none called {wanted!r}{nearest(wanted, names)}")

    def answers(self, logits: Array, top: int = 5) -> list[list[Guess]]:
        """For each picture the classes with the highest probabilities, best first; logits of shape (n, classes)."""
        odds = np.exp(logits - np.max(logits, axis=1, keepdims=True))
        return data.decode(odds / odds.sum(axis=1, keepdims=True), top, self.class_names())


def nearest(word: str, words: Iterable[str]) -> str:
    """The end of a message about a word that is not there: the words that come nearest, else the first ones."""
    words = list(words)
    return f"; the nearest are: {', '.join(get_close_matches(word, words, n=3) or words[:10])}"


def _photographs() -> dict[str, Array]:
    return {name: data.photo(name) for name in ("cat", *(name for name in PHOTOS if name != "cat"))}


def _shapes() -> dict[str, Array]:
    """One of each shape, and a picture with two of them."""
    single, double = data.shapes(24, seed=6), data.shapes(12, seed=3, objects=2)
    chosen = {"ring": 1, "star": 2, "square": 3, "triangle": 0, "circle": 6, "cross": 19}
    images = {name: single.images[number] for name, number in chosen.items()} | {"two shapes": double.images[5]}
    return {name: np.rint(255 * image).astype(np.uint8) for name, image in images.items()}


def _published(name: str, build: Callable[..., Any]) -> Classifier:
    two_things = TwoThings("astronaut", "space shuttle", "crash helmet")
    low, high = data.PREPROCESSED_LOW, data.PREPROCESSED_HIGH
    names, bgr = data.class_names, (2, 1, 0)
    return Classifier(name, build, 224, data.preprocess, low, high, names, _photographs, two_things, bgr)


VGG16 = _published("vgg16", models.vgg16)
VGG19 = _published("vgg19", models.vgg19)
VGG16_MINI = Classifier(
    name="vgg16_mini",
    build=models.vgg16_mini,
    size=64,
    prepare=lambda images: np.asarray(images, np.float32) / 255,
    low=0.0,
    high=1.0,
    class_names=lambda: data.shapes(0, 0).class_names,
    pictures=_shapes,
    two_things=TwoThings("two shapes", "square", "triangle"),
)
CLASSIFIERS = {classifier.name: classifier for classifier in (VGG16_MINI, VGG16, VGG19)}


def vgg16_or_mini() -> tuple[Classifier, Any]:
    """VGG16 where its ImageNet weights and the memory for them can be had, else vgg16_mini; a line says which, and why.

    With LRP_EDU_OFFLINE=1 it is vgg16_mini, wherever the weights are.

    Returns:
        The classifier, and its Keras model.
    """
    small = "This lesson runs with vgg16_mini, the small VGG16 that comes with the course, and coloured shapes"
    if os.environ.get("LRP_EDU_OFFLINE") == "1":
        print(f"{small} (LRP_EDU_OFFLINE=1).")
        return VGG16_MINI, VGG16_MINI.build()
    try:
        VGG16.class_names()
        model = VGG16.build()
    except (FileNotFoundError, MemoryError, ValueError) as reason:
        print(f"{small}, because VGG16 cannot be had: {reason}")
        return VGG16_MINI, VGG16_MINI.build()
    print("This lesson runs with VGG16, its ImageNet weights, and photographs.")
    return VGG16, model
