"""The checks under the exercises: they say at once what is wrong, in words, and never in a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import sympy as sp


class CheckFailed(AssertionError):
    """An exercise is not right yet. IPython shows the message alone."""

    def _render_traceback_(self) -> list[str]:
        return [f"✗ Not yet: {self}"]


def that(condition: Any, message: str) -> None:
    """Fail with `message` unless `condition` holds."""
    if not condition:
        raise CheckFailed(message)


def shape(yours: Any, expected: tuple[int, ...]) -> None:
    """Fail unless `yours` is an array of numbers of the expected shape."""
    array = _numbers(yours)
    that(
        array.shape == tuple(expected),
        f"your result has shape {array.shape}, it should have {tuple(expected)}",
    )


def close(
    yours: Any,
    expected: Any,
    message: str = "the numbers are not right yet",
    *,
    mistakes: Mapping[str, Any] | None = None,
    rtol: float = 1e-6,
    atol: float = 1e-9,
) -> None:
    """Fail unless `yours` equals `expected` within |yours − expected| ≤ atol + rtol·|expected|.

    Args:
        yours: the learner's number, array, or tuple of arrays.
        expected: what it should be, of the same form.
        message: what to say when it is wrong in a way nobody foresaw.
        mistakes: what to say when it is wrong in a known way: message → the wrong result that it is about.
        rtol, atol: how close is close enough.
    """
    if isinstance(expected, tuple):
        that(
            isinstance(yours, tuple) and len(yours) == len(expected),
            f"expected {len(expected)} results, as in `return a, b`; got {_described(yours)}",
        )
        for one, right in zip(yours, expected, strict=True):
            close(one, right, message, rtol=rtol, atol=atol)
        return

    shape(yours, np.shape(expected))
    array = _numbers(yours)
    that(np.isfinite(array).all(), "your result holds NaN or infinity: is something divided by zero?")
    if np.allclose(array, expected, rtol=rtol, atol=atol):
        return
    for known, wrong in (mistakes or {}).items():
        if np.shape(wrong) == array.shape and np.allclose(array, wrong, rtol=rtol, atol=atol):
            raise CheckFailed(known)
    raise CheckFailed(f"{message}\n  yours:    {_short(array)}\n  expected: {_short(np.asarray(expected))}")


def same_expression(
    yours: Any,
    expected: sp.Expr,
    message: str = "this is not the same expression yet",
    *,
    mistakes: Mapping[str, Any] | None = None,
) -> None:
    """Fail unless the SymPy expression `yours` equals `expected` for all values of its symbols."""
    import sympy as sp

    that(
        isinstance(yours, (sp.Expr, int, float)),
        f"expected a SymPy expression, got {_described(yours)}",
    )
    unknown = sp.sympify(yours).free_symbols - expected.free_symbols
    foreign = {str(symbol) for symbol in unknown} & {str(symbol) for symbol in expected.free_symbols}
    that(
        not foreign,
        f"your expression has its own symbols {sorted(foreign)}: use those that are given, do not make new ones",
    )
    if sp.simplify(yours - expected) == 0:
        return
    for known, wrong in (mistakes or {}).items():
        if sp.simplify(yours - wrong) == 0:
            raise CheckFailed(known)
    raise CheckFailed(f"{message}\n  yours: {yours}")


def _numbers(yours: Any) -> np.ndarray:
    that(yours is not None, "your function returns None: is there a `return` at its end?")
    that(yours is not Ellipsis, "there is still a `...` to be replaced")
    try:
        return np.asarray(yours, dtype=float)
    except (TypeError, ValueError):
        raise CheckFailed(f"expected numbers, got {_described(yours)}") from None


def _described(yours: Any) -> str:
    return f"{type(yours).__name__} {yours!r}"[:80]


def _short(array: np.ndarray) -> str:
    """The array on one line, the first numbers only where there are many."""
    numbers = ", ".join(f"{number:.6g}" for number in array.ravel()[:6])
    return numbers + (", …" if array.size > 6 else "")
