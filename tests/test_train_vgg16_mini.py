"""The shipped network: as good as is said, small enough, and made by a command that replaces it only by a good one."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import typer

import lrp_edu
from lrp_edu import composites, data, models, targets
from lrp_edu import train_vgg16_mini as training

# The shipped weights


@pytest.fixture(scope="module")
def shipped() -> Any:
    return models.vgg16_mini()


def test_the_shipped_network_is_right_on_98_of_100_new_pictures(shipped: Any) -> None:
    reached = training.measure(shipped, 1000, seed=4711)
    assert reached.singles >= 0.98
    assert reached.pairs >= 0.95


def test_every_class_is_seen_well(shipped: Any) -> None:
    found = data.shapes(600, seed=815)
    top = shipped.predict(found.images, verbose=0).argmax(axis=1)
    for kind, name in enumerate(found.class_names):
        assert (top[found.labels == kind] == kind).mean() >= 0.95, name


def test_a_heatmap_can_ask_for_one_object_or_the_other(shipped: Any) -> None:
    """Relevance of the margin between both classes: more of it on the object of the first than on the other."""
    found = data.shapes(100, seed=16, objects=2)
    explainer = lrp_edu.LRP(shipped, composites.get("epsilon_gamma_box", low=0.0, high=1.0))
    margin = targets.Margin(*found.labels.T.tolist())
    relevance = explainer(found.images, target=margin).relevance.sum(axis=-1)
    first, second = ((relevance * found.masks[:, which]).sum(axis=(1, 2)) for which in (0, 1))
    assert (first > second).mean() >= 0.85


def test_the_weights_are_small_in_half_precision_and_named_as_the_layers(shipped: Any) -> None:
    assert models.SHIPPED.stat().st_size <= 3e6
    with np.load(models.SHIPPED, allow_pickle=False) as stored:
        names = [f"{layer.name}/{weight.name}" for layer in shipped.layers for weight in layer.weights]
        assert stored.files == names
        assert {stored[name].dtype for name in names} == {np.dtype(np.float16)}
        for name, weight in zip(names, shipped.get_weights(), strict=True):
            assert np.isfinite(weight).all()
            np.testing.assert_array_equal(stored[name].astype(np.float32), weight)


# What it learns from


def test_each_step_has_its_own_pictures_and_the_same_each_time() -> None:
    first, again, next_step, other = (training._batch(seed, step) for seed, step in ((0, 1), (0, 1), (0, 2), (1, 1)))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    for different in (next_step, other):
        assert not (first[0] == different[0]).all(axis=(1, 2, 3)).any()


def test_training_pictures_are_not_held_out_ones() -> None:
    """Not even where both are drawn with the same number."""
    seed = training.HELD_OUT_SEED
    learned = {image.tobytes() for image in training._batch(seed, 0)[0]}
    held_out = {image.tobytes() for image in data.shapes(200, seed).images}
    assert not learned & held_out


def test_the_answers_say_which_classes_are_there() -> None:
    images, present = training._batch(0, 0)
    assert images.shape == (128, 64, 64, 3)
    assert images.dtype == present.dtype == np.float32
    assert set(np.unique(present)) == {0.0, 1.0}
    assert present.sum(axis=1).tolist() == [1] * 64 + [2] * 64


def test_batches_come_in_order_and_as_many_as_asked() -> None:
    batches = list(training._batches(3, 3))
    assert len(batches) == 3
    for step, (images, _) in enumerate(batches):
        np.testing.assert_array_equal(images, training._batch(3, step)[0])


# Measuring


class Oracle:
    """Answers as a network would that knows the labels of `measure`, but for every tenth picture."""

    def __init__(self, n: int, seed: int) -> None:
        one_hot = np.eye(6)
        self.answers = [
            one_hot[data.shapes(n, seed).labels],
            one_hot[data.shapes(n, seed + 1, objects=2).labels].sum(axis=1),
        ]
        for answers in self.answers:
            answers[::10] = 1 - answers[::10]

    def predict(self, _images: Any, **_: Any) -> Any:
        return self.answers.pop(0)


def test_accuracy_counts_the_pictures_that_are_right() -> None:
    assert training.measure(Oracle(50, 5), 50, seed=5) == (0.9, 0.9)


def test_accuracy_in_parts_counts_every_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_AT_ONCE", 8)
    asked: list[int] = []

    class Circles:
        def predict(self, images: Any, **_: Any) -> Any:
            asked.append(len(images))
            return np.tile([1.0, 0, 0, 0, 0, 0], (len(images), 1))

    reached = training.measure(Circles(), 20)
    assert asked == [8, 8, 8, 8, 4, 4]
    assert 0 < reached.singles < 0.5


# The command


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network of eight layers, and an epoch of two steps of eight pictures."""
    monkeypatch.setattr(models, "VGG16_MINI", replace(models.VGG16_MINI, blocks=((1, 8),) * 5))
    monkeypatch.setattr(training, "_STEPS_AN_EPOCH", 2)
    monkeypatch.setattr(training, "_SINGLES", 6)
    monkeypatch.setattr(training, "_PAIRS", 2)


def test_a_poor_network_does_not_replace_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training, "train", lambda *_: None)  # as poor as a network can be
    output = tmp_path / "weights.npz"
    output.write_bytes(b"the good ones")
    with pytest.raises(typer.Exit) as stopped:
        training.main(output, epochs=1, seed=0, held_out=12)
    assert stopped.value.exit_code == 1
    assert output.read_bytes() == b"the good ones"
    assert [path.name for path in tmp_path.iterdir()] == ["weights.npz"]
    said = capsys.readouterr().out
    assert re.search(r"On 12 held-out pictures with one object, the top class is right in \d+\.\d\d%", said)
    assert f"less than 98%: {output} is left as it was. Train for more epochs" in said


def test_a_good_network_is_written_and_loads_as_it_was_measured(
    quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured: list[Any] = []
    monkeypatch.setattr(training, "measure", lambda model, n: measured.append(model) or training.Accuracy(0.99, 0.9))
    output = tmp_path / "folder" / "weights.npz"
    training.main(output, epochs=2, seed=3, held_out=5)
    assert f"Written to {output}" in capsys.readouterr().out
    assert [path.name for path in output.parent.iterdir()] == ["weights.npz"]
    begun, loaded = models.vgg16_mini(weights=None, seed=3), models.vgg16_mini(output)
    for first, last, weight in zip(begun.weights, loaded.weights, measured[0].weights, strict=True):
        np.testing.assert_array_equal(last.numpy(), weight.numpy())
        if last.name == "kernel":
            assert np.abs(last.numpy() - first.numpy()).max() > 1e-6


def test_writing_that_fails_leaves_the_old_file(shipped: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "weights.npz"
    output.write_bytes(b"the good ones")

    def disk_full(file: Any, **_: Any) -> None:
        file.write(b"half of")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez_compressed", disk_full)
    with pytest.raises(OSError, match="no space"):
        training.save(shipped, output)
    assert output.read_bytes() == b"the good ones"
    assert [path.name for path in tmp_path.iterdir()] == ["weights.npz"]


def test_the_command_says_what_it_can_do() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "lrp_edu.train_vgg16_mini", "--help"], capture_output=True, text=True, check=True
    )
    for option in ("--output", "--epochs", "--seed", "--held-out"):
        assert option in ran.stdout
