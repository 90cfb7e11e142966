"""Photographs: read from any file, prepared for the networks that learned ImageNet, and the names of their answers."""

from __future__ import annotations

import difflib
import io
import json
import operator
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lrp_edu.arrays import Array, finite_array
from lrp_edu.download import download, keras_home

if TYPE_CHECKING:
    from PIL.Image import Image

# Name: what scikit-image calls it. All of these come with scikit-image; none needs a download.
PHOTOS = {
    "astronaut": "astronaut",
    "cat": "chelsea",
    "coffee": "coffee",
    "motorcycle": "stereo_motorcycle",
    "rocket": "rocket",
}
SIDE = 224  # pixels

CLASSES = 1000
CLASS_INDEX_URL = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
CLASS_INDEX_MD5 = "c2c37ea517e94d9795004a39431a14cb"

_MEANS = np.array([103.939, 116.779, 123.68], np.float32)  # of blue, green, red over ImageNet's training pictures
PREPROCESSED_LOW, PREPROCESSED_HIGH = -_MEANS, 255 - _MEANS  # (3,): what black and white become, the box of zᴮ


class Guess(NamedTuple):
    """One class that a network may have seen, and the score it gave."""

    name: str
    score: float
    number: int  # of the class, from 0


def photo(name: str) -> Array:
    """One of scikit-image's photographs: its middle square, made 224 × 224 pixels large.

    Args:
        name: "astronaut", "cat", "coffee", "motorcycle" or "rocket".

    Returns:
        RGB, shape (224, 224, 3), uint8 from 0 to 255.

    Raises:
        ValueError: there is no such photograph.

    Source: scikit-image, which ships them. The cat is by Stefan van der Walt and the coffee by Rachel Michetti (CC0),
    the astronaut Eileen Collins by NASA and the rocket by SpaceX (public domain); the motorcycle is from Scharstein
    et al. 2014, "High-resolution stereo datasets with subpixel-accurate ground truth".
    """
    import skimage.data
    from PIL import Image

    if name not in PHOTOS:
        nearest = difflib.get_close_matches(str(name), PHOTOS, n=1, cutoff=0)[0]
        raise ValueError(f"photo: there is no {name!r}; did you mean {nearest!r}? There are {', '.join(PHOTOS)}")
    found = getattr(skimage.data, PHOTOS[name])()
    picture = found[0] if isinstance(found, tuple) else found  # The motorcycle was taken by two cameras.
    return _middle_square(Image.fromarray(picture), SIDE)


