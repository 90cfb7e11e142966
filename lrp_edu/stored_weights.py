"""Weights that lie in a file, read straight into the memory in which the network keeps them."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lrp_edu.arrays import Array

Stored = Mapping[str, Any]  # "fc1/kernel" → an array, or a dataset that is still on the disk
Fill = Callable[[str, Array], None]  # writes the weight of that name into memory that is given


def in_place(name: str, fill: Fill) -> Callable[..., Any]:
    """A Keras initialiser whose weight is written once, into the memory that TensorFlow goes on to use.

    An initialiser that hands over a NumPy array has it copied, and to assign a slice copies the whole weight first:
    for VGG16's largest one that is 411 MB. DLPack passes the memory on as it is, if it begins at a multiple of 64
    bytes; otherwise TensorFlow copies it, which costs memory and changes nothing else.

    Args:
        name: what `fill` calls this weight, such as "fc1/kernel".
        fill: writes the values into an array of the weight's shape.
    """

    def initializer(shape: tuple[int, ...], dtype: str = "float32") -> Any:
        import tensorflow as tf

        array = aligned(shape, dtype)
        fill(name, array)
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())

    return initializer


def aligned(shape: tuple[int, ...], dtype: str = "float32") -> Array:
    """An array that nobody has written to yet, and that begins at a multiple of 64 bytes."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


def random_fill(rng: np.random.Generator) -> Fill:
    """Kernels uniform in ±√(6 / inputs of a neuron), biases zero: a ReLU layer then keeps the size of its input.

    Source: He et al. 2015, "Delving deep into rectifiers", eq. 10.
    """

    def fill(name: str, array: Array) -> None:
        if name.endswith("/bias"):
            array[...] = 0
            return
        limit = np.float32(np.sqrt(6 / np.prod(array.shape[:-1])))
        rng.random(out=array, dtype=np.float32)
        array *= 2 * limit
        array -= limit

    return fill


def stored_fill(stored: Stored) -> Fill:
    """From a file that is open: a dataset is read from the disk into its place, with nothing in between."""

    def fill(name: str, array: Array) -> None:
        if isinstance(stored[name], np.ndarray):
            array[...] = stored[name]
        else:
            stored[name].read_direct(array)

    return fill


@contextmanager
def open_h5(path: Path) -> Iterator[Stored]:
    """The kernels and biases in one of Keras' three .h5 layouts, by layer; none is read yet.

    The layouts: the downloads of keras.applications and `save_weights` up to Keras 2, the same inside a whole model
    (`model.save("name.h5")`), and Keras 3's `save_weights("name.weights.h5")`.

    Raises:
        ValueError: the file is damaged, no HDF5, or in none of these layouts.
    """
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path}: no whole HDF5 file ({error}); get it again, or give Keras' own .h5") from error
    with file:
        try:
            weights = dict(_weights_of_a_layer(file))
        except (KeyError, AttributeError, TypeError, ValueError, OSError, RuntimeError) as error:
            raise ValueError(f"{path}: damaged, or not laid out as Keras does it ({error}); get it again") from error
        if not weights:
            raise ValueError(f"{path}: an HDF5 file without Keras layers; give a file that Keras saved")
        yield weights


def _weights_of_a_layer(file: Any) -> Iterator[tuple[str, Any]]:
    root = file.get("model_weights", file)
    if "layer_names" in root.attrs:
        layers = {name: root[name] for name in _texts(root.attrs["layer_names"])}
        weights = {
            layer: [group[name] for name in _texts(group.attrs["weight_names"])] for layer, group in layers.items()
        }
    else:
        groups = [layer["vars"] for layer in root.get("layers", {}).values()]
        weights = {str(group.attrs["name"]): [group[key] for key in sorted(group)] for group in groups}
    for layer, parts in weights.items():
        if len(parts) > 2:
            raise ValueError(f"layer {layer!r} has {len(parts)} weights, where a kernel and a bias were expected")
        for part, dataset in zip(("kernel", "bias"), parts, strict=False):
            yield f"{layer}/{part}", dataset


def _texts(names: Any) -> list[str]:
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


def load_npz(path: Path) -> Stored:
    """The arrays of an .npz file, named "fc1/kernel" and so on.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or holds something else than arrays of numbers.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: no whole .npz file of arrays ({error}); get it again") from error


def check_shapes(stored: Stored, shapes: Mapping[str, tuple[int, ...]], path: Path, network: str) -> None:
    """See that a file holds the weights of this network and of no other.

    Raises:
        ValueError: a weight is missing, left over, of another shape, or not made of floating-point numbers.
    """
    missing = [name for name in shapes if name not in stored]
    extra = [name for name in stored if name not in shapes]
    advice = f"give weights that were saved from {network}"
    if missing:
        if extra == [] and all(not name.startswith("block") for name in missing):
            advice = "it was saved without the dense layers: give the file without 'notop' in its name"
        raise ValueError(f"{path}: not the weights of {network}, {missing[0]!r} is missing; {advice}")
    if extra:
        raise ValueError(f"{path}: not the weights of {network}, which has no {extra[0]!r}; {advice}")
    for name, shape in shapes.items():
        found = stored[name]
        if tuple(found.shape) != shape or found.dtype.kind != "f":
            raise ValueError(
                f"{path}: not the weights of {network}, {name!r} is {found.dtype} of shape {tuple(found.shape)}, "
                f"expected floats of shape {shape}; {advice}"
            )


def check_md5(path: Path, digest: str) -> None:
    """See that a file on the disk is the one that Keras distributes, to the last bit.

    Raises:
        ValueError: it has another hash.
    """
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != digest:
        raise ValueError(
            f"{path}: damaged, or not the file that Keras distributes (its MD5 is {found}, expected {digest}); "
            "delete it and it is downloaded again, or give its path if you want these weights"
        )
