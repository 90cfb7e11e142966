"""Which rule for which layer: ordered (kind of layer, rule) pairs, of which the first that fits is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal

from lrp_edu.rules import AlphaBeta, Epsilon, Flat, Gamma, Rule, WSquare, ZBox, ZPlus

Kind = Literal["dense", "convolution", "batch_norm"]
"""Kinds of layers with weights. Pooling, activations and additions need no rule of a composite."""


@dataclass(frozen=True)
class Composite:
    """A rule for each kind of layer, and perhaps another for the first layer that has weights.

    Args:
        rules: (kind, rule) pairs in order; "any" fits every kind.
        first: the rule of the layers that see the input, if it differs.
        first_kind: the kind that `first` is for; "any" for whatever comes first.
    """

    rules: tuple[tuple[Kind | Literal["any"], Rule], ...]
    first: Rule | None = None
    first_kind: Kind | Literal["any"] = "any"

    def rule_for(self, kind: str, is_first: bool) -> Rule | None:
        """The rule of a layer, or None where nothing fits."""
        if self.first is not None and is_first and self.first_kind in (kind, "any"):
            return self.first
        return next((rule for fits, rule in self.rules if fits in (kind, "any")), None)

    def with_bias(self, bias: Literal["keep", "ignore"]) -> Composite:
        """The same composite with every rule keeping or ignoring the bias."""
        first = None if self.first is None else replace(self.first, bias=bias)
        return replace(self, rules=tuple((kind, replace(rule, bias=bias)) for kind, rule in self.rules), first=first)


def _by_depth(convolution: Rule, first: Rule | None = None, first_kind: Any = "any") -> Composite:
    """One rule for convolutions, ε for the dense layers on top and for batch normalisation."""
    return Composite((("convolution", convolution), ("any", Epsilon())), first, first_kind)


def epsilon_plus() -> Composite:
    """z⁺ on convolutions, ε on dense layers."""
    return _by_depth(ZPlus())


def epsilon_plus_flat() -> Composite:
    """z⁺ on convolutions, ε on dense layers, flat on the first layer with weights."""
    return _by_depth(ZPlus(), Flat())


def epsilon_gamma_box(low: Any, high: Any) -> Composite:
    """zᴮ on the first convolution, γ = 0.25 on the others, ε on dense layers; `low` and `high` bound the input."""
    return _by_depth(Gamma(0.25), ZBox(low, high), "convolution")


def epsilon_alpha2_beta1() -> Composite:
    """α = 2, β = 1 on convolutions, ε on dense layers."""
    return _by_depth(AlphaBeta(2, 1))


def epsilon_alpha2_beta1_flat() -> Composite:
    """α = 2, β = 1 on convolutions, ε on dense layers, flat on the first layer with weights."""
    return _by_depth(AlphaBeta(2, 1), Flat())


def deep_taylor(low: Any = None, high: Any = None) -> Composite:
    """z⁺ everywhere, and below it zᴮ where the input has bounds, else w². Source: Montavon et al. 2017."""
    if (low is None) != (high is None):
        raise ValueError(f"deep_taylor: got low={low}, high={high}; give both bounds of the input, or none")
    first = WSquare() if low is None else ZBox(low, high)
    return Composite((("batch_norm", Epsilon()), ("any", ZPlus())), first)


def uniform(rule: Rule) -> Composite:
    """One rule for all layers."""
    if not isinstance(rule, Rule):
        raise TypeError(f"uniform: rule={rule!r}; expected a rule object such as rules.Epsilon()")
    return Composite((("any", rule),))


PRESETS: dict[str, Callable[..., Composite]] = {
    preset.__name__: preset
    for preset in (
        epsilon_plus,
        epsilon_plus_flat,
        epsilon_gamma_box,
        epsilon_alpha2_beta1,
        epsilon_alpha2_beta1_flat,
        deep_taylor,
        uniform,
    )
}


def get(name: str, **options: Any) -> Composite:
    """A preset by its name; `epsilon_gamma_box` and `deep_taylor` take low= and high=, `uniform` takes rule=.

    Raises:
        ValueError: there is no preset of that name; the message names the nearest.
        TypeError: an option that the preset does not have, or one that is missing.
    """
    if name not in PRESETS:
        near = get_close_matches(str(name), PRESETS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ValueError(f"composite: there is none called {name!r}{hint} There are: {', '.join(PRESETS)}")
    try:
        return PRESETS[name](**options)
    except TypeError as error:
        raise TypeError(f"composite {name!r}: {error}; give options with composites.get({name!r}, ...)") from error
