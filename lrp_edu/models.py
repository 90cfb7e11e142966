"""The networks of the course: VGG16 and VGG19 as Keras has them, in half its memory, and a small one to take along."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from lrp_edu.download import download, keras_home
from lrp_edu.memory import MEGABYTE, give_back_large_blocks, require
from lrp_edu.quiet import without_messages
from lrp_edu.stored_weights import (
    Fill,
    check_md5,
    check_shapes,
    in_place,
    load_npz,
    open_h5,
    random_fill,
    stored_fill,
)

KERAS_URL = "https://storage.googleapis.com/tensorflow/keras-applications"
SHIPPED = Path(__file__).parent / "weights" / "vgg16_mini.npz"

# Measured with TensorFlow 2.21 on Linux, as resident memory.
TENSORFLOW_SIZE = 680 * MEGABYTE  # to import it
WORKING_SIZE = 300 * MEGABYTE  # to explain one picture of 224 × 224 with VGG16


@dataclass(frozen=True)
class Architecture:
    """A network of Simonyan and Zisserman's kind: blocks of 3 × 3 convolutions, each closed by pooling, then dense."""

    name: str
    blocks: tuple[tuple[int, int], ...]  # for each block: how many convolutions, and how many channels they have
    hidden: int  # neurons in each of the two hidden dense layers
    classes: int
    size: int  # height and width of a picture, in pixels

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each weight by its name, such as "fc1/kernel"."""
        shapes: dict[str, tuple[int, ...]] = {}
        width = 3
        for block, (count, channels) in enumerate(self.blocks, 1):
            for layer in (f"block{block}_conv{index}" for index in range(1, count + 1)):
                shapes |= {f"{layer}/kernel": (3, 3, width, channels), f"{layer}/bias": (channels,)}
                width = channels
        width *= (self.size >> len(self.blocks)) ** 2
        for layer, neurons in (("fc1", self.hidden), ("fc2", self.hidden), ("predictions", self.classes)):
            shapes |= {f"{layer}/kernel": (width, neurons), f"{layer}/bias": (neurons,)}
            width = neurons
        return shapes


@dataclass(frozen=True)
class Published:
    """A network and the file of its ImageNet weights: the name under which Keras keeps it, and its MD5."""

    architecture: Architecture
    file: str
    md5: str


VGG16 = Published(
    Architecture("vgg16", ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)), hidden=4096, classes=1000, size=224),
    file="vgg16_weights_tf_dim_ordering_tf_kernels.h5",
    md5="64373286793e3c8b2b4e3219cbf3544b",
)
VGG19 = Published(
    Architecture("vgg19", ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512)), hidden=4096, classes=1000, size=224),
    file="vgg19_weights_tf_dim_ordering_tf_kernels.h5",
    md5="cbe5617147190e668d6c5d5026f83318",
)
VGG16_MINI = Architecture("vgg16_mini", ((2, 8), (2, 16), (3, 32), (3, 64), (3, 64)), hidden=512, classes=6, size=64)


def vgg16(weights: str | os.PathLike[str] | None = "imagenet", seed: int = 0) -> Any:
    """VGG16, which tells 1000 kinds of things apart: 13 convolutions and 3 dense layers, 138 million weights.

    The network of keras.applications.VGG16: the same layers, names and outputs; the pictures are
    (batch, 224, 224, 3) float32, preprocessed as Keras does it (BGR, the mean colour subtracted).

    The whole process peaks at 1.23 GB while loading: 0.67 GB are TensorFlow, the rest is the weights, each read from
    the file into the memory in which the network keeps it (keras.applications peaks at 2.5 GB). A picture adds 0.1 GB.

    Args:
        weights: "imagenet" for Keras' file, which is looked for where Keras keeps it (KERAS_HOME, else ~/.keras, in
            models/), downloaded there where it is missing, and checked by its hash; or the path of an .h5 file that
            Keras saved; or None for random weights.
        seed: for the random weights.

    Returns:
        A functional Keras model that ends in a softmax.

    Raises:
        FileNotFoundError: there is no file, and it cannot be downloaded or LRP_EDU_OFFLINE=1 forbids it.
        ValueError: the file is damaged, or holds another network.
        MemoryError: the memory that is left would not do.
        ModuleNotFoundError: TensorFlow is not installed.

    Source: Simonyan and Zisserman 2015, "Very deep convolutional networks for large-scale image recognition",
    table 1, column D.
    """
    return _published(VGG16, weights, seed)


def vgg19(weights: str | os.PathLike[str] | None = "imagenet", seed: int = 0) -> Any:
    """VGG19: as `vgg16`, with a fourth convolution in the last three blocks, and 144 million weights.

    Source: Simonyan and Zisserman 2015, table 1, column E.
    """
    return _published(VGG19, weights, seed)


def vgg16_mini(weights: str | os.PathLike[str] | None = "shipped", seed: int = 0) -> Any:
    """VGG16's layers and names at one-eighth of its width, for the six kinds of shapes of `data.shapes`.

    The pictures are (batch, 64, 64, 3) float32 in [0, 1]. It comes with the package and needs no network.

    Args:
        weights: "shipped" for the weights in the package; the path of an .npz file with arrays "block1_conv1/kernel",
            "block1_conv1/bias" and so on, in any float type; or None for random weights.
        seed: for the random weights.

    Returns:
        A functional Keras model that ends in a softmax.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, or holds another network.
        ModuleNotFoundError: TensorFlow is not installed.
    """
    if weights is None:
        return _build(VGG16_MINI, random_fill(np.random.default_rng(seed)))
    path = SHIPPED if weights == "shipped" else _existing(weights, '"shipped"')
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there, so the package is not whole; install lrp-edu again")
    stored = load_npz(path)
    check_shapes(stored, VGG16_MINI.shapes(), path, VGG16_MINI.name)
    return _build(VGG16_MINI, stored_fill(stored))


def _published(network: Published, weights: str | os.PathLike[str] | None, seed: int) -> Any:
    architecture = network.architecture
    _require_memory(architecture)  # before half a gigabyte is downloaded in vain
    give_back_large_blocks()
    if weights is None:
        return _build(architecture, random_fill(np.random.default_rng(seed)))
    path = _imagenet(network) if weights == "imagenet" else _existing(weights, '"imagenet"')
    with open_h5(path) as stored:
        check_shapes(stored, architecture.shapes(), path, architecture.name)
        return _build(architecture, stored_fill(stored))


def _existing(weights: str | os.PathLike[str], name: str) -> Path:
    try:
        path = Path(weights)
    except TypeError as error:
        raise TypeError(f"weights: got {type(weights).__name__}; give {name}, the path of a file, or None") from error
    if not path.is_file():
        raise FileNotFoundError(f"weights: there is no file {str(path)!r}; give {name}, the path of a file, or None")
    return path


def _imagenet(network: Published) -> Path:
    """Keras' file of the ImageNet weights, which it shares with Keras, and whose hash is right."""
    path = keras_home() / "models" / network.file
    if path.exists():
        check_md5(path, network.md5)
    else:
        download(f"{KERAS_URL}/{network.architecture.name}/{network.file}", path, network.md5, algorithm="md5")
    return path


