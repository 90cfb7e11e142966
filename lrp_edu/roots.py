"""Root points of one neuron in numbers, for pictures and explorers; `taylor` derives them in symbols."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lrp_edu.arrays import Array

LOWEST, HIGHEST = 0.0, 3.0  # the input domain of the root explorer
ROUNDING = 1e-9  # sliders move in steps of 0.1, which floating point meets only nearly

Direction = Callable[[Array, Array], Array]  # from weight and x

DIRECTIONS: dict[str, Direction] = {
    "w² · shortest way": lambda weight, x: weight,
    "z · towards the origin": lambda weight, x: x,
    "z⁺ · turn down what excites": lambda weight, x: np.where(weight > 0, x, 0.0),
    "zᴮ · towards the worst corner": lambda weight, x: np.where(weight > 0, x - LOWEST, x - HIGHEST),
}


@dataclass(frozen=True)
class RootSearch:
    """The root of one neuron along one direction, and what it gives; `root` is None where there is none to find."""

    output: float
    root: Array | None
    relevance: Array | None

    @property
    def inside(self) -> bool:
        """Whether the root is an input that could occur."""
        return self.within(LOWEST, HIGHEST)

    def within(self, low: float, high: float) -> bool:
        """Whether there is a root, and both of its coordinates lie between `low` and `high`."""
        low, high = low - ROUNDING, high + ROUNDING
        return self.root is not None and bool(np.all((self.root >= low) & (self.root <= high)))


def search_root(weight: Array, bias: float, x: Array, direction: str) -> RootSearch:
    """Walk from x along a direction d to the root x̃ = x + t·d, t = −z / Σ_j w_j d_j; R_i = w_i (x_i − x̃_i)."""
    z = float(weight @ x + bias)
    d = DIRECTIONS[direction](weight, x)
    climb = float(weight @ d)
    if z <= ROUNDING:
        return RootSearch(0.0, None, None)
    if abs(climb) < ROUNDING:
        return RootSearch(z, None, None)
    root = x - z / climb * d
    return RootSearch(z, root, weight * (x - root) + 0.0)  # + 0.0 turns −0 into 0
