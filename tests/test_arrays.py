"""What may come in, and what the message says about the rest."""

from __future__ import annotations

import numpy as np
import pytest

from lrp_edu.arrays import finite_array


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([1, 2], np.float64),
        ([True, False], np.float64),
        (np.array([1, 2], np.uint8), np.float64),
        (np.array([1, 2], np.float32), np.float32),
        (np.array([1, 2], np.float64), np.float64),
        ([np.float32(1), np.float32(2)], np.float32),
    ],
)
def test_integers_become_float64_and_floats_keep_their_precision(value: object, dtype: type) -> None:
    found = finite_array(value, "x", (2,))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, np.asarray(value, dtype))


def test_an_array_that_fits_is_not_copied() -> None:
    value = np.ones((2, 3))
    assert finite_array(value, "x", ("n", 3)) is value


def test_a_word_in_the_shape_stands_for_any_length() -> None:
    assert finite_array(np.ones((5, 3)), "x", ("n", 3)).shape == (5, 3)
    assert finite_array(np.ones((0, 3)), "x", ("n", 3)).shape == (0, 3)
    assert finite_array(7, "x", ()).shape == ()


@pytest.mark.parametrize(
    ("value", "shape", "error", "message"),
    [
        (np.ones((2, 3)), ("n", 4), ValueError, r"^x: got shape \(2, 3\), expected \(n, 4\)$"),
        (np.ones(3), ("n", 3), ValueError, r"^x: got shape \(3,\), expected \(n, 3\)$"),
        (np.ones((3, 1)), (3,), ValueError, r"^x: got shape \(3, 1\), expected \(3,\)$"),
        ([[1, 2], [3]], None, ValueError, r"^x: the rows have different lengths; give a rectangular array$"),
        ([1, np.nan], None, ValueError, r"^x: holds nan at position \(1,\); only finite"),
        ([[1, 2], [-np.inf, 3]], None, ValueError, r"^x: holds -inf at position \(1, 0\); only finite"),
        (["1", "2"], None, TypeError, r"^x: got list of <U1; give an array of real numbers$"),
        (None, None, TypeError, r"^x: got NoneType of object; give an array of real numbers$"),
        ([1 + 2j], None, TypeError, r"^x: got list of complex128; give an array of real numbers$"),
        ({"a": 1}, None, TypeError, r"^x: got dict of object; give"),
    ],
)
def test_the_message_names_the_argument_what_came_and_what_was_expected(
    value: object, shape: tuple[int | str, ...] | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        finite_array(value, "x", shape)
