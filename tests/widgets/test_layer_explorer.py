"""The layer explorer: what it shows is what LRP found in that layer."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from pages import contents, page, set_all

pytest.importorskip("tensorflow")

import keras
from keras import layers as kl
from test_contrast import drawn_by, faint

from lrp_edu import plotting
from lrp_edu.keras_lrp import LRP
from lrp_edu.shapes import Shapes
from lrp_edu.widgets import LayerExplorer
from lrp_edu.widgets import layers as module

RNG = np.random.default_rng(7)
LAYERS = ["input", "wide", "pool", "flatten", "answer"]


def network() -> Any:
    x = keras.Input((8, 8, 3), name="input")
    y = kl.Conv2D(14, 3, padding="same", activation="relu", name="wide")(x)
    y = kl.Flatten(name="flatten")(kl.MaxPooling2D(name="pool")(y))
    model = keras.Model(x, kl.Dense(3, activation="softmax", name="answer")(y))
    model.set_weights([RNG.normal(size=weight.shape) for weight in model.get_weights()])
    return model


NETWORK = network()
PICTURES = Shapes(
    images=RNG.uniform(0, 1, (4, 8, 8, 3)).astype(np.float32),
    labels=np.array([0, 1, 2, 1]),
    masks=np.zeros((4, 8, 8), bool),
    class_names=("circle", "square", "star"),
    tags=None,
)
EXPLAINERS = {pooling: LRP(NETWORK, pooling=pooling) for pooling in ("winner", "proportional")}
START = {
    "picture": 0,
    "explained": "the network's answer",
    "explainer": "winner",
    "layer": "wide",
    "shown": "relevance",
    "channels": "the sum of all channels",
    "channel": 0,
}


@pytest.fixture(scope="module")
def opened() -> LayerExplorer:
    return LayerExplorer(EXPLAINERS, PICTURES)


@pytest.fixture
def explorer(opened: LayerExplorer) -> LayerExplorer:
    """Set back."""
    set_all(opened, START)
    return opened


def drawn(monkeypatch: pytest.MonkeyPatch, explorer: LayerExplorer, **changed: Any) -> tuple[np.ndarray, Any]:
    """The numbers that the layer's picture shows, without the gaps, and what holds the picture."""
    kept: list[Any] = []
    monkeypatch.setattr(plotting, "png", lambda figure: kept.append(figure) or b"")
    explorer.look(**{**START, **changed})
    axes = kept[-1].axes[list(module.PLACES).index("layer")]
    values = np.ma.filled(axes.images[0].get_array().astype(float), np.nan)
    return values[np.isfinite(values)], axes


def found(picture: int = 0, explained: int | None = None, explainer: str = "winner") -> Any:
    return EXPLAINERS[explainer](PICTURES.images[picture : picture + 1], explained)


def test_it_offers_every_picture_class_explainer_and_layer(explorer: LayerExplorer) -> None:
    controls = explorer.controls
    assert (controls["picture"].min, controls["picture"].max) == (0, 3)
    assert [value for _, value in controls["explained"].options] == ["the network's answer", 0, 1, 2]
    assert list(controls["explainer"].options) == ["winner", "proportional"]
    assert list(controls["layer"].options) == LAYERS
    for part in [*controls.values(), explorer.picture, explorer.words]:
        assert sum(part is shown for shown in contents(explorer)) == 1


@pytest.mark.parametrize(("layer", "last"), [("input", 2), ("wide", 13), ("flatten", 0), ("answer", 0)])
def test_the_channels_on_offer_are_those_of_the_layer(explorer: LayerExplorer, layer: str, last: int) -> None:
    explorer.controls["layer"].value = layer
    assert (explorer.controls["channel"].min, explorer.controls["channel"].max) == (0, last)


