"""What may come in: finite numbers of the right shape, or an error that names the argument."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def finite_array(value: Any, name: str, shape: Sequence[int | str] | None = None) -> Array:
    """Turn `value` into an array of finite floats and check its shape.

    Args:
        value: anything that NumPy reads as numbers; integers become float64, floats keep their precision.
        name: the argument's name, for the message.
        shape: one entry for each axis: a number that must match, or a word for a length that may be anything.

    Returns:
        The array (not copied where that can be avoided).

    Raises:
        TypeError: `value` is not made of real numbers.
        ValueError: the shape does not fit, or a value is NaN or infinite.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: the rows have different lengths; give a rectangular array") from error
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        raise TypeError(f"{name}: got {type(value).__name__} of {array.dtype}; give an array of real numbers")
    if shape is not None and not _fits(array.shape, shape):
        wanted = ", ".join(str(length) for length in shape)
        raise ValueError(f"{name}: got shape {array.shape}, expected ({wanted}{',' if len(shape) == 1 else ''})")
    if not np.isfinite(array).all():
        place = tuple(int(index) for index in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name}: holds {array[place]} at position {place}; only finite numbers can be explained")
    return array


def _fits(actual: tuple[int, ...], wanted: Sequence[int | str]) -> bool:
    return len(actual) == len(wanted) and all(
        isinstance(length, str) or length == found for found, length in zip(actual, wanted, strict=True)
    )