def read_picture(source: str | os.PathLike[str] | bytes, size: int = SIDE) -> Array:
    """The middle square of any JPEG, PNG or other picture file, upright, and made `size` × `size` pixels large.

    Grey becomes coloured, what is transparent becomes white, 16 bits become 8, and of several frames the first is
    taken.

    Args:
        source: the path of the file, or the bytes that are in it.
        size: height and width of the result, in pixels.

    Returns:
        RGB, shape (size, size, 3), uint8 from 0 to 255.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no picture, a damaged one, or one that is far too large.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    name, file = ("this file", io.BytesIO(source)) if isinstance(source, bytes) else (str(source), Path(source))
    unreadable = f"{name}: not a picture that can be read, such as a PNG or JPEG"
    try:
        with Image.open(file) as opened:
            opened.draft("RGB", (2 * size, 2 * size))  # A large JPEG is read at a fraction of its size and memory.
            return _middle_square(_in_colour(ImageOps.exif_transpose(opened)), size)
    except FileNotFoundError:
        raise FileNotFoundError(f"{name}: there is no such file") from None
    except UnidentifiedImageError:
        raise ValueError(unreadable) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{unreadable} ({error})") from error


def _in_colour(image: Image) -> Image:
    """RGB, on white paper where the picture is transparent."""
    from PIL import Image as Images

    if image.mode.startswith("I"):  # One grey channel of 16 bits, which Pillow would cut off at 255.
        image = Images.fromarray((np.asarray(image) / 257).round().clip(0, 255).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("RGB")
    paper = Images.new("RGBA", image.size, "white")
    return Images.alpha_composite(paper, image.convert("RGBA")).convert("RGB")


def _middle_square(image: Image, size: int) -> Array:
    from PIL import Image as Images
    from PIL import ImageOps

    return np.array(ImageOps.fit(image, (size, size), Images.Resampling.BILINEAR))


def preprocess(images: Array) -> Array:
    """Photographs as VGG16 and VGG19 were trained on them: blue, green, red, each less its mean over ImageNet.

    The result lies in the box from `PREPROCESSED_LOW` to `PREPROCESSED_HIGH`, which zᴮ asks for.

    Args:
        images: RGB from 0 to 255, shape (n, height, width, 3), or (height, width, 3) for one.

    Returns:
        float32 of the same shape.

    Raises:
        TypeError, ValueError: `images` are no finite numbers, of another shape, or on another scale.

    Source: Simonyan and Zisserman 2015, section 2.1; as keras.applications.vgg16.preprocess_input.
    """
    given = np.asarray(images)
    shape = ("n", "height", "width", 3) if given.ndim == 4 else ("height", "width", 3)
    pixels = finite_array(given, "preprocess: images", shape)
    low, high = pixels.min(initial=0), pixels.max(initial=0)
    if low < 0 or high > 255:
        raise ValueError(f"preprocess: images hold values from {low:g} to {high:g}; expected RGB from 0 to 255")
    if given.dtype.kind == "f" and 0 < high <= 1:
        raise ValueError(f"preprocess: images go up to {high:g} only; expected RGB from 0 to 255: multiply by 255")
    return pixels[..., ::-1].astype(np.float32) - _MEANS


def decode(scores: Array, top: int = 5, names: Sequence[str] | None = None) -> list[list[Guess]]:
    """The classes with the highest scores, best first, by their names.

    Args:
        scores: logits or probabilities, shape (n, classes), or (classes,) for one picture.
        top: how many classes, 1 to all.
        names: of the classes, by number; None for the 1000 of ImageNet.

    Returns:
        For each picture a list of `top` guesses: name, score as given, class number.

    Raises:
        TypeError, ValueError: `scores` are no finite numbers of that shape, or `top` is no such number.
        FileNotFoundError, ValueError: as `class_names`.
    """
    classes = CLASSES if names is None else len(names)
    given = finite_array(scores, "decode: scores", ("n", classes) if np.ndim(scores) == 2 else (classes,))
    try:
        wanted = operator.index(top)
    except TypeError as error:
        raise TypeError(f"decode: top is {top!r}; give a whole number from 1 to {classes}") from error
    if not 1 <= wanted <= classes:
        raise ValueError(f"decode: top is {top}; expected 1 to {classes}")
    names = class_names() if names is None else names
    order = np.argsort(-np.atleast_2d(given), axis=1, kind="stable")[:, :wanted]
    return [
        [Guess(names[number], float(row[number]), int(number)) for number in best]
        for row, best in zip(np.atleast_2d(given), order, strict=True)
    ]


def class_names() -> tuple[str, ...]:
    """The names of ImageNet's 1000 classes, by number: ("tench", "goldfish", …). Two names come twice: crane, maillot.

    They are read from Keras' own list, which is looked for where Keras keeps it (KERAS_HOME, else ~/.keras), and
    downloaded there where it is missing.

    Raises:
        FileNotFoundError: there is no list, and it cannot be downloaded or LRP_EDU_OFFLINE=1 forbids it.
        ValueError: the file is not such a list.
    """
    path = keras_home() / "models" / "imagenet_class_index.json"
    if not path.exists():
        download(CLASS_INDEX_URL, path, CLASS_INDEX_MD5, "md5")
    return _read_class_names(path)


def _read_class_names(path: Path) -> tuple[str, ...]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if len(stored) != CLASSES:
            raise ValueError(f"{len(stored)} classes")
        pairs = [stored[str(number)] for number in range(CLASSES)]
        return tuple(name.replace("_", " ") for _, name in pairs)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: not Keras' list of ImageNet's classes ({error!r}); delete it and it is downloaded again"
        ) from error
