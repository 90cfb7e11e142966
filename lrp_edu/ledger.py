"""Where the relevance went, layer by layer: what entered, what left, what the bias and the stabiliser took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lrp_edu.numpy_lrp import Network
from lrp_edu.rules import Rule


@dataclass(frozen=True)
class Row:
    """One layer: entered = left + bias + stabiliser, summed over all samples and neurons; what left was handed on."""

    name: str
    rule: str
    entered: float
    left: float
    bias: float
    stabiliser: float


@dataclass(frozen=True)
class Ledger:
    """The rows from the output down to the input. Printed, it is a table.

    The start relevance is what arrived at the input plus everything that was taken on the way.
    """

    rows: tuple[Row, ...]
    start: float  # the relevance that LRP started from
    arrived: float  # the relevance that reached the input

    @property
    def bias(self) -> float:
        """What all biases took together."""
        return sum(row.bias for row in self.rows)

    @property
    def stabiliser(self) -> float:
        """What all stabilisers took together."""
        return sum(row.stabiliser for row in self.rows)

    def __str__(self) -> str:
        heads = ("layer", "rule", "entered", "handed on", "bias took", "stabiliser took")
        lines = [
            (row.name, row.rule, *(f"{value:z.4f}" for value in (row.entered, row.left, row.bias, row.stabiliser)))
            for row in self.rows
        ]
        widths = [max(len(line[column]) for line in (heads, *lines)) for column in range(len(heads))]
        table = [_aligned(line, widths) for line in (heads, *lines)]
        table.insert(1, "-" * len(table[0]))
        total = f"start {self.start:z.4f} = arrived {self.arrived:z.4f} + biases {self.bias:z.4f}"
        return "\n".join([*table, f"{total} + stabilisers {self.stabiliser:z.4f}"])


def ledger(network: Network, x: Any, start: Any, rules: Rule | Sequence[Rule]) -> Ledger:
    """Explain `x` and keep the books; arguments as for `Network.relprop`."""
    rows = tuple(
        Row(
            name=step.name,
            rule=type(step.rule).__name__ if step.rule else "passes",
            entered=float(step.entered.sum()),
            left=float(step.left.relevance.sum()),
            bias=float(step.left.bias.sum()),
            stabiliser=float(step.left.stabiliser.sum()),
        )
        for step in network.relevance_steps(x, start, rules)
    )
    return Ledger(rows, start=rows[0].entered, arrived=rows[-1].left)


def _aligned(cells: tuple[str, ...], widths: Sequence[int]) -> str:
    """Two columns of words to the left, the numbers to the right."""
    words = [cell.ljust(width) for cell, width in zip(cells[:2], widths[:2], strict=True)]
    numbers = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
    return "  ".join([*words, *numbers])
