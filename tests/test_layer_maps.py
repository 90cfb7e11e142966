"""The pictures of layers show the numbers they were given, where they belong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgba

pytest.importorskip("tensorflow")

from lrp_edu import layer_maps, plotting
from lrp_edu.keras_lrp import AtLayer

RNG = np.random.default_rng(0)
LAYERS = {
    "input": AtLayer(RNG.uniform(0, 1, (2, 4, 6, 3)), RNG.normal(size=(2, 4, 6, 3))),
    "conv": AtLayer(RNG.uniform(0, 1, (2, 2, 3, 5)), RNG.normal(size=(2, 2, 3, 5))),
    "dense": AtLayer(RNG.uniform(0, 1, (2, 7)), RNG.normal(size=(2, 7))),
}


@pytest.mark.parametrize("number", [0, 1])
def test_layer_by_layer_shows_the_sums_over_channels(number: int) -> None:
    figure = layer_maps.layer_by_layer(LAYERS, ["input", "conv"], number)
    assert plotting.png(figure).startswith(b"\x89PNG")
    (up_input, up_conv, down_input, down_conv) = figure.axes
    for name, up, down in (("input", up_input, down_input), ("conv", up_conv, down_conv)):
        layer = LAYERS[name]
        np.testing.assert_allclose(up.images[0].get_array(), np.einsum("hwk->hw", layer.activation[number]))
        np.testing.assert_allclose(down.images[0].get_array(), np.einsum("hwk->hw", layer.relevance[number]))
        limit = np.abs(layer.relevance[number].sum(axis=2)).max()
        assert down.images[0].get_clim() == pytest.approx((-limit, limit))
        assert down.get_title() == f"Σ R = {layer.relevance[number].sum():.2f}"
    assert up_input.get_title() == "input\n4 × 6"
    assert up_conv.get_title() == "conv\n2 × 3"


def test_both_rows_are_framed_alike_so_that_a_white_cell_at_the_edge_is_seen() -> None:
    frames = {
        (axes.axison, spine.get_visible(), spine.get_edgecolor(), spine.get_linewidth())
        for axes in layer_maps.layer_by_layer(LAYERS, ["input", "conv"]).axes
        for spine in axes.spines.values()
    }
    assert frames == {(True, True, to_rgba(plotting.GREY), 0.5)}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "names: got none"),
        (["conf"], "names: there is no layer 'conf'; there are input, conv, dense"),
        (["dense"], r"dense: got shape \(7,\), expected \(height, width, channels\)"),
    ],
)
def test_layer_by_layer_names_what_cannot_be_shown(names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        layer_maps.layer_by_layer(LAYERS, names)


def test_the_most_relevant_channels_come_first_whatever_their_sign() -> None:
    relevance = np.zeros((2, 2, 4))
    relevance[0, 0], relevance[1, 1] = [1, -5, 2, 0], [1, -1, 2, 0]
    assert layer_maps.most_relevant(relevance, 3) == [1, 2, 0]
    assert layer_maps.most_relevant(relevance, 9) == [1, 2, 0, 3]


def test_a_channel_whose_relevance_cancels_comes_last() -> None:
    relevance = np.array([[[9.0, 1.0], [-9.0, 0.0]]])
    assert layer_maps.most_relevant(relevance, 2) == [1, 0]


@given(height=st.integers(1, 20), width=st.integers(1, 40), count=st.integers(1, 13), columns=st.integers(1, 5))
def test_every_tile_stands_at_its_corner_and_nothing_else_is_there(
    height: int, width: int, count: int, columns: int
) -> None:
    maps = np.random.default_rng(count).normal(size=(height, width, count))
    tiles = layer_maps.tiled(maps, columns)
    for number in range(count):
        across, down = layer_maps.corner_of_tile(number, (height, width), columns)
        left, top = int(across + 0.5), int(down + 0.5)
        np.testing.assert_array_equal(tiles[top : top + height, left : left + width], maps[:, :, number])
    assert np.isfinite(tiles).sum() == maps.size
    assert not np.isnan(tiles).all(axis=0)[[0, -1]].any()


@pytest.mark.parametrize(
    ("neurons", "expected"),
    [
        (np.arange(6.0), [np.arange(6.0)]),
        (np.arange(32.0), [np.arange(32.0)]),
        (np.arange(34.0), [np.arange(32.0), [32, 33] + 30 * [np.nan]]),
    ],
)
def test_neurons_stand_in_rows_of_thirty_two(neurons: Any, expected: Any) -> None:
    np.testing.assert_array_equal(layer_maps.as_rectangle(neurons), expected)
