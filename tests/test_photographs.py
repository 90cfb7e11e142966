"""Photographs and ImageNet: what goes in as Keras prepares it, what comes out by the names that Keras has."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lrp_edu import data, photographs, rules

NAMES = ["astronaut", "cat", "coffee", "motorcycle", "rocket"]
IMAGENET = Path(os.environ.get("LRP_EDU_IMAGENET", Path(__file__).parents[2] / "shared" / "imagenet"))
CLASS_INDEX = IMAGENET / "imagenet_class_index.json"
needs_class_index = pytest.mark.skipif(
    not CLASS_INDEX.exists(), reason=f"{CLASS_INDEX} is not there; LRP_EDU_IMAGENET names its folder"
)

# Photographs


@pytest.mark.parametrize("name", NAMES)
def test_a_photograph_is_224_pixels_of_rgb(name: str) -> None:
    found = data.photo(name)
    assert found.shape == (224, 224, 3)
    assert found.dtype == np.uint8
    assert int(found.max()) - int(found.min()) > 150
    assert found.flags.writeable
    np.testing.assert_array_equal(found, data.photo(name))


def test_a_photograph_is_the_middle_square_made_smaller() -> None:
    """Of the cat, 300 × 451 pixels, rows 0 to 300 and columns 75 to 375: mean colours of blocks are kept."""
    import skimage.data

    square = skimage.data.chelsea()[:, 75:375].astype(float)
    found = data.photo("cat").astype(float)
    blocks = square.reshape(4, 75, 4, 75, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(found.reshape(4, 56, 4, 56, 3).mean(axis=(1, 3)), blocks, atol=2)


def test_the_list_of_photographs_is_complete() -> None:
    assert list(photographs.PHOTOS) == NAMES


@pytest.mark.parametrize(("given", "nearest"), [("cats", "cat"), ("coffe", "coffee"), ("Rocket", "rocket")])
def test_an_unknown_photograph_is_answered_with_the_nearest(given: str, nearest: str) -> None:
    with pytest.raises(ValueError, match=f"there is no '{given}'; did you mean '{nearest}'.* astronaut, cat, coffee"):
        data.photo(given)


@pytest.mark.parametrize("given", ["", None, 3])
def test_what_is_no_name_is_answered_too(given: Any) -> None:
    with pytest.raises(ValueError, match="There are astronaut, cat"):
        data.photo(given)


def test_photographs_need_no_network() -> None:
    program = (
        "import sys, socket\n"
        "def refused(*_): raise OSError('no network')\n"
        "socket.socket.connect = refused\n"
        "from lrp_edu import data, photographs\n"
        "print([data.preprocess(data.photo(name)).shape for name in photographs.PHOTOS])\n"
        "print(sorted({'tensorflow', 'keras', 'sympy', 'torch', 'pooch'} & set(sys.modules)))"
    )
    environment = {**os.environ, "LRP_EDU_OFFLINE": "1"}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert ran.stdout.splitlines() == [str([(224, 224, 3)] * len(NAMES)), "[]"], ran.stderr


# Pictures of one's own


def quarters(width: int = 60, height: int = 40) -> Image.Image:
    """Red, green over blue, white, in quarters: it tells which way is up."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[: height // 2, : width // 2] = 255, 0, 0
    pixels[: height // 2, width // 2 :] = 0, 255, 0
    pixels[height // 2 :, : width // 2] = 0, 0, 255
    return Image.fromarray(pixels)


CORNERS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]])


