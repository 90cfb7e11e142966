"""Classifiers: their pictures fit their networks, and where VGG16 cannot be had, a line says why."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from weight_files import write_h5

from lrp_edu import classifiers, composites, memory, models, rules
from lrp_edu.classifiers import CLASSIFIERS, VGG16, VGG16_MINI, vgg16_or_mini
from lrp_edu.models import Architecture, Published
from lrp_edu.photographs import Guess

NARROW = Architecture("vgg16", ((1, 2), (1, 3)), hidden=4, classes=1000, size=224)
ALL = pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Keras keeps its files: those of a narrow VGG16 and of its classes; nothing else is to be had."""
    folder = tmp_path / "models"
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("LRP_EDU_OFFLINE", raising=False)
    monkeypatch.setattr(models, "KERAS_URL", (tmp_path / "nowhere").as_uri())
    monkeypatch.setattr("lrp_edu.photographs.CLASS_INDEX_URL", (tmp_path / "nowhere").as_uri())
    write_h5(folder / "narrow.h5", NARROW)
    digest = hashlib.md5((folder / "narrow.h5").read_bytes()).hexdigest()
    monkeypatch.setattr(models, "VGG16", Published(NARROW, "narrow.h5", digest))
    index = {str(number): [f"n{number:08}", f"thing_{number}"] for number in range(1000)}
    (folder / "imagenet_class_index.json").write_text(json.dumps(index))
    return folder


# What can be had


