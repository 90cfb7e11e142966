"""The networks: Keras' own to the last bit, from Keras' own files, within Binder's memory, or an error that helps."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras.src.applications import vgg16 as keras_vgg16
from keras.src.applications import vgg19 as keras_vgg19
from weight_files import enough_room, write_h5

from lrp_edu import memory, models
from lrp_edu.models import Architecture, Published

SMALL = Architecture("small", ((2, 2), (1, 3)), hidden=4, classes=5, size=8)
BAR = 1_500_000_000  # bytes: what Binder's 2 GB leave beside JupyterLab


def pictures(size: int, count: int = 2) -> Any:
    return np.random.default_rng(7).random((count, size, size, 3), dtype=np.float32)


def write_npz(path: Path, architecture: Architecture, dtype: str = "float32") -> dict[str, Any]:
    rng = np.random.default_rng(3)
    stored = {name: rng.normal(0, 0.1, shape).astype(dtype) for name, shape in architecture.shapes().items()}
    np.savez(path, **stored)
    return stored


# The same network as Keras'


@pytest.mark.parametrize(
    ("network", "builder"), [(models.VGG16, keras.applications.VGG16), (models.VGG19, keras.applications.VGG19)]
)
def test_layers_settings_and_outputs_are_those_of_keras(
    network: Published, builder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full width on pictures of 32 × 32 with Keras' own weights file: every layer alike, and the outputs equal."""
    name = network.architecture.name
    theirs = builder(weights=None, input_shape=(32, 32, 3), classes=7)
    theirs.save_weights(tmp_path / "some.weights.h5")
    x = pictures(32) * 255
    expected = theirs(x).numpy()
    settings = [layer.get_config() for layer in theirs.layers[1:]]
    del theirs
    monkeypatch.setattr(
        models, name.upper(), replace(network, architecture=replace(network.architecture, size=32, classes=7))
    )
    ours = getattr(models, name)(tmp_path / "some.weights.h5")
    assert [layer.get_config() for layer in ours.layers[1:]] == settings
    assert ours.name == name
    assert ours.input_shape == (None, 32, 32, 3)
    np.testing.assert_array_equal(ours(x).numpy(), expected)


@pytest.mark.parametrize(
    ("network", "module", "weights"),
    [(models.VGG16, keras_vgg16, 138_357_544), (models.VGG19, keras_vgg19, 143_667_240)],
)
def test_size_address_and_hash_are_those_of_keras(network: Published, module: Any, weights: int) -> None:
    assert sum(int(np.prod(shape)) for shape in network.architecture.shapes().values()) == weights
    assert f"{models.KERAS_URL}/{network.architecture.name}/{network.file}" == module.WEIGHTS_PATH
    assert network.md5 in inspect.getsource(module)


# Small stand-ins for VGG16, through the public functions


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`models.vgg16` builds a tiny network; where its file would lie is returned. There is none yet, nor a network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("LRP_EDU_OFFLINE", "1")
    write_h5(tmp_path / "served" / "small" / "small.h5", SMALL)
    body = (tmp_path / "served" / "small" / "small.h5").read_bytes()
    monkeypatch.setattr(models, "VGG16", Published(SMALL, "small.h5", hashlib.md5(body).hexdigest()))
    monkeypatch.setattr(models, "KERAS_URL", (tmp_path / "served").as_uri())
    return tmp_path / "keras" / "models" / "small.h5"


def served(kept: Path) -> Path:
    return kept.parents[2] / "served" / "small" / "small.h5"


def check_is_the_served_network(model: Any, kept: Path) -> None:
    with h5py.File(served(kept)) as file:
        for layer in ("block1_conv2", "block2_conv1", "predictions"):
            np.testing.assert_array_equal(model.get_layer(layer).kernel, file[layer][f"{layer}_W_1:0"][()])
            np.testing.assert_array_equal(model.get_layer(layer).bias, file[layer][f"{layer}_b_1:0"][()])


def test_imagenet_is_read_where_keras_keeps_it(small: Path) -> None:
    small.parent.mkdir(parents=True)
    shutil.copy(served(small), small)
    check_is_the_served_network(models.vgg16(), small)