def as_file(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def corners(picture: Any) -> Any:
    """The four corners of a picture, a little inside of it."""
    return picture[[3, -4]][:, [3, -4]]


@pytest.mark.parametrize(("width", "height"), [(60, 40), (40, 60), (24, 24), (300, 7), (2, 2), (3000, 2000)])
def test_a_picture_of_any_size_becomes_its_middle_square(width: int, height: int) -> None:
    found = data.read_picture(as_file(quarters(width, height)), 20)
    assert (found.shape, found.dtype) == ((20, 20, 3), np.uint8)
    np.testing.assert_allclose(corners(found), CORNERS, atol=40)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK", "YCbCr"])
def test_colours_are_the_same_in_every_mode(mode: str) -> None:
    kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    found = data.read_picture(as_file(quarters().convert(mode), kind, **options), 20)
    np.testing.assert_allclose(corners(found).astype(int), CORNERS, atol=8)


@pytest.mark.parametrize("mode", ["L", "LA", "1", "I;16", "16 bits in 32"])
def test_grey_pictures_become_coloured_ones(mode: str) -> None:
    grey = np.zeros((40, 40), np.uint8)
    grey[:, 20:] = 255
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) * 257)
    elif mode == "16 bits in 32":
        image = Image.fromarray(grey.astype(np.int32) * 257)
    else:
        image = Image.fromarray(grey).convert(mode)
    found = data.read_picture(as_file(image, "TIFF" if mode == "16 bits in 32" else "PNG"), 20)
    assert (found[:, :8] == 0).all()
    assert (found[:, 12:] == 255).all()


def test_sixteen_bits_of_grey_keep_their_shades() -> None:
    found = data.read_picture(as_file(Image.fromarray(np.full((9, 9), 0x8000, np.uint16))), 4)
    np.testing.assert_array_equal(found, 128)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white_paper(mode: str) -> None:
    clear = Image.new("RGBA", (30, 30), (200, 10, 10, 0)).convert("RGBA" if mode == "P" else mode)
    image = clear.quantize() if mode == "P" else clear
    np.testing.assert_array_equal(data.read_picture(as_file(image), 6), 255)


