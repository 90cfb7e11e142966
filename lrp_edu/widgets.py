"""The explorers: move a control, see the picture and the numbers change.

Each explorer is a box of controls, a picture and a line of words. What it shows is worked out by a pure function of
the controls' values, so that it can be tested without a browser; `state` holds the last result.
"""

from __future__ import annotations

import html
from typing import Any

import ipywidgets
import numpy as np

from lrp_edu import flow, plotting, rules
from lrp_edu.data import Digits
from lrp_edu.ledger import ledger
from lrp_edu.numpy_lrp import Network
from lrp_edu.roots import DIRECTIONS, HIGHEST, LOWEST, RootSearch, search_root
from lrp_edu.targets import Logit


class Explorer(ipywidgets.VBox):
    """Controls above a picture and a line of words. The old picture stays until the new one is whole.

    Subclasses say in `look` what the values of the controls mean.
    """

    def __init__(self, controls: dict[str, Any], rows: list[list[str]]) -> None:
        self.controls = controls
        self.picture = ipywidgets.Image(format="png", layout=ipywidgets.Layout(max_width="100%"))
        self.words = ipywidgets.HTML()
        self.state: Any = None
        boxes = [ipywidgets.HBox([controls[name] for name in row]) for row in rows]
        super().__init__([*boxes, self.picture, self.words])
        for control in controls.values():
            control.observe(self._update, names="value")
        self._update()

    def look(self, **values: Any) -> tuple[Any, bytes, str]:
        """From the controls' values to the state, the picture as PNG, and the words."""
        raise NotImplementedError

    def _update(self, _change: Any = None) -> None:
        values = {name: control.value for name, control in self.controls.items()}
        try:
            self.state, self.picture.value, self.words.value = self.look(**values)
        except Exception as error:  # a learner sees no log: what went wrong has to stand where she looks
            self.words.value = f"<b>This setting cannot be shown:</b> {html.escape(str(error))}"


def _slider(name: str, value: float, low: float, high: float) -> Any:
    layout = ipywidgets.Layout(width="21em")
    return ipywidgets.FloatSlider(value=value, min=low, max=high, step=0.1, description=name, layout=layout)


# Root explorer


class RootExplorer(Explorer):
    """Lesson 02: move the weights, the bias and the input of a neuron, and see its root and its relevances."""

    def __init__(self) -> None:
        controls = {
            "w1": _slider("weight w₁", 2.0, -3, 3),
            "w2": _slider("weight w₂", 1.0, -3, 3),
            "b": _slider("bias b", -1.0, -3, 3),
            "x1": _slider("input x₁", 1.0, LOWEST, HIGHEST),
            "x2": _slider("input x₂", 2.0, LOWEST, HIGHEST),
            "direction": ipywidgets.Dropdown(options=list(DIRECTIONS), description="direction"),
        }
        super().__init__(controls, [["w1", "w2", "b"], ["x1", "x2", "direction"]])

    def look(self, **values: Any) -> tuple[RootSearch, bytes, str]:
        """The neuron's plane with the root, bars of the relevances, and a warning where the root is no input."""
        weight, x = np.array([values["w1"], values["w2"]]), np.array([values["x1"], values["x2"]])
        found = search_root(weight, values["b"], x, values["direction"])
        shown = found.root is not None and bool(np.all(np.abs(found.root) < 20))
        figure = plotting.new_figure(8.6, 4.2)
        left, right = figure.subplots(1, 2, width_ratios=(1.4, 1))
        roots = {r"$\tilde x$": found.root} if shown else {}
        plotting.draw_neuron_plane(left, weight, values["b"], x, roots, (LOWEST, HIGHEST), (-1.5, 4.0))
        relevance = np.zeros(2) if found.relevance is None else found.relevance
        plotting.draw_bars(right, ["$R_1$", "$R_2$"], relevance, f"f(x) = {found.output:.2f}")
        return found, plotting.png(figure), self._words(found)

    @staticmethod
    def _words(found: RootSearch) -> str:
        if found.output == 0:
            return "The neuron is silent here: f(x) = 0, and there is nothing to share out."
        if found.root is None or found.relevance is None:
            return "⚠ Along this direction the neuron's output never changes, so it leads to no root."
        (r1, r2), (x1, x2) = found.relevance, found.root
        text = f"x̃ = ({x1:z.2f}, {x2:z.2f}), R = ({r1:z.2f}, {r2:z.2f}), which add up to {r1 + r2:.2f} = f(x)."
        if not found.inside:
            text += f" <b>⚠ The root leaves the input domain</b> (dashed): inputs lie from {LOWEST:g} to {HIGHEST:g}."
        return text


# Relevance flow

HIDDEN_RULES: dict[str, rules.Rule] = {
    "z⁺": rules.ZPlus(),
    "ε = 10⁻⁶": rules.Epsilon(),
    "ε = 0.5": rules.Epsilon(0.5),
    "w²": rules.WSquare(),
    "γ = 0.25 (lesson 04)": rules.Gamma(0.25),
    "α 2, β 1 (lesson 04)": rules.AlphaBeta(2, 1),
}


class FlowExplorer(Explorer):
    """Lesson 03: choose a test digit, the class to explain and the rule of the hidden layers; see relevance flow."""

    def __init__(self, network: Network, digits: Digits) -> None:
        self.network, self.digits = network, digits
        classes = network.linear_layers[-1].weight.shape[1]
        controls = {
            "picture": ipywidgets.IntSlider(value=0, max=len(digits.x_test) - 1, description="test picture"),
            "explained": ipywidgets.Dropdown(
                options=[("the network's answer", None), *((f"class {k}", k) for k in range(classes))],
                description="explain",
            ),
            "rule": ipywidgets.Dropdown(options=list(HIDDEN_RULES), description="upper rule"),
        }
        super().__init__(controls, [["picture", "explained", "rule"]])

    def look(self, **values: Any) -> tuple[Any, bytes, str]:
        """The relevance flow, and the ledger's last line; zᴮ in the first layer, the chosen rule above."""
        index = values["picture"]
        x = self.digits.x_test[index : index + 1]
        logits = self.network.forward(x)
        start = Logit(values["explained"]).start(logits)
        upper = [HIDDEN_RULES[values["rule"]]] * (len(self.network.linear_layers) - 1)
        all_rules = [rules.ZBox(-1.0, 1.0), *upper]
        books = ledger(self.network, x, start, all_rules)
        figure = flow.relevance_flow(self.network, x, start, all_rules, self.digits.image_shape)
        words = (
            f"A {self.digits.y_test[index]}, read as {logits.argmax()}. Start {books.start:z.2f} = arrived "
            f"{books.arrived:z.2f} + taken by biases {books.bias:z.2f} + taken by stabilisers {books.stabiliser:z.2f}."
        )
        return books, plotting.png(figure), words
