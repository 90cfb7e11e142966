"""`lrp-edu explain`: a picture in, a heatmap and a few lines out, and a clear word where that cannot be."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from skimage import io

from lrp_edu import data
from lrp_edu.explain import explain


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a star.png"
    made = data.shapes(40, seed=3)
    image = made.images[list(made.labels).index(made.class_names.index("star"))]
    io.imsave(path, np.kron((255 * image).astype(np.uint8), np.ones((3, 3, 1), np.uint8)), check_contrast=False)
    return path


def test_the_heatmap_lies_beside_the_picture_and_the_answer_is_told(picture: Path) -> None:
    wrote, best, *_, books = explain(picture, "vgg16_mini", "epsilon_plus", None, None)
    assert wrote == f"wrote {picture.with_name('a star_explained.png')}"
    assert io.imread(picture.with_name("a star_explained.png")).shape[:2] == (360, 720)
    assert re.fullmatch(r"star +\d+\.\d %", best)
    start, arrived, biases, stabilisers = (float(number) for number in re.findall(r"-?\d+\.\d+", books))
    assert start == pytest.approx(arrived + biases + stabilisers, abs=1e-3)


def test_without_a_picture_a_shape_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert explain(None, "vgg16_mini", "epsilon_gamma_box", None, None)[0] == "wrote explained.png"
    assert (tmp_path / "explained.png").exists()


def test_another_class_gives_another_picture(picture: Path, tmp_path: Path) -> None:
    for name in ("star", "cross"):
        explain(picture, "vgg16_mini", "epsilon_plus", name, tmp_path / f"{name}.png")
    assert (tmp_path / "star.png").read_bytes() != (tmp_path / "cross.png").read_bytes()


@pytest.mark.parametrize("mode", ["grey", "transparent"])
def test_grey_and_transparent_pictures_are_read(picture: Path, mode: str) -> None:
    image = io.imread(picture)
    opaque = np.full((*image.shape[:2], 1), 255, np.uint8)
    io.imsave(picture, image[..., 0] if mode == "grey" else np.concatenate([image, opaque], -1), check_contrast=False)
    assert explain(picture, "vgg16_mini", "epsilon_plus", None, None)[0].startswith("wrote")


def test_what_is_unknown_is_named_with_the_nearest(picture: Path) -> None:
    with pytest.raises(ValueError, match=r"^--model: there is none called 'vgg61'; the nearest are: vgg19, vgg16"):
        explain(picture, "vgg61", "epsilon_plus", None, None)
    with pytest.raises(ValueError, match=r"^class: there is none called 'stra'; the nearest are: star"):
        explain(picture, "vgg16_mini", "epsilon_plus", "stra", None)
    with pytest.raises(
        ValueError, match=r"composite: there is none called 'epsilon_plsu'; did you mean 'epsilon_plus'"
    ):
        explain(picture, "vgg16_mini", "epsilon_plsu", None, None)


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    text = tmp_path / "notes.png"
    shutil.copy(__file__, text)
    with pytest.raises(ValueError, match=r"notes\.png: not a picture that can be read"):
        explain(text, "vgg16_mini", "epsilon_plus", None, None)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.png: there is no such file"):
        explain(tmp_path / "nowhere.png", "vgg16_mini", "epsilon_plus", None, None)
