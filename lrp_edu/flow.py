"""Pictures of where relevance goes: the ledger as bars, and the network with its relevance flowing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from lrp_edu.arrays import Array, finite_array
from lrp_edu.dense import messages
from lrp_edu.ledger import Ledger
from lrp_edu.numpy_lrp import Linear, Network
from lrp_edu.plotting import BLUE, GREY, RED, RELEVANCE_COLOURS, draw_heatmap, draw_picture, largest, new_figure
from lrp_edu.rules import Rule

# left, bottom, width and height in shares of the figure: the picture, its heatmap, and the network
PLACES = ((0.01, 0.53, 0.2, 0.42), (0.01, 0.02, 0.2, 0.42), (0.22, 0.07, 0.77, 0.91))
ORANGE, PURPLE = "#c96d0a", "#542788"  # for what speaks neither for nor against


def ledger_bars(ledger: Ledger) -> Figure:
    """A bar for each layer from the output down: what was handed on, and what bias and stabiliser took."""
    figure = new_figure(8.0, 0.28 * len(ledger.rows) + 1.7)
    axes = figure.subplots()
    names = [f"{row.name} · {row.rule}" for row in ledger.rows]
    parts = {
        "handed on": ([row.left for row in ledger.rows], "#d6d6d6"),
        "taken by the bias": ([row.bias for row in ledger.rows], ORANGE),
        "taken by the stabiliser": ([row.stabiliser for row in ledger.rows], PURPLE),
    }
    edge = np.zeros(len(names))
    for name, (values, colour) in parts.items():
        axes.barh(names, values, left=edge, color=colour, edgecolor=GREY, linewidth=0.8, label=name)
        edge = edge + np.asarray(values)
    axes.axvline(ledger.start, color="black", linewidth=1, linestyle=":")
    axes.axvline(0, color="black", linewidth=0.8)
    axes.invert_yaxis()
    axes.set(xlabel="relevance", title=f"start {ledger.start:.2f}, arrived at the input {ledger.arrived:.2f}")
    axes.margins(y=0.01)
    figure.legend(fontsize=8, loc="outside lower center", ncols=3, frameon=False)
    return figure


def relevance_flow(
    network: Network,
    x: Any,
    start: Any,
    rules: Rule | Sequence[Rule],
    image_shape: tuple[int, int],
    edges_per_layer: int = 120,
) -> Figure:
    """The network as nodes and edges, for one input: an edge's width and colour are the relevance that flows in it.

    Args:
        network, x, start, rules: as for `Network.relprop`, with one row.
        image_shape: (height, width) of the input picture, drawn to the left with its heatmap.
        edges_per_layer: only that many edges are drawn, those with the largest |relevance|.
    """
    x = finite_array(x, "x", (1, image_shape[0] * image_shape[1]))
    if edges_per_layer < 0:
        raise ValueError(f"edges_per_layer: got {edges_per_layer}; expected a number ≥ 0")
    steps = list(network.relevance_steps(x, start, rules))[::-1]
    # The places are given: to find them would take as long as to draw the figure, which an explorer does at each move.
    figure = Figure(figsize=(10.5, 5.0))
    above, below, axes = map(figure.add_axes, PLACES)
    draw_picture(above, x[0].reshape(image_shape), "input")
    relevance = steps[0].left.relevance[0]
    limit = largest(relevance)
    draw_heatmap(below, relevance.reshape(image_shape), limit, "its relevance")

    columns = [relevance]
    for step in steps:
        if not isinstance(step.layer, Linear) or step.rule is None:
            continue
        flow = messages(step.layer_input[0], step.layer.weight, step.layer.bias, step.entered[0], step.rule)
        columns.append(step.entered[0])
        _draw_edges(axes, flow, len(columns) - 2, edges_per_layer)
    for column, values in enumerate(columns):
        size = 12 + 160 * np.abs(values) / largest(values)
        axes.scatter(
            np.full(len(values), column),
            _heights(len(values)),
            s=size,
            c=values,
            cmap=RELEVANCE_COLOURS,
            norm=Normalize(-largest(values), largest(values)),
            edgecolors=GREY,
            linewidths=0.5,
            zorder=3,
        )
    for number, height in enumerate(_heights(len(columns[-1]))):
        axes.annotate(str(number), (len(columns) - 1, height), xytext=(12, -4), textcoords="offset points")
    names = ["pixels", *(f"hidden layer {number}" for number in range(1, len(columns) - 1)), "classes"]
    axes.set_xticks(range(len(columns)), names)
    axes.set_yticks([])
    axes.set(xlim=(-0.2, len(columns) - 0.6), ylim=(-0.05, 1.05))
    axes.spines[:].set_visible(False)
    return figure


def _heights(count: int) -> Array:
    """Where the nodes of a column stand, the first on top."""
    return np.linspace(1, 0, count) if count > 1 else np.array([0.5])


def _draw_edges(axes: Axes, flow: Array, column: int, most: int) -> None:
    strongest = np.argsort(np.abs(flow), axis=None)[flow.size - min(most, flow.size) :]
    strongest = strongest[flow.ravel()[strongest] != 0]
    if len(strongest) == 0:
        return
    lower, upper = np.unravel_index(strongest, flow.shape)
    values = flow[lower, upper]
    starts = np.stack([np.full(len(lower), column), _heights(flow.shape[0])[lower]], axis=1)
    ends = np.stack([np.full(len(upper), column + 1), _heights(flow.shape[1])[upper]], axis=1)
    strength = np.abs(values) / largest(values)
    axes.add_collection(
        LineCollection(
            list(np.stack([starts, ends], axis=1)),
            colors=[RED if value >= 0 else BLUE for value in values],
            linewidths=0.2 + 3.5 * strength,
            alpha=0.15 + 0.7 * strength,
        )
    )
