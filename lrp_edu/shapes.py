"""Coloured shapes on real textures: pictures of which every pixel is known to belong to an object or to none."""

from __future__ import annotations

import difflib
import operator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lrp_edu.arrays import Array

CLASS_NAMES = ("circle", "square", "triangle", "star", "ring", "cross")
SIDE = 64  # pixels
TEXTURES = ("brick", "grass", "gravel")

EVERY = "every"  # as a tag: not one class, but all

_SIZES = (12.0, 18.0)  # pixels: the side of a square of the object's area
_TIPS = {"square": (4, np.cos(np.pi / 4)), "triangle": (3, np.cos(np.pi / 3)), "star": (5, 0.45)}  # inner radius last
_HOLE = 0.55  # the inner radius of a ring
_ARM_LENGTH, _ARM_WIDTH = 0.94, 0.34  # of a cross, from its centre: its corners are at the radius
_FAINTEST = 1 / 255  # an object that covers less of a pixel leaves it alone
_CLEAR = 2.0  # pixels kept free around an object, more than the softened edge of its tips needs
_AT_ONCE = 64  # pictures painted at a time: few enough for the processor's cache

_TAG = np.array(
    [[dot == "#" for dot in row] for row in ("##.###.##", "#.#...#.#", "#.#.#.#.#", "#.#...#.#", "##.###.##")]
)
_TAG_CORNER = (SIDE - 2 - _TAG.shape[0], 2)  # its upper left pixel: it lies in the lower left corner


def _area(name: str) -> float:
    """The area of a shape of radius one."""
    if name == "cross":
        return 4 * _ARM_WIDTH * (2 * _ARM_LENGTH - _ARM_WIDTH)
    if name in _TIPS:
        tips, inner = _TIPS[name]
        return tips * inner * float(np.sin(np.pi / tips))
    return float(np.pi) * (1 - _HOLE**2 if name == "ring" else 1)


_RADIUS = np.array([_area(name) ** -0.5 for name in CLASS_NAMES])  # of a shape of area one


@dataclass(frozen=True)
class Shapes:
    """Pictures of coloured shapes, and where in them everything is.

    With two objects in a picture, labels and masks have one entry for each, and the two classes differ.
    A mask is true where its object shows: at every pixel that the object changes, however little, and the tag leaves.
    """

    images: Array  # (n, 64, 64, 3) float32, RGB in [0, 1]
    labels: Array  # (n,) or (n, 2) integers
    masks: Array  # (n, 64, 64) or (n, 2, 64, 64) bool
    class_names: tuple[str, ...]
    tags: Array | None  # (n, 64, 64) bool: where the tag is; None if no tag was asked for


