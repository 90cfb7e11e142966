"""Weights in files: Keras' three .h5 layouts, .npz, what is wrong with a file, and that nothing is held twice."""

from __future__ import annotations

import gc
import hashlib
import re
import weakref
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

from lrp_edu.arrays import Array
from lrp_edu.stored_weights import (
    aligned,
    check_md5,
    check_shapes,
    in_place,
    load_npz,
    open_h5,
    random_fill,
    stored_fill,
)

# In place


def address(array: Array) -> int:
    return array.__array_interface__["data"][0]


@pytest.mark.parametrize("shape", [(1,), (3, 3, 3, 8), (1000, 401)])
def test_an_aligned_array_begins_at_a_multiple_of_64_bytes(shape: tuple[int, ...]) -> None:
    array = aligned(shape)
    assert address(array) % 64 == 0
    assert array.shape == shape
    assert array.dtype == np.float32
    assert array.flags.writeable
    assert array.flags.c_contiguous


def layer_with(fill: Any, neurons: int = 5) -> Any:
    layer = keras.layers.Dense(
        neurons, kernel_initializer=in_place("fc/kernel", fill), bias_initializer=in_place("fc/bias", fill)
    )
    layer.build((None, 4))
    return layer


def test_a_weight_is_written_where_the_layer_keeps_it() -> None:
    """The variable's memory is the array that was filled, and the values are the ones that were written."""
    filled = {}

    def fill(name: str, array: Array) -> None:
        array[...] = np.arange(array.size).reshape(array.shape)
        filled[name] = address(array)

    layer = layer_with(fill)
    kept = np.asarray(memoryview(layer.kernel.value.read_value()))
    assert address(kept) == filled["fc/kernel"]
    np.testing.assert_array_equal(layer.kernel, np.arange(20).reshape(4, 5))
    np.testing.assert_array_equal(layer.bias, np.arange(5))


def test_the_memory_is_given_back_with_the_layer() -> None:
    filled = []

    def fill(name: str, array: Array) -> None:
        array[...] = 0
        filled.append(weakref.ref(array))

    layer = layer_with(fill)
    assert all(array() is not None for array in filled)
    del layer
    gc.collect()
    assert len(filled) == 2
    assert all(array() is None for array in filled)


def test_the_layer_can_be_trained() -> None:
    layer = layer_with(random_fill(np.random.default_rng(0)), neurons=1)
    model = keras.Sequential([layer])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    x = np.random.default_rng(1).normal(size=(64, 4)).astype(np.float32)
    losses = model.fit(x, x.sum(axis=1), epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0]


def test_random_kernels_are_he_s_and_biases_zero() -> None:
    """Uniform in ±√(6/n): variance 2/n with n = 3 · 3 · 50 inputs."""
    fill = random_fill(np.random.default_rng(0))
    kernel, bias = aligned((3, 3, 50, 200)), aligned((200,))
    fill("block1_conv1/kernel", kernel)
    fill("block1_conv1/bias", bias)
    assert abs(kernel.mean()) < 1e-3
    np.testing.assert_allclose(kernel.var(), 2 / 450, rtol=0.02)
    assert np.abs(kernel).max() <= np.sqrt(6 / 450) * (1 + 1e-6)
    assert not bias.any()


# Files of Keras


def network() -> Any:
    inputs = keras.Input((6, 6, 3))
    x = keras.layers.Conv2D(2, 3, name="block1_conv1")(inputs)
    x = keras.layers.MaxPooling2D(name="block1_pool")(x)
    x = keras.layers.Dense(3, name="fc1")(keras.layers.Flatten(name="flatten")(x))
    model = keras.Model(inputs, keras.layers.Dense(4, name="fc2")(x))
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    return model


def weights_of(model: Any) -> dict[str, Array]:
    return {f"{layer.name}/{weight.name}": weight.numpy() for layer in model.layers for weight in layer.weights}


SHAPES: dict[str, tuple[int, ...]] = {
    "block1_conv1/kernel": (3, 3, 3, 2),
    "block1_conv1/bias": (2,),
    "fc1/kernel": (8, 3),
    "fc1/bias": (3,),
    "fc2/kernel": (3, 4),
    "fc2/bias": (4,),
}


