"""The layer explorer of lesson 05: activation on its way up through a network, relevance on its way down."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lrp_edu import layer_maps, plotting
from lrp_edu.keras_lrp import LRP, AtLayer
from lrp_edu.shapes import Shapes
from lrp_edu.widgets.explorer import ANSWER, Explorer

RELEVANCE, ACTIVATION = "relevance", "activation"
SUM, MOST_RELEVANT, ONE = "the sum of all channels", "the most relevant channels", "one channel"
TILES, COLUMNS = 12, 4
GAP = "#e6e6e6"
SHARE = 0.9
KEPT = 32  # explanations in memory
# left, bottom, width and height of each part, in shares of the figure
PLACES = {
    "picture": (0.01, 0.51, 0.19, 0.43),
    "heatmap": (0.01, 0.01, 0.19, 0.43),
    "layer": (0.22, 0.03, 0.42, 0.89),
    "colours": (0.655, 0.1, 0.012, 0.75),
    "sums": (0.78, 0.1, 0.2, 0.82),
}


class LayerExplorer(Explorer):
    """Lesson 05: choose a picture and a layer; see what the layer put out, or the relevance that arrived there.

    Args:
        explainers: name → LRP, all of the same network.
        pictures: what can be explained.
    """

    def __init__(self, explainers: Mapping[str, LRP], pictures: Shapes) -> None:
        self.explainers, self.pictures = dict(explainers), pictures
        # Who moves through layers and channels shall not wait for the same explanation again.
        self._explained = lru_cache(maxsize=KEPT)(self._explain)
        layers = self._explained(0, ANSWER, next(iter(self.explainers)))
        names = pictures.class_names
        controls = {
            "picture": ipywidgets.IntSlider(value=0, max=len(pictures.images) - 1, description="picture"),
            "explained": ipywidgets.Dropdown(
                options=[(ANSWER, ANSWER), *((name, number) for number, name in enumerate(names))],
                description="explain",
            ),
            "explainer": ipywidgets.Dropdown(options=list(self.explainers), description="with"),
            "layer": ipywidgets.SelectionSlider(
                options=list(layers),
                value=list(layers)[len(layers) // 2],
                description="layer",
                layout=ipywidgets.Layout(width="34em"),
            ),
            "shown": ipywidgets.Dropdown(options=[RELEVANCE, ACTIVATION], description="show"),
            "channels": ipywidgets.Dropdown(options=[SUM, MOST_RELEVANT, ONE], description="of"),
            "channel": ipywidgets.IntSlider(description="channel"),
        }

        def fit_channel_slider(_change: Any = None) -> None:
            shape = layers[controls["layer"].value].activation.shape
            controls["channel"].max = shape[-1] - 1 if len(shape) == 3 else 0
            # Where no single channel is shown, the slider would move, and nothing would happen.
            controls["channel"].disabled = len(shape) != 3 or controls["channels"].value != ONE

        fit_channel_slider()
        for name in ("layer", "channels"):
            controls[name].observe(fit_channel_slider, names="value")
        rows = [["picture", "explained", "explainer"], ["layer"], ["shown", "channels", "channel"]]
        super().__init__(controls, rows)

    def look(self, **values: Any) -> tuple[AtLayer, bytes, str]:
        """What is in the layer; the picture, its heatmap, the layer, and the sum of relevance at all layers; words."""
        layers = self._explained(values["picture"], values["explained"], values["explainer"])
        here, below = layers[values["layer"]], next(iter(layers.values()))
        figure = Figure(figsize=(10.0, 4.4))
        # Fixed places: to lay the figure out anew would take longer than to draw it.
        places = {name: figure.add_axes(place) for name, place in PLACES.items()}
        plotting.draw_picture(places["picture"], below.activation, "picture")
        heat = below.relevance.sum(axis=-1)
        plotting.draw_heatmap(places["heatmap"], heat, plotting.largest(heat), "its relevance")
        drawn = _draw_layer(places["layer"], here, values["shown"], values["channels"], values["channel"])
        figure.colorbar(drawn, cax=places["colours"])
        _draw_sums(places["sums"], layers, values["layer"])
        return here, plotting.png(figure), self._words(values, layers)

    def _explain(self, picture: int, explained: int | str, explainer: str) -> dict[str, AtLayer]:
        """Each layer of one explanation, without the axis of the batch."""
        target = None if isinstance(explained, str) else explained
        explanation = self.explainers[explainer](self.pictures.images[picture : picture + 1], target)
        return {name: AtLayer(layer.activation[0], layer.relevance[0]) for name, layer in explanation.layers().items()}

    def _words(self, values: dict[str, Any], layers: dict[str, AtLayer]) -> str:
        *_, logits = layers.values()
        here, names = layers[values["layer"]], self.pictures.class_names
        there = " and a ".join(names[number] for number in np.atleast_1d(self.pictures.labels[values["picture"]]))
        size = " × ".join(str(length) for length in here.activation.shape)
        sums = here.relevance.reshape(-1, here.relevance.shape[-1]).sum(axis=0)
        text = (
            f"A {there}, read as {names[int(logits.activation.argmax())]}. {values['layer']} has {size} numbers. Of "
            f"the {logits.relevance.sum():z.2f} at the start, {sums.sum():z.2f} arrived there. "
        )
        if here.activation.ndim == 1:
            return text + "Each small square is a neuron."
        if values["channels"] == ONE:
            return text + f"Channel {values['channel']} has {sums[values['channel']]:z.2f} of it."
        most = np.cumsum(np.sort(np.abs(sums))[::-1]) / (np.abs(sums).sum() or 1)
        return text + f"{1 + int(np.sum(most < SHARE))} of {len(sums)} channels carry {100 * SHARE:.0f} % of it."


def _draw_layer(axes: Axes, here: AtLayer, shown: str, channels: str, channel: int) -> Any:
    values = here.relevance if shown == RELEVANCE else here.activation
    labels: list[int] = []
    if values.ndim == 1:
        flat, title = layer_maps.as_rectangle(values), f"{shown} of each neuron"
    elif channels == SUM:
        flat, title = values.sum(axis=-1), f"{shown}, {SUM}"
    elif channels == ONE:
        flat, title = values[..., channel], f"{shown}, channel {channel}"
    else:
        labels = layer_maps.most_relevant(here.relevance, TILES)
        flat, title = layer_maps.tiled(values[..., labels], COLUMNS), f"{shown}, {channels}"
    if shown == RELEVANCE:
        drawn = plotting.draw_heatmap(axes, flat, plotting.largest(np.nan_to_num(flat)), title)
    else:
        drawn = layer_maps.draw_activation(axes, flat, title)
    axes.set_axis_on()
    axes.set(xticks=[], yticks=[], facecolor=GAP)
    axes.spines[:].set_visible(False)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8}
    for number, label in enumerate(labels):
        corner = layer_maps.corner_of_tile(number, values.shape[:2], COLUMNS)
        axes.annotate(str(label), corner, xytext=(3, -3), textcoords="offset points", fontsize=8, va="top", bbox=paper)
    return drawn


def _draw_sums(axes: Axes, layers: dict[str, AtLayer], here: str) -> None:
    """The sum of relevance at each layer, the output on top; the chosen one filled."""
    sums = [float(layer.relevance.sum()) for layer in layers.values()]
    colours = ["black" if name == here else "white" for name in layers]
    axes.barh(range(len(sums)), sums, color=colours, edgecolor=plotting.GREY)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks([0, len(sums) - 1], ["input", "output"], fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.set_title("Σ R at each layer", fontsize=10)