def test_half_transparent_colours_are_mixed_with_white() -> None:
    found = data.read_picture(as_file(Image.new("RGBA", (8, 8), (0, 0, 0, 127))), 4)
    np.testing.assert_allclose(found, 128, atol=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_held_sideways_makes_upright_pictures(orientation: int) -> None:
    """The file says how the camera was held (EXIF 274): what is stored is turned back."""
    stored_as = {1: None, 2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"}
    stored_as |= {6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}
    turn = stored_as[orientation]
    image = quarters(40, 40) if turn is None else quarters(40, 40).transpose(Image.Transpose[turn])
    exif = Image.Exif()
    exif[274] = orientation
    found = data.read_picture(as_file(image, "JPEG", quality=100, subsampling=0, exif=exif), 20)
    np.testing.assert_allclose(corners(found).astype(int), CORNERS, atol=8)


def test_a_path_is_read_as_its_bytes_are(tmp_path: Path) -> None:
    (tmp_path / "mine.png").write_bytes(as_file(quarters()))
    expected = data.read_picture(as_file(quarters()), 12)
    for path in (tmp_path / "mine.png", str(tmp_path / "mine.png")):
        np.testing.assert_array_equal(data.read_picture(path, 12), expected)


def test_a_picture_larger_than_wanted_is_made_smaller_without_stripes() -> None:
    """Lines one pixel wide become grey, and not black or white by chance."""
    lines = np.zeros((256, 256), np.uint8)
    lines[:, ::2] = 255
    found = data.read_picture(as_file(Image.fromarray(lines)), 32)
    assert 110 < found.min() <= found.max() < 146


@pytest.mark.parametrize(
    "content",
    [b"", b"no picture", as_file(quarters())[:90], as_file(quarters(), "JPEG")[:400], b"\x89PNG\r\n\x1a\n"],
    ids=["empty", "text", "cut PNG", "cut JPEG", "head of a PNG"],
)
def test_bytes_that_are_no_picture(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^this file: not a picture that can be read, such as a PNG or JPEG"):
        data.read_picture(content)


def test_a_picture_that_would_fill_the_memory_is_refused() -> None:
    bomb = as_file(Image.new("1", (20_000, 20_000)))
    with pytest.raises(ValueError, match=r"not a picture that can be read.*exceeds limit"):
        data.read_picture(bomb)


def test_a_path_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.png: there is no such file"):
        data.read_picture(tmp_path / "nowhere.png")
    with pytest.raises(ValueError, match="not a picture that can be read"):
        data.read_picture(tmp_path)


# Preprocessing


def test_preprocess_is_the_one_of_keras() -> None:
    vgg16 = pytest.importorskip("keras").applications.vgg16
    images = np.random.default_rng(0).uniform(0, 255, (2, 5, 4, 3)).astype(np.float32)
    found = data.preprocess(images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, vgg16.preprocess_input(images.copy(), data_format="channels_last"), atol=1e-5)
    cat = data.photo("cat")
    expected = vgg16.preprocess_input(cat.astype(np.float32), data_format="channels_last")
    np.testing.assert_allclose(data.preprocess(cat), expected, atol=1e-5)


def test_preprocess_by_hand() -> None:
    """Red 200, green 100, blue 50 becomes blue first: 50 − 103.939, 100 − 116.779, 200 − 123.68."""
    np.testing.assert_allclose(
        data.preprocess(np.array([[[200, 100, 50]]]))[0, 0], [-53.939, -16.779, 76.32], atol=1e-4
    )


def test_preprocess_leaves_what_it_was_given_as_it_was() -> None:
    for kind in (np.uint8, np.float32):
        images = np.full((1, 2, 2, 3), 7, kind)
        data.preprocess(images)
        assert (images == 7).all()


def test_black_and_white_are_the_corners_of_the_box() -> None:
    black, white = data.preprocess(np.zeros((1, 1, 3))), data.preprocess(np.full((1, 1, 3), 255))
    np.testing.assert_array_equal(black[0, 0], data.PREPROCESSED_LOW)
    np.testing.assert_array_equal(white[0, 0], data.PREPROCESSED_HIGH)
    rules.ZBox(data.PREPROCESSED_LOW, data.PREPROCESSED_HIGH)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (np.full((4, 4, 3), 0.5), ValueError, "go up to 0.5 only; expected RGB from 0 to 255: multiply by 255"),
        (np.full((4, 4, 3), 256), ValueError, "values from 0 to 256; expected RGB from 0 to 255"),
        (np.full((4, 4, 3), -1.0), ValueError, "values from -1 to 0"),
        (np.full((4, 4, 3), np.nan), ValueError, "holds nan at position (0, 0, 0)"),
        (np.zeros((4, 4)), ValueError, "got shape (4, 4), expected (height, width, 3)"),
        (np.zeros((4, 4, 1)), ValueError, "got shape (4, 4, 1), expected (height, width, 3)"),
        (np.zeros((2, 4, 4, 4)), ValueError, "got shape (2, 4, 4, 4), expected (n, height, width, 3)"),
        ("cat", TypeError, "preprocess: images"),
    ],
)
def test_pictures_that_cannot_be_preprocessed(given: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        data.preprocess(given)


# Class names


def no_network(*_: Any, **__: Any) -> Any:
    raise AssertionError("the network was asked")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Keras would keep the list of classes; there is none yet, and no network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("LRP_EDU_OFFLINE", "1")
    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    (tmp_path / "models").mkdir()
    return tmp_path / "models" / "imagenet_class_index.json"


@pytest.fixture
def listed(kept: Path) -> Path:
    """`kept`, with a list: the real one where it is at hand, else one of the same form."""
    if CLASS_INDEX.exists():
        shutil.copy(CLASS_INDEX, kept)
    else:
        kept.write_text("{" + ", ".join(f'"{i}": ["n{i:08d}", "thing_{i}"]' for i in range(1000)) + "}")
    return kept


@needs_class_index
def test_the_classes_have_their_names(listed: Path) -> None:
    names = data.class_names()
    assert len(names) == 1000
    assert (names[0], names[285], names[967]) == ("tench", "Egyptian cat", "espresso")


@needs_class_index
def test_decode_names_the_best_first(listed: Path) -> None:
    scores = np.zeros((2, 1000))
    scores[0, [285, 967, 3]] = 0.6, 0.3, 0.1
    scores[1, [162, 0]] = 12.5, 11.0
    first, second = data.decode(scores, top=2)
    assert first == [("Egyptian cat", 0.6, 285), ("espresso", 0.3, 967)]
    assert second == [("beagle", 12.5, 162), ("tench", 11.0, 0)]
    assert (first[0].name, first[0].score, first[0].number) == first[0]


def test_decode_agrees_with_keras(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorflow")
    keras_own = pytest.importorskip("keras.src.applications.imagenet_utils")
    monkeypatch.setattr(keras_own, "CLASS_INDEX", json.loads(listed.read_text()))
    scores = np.random.default_rng(1).normal(size=(3, 1000)).astype(np.float32)
    expected = [[name for _, name, _ in best] for best in keras_own.decode_predictions(scores, top=5)]
    assert [[guess.name.replace(" ", "_") for guess in best] for best in data.decode(scores)] == expected


def test_one_picture_is_decoded_as_a_batch_of_one(listed: Path) -> None:
    scores = np.arange(1000.0)
    [best] = data.decode(scores)
    assert [guess.number for guess in best] == [999, 998, 997, 996, 995]
    assert data.decode(scores[None]) == [best]
    assert data.decode(np.zeros((0, 1000))) == []
    assert len(data.decode(scores, top=1000)[0]) == 1000


def test_other_names_can_be_given() -> None:
    scores = np.array([[0.2, 0.5, 0.3]])
    assert data.decode(scores, 2, ["cat", "dog", "cow"]) == [[("dog", 0.5, 1), ("cow", 0.3, 2)]]
    with pytest.raises(ValueError, match=r"got shape \(1, 3\), expected \(n, 2\)"):
        data.decode(scores, 1, ["cat", "dog"])
    with pytest.raises(ValueError, match="top is 5; expected 1 to 3"):
        data.decode(scores, names=["cat", "dog", "cow"])


def test_equal_scores_come_in_the_order_of_the_classes(listed: Path) -> None:
    assert [guess.number for guess in data.decode(np.zeros(1000))[0]] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("scores", "top", "kind", "message"),
    [
        (np.zeros((2, 6)), 5, ValueError, "scores: got shape (2, 6), expected (n, 1000)"),
        (np.zeros(999), 5, ValueError, "scores: got shape (999,), expected (1000,)"),
        (np.zeros((1, 1, 1000)), 5, ValueError, "scores: got shape (1, 1, 1000)"),
        (np.full(1000, np.nan), 5, ValueError, "scores: holds nan"),
        (np.zeros(1000), 0, ValueError, "top is 0; expected 1 to 1000"),
        (np.zeros(1000), 1001, ValueError, "top is 1001"),
        (np.zeros(1000), 2.5, TypeError, "top is 2.5; give a whole number"),
    ],
)
def test_what_cannot_be_decoded(listed: Path, scores: Any, top: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        data.decode(scores, top)


def test_without_a_list_and_a_network_the_error_says_where_it_belongs(kept: Path) -> None:
    with pytest.raises(FileNotFoundError, match=rf"{re.escape(str(kept))} is not there, and LRP_EDU_OFFLINE=1"):
        data.decode(np.zeros(1000))


def test_a_list_from_the_net_is_checked(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("LRP_EDU_OFFLINE", raising=False)
    served = tmp_path / "served.json"
    served.write_text("{}")
    monkeypatch.setattr(photographs, "CLASS_INDEX_URL", served.as_uri())
    with pytest.raises(ValueError, match="not the file that was expected"):
        data.class_names()
    assert list(kept.parent.iterdir()) == []


def test_address_and_hash_of_the_list_are_those_of_keras() -> None:
    """As in keras/src/applications/imagenet_utils.py."""
    utils = pytest.importorskip("keras.src.applications.imagenet_utils")
    assert utils.CLASS_INDEX_PATH == photographs.CLASS_INDEX_URL
    assert photographs.CLASS_INDEX_MD5 in Path(utils.__file__).read_text(encoding="utf-8")


FOREIGN = {
    "a web page": "<html>Please log in</html>",
    "empty": "",
    "two classes": '{"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}',
    "other keys": "{" + ", ".join(f'"class {i}": ["n", "thing"]' for i in range(1000)) + "}",
    "numbers": "{" + ", ".join(f'"{i}": {i}' for i in range(1000)) + "}",
    "a list": "[" + ", ".join(["1"] * 1000) + "]",
    "a number": "5",
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_list_is_named_and_what_to_do_is_said(kept: Path, text: str) -> None:
    kept.write_text(text)
    with pytest.raises(ValueError, match=rf"{re.escape(str(kept))}: not Keras' list .*; delete it"):
        data.class_names()


def test_a_list_that_is_no_text(kept: Path) -> None:
    kept.write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(ValueError, match="not Keras' list"):
        data.class_names()
