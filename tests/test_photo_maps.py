"""Photographs and their heatmaps: what is shown is what was given, with zero white, and grey where it is colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lrp_edu import photo_maps, plotting

RNG = np.random.default_rng(4)
PICTURES = RNG.integers(0, 256, (2, 6, 6, 3), dtype=np.uint8)
RELEVANCE = RNG.normal(size=(2, 6, 6, 3))


def shown(axes: Any) -> np.ndarray:
    return np.asarray(axes.images[0].get_array())


def test_photographs_stand_above_the_sums_over_their_channels() -> None:
    figure = photo_maps.photo_maps(PICTURES, {"three": RELEVANCE, "one": RELEVANCE.sum(axis=-1)}, ["first", "second"])
    pictures, three, one = (
        [axes for axes in figure.axes if axes.get_gridspec() and axes.images][row * 2 : row * 2 + 2] for row in range(3)
    )
    for column in range(2):
        np.testing.assert_allclose(shown(pictures[column]), PICTURES[column] / 255)
        np.testing.assert_allclose(shown(three[column]), shown(one[column]))
        heat = RELEVANCE[column].sum(axis=-1)
        limit = three[column].images[0].get_clim()[1]
        np.testing.assert_allclose(shown(three[column]), np.clip(heat, -limit, limit))
    assert [axes.get_title() for axes in pictures] == ["first", "second"]


def test_a_few_pixels_may_go_beyond_the_full_colour() -> None:
    """999 pixels from 0 to 1 and one of 50: the colours are full at about 1."""
    values = np.append(np.linspace(0, 1, 999), -50.0)
    assert 0.99 < photo_maps.full_colour(values) < 1.0
    assert photo_maps.full_colour(np.zeros((4, 4))) == 1.0
    lonely = np.zeros((100, 100))
    lonely[3, 3] = -2.0
    assert photo_maps.full_colour(lonely) == 2.0


def test_relevance_is_summed_over_channels_and_over_nothing_else() -> None:
    np.testing.assert_allclose(photo_maps.one_channel(RELEVANCE), RELEVANCE.sum(axis=-1))
    flat = RELEVANCE[:, :, :3, 0]  # three columns wide, which are no channels of a single map
    np.testing.assert_array_equal(photo_maps.one_channel(flat[0]), flat[0])


def test_maps_side_by_side_have_scales_of_their_own() -> None:
    figure = photo_maps.compared(PICTURES[0], {"weak": RELEVANCE[0], "strong": 100 * RELEVANCE[0]})
    picture, weak, strong = (axes for axes in figure.axes if axes.images and not axes.get_label())
    np.testing.assert_allclose(shown(picture), PICTURES[0] / 255)
    low, high = weak.images[0].get_clim()
    assert low == -high
    assert strong.images[0].get_clim() == pytest.approx((100 * low, 100 * high))
    assert [axes.get_title() for axes in (weak, strong)] == ["weak", "strong"]


def test_channels_are_shown_apart_with_their_sums_and_one_scale() -> None:
    figure = photo_maps.channels(PICTURES[0], RELEVANCE[0])
    _, red, green, blue, *_, together = [axes for axes in figure.axes if axes.images]
    for number, axes in enumerate((red, green, blue)):
        np.testing.assert_array_equal(shown(axes), RELEVANCE[0, ..., number])
        assert axes.get_title().endswith(f"{RELEVANCE[0, ..., number].sum():.2f}")
        assert axes.images[0].get_clim() == red.images[0].get_clim()
    np.testing.assert_allclose(shown(together), photo_maps.as_colours(RELEVANCE[0]))


def test_as_colours_zero_is_grey_and_relevance_of_red_makes_redder() -> None:
    relevance = np.zeros((20, 20, 3))
    relevance[0, 0] = 1, -1, 0.5
    colours = photo_maps.as_colours(relevance)
    np.testing.assert_allclose(colours[0, 0], [1, 0, 0.75])
    np.testing.assert_allclose(colours[1:], 0.5)


def test_every_figure_becomes_a_png() -> None:
    for figure in (
        photo_maps.photo_maps(PICTURES, {}),
        photo_maps.photo_maps(PICTURES, {"nothing": 0 * RELEVANCE}),
        photo_maps.compared(PICTURES[0], {}),
        photo_maps.channels(PICTURES[0], 0 * RELEVANCE[0]),
    ):
        assert plotting.png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: photo_maps.photo_maps(PICTURES[0], {}), "pictures: got shape"),
        (lambda: photo_maps.photo_maps(PICTURES, {"a": RELEVANCE[:1]}), r"relevance\['a'\]: got shape \(1, 6, 6\)"),
        (lambda: photo_maps.photo_maps(PICTURES, {"a": np.nan * RELEVANCE}), r"relevance\['a'\]: holds nan"),
        (lambda: photo_maps.photo_maps(PICTURES, {}, ["one"]), "titles: got 1 for 2"),
        (lambda: photo_maps.compared(PICTURES, {}), "picture: got shape"),
        (lambda: photo_maps.channels(PICTURES[0], RELEVANCE[0].sum(axis=-1)), "relevance: got shape"),
    ],
)
def test_what_does_not_fit_is_named(draw: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