def test_imagenet_is_downloaded_once_and_kept(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LRP_EDU_OFFLINE")
    check_is_the_served_network(models.vgg16(), small)
    assert [path.name for path in small.parent.iterdir()] == ["small.h5"]
    monkeypatch.setenv("LRP_EDU_OFFLINE", "1")
    check_is_the_served_network(models.vgg16(), small)


def test_offline_a_missing_file_is_named(small: Path) -> None:
    with pytest.raises(FileNotFoundError, match=rf"{re.escape(str(small))} is not there, and LRP_EDU_OFFLINE=1"):
        models.vgg16()
    assert not small.parent.exists()


def test_a_download_with_another_hash_leaves_nothing_behind(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LRP_EDU_OFFLINE")
    served(small).write_bytes(served(small).read_bytes()[:-1])
    with pytest.raises(ValueError, match="not the file that was expected"):
        models.vgg16()
    assert list(small.parent.iterdir()) == []


def test_a_kept_file_that_was_cut_is_named(small: Path) -> None:
    small.parent.mkdir(parents=True)
    small.write_bytes(served(small).read_bytes()[:-1])
    with pytest.raises(ValueError, match=rf"{re.escape(str(small))}: damaged.*delete it"):
        models.vgg16()


def test_a_path_is_read_whatever_its_hash(small: Path, tmp_path: Path) -> None:
    shutil.copy(served(small), tmp_path / "mine.h5")
    with h5py.File(tmp_path / "mine.h5", "a") as file:
        file.attrs["note"] = "mine"
    check_is_the_served_network(models.vgg16(tmp_path / "mine.h5"), small)
    check_is_the_served_network(models.vgg16(str(tmp_path / "mine.h5")), small)


def test_a_path_to_a_cut_file_is_named(small: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.h5").write_bytes(served(small).read_bytes()[:-8])
    with pytest.raises(ValueError, match=r"mine\.h5: no whole HDF5 file"):
        models.vgg16(tmp_path / "mine.h5")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (replace(SMALL, blocks=((2, 2), (2, 3))), "small, which has no 'block2_conv2/kernel'"),
        (replace(SMALL, blocks=((1, 2), (1, 3))), "'block1_conv2/kernel' is missing"),
        (replace(SMALL, classes=6), r"'predictions/kernel' is float32 of shape \(4, 6\), expected .*\(4, 5\)"),
    ],
)
def test_a_path_to_another_network_is_named(small: Path, tmp_path: Path, other: Architecture, message: str) -> None:
    write_h5(tmp_path / "other.h5", other)
    with pytest.raises(ValueError, match=rf"other\.h5: not the weights of small, .*{message}|{message}"):
        models.vgg16(tmp_path / "other.h5")


def test_a_file_without_the_dense_layers_is_named(small: Path, tmp_path: Path) -> None:
    dense = [name for name in SMALL.shapes() if not name.startswith("block")]
    write_h5(tmp_path / "some_notop.h5", SMALL, **dict.fromkeys(dense))
    with pytest.raises(ValueError, match=r"some_notop\.h5.*'fc1/kernel' is missing.*without 'notop' in its name"):
        models.vgg16(tmp_path / "some_notop.h5")


@pytest.mark.parametrize("build", [models.vgg16, models.vgg19, models.vgg16_mini])
def test_weights_that_are_nowhere_are_named(build: Any, tmp_path: Path) -> None:
    for weights in (tmp_path / "gone.h5", str(tmp_path), "imagnet"):
        with pytest.raises(
            FileNotFoundError, match=rf"no file '{re.escape(str(weights))}'; give \"(imagenet|shipped)\""
        ):
            build(weights)
    with pytest.raises(TypeError, match="weights: got int; give"):
        build(7)


def test_a_saved_network_comes_back_and_a_clone_has_weights_of_its_own(small: Path, tmp_path: Path) -> None:
    """What the layers say about themselves is known to Keras; nothing of how they were loaded is left in them."""
    model = models.vgg16(served(small))
    x = pictures(8)
    model.save(tmp_path / "some.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "some.keras")(x), model(x))
    clone = keras.models.clone_model(model)
    clone.set_weights([0 * weight for weight in clone.get_weights()])
    check_is_the_served_network(model, small)


def test_keras_own_settings_do_not_change_the_network(small: Path) -> None:
    expected = models.vgg16(served(small))(pictures(8)).numpy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = models.vgg16(served(small))
        np.testing.assert_array_equal(model(pictures(8)).numpy(), expected)
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(model(pictures(8)).numpy(), expected)


def test_random_weights_follow_the_seed(small: Path) -> None:
    first, again, other = (models.vgg16(None, seed=seed)(pictures(8)).numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_another_backend_of_keras_is_named(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match=r"'jax'; set KERAS_BACKEND=tensorflow"):
        models.vgg16(None)


def test_without_tensorflow_the_package_to_install_is_named(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'lrp-edu\[tensorflow\]'"):
        models.vgg16(None)


# Memory


@pytest.mark.parametrize("build", [models.vgg16, models.vgg19])
def test_too_little_memory_is_said_before_anything_is_built(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda _: memory.Free(800_000_000, "the limit of this container"))
    message = rf"{build.__name__} with its 5\d\d MB of weights needs 8\d\d MB.* 800 MB are left.*vgg16_mini\(\)"
    with pytest.raises(MemoryError, match=message):
        build(None)


PROGRAM = """
import json, sys
from lrp_edu import LRP, models
weights, composite = (None if sys.argv[1] == "random" else sys.argv[1]), sys.argv[2]
model = models.vgg16(weights)
import numpy as np
image = np.random.default_rng(0).random((1, 224, 224, 3), dtype=np.float32) * 255
output = model(image).numpy()[0]
explainer = LRP(model, composite)
found = [explainer(image).relevance for _ in range(3)][-1]
# Not getrusage: its figure begins with the peak of the process that started this one.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({"peak": int(status["VmHWM"].split()[0]) * 1024,
    "sum": float(output.sum()), "finite": bool(np.isfinite(output).all() and np.isfinite(found).all()),
    "classes": len(output),
    "kernel": model.get_layer("fc1").kernel.numpy()[25_000, 17:20].tolist()}))
"""


@pytest.mark.skipif("CI" not in os.environ, reason="a minute and 2 GB: runs where CI is set")
@pytest.mark.skipif(not enough_room(), reason="needs Linux, 2 GB of memory and 1 GB of disk")
def test_full_vgg16_is_loaded_and_explained_within_binder_s_memory(tmp_path: Path) -> None:
    """A process of its own, from the start: TensorFlow, a file of 553 MB in the downloadable layout, explanations.

    α2β1 needs the most memory of all composites.
    """
    path = tmp_path / "full.h5"
    try:
        write_h5(path, models.VGG16.architecture)
        with h5py.File(path) as file:
            kernel = file["fc1/fc1_W_1:0"][25_000, 17:20].tolist()
        runs = {str(path): "epsilon_alpha2_beta1", "random": "epsilon_plus"}
        found = {weights: run_full(weights, composite) for weights, composite in runs.items()}
    finally:
        path.unlink(missing_ok=True)
    assert found[str(path)]["kernel"] == kernel
    for result in found.values():
        assert result["classes"] == 1000
        assert result["finite"]
        assert abs(result["sum"] - 1) < 1e-4
        assert result["peak"] < BAR, f"peak of {result['peak'] / 1e6:.0f} MB"


def run_full(weights: str, composite: str) -> dict[str, Any]:
    command = [sys.executable, "-c", PROGRAM, weights, composite]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env={**os.environ}, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


# The small network that comes with the package


def test_the_small_network_has_vgg16_s_layers_at_one_eighth_of_its_width() -> None:
    model = models.vgg16_mini(None)
    full = models.VGG16.architecture
    assert list(models.VGG16_MINI.shapes()) == list(full.shapes())
    assert [(count, 8 * width) for count, width in models.VGG16_MINI.blocks] == list(full.blocks)
    assert [layer.name for layer in model.layers][:4] == ["input", "block1_conv1", "block1_conv2", "block1_pool"]
    assert model.name == "vgg16_mini"
    assert model.input_shape == (None, 64, 64, 3)
    assert model.output_shape == (None, 6)
    assert model.count_params() == 627_886
    outputs = model(pictures(64)).numpy()
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_small_network_is_read_in_any_precision(
    dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = write_npz(tmp_path / "mini.npz", models.VGG16_MINI, dtype)
    monkeypatch.setattr(models, "SHIPPED", tmp_path / "mini.npz")
    for model in (models.vgg16_mini(), models.vgg16_mini(tmp_path / "mini.npz")):
        for layer in ("block1_conv1", "fc1", "predictions"):
            np.testing.assert_array_equal(
                model.get_layer(layer).kernel, stored[f"{layer}/kernel"].astype(np.float32), strict=False
            )
            np.testing.assert_array_equal(model.get_layer(layer).bias, stored[f"{layer}/bias"].astype(np.float32))


def test_a_package_without_the_weights_is_not_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "SHIPPED", tmp_path / "mini.npz")
    with pytest.raises(FileNotFoundError, match=r"mini\.npz is not there.*install lrp-edu again"):
        models.vgg16_mini()


def test_wrong_weights_for_the_small_network_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mini.npz"
    write_npz(path, replace(models.VGG16_MINI, classes=10))
    with pytest.raises(ValueError, match=r"mini\.npz: not the weights of vgg16_mini, 'predictions/kernel'"):
        models.vgg16_mini(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"mini\.npz: no whole \.npz"):
        models.vgg16_mini(path)


@pytest.mark.skipif(not models.SHIPPED.exists(), reason="not trained yet: python -m lrp_edu.train_vgg16_mini")
def test_the_shipped_weights_load_and_are_small() -> None:
    assert models.SHIPPED.stat().st_size < 3_000_000
    outputs = models.vgg16_mini()(pictures(64)).numpy()
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)


def test_importing_the_module_imports_no_tensorflow() -> None:
    program = (
        "import sys, lrp_edu.models; print('tensorflow' in sys.modules, 'keras' in sys.modules, 'h5py' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"] * 3