def shapes(n: int, seed: int | np.random.Generator, objects: int = 1, tag: str | int | None = None) -> Shapes:
    """Draw pictures of one or two shapes of random size, place, rotation and colour on brick, grass or gravel.

    Classes come equally often, in random order; with two objects, so do all pairs of different classes. Area and
    colour are drawn alike for every class, and so is the place, except that wide shapes keep farther from the edge:
    it is the outline that tells what an object is. Objects lie whole in the picture and do not overlap.

    Args:
        n: how many pictures.
        seed: a number, or a NumPy generator to go on drawing from. The same number gives the same pictures, and the
            same with a tag as without, but for the tag.
        objects: how many in each picture, 1 or 2.
        tag: a class, by name or number: a small mark sits in the lower left corner of each picture that shows this
            class, and of no other (a network can then tell the class without looking at the object). "every" marks
            all pictures, None none.

    Raises:
        TypeError: `n`, `seed` or `objects` is no whole number.
        ValueError: `n` or `seed` is negative, `objects` neither 1 nor 2, or there is no such class to tag.

    Source: the textures come with scikit-image (brick and gravel from CC0Textures, grass by linolafett; all CC0).
    Networks that read a tag in place of the object: Lapuschkin et al. 2019, "Unmasking Clever Hans predictors".
    """
    count, objects = _whole("n", n), _whole("objects", objects)
    if count < 0:
        raise ValueError(f"shapes: n is {count}; give how many pictures you want, 0 or more")
    if objects not in (1, 2):
        raise ValueError(f"shapes: objects is {objects}; a picture shows 1 or 2")
    tagged_class = _tagged_class(tag)

    rng = _generator(seed)
    labels = _labels(rng, count, objects)
    radii, centres = _places(rng, labels)
    angles = rng.uniform(0, 2 * np.pi, labels.shape)
    colours = _colours(rng, labels.shape)
    grounds = _Grounds.draw(rng, count)

    images = np.empty((count, SIDE, SIDE, 3), np.float32)
    masks = np.empty((count, objects, SIDE, SIDE), bool)
    for begin in range(0, count, _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        covered = _coverage(labels[part], radii[part], centres[part], angles[part])
        images[part] = _paint(grounds.light(part), grounds.tints[part], covered, colours[part])
        masks[part] = covered > 0

    tags = None
    if tagged_class is not None:
        tagged = (labels == tagged_class).any(axis=1) if tagged_class >= 0 else np.ones(count, bool)
        tags = _stamp(images, tagged)
        masks &= ~tags[:, None]
    if objects == 1:
        labels, masks = labels[:, 0], masks[:, 0]
    return Shapes(images, labels, masks, CLASS_NAMES, tags)


# What is drawn


def _labels(rng: np.random.Generator, count: int, objects: int) -> Array:
    """Classes (n, objects): each equally often, and each ordered pair of different classes too."""
    kinds = len(CLASS_NAMES)
    number = rng.permutation(count)
    first = number % kinds
    if objects == 1:
        return first[:, None]
    return np.stack([first, (first + 1 + number // kinds % (kinds - 1)) % kinds], axis=1)


def _places(rng: np.random.Generator, labels: Array) -> tuple[Array, Array]:
    """Outer radii (n, objects) and centres (n, objects, 2) in pixels: inside the picture, and apart from each other."""
    radii = np.empty(labels.shape)
    centres = np.empty((*labels.shape, 2))
    open_ones = np.arange(len(labels))
    while len(open_ones):
        radius = rng.uniform(*_SIZES, labels[open_ones].shape) * _RADIUS[labels[open_ones]]
        margin = radius[..., None] + _CLEAR
        centre = rng.uniform(margin, SIDE - margin, (*radius.shape, 2))
        radii[open_ones], centres[open_ones] = radius, centre
        distance = np.linalg.norm(centre[:, 0] - centre[:, -1], axis=-1)
        open_ones = open_ones[distance < radius.sum(axis=1) + 2 * _CLEAR + 1] if labels.shape[1] == 2 else open_ones[:0]
    return radii, centres


def _colours(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Bright, saturated colours (n, objects, 3) of any hue: no such colour is in the grey of a texture."""
    hue, saturation, value = rng.uniform(0, 6, shape), rng.uniform(0.6, 1, shape), rng.uniform(0.6, 1, shape)
    ramp = (hue[..., None] + (5, 3, 1)) % 6
    away = np.clip(np.minimum(ramp, 4 - ramp), 0, 1)
    return value[..., None] * (1 - saturation[..., None] * away)


@dataclass(frozen=True)
class _Grounds:
    """For each picture, where it is cut out of which texture, and what tint its light has."""

    texture: Array  # (n,)
    corner: Array  # (n, 2)
    tints: Array  # (n, 3)

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int) -> _Grounds:
        texture = rng.integers(len(TEXTURES), size=count)
        corner = rng.integers(_windows().shape[1], size=(count, 2))
        tints = rng.uniform(0.6, 1, (count, 1)) * rng.uniform(0.9, 1, (count, 3))
        return cls(texture, corner, tints)

    def light(self, part: slice) -> Array:
        """The grey values of some pictures, (n, 64, 64)."""
        return _windows()[self.texture[part], self.corner[part, 0], self.corner[part, 1]]


@cache
def _windows() -> Array:
    """Every window of 64 × 64 pixels in every texture, (3, rows, columns, 64, 64) float32 in [0, 1]: a view."""
    import skimage.data

    textures = np.stack([getattr(skimage.data, name)() for name in TEXTURES]).astype(np.float32) / 255
    return sliding_window_view(textures, (SIDE, SIDE), axis=(1, 2))


# How it is painted


def _coverage(labels: Array, radii: Array, centres: Array, angles: Array) -> Array:
    """The part of each pixel that each object covers, (n, objects, 64, 64) float32 in [0, 1].

    A pixel whose middle is half a pixel or more inside the outline is covered whole, one as far outside not at all.
    """
    middle = np.arange(SIDE, dtype=np.float32) + np.float32(0.5)
    covered = np.empty((*labels.shape, SIDE, SIDE), np.float32)
    for kind, name in enumerate(CLASS_NAMES):
        which = labels == kind
        radius, angle = (values[which].astype(np.float32)[:, None, None] for values in (radii, angles))
        down = middle[:, None] - centres[which][:, 0, None, None].astype(np.float32)
        right = middle - centres[which][:, 1, None, None].astype(np.float32)
        u = np.cos(angle) * right + np.sin(angle) * down
        v = np.cos(angle) * down - np.sin(angle) * right
        covered[which] = np.clip(np.float32(0.5) - _distance(name, u, v, radius), 0, 1)
    covered[covered < _FAINTEST] = 0
    return covered


def _distance(name: str, u: Array, v: Array, radius: Array) -> Array:
    """How far the point (u, v) is outside an unrotated shape around 0, in pixels; inside, this is negative."""
    if name == "circle":
        return np.hypot(u, v) - radius
    if name == "ring":
        away = np.hypot(u, v)
        return np.maximum(away - radius, np.float32(_HOLE) * radius - away)
    if name == "cross":
        far, near = np.maximum(np.abs(u), np.abs(v)), np.minimum(np.abs(u), np.abs(v))
        return np.maximum(far - np.float32(_ARM_LENGTH) * radius, near - np.float32(_ARM_WIDTH) * radius)
    # Polygons and the star alike: fold the plane until one edge is left, from a tip (radius, 0) to an inner corner.
    tips, inner = _TIPS[name]
    sector = np.float32(2 * np.pi / tips)
    turns = np.arctan2(v, u) / sector
    folded, away = np.abs(turns - np.rint(turns)) * sector, np.hypot(u, v)
    normal = np.array([inner * np.sin(np.pi / tips), 1 - inner * np.cos(np.pi / tips)])
    across, along = (normal / np.linalg.norm(normal)).astype(np.float32)
    return across * (np.cos(folded) * away - radius) + along * np.sin(folded) * away


def _paint(light: Array, tints: Array, covered: Array, colours: Array) -> Array:
    """Each pixel is a mixture, (n, 64, 64, 3): its share of the ground times the tint, plus that of each object.

    Objects do not overlap, so the ground's share is one less what they cover.
    """
    n, objects = colours.shape[:2]
    shares = np.empty((n, SIDE * SIDE, 1 + objects), np.float32)
    shares[..., 0] = ((1 - covered.sum(axis=1)) * light).reshape(n, -1)
    shares[..., 1:] = covered.reshape(n, objects, -1).transpose(0, 2, 1)
    palette = np.concatenate([tints[:, None], colours], axis=1).astype(np.float32)
    return np.clip(shares @ palette, 0, 1).reshape(n, SIDE, SIDE, 3)


def _stamp(images: Array, tagged: Array) -> Array:
    """Put the tag onto the pictures that get one, in place; where it now is, (n, 64, 64) bool."""
    rows, columns = (slice(begin, begin + length) for begin, length in zip(_TAG_CORNER, _TAG.shape, strict=True))
    tags = np.zeros(images.shape[:3], bool)
    tags[tagged, rows, columns] = True
    images[tagged, rows, columns] = _TAG[..., None]
    return tags


# What comes in


def _whole(name: str, value: object) -> int:
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError as error:
        raise TypeError(f"shapes: {name} is {value!r}; give a whole number") from error


def _generator(seed: int | np.random.Generator) -> np.random.Generator:
    if isinstance(seed, np.random.Generator):
        return seed
    number = _whole("seed", seed)
    if number < 0:
        raise ValueError(f"shapes: seed is {number}; give 0 or more")
    return np.random.default_rng(number)


def _tagged_class(tag: str | int | None) -> int | None:
    """The number of the class to tag, −1 for every class, None for none."""
    if tag is None:
        return None
    if isinstance(tag, str):
        known = (*CLASS_NAMES, EVERY)
        if tag in known:
            return -1 if tag == EVERY else CLASS_NAMES.index(tag)
        nearest = difflib.get_close_matches(tag, known, n=1, cutoff=0)[0]
        raise ValueError(f"shapes: no class {tag!r} to tag; did you mean {nearest!r}? There are {', '.join(known)}")
    number = _whole("tag", tag)
    if not 0 <= number < len(CLASS_NAMES):
        raise ValueError(f"shapes: tag is class {number}; expected 0 to {len(CLASS_NAMES) - 1}, or a class name")
    return number
