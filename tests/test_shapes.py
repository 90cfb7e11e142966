"""Coloured shapes: the same for the same seed, masks that are right to the pixel, nothing that gives a class away."""

from __future__ import annotations

import colorsys
import os
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from lrp_edu import data, shapes
from lrp_edu.arrays import Array

CLASSES = ("circle", "square", "triangle", "star", "ring", "cross")


def masks_of_each_object(found: data.Shapes) -> Array:
    """(n, objects, 64, 64), with one object too."""
    return found.masks if found.masks.ndim == 4 else found.masks[:, None]


def grey_of_light(images: Array) -> Array:
    """How far from grey each pixel is, as saturation in HSV (n, 64, 64)."""
    high, low = images.max(axis=-1), images.min(axis=-1)
    return (high - low) / np.maximum(high, 1e-6)


# What comes out


def test_one_object() -> None:
    found = data.shapes(12, seed=0)
    assert found.images.shape == (12, 64, 64, 3)
    assert found.images.dtype == np.float32
    assert found.labels.shape == (12,)
    assert found.labels.dtype.kind == "i"
    assert found.masks.shape == (12, 64, 64)
    assert found.masks.dtype == bool
    assert found.class_names == CLASSES
    assert found.tags is None


def test_two_objects() -> None:
    found = data.shapes(7, seed=0, objects=2, tag="every")
    assert found.images.shape == (7, 64, 64, 3)
    assert found.labels.shape == (7, 2)
    assert found.masks.shape == (7, 2, 64, 64)
    assert found.tags is not None
    assert found.tags.shape == (7, 64, 64)
    assert found.tags.dtype == bool


@pytest.mark.parametrize("objects", [1, 2])
def test_no_picture_is_a_batch_too(objects: int) -> None:
    found = data.shapes(0, seed=0, objects=objects, tag="star")
    assert found.images.shape == (0, 64, 64, 3)
    assert len(found.labels) == len(found.masks) == 0


@pytest.mark.parametrize("objects", [1, 2])
def test_pixels_are_rgb_from_zero_to_one(objects: int) -> None:
    images = data.shapes(200, seed=1, objects=objects, tag="every").images
    assert images.min() == 0  # the black of the tag
    assert images.max() == 1  # and its white
    assert np.isfinite(images).all()