def test_vgg16_with_its_files_is_taken(keras_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classifier, model = vgg16_or_mini()
    assert classifier is VGG16
    assert model.input_shape == (None, 224, 224, 3)
    assert capsys.readouterr().out == "This lesson runs with VGG16, its ImageNet weights, and photographs.\n"


def test_offline_it_is_the_small_network_wherever_the_files_are(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LRP_EDU_OFFLINE", "1")
    classifier, model = vgg16_or_mini()
    assert classifier is VGG16_MINI
    assert model.name == "vgg16_mini"
    [line] = capsys.readouterr().out.splitlines()
    assert line.endswith(
        "vgg16_mini, the small VGG16 that comes with the course, and coloured shapes (LRP_EDU_OFFLINE=1)."
    )


@pytest.mark.parametrize(
    ("missing", "reason"),
    [("narrow.h5", r"narrow\.h5 is not there"), ("imagenet_class_index.json", r"class_index\.json is not there")],
)
def test_without_a_file_it_is_the_small_network_and_the_file_is_named(
    keras_home: Path, capsys: pytest.CaptureFixture[str], missing: str, reason: str
) -> None:
    (keras_home / missing).unlink()
    assert vgg16_or_mini()[0] is VGG16_MINI
    [line] = capsys.readouterr().out.splitlines()
    assert re.search(rf"runs with vgg16_mini.* because VGG16 cannot be had: .*{reason}", line)


def test_a_damaged_file_is_named(keras_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (keras_home / "narrow.h5").write_bytes(b"no weights")
    assert vgg16_or_mini()[0] is VGG16_MINI
    assert "narrow.h5: damaged" in capsys.readouterr().out


def test_with_too_little_memory_nothing_is_downloaded(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (keras_home / "narrow.h5").unlink()
    monkeypatch.setattr(models, "download", lambda *_, **__: pytest.fail("the weights were asked for"))
    monkeypatch.setattr(memory, "available", lambda _: memory.Free(1000, "the limit of this container"))
    assert vgg16_or_mini()[0] is VGG16_MINI
    assert "left (the limit of this container)" in capsys.readouterr().out


# What belongs to a network


@ALL
def test_pictures_fit_the_network(classifier: Any) -> None:
    pictures = classifier.pictures()
    assert len(pictures) >= 5
    for picture in pictures.values():
        assert (picture.shape, picture.dtype) == ((classifier.size, classifier.size, 3), np.uint8)
    assert classifier.two_things.picture in pictures
    batch = classifier.prepare(np.stack(list(pictures.values())))
    assert batch.dtype == np.float32
    assert np.all(batch >= classifier.low)
    assert np.all(batch <= classifier.high)


@ALL
def test_black_and_white_are_the_edges_of_the_box(classifier: Any) -> None:
    size = classifier.size
    black, white = (classifier.prepare(np.full((1, size, size, 3), value, np.uint8)) for value in (0, 255))
    np.testing.assert_allclose(black[0, 0, 0], np.broadcast_to(classifier.low, 3))
    np.testing.assert_allclose(white[0, 0, 0], np.broadcast_to(classifier.high, 3))


@ALL
def test_relevance_comes_back_in_the_order_red_green_blue(classifier: Any) -> None:
    """A picture that is red only, prepared, has its largest value where red is; `as_rgb` puts it first."""
    red = np.zeros((1, classifier.size, classifier.size, 3), np.uint8)
    red[..., 0] = 255
    brightest = classifier.as_rgb(classifier.prepare(red))[0, 0, 0]
    assert brightest.argmax() == 0


def test_the_small_network_knows_its_pictures() -> None:
    model = VGG16_MINI.build()
    pictures = VGG16_MINI.pictures()
    answers = VGG16_MINI.answers(np.log(model(VGG16_MINI.prepare(np.stack(list(pictures.values())))).numpy()))
    for name, best in zip(pictures, answers, strict=True):
        if name == VGG16_MINI.two_things.picture:
            assert {best[0].name, best[1].name} == set(VGG16_MINI.two_things[1:])
        else:
            assert best[0].name == name
            assert best[0].score > 0.99


@pytest.mark.parametrize("classifier", [VGG16, CLASSIFIERS["vgg19"]])
def test_the_two_things_are_classes_of_imagenet(classifier: Any, keras_home: Path) -> None:
    folder = Path(os.environ.get("LRP_EDU_IMAGENET", Path(__file__).parents[2] / "shared" / "imagenet"))
    real = folder / "imagenet_class_index.json"
    if not real.exists():
        pytest.skip(f"{real} is not there; LRP_EDU_IMAGENET names its folder")
    (keras_home / "imagenet_class_index.json").write_text(real.read_text())
    assert [classifier.number(name) for name in classifier.two_things[1:]] == [812, 518]


def test_answers_are_probabilities_with_names_the_best_first() -> None:
    """Logits 0, log 2 and log 5, the others far below: probabilities 1/8, 2/8 and 5/8."""
    logits = np.full((2, 6), -1e4)
    logits[0, [4, 0, 2]] = 0, np.log(2), np.log(5)
    logits[1, :2] = 1000
    first, second = VGG16_MINI.answers(logits, 3)
    assert [(guess.name, guess.number) for guess in first] == [("triangle", 2), ("circle", 0), ("ring", 4)]
    assert [guess.score for guess in first] == pytest.approx([5 / 8, 2 / 8, 1 / 8])
    assert second[:2] == [Guess("circle", 0.5, 0), Guess("square", 0.5, 1)]


def test_a_class_is_found_by_name_or_number() -> None:
    assert [VGG16_MINI.number(wanted) for wanted in ("circle", "cross", "3")] == [0, 5, 3]


@pytest.mark.parametrize(
    ("wanted", "nearest"), [("stra", "star"), ("6", "circle, square"), ("", "circle, square"), ("²", "circle, square")]
)
def test_an_unknown_class_is_answered_with_the_nearest(wanted: str, nearest: str) -> None:
    with pytest.raises(ValueError, match=rf"there is none called {wanted!r}; the nearest are: {nearest}"):
        VGG16_MINI.number(wanted)


@ALL
def test_composites_know_the_box(classifier: Any) -> None:
    for name in ("epsilon_gamma_box", "deep_taylor"):
        first = classifier.composite(name).first
        assert isinstance(first, rules.ZBox)
        np.testing.assert_array_equal(first.low, classifier.low)
        np.testing.assert_array_equal(first.high, classifier.high)
    assert classifier.composite("epsilon_plus") == composites.epsilon_plus()


def test_importing_the_module_starts_no_tensorflow() -> None:
    program = "import sys, lrp_edu.classifiers; print('tensorflow' in sys.modules, 'skimage' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_nearest_words_end_a_message() -> None:
    assert classifiers.nearest("vgg61", CLASSIFIERS) == "; the nearest are: vgg19, vgg16"
    assert classifiers.nearest("resnet", ["one", "two"]) == "; the nearest are: one, two"
