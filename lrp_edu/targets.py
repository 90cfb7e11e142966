"""What is explained: each target turns logits into a number f(x) and into the relevance that LRP starts from.

In every target, z are the logits of one input, p their softmax, and c the class asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lrp_edu.arrays import Array, finite_array
from lrp_edu.numpy_lrp import log_softmax

Classes = int | Sequence[int] | Literal["all"] | None


def choose(logits: Array, classes: Classes, name: str = "classes") -> Array:
    """A mask of shape (n, classes), one at each class asked for; `name` is the argument's name, for messages.

    Args:
        classes: None for the top class of each row, an int for the same class in all rows, one int for each row, or
            "all" for every class at once.

    Raises:
        ValueError, TypeError: a class that is out of range, or not a whole number; a list of the wrong length.
    """
    count, number = logits.shape
    if isinstance(classes, str):
        if classes != "all":
            raise ValueError(f'{name}: got {classes!r}; expected None, an int, a list of ints, or "all"')
        return np.ones_like(logits)
    try:
        chosen = logits.argmax(axis=1) if classes is None else np.asarray(classes)
    except ValueError:
        raise ValueError(f"{name}: got {classes!r}; give one class, or a list with one for each input") from None
    if chosen.dtype.kind not in "iu":
        raise TypeError(f"{name}: got {classes!r}; expected whole numbers from 0 to {number - 1}")
    if chosen.ndim == 0:
        chosen = np.full(count, chosen)
    if chosen.shape != (count,):
        raise ValueError(f"{name}: got shape {chosen.shape} for {count} inputs; give one class, or one for each input")
    if count and (chosen.min() < 0 or chosen.max() >= number):
        raise ValueError(f"{name}: got {classes!r}; the network has classes 0 to {number - 1}")
    mask = np.zeros_like(logits)
    mask[np.arange(count), chosen] = 1
    return mask


@dataclass(frozen=True)
class Target:
    """What all targets share: `start(logits)`, the relevance (n, classes) that LRP starts from, summing to f(x)."""

    classes: Classes = None

    def start(self, logits: Any) -> Array:
        """The start relevance of each row of logits, shape (n, classes)."""
        raise NotImplementedError

    def value(self, logits: Any) -> Array:
        """The explained number f(x) of each row, shape (n,)."""
        return self.start(logits).sum(axis=1)


@dataclass(frozen=True)
class Logit(Target):
    """f = z_c: the evidence for a class. Starts with z_c at c."""

    def start(self, logits: Any) -> Array:
        logits = _logits(logits)
        return choose(logits, self.classes) * logits


@dataclass(frozen=True)
class OneHot(Target):
    """f = 1: relative relevance, in shares of one. Starts with 1 at c."""

    def start(self, logits: Any) -> Array:
        return choose(_logits(logits), self.classes)


@dataclass(frozen=True)
class Softmax(Target):
    """f = p_c: the probability. Starts with p_c at c; with classes="all", the start adds up to one."""

    def start(self, logits: Any) -> Array:
        logits = _logits(logits)
        return choose(logits, self.classes) * _softmax(logits)


@dataclass(frozen=True)
class Margin(Target):
    """f = z_c − z_c': why c rather than c'. Starts with z_c at c and −z_c' at c'.

    Args:
        classes: c; None for the top class.
        other: c'; None for the strongest of the other classes.
    """

    other: Classes = None

    def start(self, logits: Any) -> Array:
        logits = _logits(logits)
        chosen = _one_class(logits, self.classes)
        runner_up = choose(_without(logits, chosen), None)
        other = runner_up if self.other is None else _one_class(logits, self.other, "other")
        if np.any(chosen * other):
            raise ValueError(f"other: got {self.other}, the class that is explained; give another class")
        return (chosen - other) * logits


@dataclass(frozen=True)
class LogOdds(Target):
    """f = η_c = log(p_c / (1 − p_c)) = −log Σ_{c'≠c} exp(−(z_c − z_c')). Starts with η_c at c.

    Source: Montavon et al. 2019, section 10.3.
    """

    def start(self, logits: Any) -> Array:
        logits = _logits(logits)
        chosen = _one_class(logits, self.classes)
        own = (chosen * logits).sum(axis=1)
        return chosen * (own - _log_sum_exp(_without(logits, chosen)))[:, None]


@dataclass(frozen=True)
class Contrastive(Target):
    """Why c rather than each other class: R_{c,c'} = z_{c,c'} · exp(−z_{c,c'}) / Σ exp(−z_{c,c''}).

    Here z_{c,c'} = z_c − z_c', and the sum runs over all classes but c. Each R_{c,c'} is handed to the two logits that
    z_{c,c'} is made of in proportion (LRP-0), so LRP starts with z_c at c and −q_c' z_c' at every other class, where q
    is the softmax over the other classes alone.

    Source: Montavon et al. 2019, section 10.3.
    """

    def start(self, logits: Any) -> Array:
        logits = _logits(logits)
        chosen = _one_class(logits, self.classes)
        return (chosen - _softmax(_without(logits, chosen))) * logits


def _logits(logits: Any) -> Array:
    return finite_array(logits, "logits", ("n", "classes"))


def _one_class(logits: Array, classes: Classes, name: str = "classes") -> Array:
    """The mask of one class for each row, where there must be another to compare it with."""
    if isinstance(classes, str):
        raise ValueError(f"{name}: got {classes!r}; this target compares one class of each input with others")
    if logits.shape[1] < 2:
        raise ValueError(f"logits: got shape {logits.shape}; comparing classes needs at least two")
    return choose(logits, classes, name)


def _without(logits: Array, chosen: Array) -> Array:
    """The logits with −∞ at the chosen class, so that softmax and argmax pass over it."""
    return np.where(chosen == 1, -np.inf, logits)


def _log_sum_exp(logits: Array) -> Array:
    """log Σ_c exp(z_c) of each row, from the largest logit: log p_c = z_c − log Σ exp."""
    return logits.max(axis=1) - log_softmax(logits).max(axis=1)


def _softmax(logits: Array) -> Array:
    return np.exp(log_softmax(logits))