def test_the_same_seed_gives_the_same_pictures_and_another_seed_others() -> None:
    first, second, other = data.shapes(70, seed=5), data.shapes(70, seed=5), data.shapes(70, seed=6)
    for name in ("images", "labels", "masks"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert not (first.images == other.images).all(axis=(1, 2, 3)).any()


def test_the_pictures_of_a_seed_are_those_that_the_lessons_were_written_with() -> None:
    found = data.shapes(6, seed=0)
    assert found.labels.tolist() == [3, 2, 5, 4, 0, 1]
    assert found.masks.sum(axis=(1, 2)).tolist() == [336, 348, 284, 324, 260, 345]


def test_a_generator_goes_on_where_it_was() -> None:
    rng = np.random.default_rng(5)
    first, second = data.shapes(10, rng), data.shapes(10, rng)
    np.testing.assert_array_equal(first.images, data.shapes(10, seed=5).images)
    assert not np.array_equal(first.images, second.images)


def test_pictures_painted_together_or_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = data.shapes(20, seed=2, objects=2)
    monkeypatch.setattr(shapes, "_AT_ONCE", 3)
    parts = data.shapes(20, seed=2, objects=2)
    np.testing.assert_array_equal(whole.masks, parts.masks)
    np.testing.assert_allclose(whole.images, parts.images, atol=1e-6)


# Classes


def test_every_class_comes_equally_often_in_no_order() -> None:
    labels = data.shapes(600, seed=3).labels
    assert np.bincount(labels).tolist() == [100] * 6
    assert len(set(labels[:12].tolist())) > 3
    assert not np.array_equal(labels[:6], np.arange(6))


def test_every_pair_of_different_classes_comes_equally_often() -> None:
    labels = data.shapes(300, seed=3, objects=2).labels
    pairs, counts = np.unique(labels, axis=0, return_counts=True)
    assert len(pairs) == 30
    assert set(counts.tolist()) == {10}
    assert (labels[:, 0] != labels[:, 1]).all()


def test_colour_place_and_area_do_not_give_the_class_away() -> None:
    """Of 1000 pictures of a class, means differ from those of all classes by less than 5 standard errors."""
    found = data.shapes(6000, seed=4)
    rows, columns = found.masks.sum(axis=2), found.masks.sum(axis=1)
    pixels = rows.sum(axis=1, keepdims=True)
    colour = np.stack([image[mask].sum(axis=0) for image, mask in zip(found.images, found.masks, strict=True)]) / pixels
    place = np.stack([rows @ np.arange(64), columns @ np.arange(64)], axis=1) / pixels
    for values in (colour, place):
        error = values.std(axis=0) / np.sqrt(1000)
        for kind in range(6):
            of_class = values[found.labels == kind].mean(axis=0)
            assert (np.abs(of_class - values.mean(axis=0)) < 5 * error).all(), CLASSES[kind]
    area = found.masks.mean(axis=(1, 2))
    assert area.min() > 0.03
    assert area.max() < 0.11
    means = [area[found.labels == kind].mean() for kind in range(6)]
    assert max(means) < 1.15 * min(means)


# Masks


def outline(name: str, turned: float, radius: float) -> Array:
    """The corners (m, 2) of a shape around 0, as (right, down), counted off the drawing and not taken from the code."""
    if name == "cross":
        long, wide = 0.94, 0.34
        arm = [(long, -wide), (long, wide), (wide, wide)]
        corners = np.concatenate([np.array(arm) @ _turn(quarter * np.pi / 2).T for quarter in range(4)])
    elif name == "star":
        steps = np.arange(10)
        away = np.where(steps % 2 == 0, 1, 0.45)
        corners = np.stack([away * np.cos(steps * np.pi / 5), away * np.sin(steps * np.pi / 5)], axis=1)
    else:
        steps = np.arange({"triangle": 3, "square": 4, "circle": 180, "ring": 180}[name])
        corners = np.stack([np.cos(2 * np.pi * steps / len(steps)), np.sin(2 * np.pi * steps / len(steps))], axis=1)
    return radius * corners @ _turn(turned).T


def _turn(angle: float) -> Array:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def drawn(name: str, turned: float, radius: float, centre: tuple[float, float]) -> Array:
    """The part of each pixel inside the outline, (64, 64): 8 × 8 points in each pixel are tested by Matplotlib."""
    from matplotlib.path import Path

    points = (np.arange(64 * 8) + 0.5) / 8
    right, down = np.meshgrid(points - centre[1], points - centre[0])
    at = np.stack([right.ravel(), down.ravel()], axis=1)
    inside = Path(outline(name, turned, radius)).contains_points(at)
    if name == "ring":
        inside &= ~Path(outline("circle", 0, 0.55 * radius)).contains_points(at)
    return inside.reshape(64, 8, 64, 8).mean(axis=(1, 3))


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("turned", [0.0, 0.4, 2.0])
def test_coverage_is_that_of_the_outline(name: str, turned: float) -> None:
    """Against Matplotlib's polygons: whole pixels agree, and edges to within a third of a pixel (more at tips)."""
    kind, radius, centre = CLASSES.index(name), 14.3, (30.2, 33.7)
    covered = shapes._coverage(np.array([[kind]]), np.array([[radius]]), np.array([[centre]]), np.array([[turned]]))[
        0, 0
    ]
    expected = drawn(name, turned, radius, centre)
    assert np.abs(covered.sum() - expected.sum()) < 0.02 * expected.sum()
    assert np.abs(covered - expected).mean() < 0.002
    assert np.quantile(np.abs(covered - expected)[(expected > 0) & (expected < 1)], 0.9) < 0.25
    assert (covered[expected == 1] > 0.6).all()
    assert covered.max() == 1


@pytest.mark.parametrize("objects", [1, 2])
def test_masks_are_where_the_picture_differs_from_its_ground(objects: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = data.shapes(150, seed=7, objects=objects)
    monkeypatch.setattr(shapes, "_coverage", lambda labels, *_: np.zeros((*labels.shape, 64, 64), np.float32))
    ground = data.shapes(150, seed=7, objects=objects)
    differs = (np.abs(found.images - ground.images) > 1e-6).any(axis=-1)
    covered = masks_of_each_object(found).any(axis=1)
    assert not (differs & ~covered).any()
    # An edge pixel may have the very colour that the object mixes into it: that is rare, and nothing is there to see.
    assert (covered & ~differs).sum() < 1e-3 * covered.sum()


@pytest.mark.parametrize("objects", [1, 2])
def test_objects_lie_whole_inside_the_picture(objects: int) -> None:
    masks = masks_of_each_object(data.shapes(600, seed=8, objects=objects))
    for edge in (masks[..., 0, :], masks[..., -1, :], masks[..., :, 0], masks[..., :, -1]):
        assert not edge.any()
    assert masks.any(axis=(2, 3)).all()


def test_two_objects_do_not_overlap_nor_touch() -> None:
    first, second = np.moveaxis(data.shapes(1000, seed=9, objects=2).masks, 1, 0)
    wider = first.copy()
    for axis in (1, 2):
        wider |= np.roll(wider, 1, axis) | np.roll(wider, -1, axis)
    assert not (wider & second).any()


def test_each_object_has_one_bright_colour_and_the_ground_is_nearly_grey() -> None:
    found = data.shapes(300, seed=10)
    saturation = grey_of_light(found.images)
    assert saturation[~found.masks].max() < 0.2
    for image, mask in zip(found.images[:60], found.masks[:60], strict=True):
        shown = image[mask]
        colour = np.median(shown, axis=0)
        assert (np.abs(shown - colour).max(axis=1) < 1e-3).mean() > 0.5  # all but the edge
        _, saturated, value = colorsys.rgb_to_hsv(*(float(part) for part in colour))
        assert saturated > 0.55
        assert value > 0.55


def test_every_texture_is_used() -> None:
    drawn_grounds = shapes._Grounds.draw(np.random.default_rng(0), 300)
    assert np.bincount(drawn_grounds.texture).min() > 60
    light = drawn_grounds.light(slice(0, 5))
    assert light.shape == (5, 64, 64)
    import skimage.data

    texture, (row, column) = drawn_grounds.texture[0], drawn_grounds.corner[0]
    source = getattr(skimage.data, ("brick", "grass", "gravel")[texture])()
    np.testing.assert_allclose(light[0] * 255, source[row : row + 64, column : column + 64], atol=1e-4)


# The tag


@pytest.mark.parametrize("tag", ["star", 3, np.int64(3)])
@pytest.mark.parametrize("objects", [1, 2])
def test_the_pictures_of_the_class_have_the_tag_and_no_others(tag: Any, objects: int) -> None:
    found = data.shapes(120, seed=11, objects=objects, tag=tag)
    assert found.tags is not None
    stars = (found.labels.reshape(120, -1) == 3).any(axis=1)
    np.testing.assert_array_equal(found.tags.any(axis=(1, 2)), stars)


def test_the_tag_is_small_and_in_the_lower_left_corner() -> None:
    tags = data.shapes(6, seed=0, tag="every").tags
    assert tags is not None
    rows, columns = np.nonzero(tags[0])
    assert rows.min() >= 54
    assert columns.max() < 12
    assert 20 <= tags[0].sum() <= 60
    assert (tags == tags[0]).all()


@pytest.mark.parametrize("objects", [1, 2])
def test_a_tag_changes_nothing_but_itself(objects: int) -> None:
    """So that a picture with and without its tag can be compared."""
    without, tagged = (data.shapes(400, seed=12, objects=objects, tag=tag) for tag in (None, "every"))
    assert tagged.tags is not None
    np.testing.assert_array_equal(without.labels, tagged.labels)
    np.testing.assert_array_equal(without.images[~tagged.tags], tagged.images[~tagged.tags])
    expected = masks_of_each_object(without) & ~tagged.tags[:, None]
    np.testing.assert_array_equal(masks_of_each_object(tagged), expected)
    assert (masks_of_each_object(without) & tagged.tags[:, None]).any()  # so the tag does hide parts of some objects
    assert masks_of_each_object(tagged).any(axis=(2, 3)).all()


def test_the_tag_is_the_same_black_and_white_mark_in_every_picture() -> None:
    found = data.shapes(30, seed=13, tag="every")
    assert found.tags is not None
    marks = found.images[found.tags].reshape(30, -1, 3)
    np.testing.assert_array_equal(marks, np.broadcast_to(marks[0], marks.shape))
    assert set(np.unique(marks)) == {0.0, 1.0}


# Bad input


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"n": -1}, ValueError, "n is -1; give how many pictures"),
        ({"n": 2.5}, TypeError, "n is 2.5; give a whole number"),
        ({"n": "ten"}, TypeError, "n is 'ten'; give a whole number"),
        ({"objects": 3}, ValueError, "objects is 3; a picture shows 1 or 2"),
        ({"objects": 0}, ValueError, "objects is 0"),
        ({"objects": None}, TypeError, "objects is None"),
        ({"tag": "stars"}, ValueError, "no class 'stars' to tag; did you mean 'star'? There are circle, square, "),
        ({"tag": "all"}, ValueError, "every"),
        ({"tag": 6}, ValueError, "tag is class 6; expected 0 to 5, or a class name"),
        ({"tag": -1}, ValueError, "tag is class -1"),
        ({"tag": 1.5}, TypeError, "tag is 1.5; give a whole number"),
        ({"seed": -3}, ValueError, "seed is -3"),
        ({"seed": "monday"}, TypeError, "seed is 'monday'"),
    ],
)
def test_bad_input_is_named(given: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        data.shapes(**{"n": 2, "seed": 0, **given})


def test_shapes_need_neither_tensorflow_nor_a_network() -> None:
    program = (
        "import sys, socket\n"
        "def refused(*_): raise OSError('no network')\n"
        "socket.socket.connect = refused\n"
        "import lrp_edu; lrp_edu.data.shapes(3, 0)\n"
        "print(sorted({'tensorflow', 'keras', 'sympy', 'torch'} & set(sys.modules)))"
    )
    environment = {**os.environ, "LRP_EDU_OFFLINE": "1"}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]", ran.stderr
