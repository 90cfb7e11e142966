"""The checks under the exercises: they say at once what is wrong, in words, and never in a traceback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def shape(yours: Any, expected: tuple[int, ...], name: str = "your result") -> None:
    """Fail unless `yours` is an array of numbers of the expected shape; `name` is what the message calls it."""
    array = _numbers(yours, name)
    that(array.shape == tuple(expected), f"{name} has shape {array.shape}, it should have {tuple(expected)}")


def close(
    yours: Any,
    expected: Any,
    message: str = "the numbers are not right yet",
    *,
    mistakes: Mapping[str, Any] | None = None,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    name: str = "your result",
) -> None:
    """Fail unless `yours` equals `expected` within |yours − expected| ≤ atol + rtol·|expected|.

    Args:
        yours: the learner's number, array, or tuple of arrays.
        expected: what it should be, of the same form.
        message: what to say when it is wrong in a way nobody foresaw.
        mistakes: what to say when it is wrong in a known way: message → the wrong result that it is about, which may
            have another shape.
        rtol, atol: how close is close enough.
        name: what messages call `yours`, where several functions are checked in one cell.
    """
    pairs = _pairs(yours, expected)
    many = len(pairs) > 1
    results = [
        (one, right, f"{name} (number {number} of {len(pairs)})" if many else name)
        for number, (one, right) in enumerate(pairs, start=1)
    ]
    for one, _, its_name in results:
        _numbers(one, its_name)
    wrong = [(one, right, its_name) for one, right, its_name in results if not _near(one, right, rtol, atol)]
    if not wrong:
        return
    for known, mistake in (mistakes or {}).items():
        if all(_near(one, as_wrong, rtol, atol) for one, as_wrong in _pairs(yours, mistake)):
            raise CheckFailed(known)
    for one, right, its_name in wrong:
        shape(one, np.shape(right), its_name)
        finite = np.isfinite(_numbers(one, its_name)).all()
        that(finite, f"{its_name} holds NaN or infinity: is something divided by zero?")
    one, right, _ = wrong[0]
    raise CheckFailed(f"{message}\n  yours:    {_short(one)}\n  expected: {_short(right)}")


def _pairs(yours: Any, expected: Any) -> list[tuple[Any, Any]]:
    """What is to be compared with what: each result of a tuple, however deep, with its counterpart."""
    if not isinstance(expected, tuple):
        return [(yours, expected)]
    brackets = " (a list: leave out the brackets)" if isinstance(yours, list) and len(yours) == len(expected) else ""
    that(
        isinstance(yours, tuple) and len(yours) == len(expected),
        f"expected {len(expected)} results, as in `return a, b`; got {_described(yours)}{brackets}",
    )
    return [pair for one, right in zip(yours, expected, strict=True) for pair in _pairs(one, right)]


def _near(one: Any, right: Any, rtol: float, atol: float) -> bool:
    one, right = np.asarray(one, dtype=float), np.asarray(right, dtype=float)
    return one.shape == right.shape and np.allclose(one, right, rtol=rtol, atol=atol)


def expression(yours: Any) -> None:
    """Fail unless `yours` is a SymPy expression or a plain number."""
    import sympy as sp

    _there(yours, "your result")
    hint = ": take its first entry" if isinstance(yours, (list, tuple)) and len(yours) == 1 else ""
    number = isinstance(yours, (int, float, np.integer, np.floating)) and not isinstance(yours, bool)
    that(number or isinstance(yours, sp.Expr), f"expected a SymPy expression, got {_described(yours)}{hint}")


def same_expression(
    yours: Any,
    expected: sp.Expr,
    message: str = "this is not the same expression yet",
    *,
    mistakes: Mapping[str, Any] | None = None,
) -> None:
    """Fail unless the SymPy expression `yours` equals `expected` for all values of its symbols."""
    import sympy as sp

    expression(yours)
    yours, expected = sp.sympify(yours), sp.sympify(expected)
    given = {str(symbol) for symbol in expected.free_symbols}
    foreign = sorted(str(symbol) for symbol in yours.free_symbols - expected.free_symbols if str(symbol) in given)
    that(not foreign, f"your expression has its own symbols {foreign}: use those that are given, do not make new ones")
    if _same(yours, expected):
        return
    for known, wrong in (mistakes or {}).items():
        if _same(yours, sp.sympify(wrong)):
            raise CheckFailed(known)
    raise CheckFailed(f"{message}\n  yours: {yours}")


def _same(one: sp.Expr, other: sp.Expr) -> bool:
    """Whether SymPy can prove that two expressions are equal, or they are at many points."""
    import sympy as sp

    difference = sp.simplify(one - other)
    if difference == 0:
        return True
    symbols = sorted(difference.free_symbols, key=str)
    values = [sp.N(difference.subs(dict(zip(symbols, point, strict=True)))) for point in _points(symbols)]
    return all(value.is_finite and abs(value) < 1e-9 for value in values)


def _points(symbols: list[sp.Symbol]) -> Iterator[list[float]]:
    """Places to try two expressions at, with both signs where the symbols allow them."""
    for values in np.random.default_rng(0).uniform(-3, 3, size=(12, len(symbols))):
        yield [abs(value) if symbol.is_nonnegative else value for symbol, value in zip(symbols, values, strict=True)]


def _there(yours: Any, name: str) -> None:
    that(yours is not None, f"{name} is None: is there a `return` at the end of the function?")
    that(yours is not Ellipsis, f"{name} is still `...`, to be replaced")


def _numbers(yours: Any, name: str) -> np.ndarray:
    _there(yours, name)
    try:
        array = np.asarray(yours)
        if array.dtype.kind in "biufO":
            return array.astype(float)
    except (TypeError, ValueError):
        pass
    raise CheckFailed(f"expected numbers, got {_described(yours)}")


def _described(yours: Any) -> str:
    return f"{type(yours).__name__} {yours!r}"[:80]


def _short(result: Any) -> str:
    """The numbers on one line, the first only where there are many."""
    array = np.asarray(result, dtype=float)
    numbers = ", ".join(f"{number:.6g}" for number in array.ravel()[:6])
    return numbers + (", …" if array.size > 6 else "")