def save_downloadable(model: Any, path: Path) -> None:
    """As in the files of keras.applications: names with _W_1:0 and _b_1:0, bytes, empty groups for other layers."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}_{part}_1:0" for part in "Wb"] if layer.weights else []
            group.attrs["weight_names"] = np.array(names, dtype="S30")
            for name, weight in zip(names, layer.weights, strict=True):
                group[name] = weight.numpy()


def save_old(model: Any, path: Path) -> None:
    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, model)


def save_whole(model: Any, path: Path) -> None:
    model.save(path)


def save_new(model: Any, path: Path) -> None:
    model.save_weights(path)


@pytest.mark.parametrize("save", [save_downloadable, save_old, save_whole, save_new])
def test_every_layout_of_keras_is_read(save: Any, tmp_path: Path) -> None:
    model, path = network(), tmp_path / "some.weights.h5"
    save(model, path)
    with open_h5(path) as stored:
        assert {name: part.shape for name, part in stored.items()} == SHAPES
        check_shapes(stored, SHAPES, path, "vgg16")
        fill = stored_fill(stored)
        for name, expected in weights_of(model).items():
            found = aligned(SHAPES[name])
            fill(name, found)
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
@pytest.mark.parametrize("save", [save_downloadable, save_new])
def test_a_truncated_file_is_named(save: Any, share: float, tmp_path: Path) -> None:
    path = tmp_path / "some.weights.h5"
    save(network(), path)
    body = path.read_bytes()
    path.write_bytes(body[: int(share * len(body))])
    with pytest.raises(ValueError, match=rf"{re.escape(str(path))}: no whole HDF5 file .*get it again"), open_h5(path):
        pass


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "some.h5"
    path.write_text("<html>404</html>")
    with pytest.raises(ValueError, match=r"some\.h5: no whole HDF5 file"), open_h5(path):
        pass


def without_layers(file: h5py.File) -> None:
    file["data"] = np.ones(3)


def without_a_group(file: h5py.File) -> None:
    file.attrs["layer_names"] = ["fc1"]


def without_weight_names(file: h5py.File) -> None:
    file.attrs["layer_names"] = ["fc1"]
    file.create_group("fc1")


def with_three_weights(file: h5py.File) -> None:
    without_weight_names(file)
    file["fc1"].attrs["weight_names"] = ["a", "b", "c"]
    for name in "abc":
        file["fc1"][name] = np.ones(3)


def without_a_layer_s_name(file: h5py.File) -> None:
    file.create_group("layers/dense/vars")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (without_layers, "without Keras layers"),
        (without_a_group, "not laid out as Keras does it"),
        (without_weight_names, "not laid out as Keras does it"),
        (with_three_weights, "'fc1' has 3 weights"),
        (without_a_layer_s_name, "not laid out as Keras does it"),
    ],
)
def test_hdf5_that_is_not_keras_is_named(write: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "some.h5"
    with h5py.File(path, "w") as file:
        write(file)
    with pytest.raises(ValueError, match=rf"some\.h5.*{message}"), open_h5(path):
        pass


# Arrays in .npz


def test_npz_in_half_precision_is_read_into_place(tmp_path: Path) -> None:
    kernel = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float16)
    np.savez(tmp_path / "some.npz", **{"fc1/kernel": kernel})
    stored = load_npz(tmp_path / "some.npz")
    found = aligned((8, 3))
    stored_fill(stored)("fc1/kernel", found)
    np.testing.assert_array_equal(found, kernel.astype(np.float32))


def broken_npz(path: Path, how: str) -> None:
    np.savez(path, **{"fc1/kernel": np.array(["a", None], object) if how == "pickle" else np.ones(500)})
    body = path.read_bytes()
    changed = {"empty": b"", "truncated": body[:-100], "text": b"no zip"}
    path.write_bytes(changed.get(how, body))
    if how == "npy":
        with open(path, "wb") as file:
            np.save(file, np.ones(3))


@pytest.mark.parametrize("how", ["empty", "truncated", "text", "pickle", "npy"])
def test_a_broken_npz_is_named(how: str, tmp_path: Path) -> None:
    broken_npz(tmp_path / "some.npz", how)
    with pytest.raises(ValueError, match=r"some\.npz: no whole \.npz file of arrays"):
        load_npz(tmp_path / "some.npz")


# What a file must hold


def arrays(**changed: Any) -> dict[str, Any]:
    found = {name: np.ones(shape, np.float32) for name, shape in SHAPES.items()}
    found |= {name.replace("__", "/"): array for name, array in changed.items()}
    return {name: array for name, array in found.items() if array is not None}


def test_the_right_weights_pass() -> None:
    check_shapes(arrays(fc1__bias=np.ones(3, np.float16)), SHAPES, Path("some.h5"), "vgg16")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"fc2__kernel": None}, "'fc2/kernel' is missing"),
        ({"block3_conv4__kernel": np.ones(3)}, "vgg16, which has no 'block3_conv4/kernel'"),
        ({"fc1__kernel": np.ones((9, 3))}, r"'fc1/kernel' is float64 of shape (9, 3), expected floats of shape (8, 3)"),
        ({"fc1__kernel": np.ones((8, 3), np.int32)}, "'fc1/kernel' is int32"),
        ({name.replace("/", "__"): None for name in SHAPES if name[0] == "f"}, "without 'notop' in its name"),
    ],
)
def test_another_network_s_weights_are_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape("some.h5: not the weights of vgg16")) as caught:
        check_shapes(arrays(**changed), SHAPES, Path("some.h5"), "vgg16")
    assert message in str(caught.value)


def test_the_hash_of_a_file_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "some.h5"
    path.write_bytes(b"weights")
    right = hashlib.md5(b"weights").hexdigest()
    check_md5(path, right)
    with pytest.raises(ValueError, match=rf"some\.h5: damaged, or not the file .*{right}, expected {'0' * 32}.*delete"):
        check_md5(path, "0" * 32)