@pytest.mark.parametrize("changed", [{}, {"picture": 2, "explained": 1}, {"explainer": "proportional"}])
@pytest.mark.parametrize("layer", LAYERS)
def test_the_layer_is_the_one_that_lrp_found(explorer: LayerExplorer, layer: str, changed: dict[str, Any]) -> None:
    state, *_ = explorer.look(**{**START, "layer": layer, **changed})
    expected = found(**changed).layers()[layer]
    np.testing.assert_allclose(state.activation, expected.activation[0], rtol=1e-5)
    np.testing.assert_allclose(state.relevance, expected.relevance[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("shown", ["relevance", "activation"])
def test_sum_one_channel_and_the_most_relevant_ones(
    explorer: LayerExplorer, monkeypatch: pytest.MonkeyPatch, shown: str
) -> None:
    layer = found().layers()["wide"]
    values, relevance = getattr(layer, shown)[0], layer.relevance[0]
    options: dict[str, Any] = {"shown": shown}
    np.testing.assert_allclose(
        drawn(monkeypatch, explorer, **options)[0], values.sum(axis=2).ravel(), rtol=1e-4, atol=1e-5
    )
    one, _ = drawn(monkeypatch, explorer, channels="one channel", channel=11, **options)
    np.testing.assert_allclose(one, values[:, :, 11].ravel(), rtol=1e-4, atol=1e-5)
    strongest = np.argsort(-np.abs(relevance.sum(axis=(0, 1))))[:12]
    tiles, axes = drawn(monkeypatch, explorer, channels="the most relevant channels", **options)
    np.testing.assert_allclose(np.sort(tiles), np.sort(values[:, :, strongest], axis=None), rtol=1e-4, atol=1e-5)
    assert [text.get_text() for text in axes.texts] == [str(number) for number in strongest]


def test_neurons_without_a_place_are_shown_one_by_one(explorer: LayerExplorer, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = found().layers()["flatten"].relevance[0]
    np.testing.assert_allclose(drawn(monkeypatch, explorer, layer="flatten")[0], expected, rtol=1e-4, atol=1e-6)


def test_the_words_say_what_is_there(explorer: LayerExplorer) -> None:
    explanation = found(picture=3)
    sums = explanation.layers()["wide"].relevance[0].sum(axis=(0, 1))
    name = PICTURES.class_names[int(explanation.logits.argmax())]
    for channels, last in (
        ("one channel", f"Channel 5 has {sums[5]:z.2f} of it."),
        ("the sum of all channels", r"\d+ of 14 channels carry 90 % of it."),
    ):
        _, _, words = explorer.look(**{**START, "picture": 3, "channels": channels, "channel": 5})
        assert re.fullmatch(
            f"A square, read as {name}. wide has 8 × 8 × 14 numbers. Of the {explanation.start.sum():z.2f} at the "
            f"start, {sums.sum():z.2f} arrived there. {last}",
            words,
        )
    shares = np.sort(np.abs(sums))[::-1] / np.abs(sums).sum()
    _, _, words = explorer.look(**{**START, "picture": 3})
    count = int(re.search(r"(\d+) of 14", words)[1])  # type: ignore[index]
    assert shares[:count].sum() >= 0.9 > shares[: count - 1].sum()


def test_two_objects_are_both_named() -> None:
    pictures = Shapes(PICTURES.images, np.array([[0, 2]] * 4), PICTURES.masks, PICTURES.class_names, None)
    assert LayerExplorer(EXPLAINERS, pictures).words.value.startswith("A circle and a star, read as ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("picture", 1), ("explained", 2), ("explainer", "proportional"), ("layer", "input"), ("shown", "activation")),
        *(("channels", "the most relevant channels"), ("channels", "one channel")),
    ],
)
def test_every_control_changes_the_picture(explorer: LayerExplorer, name: str, value: Any) -> None:
    if name == "explained":
        assert found().logits.argmax() != value
    before = explorer.look(**START)[1]
    explorer.controls[name].value = value
    picture, words, state = page(explorer)
    assert picture.startswith(b"\x89PNG")
    assert picture != before
    assert words
    assert state is not None


def test_the_channel_slider_changes_the_picture(explorer: LayerExplorer) -> None:
    explorer.controls["channels"].value = "one channel"
    before = page(explorer)
    explorer.controls["channel"].value = 13
    assert page(explorer)[0] != before[0]
    assert "Channel 13 has" in explorer.words.value


def test_the_channel_slider_sleeps_while_no_single_channel_is_shown(explorer: LayerExplorer) -> None:
    assert explorer.controls["channel"].disabled
    explorer.controls["channels"].value = "one channel"
    assert not explorer.controls["channel"].disabled
    explorer.controls["layer"].value = "flatten"
    assert explorer.controls["channel"].disabled


def test_nothing_in_it_is_faint() -> None:
    figure = drawn_by(lambda: LayerExplorer(EXPLAINERS, PICTURES))
    figure.draw_without_rendering()
    assert list(faint(figure)) == []


def test_moving_through_the_layers_explains_a_picture_once(monkeypatch: pytest.MonkeyPatch) -> None:
    explorer = LayerExplorer(EXPLAINERS, PICTURES)
    calls = []
    plain = LRP.__call__
    monkeypatch.setattr(LRP, "__call__", lambda self, *given: calls.append(1) or plain(self, *given))
    set_all(explorer, {"layer": "pool", "shown": "activation", "channel": 3})
    assert calls == []
    set_all(explorer, {"picture": 1})
    assert calls == [1]