def _require_memory(architecture: Architecture) -> None:
    weights = 4 * sum(prod(shape) for shape in architecture.shapes().values())
    needed = weights + WORKING_SIZE + (0 if "tensorflow" in sys.modules else TENSORFLOW_SIZE)
    way_out = (
        "shut down other kernels, delete networks that you no longer need (del model), take "
        "lrp_edu.models.vgg16_mini(), or work on a machine with more memory"
    )
    require(needed, f"{architecture.name} with its {weights / MEGABYTE:,.0f} MB of weights", way_out)


def _build(architecture: Architecture, fill: Fill) -> Any:
    """The Keras model, each weight of which is written by `fill` into its final place."""
    keras = _keras()
    layers = keras.layers
    usual = {"kernel_initializer": "glorot_uniform", "bias_initializer": "zeros"}

    def apply(kind: Any, name: str, x: Any, *arguments: Any, activation: str = "relu", **options: Any) -> Any:
        own = {f"{part}_initializer": in_place(f"{name}/{part}", fill) for part in ("kernel", "bias")}
        layer = kind(*arguments, activation=activation, name=name, dtype="float32", **own, **options)
        x = layer(x)
        # It has its weights; what it says about itself, and writes into a file, shall be what Keras knows.
        for option, initializer in usual.items():
            setattr(layer, option, keras.initializers.get(initializer))
        return x

    here = {"data_format": "channels_last"}
    inputs = x = keras.Input((architecture.size, architecture.size, 3), name="input", dtype="float32")
    for block, (count, channels) in enumerate(architecture.blocks, 1):
        for index in range(1, count + 1):
            x = apply(layers.Conv2D, f"block{block}_conv{index}", x, channels, 3, padding="same", **here)
        x = layers.MaxPooling2D(2, 2, name=f"block{block}_pool", dtype="float32", **here)(x)
    x = layers.Flatten(name="flatten", dtype="float32", **here)(x)
    x = apply(layers.Dense, "fc1", x, architecture.hidden)
    x = apply(layers.Dense, "fc2", x, architecture.hidden)
    x = apply(layers.Dense, "predictions", x, architecture.classes, activation="softmax")
    return keras.Model(inputs, x, name=architecture.name)


def _keras() -> Any:
    try:
        with without_messages():
            import keras
            import tensorflow  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"this network needs TensorFlow ({error}): pip install 'lrp-edu[tensorflow]'", name=error.name
        ) from error
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            f"Keras runs on {keras.backend.backend()!r}; set KERAS_BACKEND=tensorflow and restart the kernel"
        )
    return keras
