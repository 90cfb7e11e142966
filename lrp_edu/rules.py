"""Every LRP rule as data: which versions of the input, the weights and the bias enter it.

A rule is a sum of terms. With x^(t), w^(t) and b^(t) the versions that term t names,

    z_k = Σ_t (Σ_j x_j^(t) w_jk^(t) + b_k^(t))
    s_k = R_k / (z_k + ε·sign(z_k))
    R_j = Σ_t x_j^(t) Σ_k w_jk^(t) s_k

where sign(0) = +1. Most rules need one such group of terms. αβ has two, one for what speaks for the neuron and one
for what speaks against it, each with its own denominator; γ has two as well, one for neurons with z ≥ 0 and one for
neurons with z < 0.

Nothing here computes: `dense` does, with the few lines above. The versions are written with arithmetic and
`abs` alone, so they read NumPy arrays, TensorFlow tensors and SymPy expressions alike.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from lrp_edu.arrays import finite_array

BOX_TOLERANCE = 1e-5  # of the box's width: what rounding to float32 may do to a pixel on the edge of its range


# Versions of an array


@dataclass(frozen=True)
class Parts:
    """The version p·v⁺ + n·v⁻ of v, where v⁺ = max(0, v) and v⁻ = min(0, v)."""

    positive: float
    negative: float

    def __call__(self, values: Any) -> Any:
        if self.positive == self.negative == 1:
            return values
        return self.positive * (values + abs(values)) / 2 + self.negative * (values - abs(values)) / 2


@dataclass(frozen=True, eq=False)
class Constant:
    """The version that forgets v and puts a constant in its place, such as a bound of the pixel range."""

    value: Any

    def __call__(self, values: Any) -> Any:
        return 0 * values + self.value


def squared(values: Any) -> Any:
    """The version v²."""
    return values * values


Version = Callable[[Any], Any]

WHOLE = Parts(1, 1)
POSITIVE = Parts(1, 0)
NEGATIVE = Parts(0, 1)
ONES = Constant(1.0)


@dataclass(frozen=True)
class Term:
    """One product Σ_j x_j^(t) w_jk^(t) + b_k^(t) of a rule; without a bias version there is no b."""

    input: Version
    weight: Version
    bias: Version | None = None


@dataclass(frozen=True)
class Group:
    """Terms that share one denominator z_k, and hand on the given fraction of R_k.

    `sign` restricts the group to some neurons, by the sign of their own z = Σ_j x_j w_jk + b_k: +1 means z ≥ 0,
    −1 means z < 0, and 0 means every neuron.
    """

    terms: tuple[Term, ...]
    fraction: float = 1.0
    sign: Literal[-1, 0, 1] = 0


# The rules


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """What all rules share.

    Args:
        epsilon: the stabiliser ε ≥ 0 added to every denominator, with the denominator's sign.
        bias: "keep" leaves the bias in the denominator, where it takes its share of the relevance and keeps it;
            "ignore" leaves it out, and all relevance goes to the inputs. zᴮ, w² and flat have no bias in any case.

    Raises:
        ValueError, TypeError: an argument is not a finite number in its range, or `bias` is neither word.
    """

    epsilon: float = 1e-6
    bias: Literal["keep", "ignore"] = "keep"

    def __post_init__(self) -> None:
        _check_number(self, "epsilon", self.epsilon)
        if self.bias not in ("keep", "ignore"):
            raise ValueError(f'{type(self).__name__}: bias={self.bias!r}; expected "keep" or "ignore"')

    @abstractmethod
    def groups(self) -> tuple[Group, ...]:
        """The terms of the rule, in groups that share a denominator."""

    def check_input(self, x: Any) -> None:  # noqa: B027, most rules assume nothing
        """Raise ValueError where the rule makes an assumption about its input that `x` breaks."""


@dataclass(frozen=True)
class Epsilon(Rule):
    """LRP-ε: R_j = Σ_k x_j w_jk / (z_k + ε·sign(z_k)) · R_k, with z_k = Σ_j x_j w_jk + b_k.

    Each input gets what it contributed to z_k; a larger ε takes relevance from weakly excited neurons.
    Source: Bach et al. 2015, eq. 58.
    """

    epsilon: float = 1e-6

    def groups(self) -> tuple[Group, ...]:
        return (Group((Term(WHOLE, WHOLE, WHOLE),)),)


@dataclass(frozen=True)
class LRP0(Epsilon):
    """LRP-0: the ε rule with ε = 0. A neuron with z_k = 0 passes nothing on.

    Source: Bach et al. 2015, eq. 56; named LRP-0 by Montavon et al. 2019.
    """

    epsilon: float = field(default=0.0, init=False)


@dataclass(frozen=True)
class Gamma(Rule):
    """LRP-γ: positive weights count 1 + γ times, so that what speaks for the neuron is favoured.

    For x ≥ 0 and z_k > 0: R_j = Σ_k x_j (w_jk + γ w⁺_jk) / (Σ_j x_j (w_jk + γ w⁺_jk) + b_k + γ b⁺_k) · R_k.
    In general what has the sign of z_k is favoured: for z_k ≥ 0 the products x⁺w⁺ and x⁻w⁻, for z_k < 0 the
    products x⁺w⁻ and x⁻w⁺. γ = 0 is the ε rule, and γ → ∞ tends to z⁺ where
    z_k > 0.

    Args:
        gamma: γ ≥ 0, how much more the favoured contributions count.

    Source: Montavon et al. 2019, section 10.2; for signed inputs Andéol et al. 2021.
    """

    gamma: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_number(self, "gamma", self.gamma)

    def groups(self) -> tuple[Group, ...]:
        more_positive = Parts(1 + self.gamma, 1)
        more_negative = Parts(1, 1 + self.gamma)
        excited = (Term(POSITIVE, more_positive, more_positive), Term(NEGATIVE, more_negative))
        inhibited = (Term(POSITIVE, more_negative, more_negative), Term(NEGATIVE, more_positive))
        return Group(excited, sign=+1), Group(inhibited, sign=-1)


_FOR = (Term(POSITIVE, POSITIVE, POSITIVE), Term(NEGATIVE, NEGATIVE))
_AGAINST = (Term(POSITIVE, NEGATIVE, NEGATIVE), Term(NEGATIVE, POSITIVE))


@dataclass(frozen=True)
class ZPlus(Rule):
    """z⁺: only what raised z_k counts. For x ≥ 0: R_j = Σ_k x_j w⁺_jk / (Σ_j x_j w⁺_jk + b⁺_k) · R_k.

    Negative inputs count with negative weights. Source: Montavon et al. 2017.
    """

    def groups(self) -> tuple[Group, ...]:
        return (Group(_FOR),)


@dataclass(frozen=True)
class AlphaBeta(Rule):
    """αβ: what raised z_k and what lowered it are shared out apart, R_j = α·(positive share) − β·(negative share).

    Where β > 0, a neuron of which one side is exactly empty gives the other all its relevance, so that relevance is
    conserved. A side that is there but much smaller than ε hands most of its fraction to the stabiliser. α = 1, β = 0
    is z⁺.

    Args:
        alpha: α ≥ 1, the weight of the positive side.
        beta: β = α − 1 ≥ 0, the weight of the negative side.

    Raises:
        ValueError: α < 1, or α − β ≠ 1.

    Source: Bach et al. 2015, eq. 60.
    """

    alpha: float = 2.0
    beta: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_number(self, "alpha", self.alpha)
        _check_number(self, "beta", self.beta)
        if self.alpha < 1:
            raise ValueError(f"AlphaBeta: alpha={self.alpha:g}; expected alpha ≥ 1, with beta = alpha − 1")
        if not math.isclose(self.alpha - self.beta, 1.0, abs_tol=1e-9):
            raise ValueError(
                f"AlphaBeta: alpha={self.alpha:g}, beta={self.beta:g}, so alpha − beta = {self.alpha - self.beta:g}; "
                f"it must be 1 for relevance to be conserved: try beta={self.alpha - 1:g}"
            )

    def groups(self) -> tuple[Group, ...]:
        return Group(_FOR, fraction=self.alpha), Group(_AGAINST, fraction=-self.beta)


@dataclass(frozen=True, eq=False)
class ZBox(Rule):
    """zᴮ, for inputs in a box l ≤ x ≤ h such as pixels: R_j = Σ_k (x_j w_jk − l_j w⁺_jk − h_j w⁻_jk) / (Σ_j …) · R_k.

    A black pixel can carry relevance: what counts is how far it is from the value at which it would have hurt most.

    Args:
        low, high: the bounds l and h, numbers or arrays of the shape of one input or of its last axes.

    Raises:
        ValueError: l > h somewhere, or later an input outside the box.

    There is no bias. Source: Montavon et al. 2017.
    """

    low: Any
    high: Any

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = finite_array(self.low, "ZBox: low"), finite_array(self.high, "ZBox: high")
        if low.ndim and high.ndim and low.shape != high.shape:
            raise ValueError(f"ZBox: low has shape {low.shape} and high {high.shape}; give both that of one input")
        if np.any(low > high):
            raise ValueError(f"ZBox: low={self.low} is above high={self.high}; expected low ≤ high everywhere")
        # Floats from here on: minus an unsigned 255 would be 1.
        object.__setattr__(self, "low", low if low.ndim else float(low))
        object.__setattr__(self, "high", high if high.ndim else float(high))

    def groups(self) -> tuple[Group, ...]:
        return (Group((Term(WHOLE, WHOLE), Term(Constant(-self.low), POSITIVE), Term(Constant(-self.high), NEGATIVE))),)

    def check_input(self, x: Any) -> None:
        one_input = np.shape(x)[1:]
        for name, bound in (("low", np.asarray(self.low)), ("high", np.asarray(self.high))):
            # A bound for each channel, shape (channels,), fits an image of shape (height, width, channels).
            if bound.ndim > len(one_input) or bound.shape != one_input[len(one_input) - bound.ndim :]:
                raise ValueError(f"ZBox: {name} has shape {bound.shape}; expected {one_input}, that of one input")
        slack = BOX_TOLERANCE * (self.high - self.low)
        if np.any(x < self.low - slack) or np.any(x > self.high + slack):
            low, high = np.min(self.low), np.max(self.high)
            raise ValueError(
                f"x: values from {np.min(x):g} to {np.max(x):g} leave the box of ZBox(low={low}, high={high}); give "
                "the bounds of the scale that x is in"
            )


@dataclass(frozen=True)
class WSquare(Rule):
    """w²: R_j = Σ_k w²_jk / (Σ_j w²_jk + ε) · R_k. The input does not enter, nor does the bias.

    The denominator is never negative, so ε = 0 is safe, and the better choice where weights are so small that their
    squares are not large against ε. Source: Montavon et al. 2017.
    """

    def groups(self) -> tuple[Group, ...]:
        return (Group((Term(ONES, squared),)),)


@dataclass(frozen=True)
class Flat(Rule):
    """Flat: every input gets the same share of every neuron, R_j = Σ_k R_k / (number of inputs + ε). No bias.

    Source: Bach et al. 2016, "Controlling explanatory heatmap resolution and semantics via decomposition depth".
    """

    def groups(self) -> tuple[Group, ...]:
        return (Group((Term(ONES, ONES),)),)


def _check_number(rule: Rule, name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{type(rule).__name__}: {name}={value!r} is a {type(value).__name__}; expected a number ≥ 0")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{type(rule).__name__}: {name}={value}; expected a finite number ≥ 0")
