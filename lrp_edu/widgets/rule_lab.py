"""The rule lab of lesson 04: a rule for each layer, two settings side by side, and what becomes of map and ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ipywidgets
from matplotlib.figure import Figure

from lrp_edu import evaluation, plotting, rules
from lrp_edu.arrays import Array
from lrp_edu.data import Digits
from lrp_edu.ledger import Ledger, ledger
from lrp_edu.numpy_lrp import Network
from lrp_edu.targets import Logit
from lrp_edu.widgets.explorer import ANSWER, Explorer, class_menu

# name → the rule, from the values of the ε slider and of the γ slider
RULES: dict[str, Callable[[float, float], rules.Rule]] = {
    "LRP-0": lambda epsilon, gamma: rules.LRP0(),
    "ε": lambda epsilon, gamma: rules.Epsilon(epsilon),
    "γ": lambda epsilon, gamma: rules.Gamma(gamma),
    "z⁺": lambda epsilon, gamma: rules.ZPlus(),
    "α 2, β 1": lambda epsilon, gamma: rules.AlphaBeta(2, 1),
    "w²": lambda epsilon, gamma: rules.WSquare(),
    "flat": lambda epsilon, gamma: rules.Flat(),
}
PIXEL_RULES = {**RULES, "zᴮ": lambda epsilon, gamma: rules.ZBox(-1.0, 1.0)}
SIDES = ("left", "right")
AT_FIRST = {"left": ("ε", "ε"), "right": ("zᴮ", "γ")}  # the rule of the first layer, and of those above


@dataclass(frozen=True, eq=False)
class Setting:
    """What one side of the rule lab shows: the rules by their names, from the input up; relevance; and the ledger."""

    rules: tuple[str, ...]
    relevance: Array  # (pixels,)
    ledger: Ledger
    noise: float


class RuleLab(Explorer):
    """Lesson 04: choose a rule for each layer, ε and γ, twice; see both heatmaps and ledgers of the same test digit."""

    def __init__(self, network: Network, digits: Digits, picture: int = 0) -> None:
        self.network, self.digits = network, digits
        self.layers = _layer_names(len(network.linear_layers))
        classes = network.linear_layers[-1].weight.shape[1]
        controls: dict[str, Any] = {
            "picture": ipywidgets.IntSlider(value=picture, max=len(digits.x_test) - 1, description="test picture"),
            "explained": class_menu(classes),
            "same_colours": ipywidgets.Checkbox(value=False, description="same colour scale", indent=False),
        }
        for side in SIDES:
            for layer in self.layers:
                is_first = layer == self.layers[0]
                controls[f"{side} {layer}"] = ipywidgets.Dropdown(
                    options=list(PIXEL_RULES if is_first else RULES), value=AT_FIRST[side][0 if is_first else 1]
                )
            controls[f"{side} ε"] = _logarithmic(value=0.1, lowest_power=-3, highest_power=1)
            controls[f"{side} γ"] = _logarithmic(value=0.25, lowest_power=-2, highest_power=3)
        rows = [[f"{side} {name}" for side in SIDES] for name in (*reversed(self.layers), "ε", "γ")]
        for name in (name for row in rows for name in row):
            controls[name].description = name
            controls[name].style.description_width = "8em"
            controls[name].layout.width = "24em"
        super().__init__(controls, [["picture", "explained", "same_colours"], *rows])
        for side in SIDES:
            for layer in self.layers:
                controls[f"{side} {layer}"].observe(self._free_sliders_in_use, names="value")
        self._free_sliders_in_use()

    def _free_sliders_in_use(self, _change: Any = None) -> None:
        """A slider whose rule is chosen in no layer would move, and nothing would happen."""
        for side in SIDES:
            chosen = {self.controls[f"{side} {layer}"].value for layer in self.layers}
            for name in ("ε", "γ"):
                self.controls[f"{side} {name}"].disabled = name not in chosen

    def look(self, **values: Any) -> tuple[dict[str, Setting], bytes, str]:
        """The setting of each side, the picture between the two heatmaps, and the two ledgers as tables."""
        index = values["picture"]
        x = self.digits.x_test[index : index + 1]
        logits = self.network.forward(x)
        answer = int(logits.argmax())
        explained = answer if values["explained"] == ANSWER else values["explained"]
        start = Logit(explained).start(logits)
        settings = {side: self._explain(x, start, side, values) for side in SIDES}
        figure = self._drawn(x[0], settings, values["same_colours"])
        tables = "".join(self._words(side, setting) for side, setting in settings.items())
        words = (
            f"A {self.digits.y_test[index]}, read as {answer}. Explained: class {explained}."
            f"<div style='display: flex; flex-wrap: wrap; gap: 2em; line-height: 1.4'>{tables}</div>"
        )
        return settings, plotting.png(figure), words

    def _explain(self, x: Array, start: Array, side: str, values: dict[str, Any]) -> Setting:
        names = tuple(values[f"{side} {layer}"] for layer in self.layers)
        chosen = [PIXEL_RULES[name](values[f"{side} ε"], values[f"{side} γ"]) for name in names]
        relevance = self.network.relprop(x, start, chosen)
        noise = float(evaluation.noise(relevance, self.digits.image_shape)[0])
        return Setting(names, relevance[0], ledger(self.network, x, start, chosen), noise)

    def _drawn(self, x: Array, settings: dict[str, Setting], same_colours: bool) -> Figure:
        """Without the layout engine of `plotting.new_figure`, which takes longer than all the rest."""
        shape = self.digits.image_shape
        figure = Figure(figsize=(8.0, 2.6))
        grid = {"width_ratios": (1.12, 1, 1.12), "left": 0.01, "right": 0.91, "bottom": 0.02, "top": 0.9}
        left, middle, right = figure.subplots(1, 3, gridspec_kw=grid)
        plotting.draw_picture(middle, x.reshape(shape), "input")
        largest = {side: plotting.largest(setting.relevance) for side, setting in settings.items()}
        for axes, (side, setting) in zip((left, right), settings.items(), strict=True):
            limit = max(largest.values()) if same_colours else largest[side]
            drawn = plotting.draw_heatmap(axes, setting.relevance.reshape(shape), limit, side)
            figure.colorbar(drawn, ax=axes, fraction=0.06, pad=0.04, ticks=[-limit, 0, limit], format="{x:z.2g}")
        return figure

    def _words(self, side: str, setting: Setting) -> str:
        books = setting.ledger
        steps = [row for row in books.rows if row.rule != "passes"]
        cells = [["layer", "rule", "entered", "bias", "stabiliser", "handed on"]]
        for row, layer, rule in zip(steps, reversed(self.layers), reversed(setting.rules), strict=True):
            numbers = (row.entered, row.bias, row.stabiliser, row.left)
            cells.append([layer, rule, *(f"{number:z.2f}" for number in numbers)])
        lines = "".join(f"<tr>{''.join(f'<td>{cell}&ensp;</td>' for cell in line)}</tr>" for line in cells)
        return (
            f"<div><b>{side}</b>: start {books.start:z.2f} = arrived {books.arrived:z.2f} + biases {books.bias:z.2f} "
            f"+ stabilisers {books.stabiliser:z.2f}<br>noise {setting.noise:.2f}<table>{lines}</table></div>"
        )


def _layer_names(count: int) -> list[str]:
    """What the layers with weights are called, from the input up."""
    return ["first layer", *(f"layer {number}" for number in range(2, count)), "top layer"][:count]


def _logarithmic(value: float, lowest_power: float, highest_power: float) -> Any:
    return ipywidgets.FloatLogSlider(
        value=value, base=10, min=lowest_power, max=highest_power, step=0.1, readout_format=".3g"
    )
