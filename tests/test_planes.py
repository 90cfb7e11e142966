"""The plane of a neuron: lines, arrows and numbers are where they should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation

from lrp_edu import planes, plotting

FIGURES: dict[str, Callable[[], Figure]] = {
    "neuron_plane": lambda: planes.neuron_plane((2, 1), -1, (1, 2), {"root": (-0.2, 1.4)}, (0, 3)),
    "neuron_plane, no weight": lambda: planes.neuron_plane((0, 0), 1, (1, 2), {}),
    "neuron_plane, nothing at all": lambda: planes.neuron_plane((0, 0), 0, (1, 2), {}),
    "neuron_plane, silent everywhere": lambda: planes.neuron_plane((1, 1), -100, (1, 2), {}),
    "neuron_plane, active everywhere": lambda: planes.neuron_plane((1, 1), 100, (1, 2), {}),
    "neuron_plane, line through a corner": lambda: planes.neuron_plane((1, 1), 3, (1, 2), {}),
    "neuron_plane, tiny weight": lambda: planes.neuron_plane((1e-12, 0), -1e-13, (1, 2), {}),
    "neuron_plane, root at x": lambda: planes.neuron_plane((2, 1), -4, (1, 2), {"root": (1, 2)}),
    "neuron_plane, root outside": lambda: planes.neuron_plane((2, 1), -1, (1, 2), {"root": (50, -99)}),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES)
def test_every_plane_becomes_the_same_png_each_time_without_a_warning(make: Callable[[], Figure]) -> None:
    assert plotting.png(make()) == plotting.png(make())


def root_line(axes: Axes) -> np.ndarray | None:
    """The points of the line z = 0 as drawn, or None."""
    (line,) = [c for c in axes.collections if isinstance(c, ContourSet) and list(c.levels) == [0]] or [None]
    return None if line is None else np.concatenate([path.vertices for path in line.get_paths()])


def markers(axes: Axes) -> set[tuple[float, float]]:
    return {(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in axes.lines}


def test_neuron_plane_shows_hinge_input_roots_and_box_where_they_are() -> None:
    roots = {"near": (-0.2, 1.4), "far": (0.25, 0.5)}
    axes = planes.neuron_plane((2, 1), -1, (1, 2), roots, (-1, 3)).axes[0]
    line = root_line(axes)
    assert line is not None
    np.testing.assert_allclose(2 * line[:, 0] + line[:, 1] - 1, 0, atol=1e-9)
    assert np.ptp(line[:, 1]) == pytest.approx(5)
    assert markers(axes) == {(1, 2), *roots.values()}
    assert {"near", "far", "$x$"} <= {text.get_text() for text in axes.texts}
    (box,) = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert (box.get_xy(), box.get_width(), box.get_height()) == ((-1, -1), 4, 4)
    assert axes.get_xlim() == axes.get_ylim() == (-1.5, 3.5)


def numbers(axes: Axes) -> dict[float, np.ndarray]:
    """The contours that have their number: level → where it stands."""
    (contours,) = [c for c in axes.collections if isinstance(c, ContourSet) and not c.filled and list(c.levels) != [0]]
    return {float(text.get_text()): np.array(text.get_position()) for text in contours.labelTexts}


@pytest.mark.parametrize(
    ("weight", "bias", "x", "roots"),
    [
        ((2, 1), -1, (1, 2), {"A": (1, -1), "B": (0, 1), "C": (-0.5, 2)}),
        ((2, 1), -1, (1, 2), {"near": (-0.2, 1.4)}),
        ((2, -1), -0.5, (2, 1), {"z": (1 / 3, 1 / 6), "z⁺": (0.75, 1), "w²": (1, 1.5), "zᴮ": (7 / 6, 11 / 6)}),
        ((1, 1), 3, (1, 2), {"outside": (-1, -2)}),
        ((-1, 0), 3, (1, 2), {}),
    ],
)
def test_the_numbers_of_the_contours_stand_free_and_on_their_lines(
    weight: Any, bias: float, x: Any, roots: dict[str, Any]
) -> None:
    found = numbers(planes.neuron_plane(weight, bias, x, roots, (0, 3)).axes[0])
    assert len(found) >= 3
    for level, place in found.items():
        assert np.dot(weight, place) + bias == pytest.approx(level)
        assert np.abs(place - 1).max() < 2.5 - 0.3, "the frame"
        for one in np.linspace(0, 1, 200):
            beside = [(3 * one, 0), (3 * one, 3), (0, 3 * one), (3, 3 * one)]  # the box
            beside += [np.asarray(x) + one * (np.array(root) - x) for root in roots.values()]
            assert np.linalg.norm(place - [x, *beside], axis=1).min() > 0.2


def arrows(axes: Axes) -> list[tuple[float, float]]:
    return [text.xy for text in axes.texts if isinstance(text, Annotation) and text.arrow_patch is not None]


@pytest.mark.parametrize(
    ("root", "end"), [((-1, -2), (-0.75, -1.5)), ((-49, 2), (-1.5, 2)), ((1, 1e6), (1, 3.5)), ((6, -3), (3.5, -0.5))]
)
def test_the_arrow_to_a_root_outside_ends_at_the_frame(root: Any, end: Any) -> None:
    axes = planes.neuron_plane((1, 1), 3, (1, 2), {"root": root}).axes[0]
    np.testing.assert_allclose(arrows(axes), [end])
    assert markers(axes) == {(1, 2)}
    assert "root" not in {text.get_text() for text in axes.texts}


@pytest.mark.parametrize(("weight", "root"), [((2, 1), (-0.75, -1.5)), ((1, 0), (2, 3.5)), ((-1, -1), (3.5, 3.5))])
def test_the_name_of_a_root_on_the_frame_stands_within(weight: Any, root: Any) -> None:
    figure = planes.neuron_plane(weight, 0, (1, 2), {"root": root})
    plotting.png(figure)  # which finds the places
    (axes,) = figure.axes
    assert arrows(axes) == [root]
    assert markers(axes) == {(1, 2), root}
    (name,) = [text for text in axes.texts if text.get_text() == "root"]
    corners = name.get_window_extent().get_points()
    assert all(axes.bbox.contains(*corner) for corner in corners)


@pytest.mark.parametrize(("weight", "bias"), [((0, 0), 1), ((0, 0), -1), ((0, 0), 0), ((1, 1), 100), ((1, 1), -100)])
def test_without_a_hinge_in_sight_no_line_is_drawn(weight: Any, bias: float) -> None:
    axes = planes.neuron_plane(weight, bias, (1, 2), {}).axes[0]
    assert root_line(axes) is None
    assert markers(axes) == {(1, 2)}
    assert not axes.patches


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weight": (1, 2, 3)}, r"weight: got shape \(3,\), expected \(2,\)"),
        ({"x": (1,)}, r"x: got shape \(1,\), expected \(2,\)"),
        ({"x": (1, np.inf)}, r"x: holds inf"),
        ({"roots": {"near": (1, 2, 3)}}, r"roots\['near'\]: got shape \(3,\), expected \(2,\)"),
    ],
)
def test_neuron_plane_names_what_does_not_fit(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        planes.neuron_plane(**{"weight": (2, 1), "bias": -1, "x": (1, 2), "roots": {}, **changed})


def test_neuron_plane_names_a_bias_that_is_no_number() -> None:
    with pytest.raises(ValueError, match=r"^bias: "):
        planes.neuron_plane((2, 1), np.nan, (1, 2), {})
