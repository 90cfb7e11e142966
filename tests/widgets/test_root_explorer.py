"""The root explorer: the numbers it shows are right, and so are its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pages import contents, page, set_all

from lrp_edu.roots import DIRECTIONS, HIGHEST, LOWEST, RootSearch, search_root
from lrp_edu.widgets import RootExplorer
from lrp_edu.widgets.root import EXTENT

W_SQUARE, Z, Z_PLUS, Z_BOX = DIRECTIONS

# The root search, against exact fractions

Numbers = list[Fraction]


def exact_search(weight: Numbers, bias: Fraction, x: Numbers, name: str) -> tuple[Fraction, Numbers | None]:
    """z and the root, from the definitions: turn down what excites, or walk to the least exciting corner of [0, 3]²."""
    z = sum((w * value for w, value in zip(weight, x, strict=True)), bias)
    corner = [Fraction(0) if w > 0 else Fraction(3) for w in weight]
    direction = {
        W_SQUARE: weight,
        Z: x,
        Z_PLUS: [value if w > 0 else Fraction(0) for w, value in zip(weight, x, strict=True)],
        Z_BOX: [value - worst for value, worst in zip(x, corner, strict=True)],
    }[name]
    climb = sum(w * d for w, d in zip(weight, direction, strict=True))
    if z <= 0 or climb == 0:
        return z, None
    return z, [value - z / climb * d for value, d in zip(x, direction, strict=True)]


def tenths(*values: float) -> Numbers:
    return [Fraction(round(10 * value), 10) for value in values]


def search_both(
    weight: Sequence[float], bias: float, x: Sequence[float], name: str
) -> tuple[RootSearch, Fraction, Numbers | None]:
    found = search_root(np.array(weight, float), bias, np.array(x, float), name)
    return found, *exact_search(tenths(*weight), *tenths(bias), tenths(*x), name)


# the values that the sliders can take
signed = st.integers(-30, 30).map(lambda tenth: tenth / 10)
inside = st.integers(0, 30).map(lambda tenth: tenth / 10)
EVERY_DIRECTION = pytest.mark.parametrize("name", DIRECTIONS)


@EVERY_DIRECTION
@given(weight=st.tuples(signed, signed), bias=signed, x=st.tuples(inside, inside))
@example(weight=(2.0, 1.0), bias=-1.0, x=(1.0, 2.0))
@example(weight=(-1.0, -1.0), bias=3.0, x=(0.0, 0.0))
def test_root_lies_on_the_hinge_and_the_relevances_add_up(name: str, weight: Any, bias: float, x: Any) -> None:
    found, z, root = search_both(weight, bias, x, name)
    assume(z != 0)
    assert found.output == pytest.approx(float(max(z, 0)), abs=1e-12)
    if root is None:
        assert found.root is None
        assert found.relevance is None
        return
    assert found.root is not None
    assert found.relevance is not None
    scale = 1 + float(max(abs(coordinate) for coordinate in root))
    assert np.dot(weight, found.root) + bias == pytest.approx(0, abs=1e-9 * scale)
    np.testing.assert_allclose(found.root, [float(coordinate) for coordinate in root], rtol=1e-9, atol=1e-12 * scale)
    by_hand = [w * (here - there) for w, here, there in zip(tenths(*weight), tenths(*x), root, strict=True)]
    np.testing.assert_allclose(found.relevance, [float(share) for share in by_hand], rtol=1e-9, atol=1e-9 * scale)
    assert found.relevance.sum() == pytest.approx(found.output, abs=1e-9 * scale)


@EVERY_DIRECTION
@given(weight=st.tuples(signed, signed), bias=signed, x=st.tuples(inside, inside))
def test_the_warning_stands_there_exactly_when_the_root_is_no_input(
    name: str, weight: Any, bias: float, x: Any
) -> None:
    found, z, root = search_both(weight, bias, x, name)
    assume(z != 0)
    assume(root is None or not any(coordinate in (0, 3) for coordinate in root))  # the edge: below
    outside = root is not None and not all(0 <= coordinate <= 3 for coordinate in root)
    assert ("leaves the input domain" in RootExplorer._words(found)) == outside
    assert found.inside == (root is not None and not outside)


AT_THE_EDGE = [
    ((2.0, 1.0), -1.0, (1.0, 0.0), Z_PLUS),
    ((1.0, 1.0), 0.0, (1.0, 2.0), Z),
    ((1.0, -1.0), 3.0, (1.0, 2.0), Z_BOX),
]
AT_THE_EDGE_ROUNDED = [
    ((-0.2, 1.2), 0.6, (0.1, 1.7), Z_BOX),
    ((-1.2, 0.6), 3.0, (1.9, 0.3), W_SQUARE),
    ((-0.3, -0.6), 1.8, (0.2, 0.1), Z),
    ((2.8, -2.8), 1.4, (2.8, 0.5), Z_PLUS),
]


def check_at_the_edge(weight: Any, bias: float, x: Any, name: str) -> None:
    found, z, root = search_both(weight, bias, x, name)
    assert z > 0
    assert root is not None
    assert any(coordinate in (0, 3) for coordinate in root)
    assert all(0 <= coordinate <= 3 for coordinate in root)
    words = RootExplorer._words(found)
    assert "leaves the input domain" not in words
    assert "-0.00" not in words


@pytest.mark.parametrize(("weight", "bias", "x", "name"), AT_THE_EDGE)
def test_a_root_on_the_edge_of_the_domain_is_an_input(weight: Any, bias: float, x: Any, name: str) -> None:
    check_at_the_edge(weight, bias, x, name)


@pytest.mark.parametrize(("weight", "bias", "x", "name"), AT_THE_EDGE_ROUNDED)
def test_rounding_does_not_push_a_root_over_the_edge(weight: Any, bias: float, x: Any, name: str) -> None:
    check_at_the_edge(weight, bias, x, name)


SILENT = "The neuron is silent here"
NO_ROOT = "it leads to no root"


@EVERY_DIRECTION
@pytest.mark.parametrize(("weight", "bias"), [((-1.0, -1.0), 0.5), ((0.0, 0.0), 0.0), ((1.0, 1.0), -3.0)])
def test_a_silent_neuron_has_nothing_to_share_out(name: str, weight: Any, bias: float) -> None:
    """The last one stands on its hinge: z = 0."""
    found, z, _ = search_both(weight, bias, (1.0, 2.0), name)
    assert z <= 0
    assert found == RootSearch(0.0, None, None)
    assert not found.inside
    assert SILENT in RootExplorer._words(found)


@EVERY_DIRECTION
def test_rounding_does_not_wake_a_neuron_on_its_hinge(name: str) -> None:
    """0.8·0 + 0.8·1.5 − 1.2 = 0, though 2.2e-16 in floating point."""
    found, z, _ = search_both((0.8, 0.8), -1.2, (0.0, 1.5), name)
    assert z == 0
    assert SILENT in RootExplorer._words(found)


@pytest.mark.parametrize(
    ("weight", "bias", "x", "name"),
    [
        ((0.0, 0.0), 1.0, (1.0, 2.0), W_SQUARE),
        ((2.0, -1.0), 1.0, (1.0, 2.0), Z),
        ((2.0, 1.0), 1.0, (0.0, 0.0), Z),
        ((-1.0, -0.5), 3.0, (1.0, 2.0), Z_PLUS),
        ((0.3, -0.1), 0.5, (0.1, 0.3), Z),
        ((1.0, -0.5), 3.0, (0.0, 3.0), Z_BOX),
    ],
)
def test_a_direction_that_leads_to_no_root_is_said_to(weight: Any, bias: float, x: Any, name: str) -> None:
    found, z, root = search_both(weight, bias, x, name)
    assert z > 0
    assert root is None
    assert found.output == pytest.approx(float(z))
    assert found.root is None
    assert not found.inside
    assert NO_ROOT in RootExplorer._words(found)


# What stands on the page


@pytest.fixture(scope="module")
def opened() -> tuple[RootExplorer, bytes]:
    """One explorer for all tests, and the picture that it opened with."""
    explorer = RootExplorer()
    return explorer, page(explorer)[0]


START = {"w1": 2.0, "w2": 1.0, "b": -1.0, "x1": 1.0, "x2": 2.0, "direction": W_SQUARE}


@pytest.fixture
def root_explorer(opened: tuple[RootExplorer, bytes]) -> RootExplorer:
    """Set back to how it opens."""
    explorer, picture = opened
    set_all(explorer, {"w1": 0.0})
    set_all(explorer, START, picture)
    return explorer


def test_the_root_explorer_opens_with_the_numbers_of_the_lesson() -> None:
    """w = (2, 1), b = −1, x = (1, 2): R = (2.4, 0.6), and the root (−0.2, 1.4) is no picture."""
    explorer = RootExplorer()
    picture, words, state = page(explorer)
    assert {name: control.value for name, control in explorer.controls.items()} == START
    assert picture.startswith(b"\x89PNG")
    np.testing.assert_allclose(state.root, [-0.2, 1.4])
    np.testing.assert_allclose(state.relevance, [2.4, 0.6])
    assert words.startswith("x̃ = (-0.20, 1.40), R = (2.40, 0.60), which add up to 3.00 = f(x).")
    assert "leaves the input domain" in words


def test_every_control_picture_and_words_stand_on_the_page(root_explorer: RootExplorer) -> None:
    on_the_page = contents(root_explorer)
    for part in [*root_explorer.controls.values(), root_explorer.picture, root_explorer.words]:
        assert sum(part is found for found in on_the_page) == 1


def test_the_input_sliders_stay_in_the_input_domain(root_explorer: RootExplorer) -> None:
    for name in ("x1", "x2"):
        slider = root_explorer.controls[name]
        assert (slider.min, slider.max) == (LOWEST, HIGHEST) == (0, 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [("w1", 1.5), ("w2", 0.5), ("b", 0.5), ("x1", 2.5), ("x2", 0.5), ("direction", Z_BOX)],
)
def test_every_control_of_the_root_explorer_changes_all_that_is_shown(
    root_explorer: RootExplorer, name: str, value: Any
) -> None:
    before = page(root_explorer)
    root_explorer.controls[name].value = value
    picture, words, state = page(root_explorer)
    assert picture.startswith(b"\x89PNG")
    assert picture != before[0]
    assert words != before[1]
    now = {**START, name: value}
    weight, x = (now["w1"], now["w2"]), (now["x1"], now["x2"])
    found, z, root = search_both(weight, now["b"], x, now["direction"])
    assert z > 0
    assert root is not None
    np.testing.assert_allclose(state.root, [float(coordinate) for coordinate in root], atol=1e-12)
    np.testing.assert_allclose(state.relevance, found.relevance)
    printed = [float(number) for number in re.findall(r"-?\d+\.\d\d", words)]
    expected = [*root, *(w * (a - b) for w, a, b in zip(tenths(*weight), tenths(*x), root, strict=True)), z]
    assert printed == pytest.approx([float(number) for number in expected], abs=0.00501)


def test_silence_and_a_missing_root_are_drawn_too(root_explorer: RootExplorer) -> None:
    state, silent, words = root_explorer.look(**{**START, "b": -3.0, "x1": 0.0})
    assert state.output == 0
    assert SILENT in words
    without_root = {**START, "w1": -1.0, "w2": 0.0, "b": 2.0, "direction": Z_PLUS}
    state, rootless, words = root_explorer.look(**without_root)
    assert state.output == 1
    assert NO_ROOT in words
    assert silent.startswith(b"\x89PNG")
    assert rootless.startswith(b"\x89PNG")
    assert rootless != silent


def test_a_root_far_outside_is_told_but_does_not_break_the_picture(root_explorer: RootExplorer) -> None:
    state, picture, words = root_explorer.look(**{**START, "w1": 0.1, "w2": 0.0, "b": 3.0})
    np.testing.assert_allclose(state.root, [-30, 2])
    assert picture.startswith(b"\x89PNG")
    assert "x̃ = (-30.00, 2.00)" in words
    assert "leaves the input domain" in words
    assert words.endswith("It lies outside of the picture.")


@pytest.mark.parametrize(("weight", "bias", "outside"), [((2.0, 1.0), 3.0, False), ((1.0, 1.0), 3.0, True)])
def test_a_root_outside_of_the_picture_is_said_to_be(weight: Any, bias: float, outside: bool) -> None:
    """Towards z⁺ from (1, 2), the first root is (−0.75, −1.5), on the frame, and the second one (−1, −2)."""
    found, _, root = search_both(weight, bias, (1.0, 2.0), Z_PLUS)
    assert root is not None
    assert found.within(*EXTENT) == (not outside)
    words = RootExplorer._words(found)
    assert "leaves the input domain" in words
    assert ("outside of the picture" in words) == outside


def test_a_quick_run_of_changes_of_the_root_explorer_ends_as_if_set_at_once(root_explorer: RootExplorer) -> None:
    for name, value in [("w1", -1.0), ("w1", 1.0), ("direction", Z), ("x2", 3.0)]:
        root_explorer.controls[name].value = value
    _, *at_once = root_explorer.look(**{**START, "w1": 1.0, "direction": Z, "x2": 3.0})
    assert list(page(root_explorer)[:2]) == at_once
