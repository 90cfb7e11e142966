"""The flow explorer of lesson 03: the relevance that flows through a network of handwritten digits."""

from __future__ import annotations

from typing import Any

import ipywidgets

from lrp_edu import flow, plotting, rules
from lrp_edu.data import Digits
from lrp_edu.ledger import ledger
from lrp_edu.numpy_lrp import Network
from lrp_edu.targets import Logit
from lrp_edu.widgets.explorer import ANSWER, Explorer, class_menu

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
            "explained": class_menu(classes),
            "rule": ipywidgets.Dropdown(options=list(HIDDEN_RULES), description="upper rule"),
        }
        super().__init__(controls, [["picture", "explained", "rule"]])

    def look(self, **values: Any) -> tuple[Any, bytes, str]:
        """The relevance flow, and the ledger's last line; zᴮ in the first layer, the chosen rule above."""
        index = values["picture"]
        x = self.digits.x_test[index : index + 1]
        logits = self.network.forward(x)
        start = Logit(None if values["explained"] == ANSWER else values["explained"]).start(logits)
        upper = [HIDDEN_RULES[values["rule"]]] * (len(self.network.linear_layers) - 1)
        all_rules = [rules.ZBox(-1.0, 1.0), *upper]
        books = ledger(self.network, x, start, all_rules)
        figure = flow.relevance_flow(self.network, x, start, all_rules, self.digits.image_shape)
        words = (
            f"A {self.digits.y_test[index]}, read as {logits.argmax()}. Start {books.start:z.2f} = arrived "
            f"{books.arrived:z.2f} + taken by biases {books.bias:z.2f} + taken by stabilisers {books.stabiliser:z.2f}."
        )
        return books, plotting.png(figure), words
