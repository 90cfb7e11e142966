"""The root explorer of lesson 02: the root of a neuron along a chosen direction, and the relevances of its inputs."""

from __future__ import annotations

from typing import Any

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from lrp_edu import plotting
from lrp_edu.planes import draw_neuron_plane
from lrp_edu.roots import DIRECTIONS, HIGHEST, LOWEST, RootSearch, search_root
from lrp_edu.widgets.explorer import Explorer, slider

EXTENT = (-1.5, 4.0)  # of the picture, along both axes


class RootExplorer(Explorer):
    """Lesson 02: move the weights, the bias and the input of a neuron, and see its root and its relevances."""

    def __init__(self) -> None:
        controls = {
            "w1": slider("weight w₁", 2.0, -3, 3),
            "w2": slider("weight w₂", 1.0, -3, 3),
            "b": slider("bias b", -1.0, -3, 3),
            "x1": slider("input x₁", 1.0, LOWEST, HIGHEST),
            "x2": slider("input x₂", 2.0, LOWEST, HIGHEST),
            "direction": ipywidgets.Dropdown(options=list(DIRECTIONS), description="direction"),
        }
        super().__init__(controls, [["w1", "w2", "b"], ["x1", "x2", "direction"]])

    def look(self, **values: Any) -> tuple[RootSearch, bytes, str]:
        """The neuron's plane with the root, bars of the relevances, and a warning where the root is no input."""
        weight, x = np.array([values["w1"], values["w2"]]), np.array([values["x1"], values["x2"]])
        found = search_root(weight, values["b"], x, values["direction"])
        figure = Figure(figsize=(8.6, 4.2))  # The places are given: to find them takes as long as to draw the figure.
        places = {"left": 0.07, "right": 0.98, "bottom": 0.13, "top": 0.91, "wspace": 0.22}
        left, right = figure.subplots(1, 2, width_ratios=(1.4, 1), gridspec_kw=places)
        roots = {} if found.root is None else {r"$\tilde x$": found.root}
        draw_neuron_plane(left, weight, values["b"], x, roots, (LOWEST, HIGHEST), EXTENT)
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
        if not found.within(*EXTENT):
            text += " It lies outside of the picture."
        return text
