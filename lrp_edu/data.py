"""Pictures to learn from and to explain: handwritten digits, coloured shapes with their masks, photographs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lrp_edu.arrays import Array
from lrp_edu.download import download, keras_home
from lrp_edu.photographs import (
    PREPROCESSED_HIGH,
    PREPROCESSED_LOW,
    Guess,
    class_names,
    decode,
    photo,
    preprocess,
    read_picture,
)
from lrp_edu.shapes import Shapes, shapes

__all__ = [
    "PREPROCESSED_HIGH",
    "PREPROCESSED_LOW",
    "Digits",
    "Guess",
    "Shapes",
    "class_names",
    "decode",
    "digits",
    "mnist",
    "photo",
    "preprocess",
    "read_picture",
    "shapes",
]

MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


@dataclass(frozen=True)
class Digits:
    """Handwritten digits as rows of pixels in [−1, 1], −1 being empty paper and 1 full ink, with labels 0 to 9."""

    x_train: Array  # (n, pixels)
    y_train: Array  # (n,)
    x_test: Array
    y_test: Array
    image_shape: tuple[int, int]


def digits() -> Digits:
    """scikit-learn's 1797 handwritten digits of 8 × 8 pixels: 1437 to train on, 360 to test, always the same split.

    Source: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI, CC BY 4.0.
    """
    from sklearn.datasets import load_digits

    stored = load_digits()
    order = np.random.default_rng(0).permutation(len(stored.data))
    train, test = order[:1437], order[1437:]
    x, y = stored.data / 8 - 1, stored.target
    return Digits(x[train], y[train], x[test], y[test], image_shape=(8, 8))


def mnist() -> Digits:
    """The 70,000 digits of MNIST, 28 × 28 pixels, from Keras' own file, which is read without TensorFlow.

    The file is looked for where Keras keeps it (KERAS_HOME, else ~/.keras), and downloaded there where it is missing.

    Raises:
        FileNotFoundError: there is no file, and it cannot be downloaded or LRP_EDU_OFFLINE=1 forbids it.
        ValueError: the file is not the one that Keras distributes.

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition".
    """
    path = keras_home() / "datasets" / "mnist.npz"
    if not path.exists():
        download(MNIST_URL, path, MNIST_SHA256)
    try:
        with np.load(path, allow_pickle=False) as stored:
            (x_train, y_train), (x_test, y_test) = (_mnist_part(stored, part) for part in ("train", "test"))
    except Exception as error:
        raise ValueError(f"{path}: not Keras' mnist.npz ({error}); delete it and it is downloaded again") from error
    return Digits(x_train, y_train, x_test, y_test, image_shape=(28, 28))


def _mnist_part(stored: Mapping[str, Array], part: str) -> tuple[Array, Array]:
    """Pictures as rows in [−1, 1], and their labels."""
    pictures, labels = stored[f"x_{part}"], stored[f"y_{part}"].astype(np.int64)
    if pictures.shape != (len(labels), 28, 28) or not set(labels) <= set(range(10)):
        raise ValueError(f"{part}: pictures of shape {pictures.shape}, {len(labels)} labels")
    return pictures.reshape(-1, 28 * 28).astype(np.float32) / 127.5 - 1, labels
