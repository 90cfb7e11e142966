"""The pictures: what they show is what they were given, zero is white, and a description goes with each."""

from __future__ import annotations

import inspect
import io
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import imread
from traitlets.config import Config

from lrp_edu import plotting
from lrp_edu.numpy_lrp import Snapshot

NO_WARNING = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(0)
PICTURES = RNG.uniform(-1, 1, (3, 16))
COLOURED = RNG.uniform(0, 1, (3, 4, 5, 3))
OUTLINES = COLOURED[..., 0] > 0.5
SNAPSHOTS = [
    Snapshot(epoch, 1.0, 0.5, [RNG.normal(size=(16, 6)), RNG.normal(size=(6, 3))], [np.ones((16, 6)), np.eye(6, 3)])
    for epoch in (1, 5, 20)
]

FIGURES: dict[str, Callable[[], Figure]] = {
    "new_figure": lambda: plotting.new_figure(3, 2),
    "heatmaps": lambda: plotting.heatmaps(PICTURES, {"z⁺": PICTURES, "zᴮ": PICTURES**3}, (4, 4), ["3", "1", "4"]),
    "heatmaps of zeros": lambda: plotting.heatmaps(PICTURES, {"z": 0 * PICTURES}, (4, 4)),
    "heatmaps, one wide picture": lambda: plotting.heatmaps(PICTURES[:1], {"z": PICTURES[:1]}, (2, 8)),
    "explanations": lambda: plotting.explanations(PICTURES[0], {"z⁺": PICTURES[1], "zᴮ": PICTURES[2]}, (4, 4)),
    "explanations, of nothing": lambda: plotting.explanations(PICTURES[0], {"z": np.zeros(16)}, (2, 8)),
    "trade_off": lambda: plotting.trade_off({"a": {"z⁺": (0.1, 0.9)}, "b": {"z⁺": (0.2, 0.7)}}, "noise", "deletion"),
    "trade_off, one panel": lambda: plotting.trade_off({"all": {"a": (0, 0), "b": (1, 1)}}, "x", "y"),
    "heatmaps of coloured pictures": lambda: plotting.heatmaps(COLOURED, {"R": COLOURED[..., 0]}, outlines=OUTLINES),
    "tangent": lambda: plotting.tangent(np.exp, np.exp, 0.0, 1.0, (-1, 2)),
    "training_curve": lambda: plotting.training_curve([2, 1, 0.5], {"train": [0.3, 0.6, 0.9], "test": [0.2, 0.5, 0.8]}),
    "histograms": lambda: plotting.histograms(SNAPSHOTS),
}


def test_every_function_that_makes_a_figure_is_in_the_table() -> None:
    makers = {
        name
        for name, function in inspect.getmembers(plotting, inspect.isfunction)
        if function.__module__ == plotting.__name__
        and not name.startswith("_")
        and inspect.signature(function).return_annotation == "Figure"
    }
    assert makers == {name.partition(",")[0].partition(" ")[0] for name in FIGURES}


@NO_WARNING
@pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES)
def test_figure_becomes_a_png_without_a_warning(make: Callable[[], Figure]) -> None:
    figure = make()
    assert isinstance(figure, Figure)
    picture = plotting.png(figure)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    height, width, _ = imread(io.BytesIO(picture)).shape
    assert (width, height) == pytest.approx(tuple(100 * figure.get_size_inches()), abs=1)


def test_the_same_picture_has_the_same_bytes() -> None:
    assert plotting.png(FIGURES["heatmaps"]()) == plotting.png(FIGURES["heatmaps"]())


def test_pyplot_with_its_global_state_is_not_loaded() -> None:
    program = (
        "import sys; from lrp_edu import plotting;"
        "plotting.png(plotting.heatmaps([[0, 1]], {'z': [[1, -1]]}, (1, 2)));"
        "print(sorted({'matplotlib.pyplot', 'tensorflow', 'sympy'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout.strip() == "[]", ran.stderr


# Colours


def channels(value: float, limit: float = 2.0) -> tuple[float, float, float]:
    """The colour of a relevance, as a heatmap with this limit shows it."""
    drawn = plotting.draw_heatmap(plotting.new_figure(2, 2).subplots(), np.array([[value]]), limit)
    red, green, blue, _ = drawn.to_rgba(drawn.get_array())[0, 0]
    return red, green, blue


def test_no_relevance_is_exactly_white() -> None:
    assert channels(0.0) == (1, 1, 1)


def test_no_relevance_is_a_white_pixel_in_the_file() -> None:
    figure = plotting.new_figure(2, 2)
    axes = figure.subplots()
    plotting.draw_heatmap(axes, np.array([[1.0, 0.0, -1.0]]), 1.0)
    assert pixel(figure, axes, 0, 1) == (255, 255, 255)


def pixel(figure: Figure, axes: Axes, row: int, column: int) -> tuple[int, ...]:
    """The colour in the middle of a cell of a heatmap, out of the PNG file."""
    picture = imread(io.BytesIO(plotting.png(figure)))
    across, up = axes.transData.transform((column, row))
    colour = picture[len(picture) - 1 - int(up), int(across), :3]
    return tuple(int(channel) for channel in np.round(255 * colour))


def test_positive_is_red_and_negative_is_blue_in_the_file() -> None:
    figure = plotting.new_figure(2, 2)
    axes = figure.subplots()
    plotting.draw_heatmap(axes, np.array([[1.0, -1.0], [0.5, -0.5]]), 1.0)
    full_red, full_blue = pixel(figure, axes, 0, 0), pixel(figure, axes, 0, 1)
    half_red, half_blue = pixel(figure, axes, 1, 0), pixel(figure, axes, 1, 1)
    assert full_red == tuple(round(255 * channel) for channel in to_rgba(plotting.RED)[:3])
    assert full_blue == tuple(round(255 * channel) for channel in to_rgba(plotting.BLUE)[:3])
    for red, _, blue in (full_red, half_red):
        assert red > 150 > blue or red > blue + 30
    for red, _, blue in (full_blue, half_blue):
        assert blue > red + 30
    assert sum(half_red) > sum(full_red)
    assert sum(half_blue) > sum(full_blue)


def test_the_stronger_the_relevance_the_farther_from_white() -> None:
    for sign in (1, -1):
        paleness = [sum(channels(sign * value)) for value in (0.0, 0.5, 1.0, 1.5, 2.0)]
        assert all(paler > fuller for paler, fuller in itertools.pairwise(paleness))
        assert channels(sign * 7.0) == channels(sign * 2.0)


# Heatmaps


def test_each_row_has_limits_symmetric_around_zero_and_a_colour_bar() -> None:
    small, large = PICTURES / 10, PICTURES * 4 + 3
    figure = plotting.heatmaps(PICTURES, {"small": small, "large": large}, (4, 4))
    maps = [image for axes in figure.axes for image in axes.images if image.get_cmap() == plotting.RELEVANCE_COLOURS]
    assert len(maps) == 6
    for row, values in ((maps[:3], small), (maps[3:], large)):
        assert {image.get_clim() for image in row} == {(-np.abs(values).max(), np.abs(values).max())}
        bars = [image.colorbar for image in row if image.colorbar is not None]
        assert len(bars) == 1
        assert bars[0].ax in figure.axes
        assert (bars[0].vmin, bars[0].vmax) == (-np.abs(values).max(), np.abs(values).max())


def test_a_given_limit_holds_for_every_row() -> None:
    figure = plotting.heatmaps(PICTURES, {"a": PICTURES / 10, "b": PICTURES}, (4, 4), limit=5.0)
    limits = {
        image.get_clim()
        for axes in figure.axes
        for image in axes.images
        if image.get_cmap() == plotting.RELEVANCE_COLOURS
    }
    assert limits == {(-5.0, 5.0)}


def test_heatmaps_show_the_numbers_in_reading_order() -> None:
    relevance = np.arange(6.0).reshape(1, 6)
    figure = plotting.heatmaps(-relevance, {"named": relevance}, (2, 3), ["titled"])
    above, below = [image for axes in figure.axes for image in axes.images if image.get_array().shape == (2, 3)]
    assert above.get_array().tolist() == [[0, -1, -2], [-3, -4, -5]]
    assert below.get_array().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert above.axes.get_title() == "titled"
    assert below.axes.get_title() == "named"


def test_explanations_stand_in_a_row_each_with_a_colour_bar_of_its_own() -> None:
    weak, strong = np.array([0.1, -0.2, 0.0, 0.1]), np.array([1.0, 3.0, -4.0, 0.0])
    figure = plotting.explanations([1, 2, 3, 4], {"weak": weak, "strong": strong}, (2, 2))
    picture, *maps = [image for axes in figure.axes for image in axes.images if image.get_array().shape == (2, 2)]
    assert picture.get_array().tolist() == [[1, 2], [3, 4]]
    assert [image.axes.get_title() for image in maps] == ["weak", "strong"]
    for image, values in zip(maps, (weak, strong), strict=True):
        assert image.get_array().ravel().tolist() == values.tolist()
        assert image.get_clim() == (-np.abs(values).max(), np.abs(values).max())
        assert image.colorbar.ax in figure.axes
    plotting.png(figure)  # which finds the places
    rows = {(image.axes.get_position().y0, image.axes.get_position().y1) for image in (picture, *maps)}
    assert len(np.unique(np.round(sorted(rows), 6), axis=0)) == 1, "a row of the picture is the same row of the maps"


def test_explanations_tell_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="relevance: got none; give at least one heatmap"):
        plotting.explanations(PICTURES[0], {}, (4, 4))
    with pytest.raises(ValueError, match=r"picture: got shape \(3, 16\), expected \(16,\)"):
        plotting.explanations(PICTURES, {"z": PICTURES[0]}, (4, 4))
    with pytest.raises(ValueError, match=r"relevance\['z'\]: got shape \(9,\), expected \(16,\)"):
        plotting.explanations(PICTURES[0], {"z": np.zeros(9)}, (4, 4))


# Comparing explanations


def test_each_method_is_a_named_point_in_each_panel() -> None:
    points = {"grey": {"LRP-0": (0.6, 0.2), "z⁺": (0.4, 0.3)}, "paper": {"LRP-0": (0.6, 0.36), "z⁺": (0.4, 0.41)}}
    figure = plotting.trade_off(points, "noise", "deletion")
    assert [axes.get_title() for axes in figure.axes] == ["grey", "paper"]
    for axes, named in zip(figure.axes, points.values(), strict=True):
        assert {text.get_text(): text.xy for text in axes.texts} == named
        assert {(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines} == set(named.values())
        assert axes.get_xlabel() == "noise"
    assert figure.axes[0].get_ylabel() == "deletion"
    with pytest.raises(ValueError, match="points: got none; give at least one panel"):
        plotting.trade_off({}, "noise", "deletion")


def test_pictures_that_have_their_shape_are_drawn_as_those_that_are_rows_of_pixels() -> None:
    rows = plotting.heatmaps(PICTURES, {"z": PICTURES}, (4, 4))
    shaped = plotting.heatmaps(PICTURES.reshape(3, 4, 4), {"z": PICTURES.reshape(3, 4, 4)})
    assert plotting.png(rows) == plotting.png(shaped)


def test_coloured_pictures_keep_their_colours_and_objects_are_outlined() -> None:
    outlines = np.stack([OUTLINES[0], np.zeros((4, 5), bool), OUTLINES[2]])
    figure = plotting.heatmaps(COLOURED, {"z": COLOURED[..., 0]}, outlines=outlines)
    pictures, maps = figure.axes[:3], figure.axes[4:7]
    for number in range(3):
        np.testing.assert_array_equal(pictures[number].images[0].get_array(), COLOURED[number])
        np.testing.assert_array_equal(maps[number].images[0].get_array(), COLOURED[number, ..., 0])
    lines = [[part for part in axes.collections if isinstance(part, ContourSet)] for axes in maps]
    assert [len(found) for found in lines] == [1, 0, 1]
    # Across a step from 0 to 1, the line of 0.5 runs halfway.
    corners = lines[0][0].get_paths()[0].vertices
    assert set(np.unique(2 * corners % 2)) == {0, 1}


@pytest.mark.parametrize(
    ("pictures", "options", "message"),
    [
        (PICTURES, {}, r"pictures: got shape \(3, 16\); expected \(n, height, width\) or .* together with image_shape"),
        (np.zeros((2, 4, 4, 1)), {}, r"pictures: got shape \(2, 4, 4, 1\)"),
        (COLOURED, {"outlines": OUTLINES[:2]}, r"outlines: got shape \(2, 4, 5\); expected \(3, 4, 5\)"),
        (COLOURED, {"relevance": {"z": COLOURED}}, r"relevance\['z'\]: got shape \(3, 4, 5, 3\), expected \(3, 4, 5\)"),
    ],
)
def test_pictures_of_another_shape_are_named(pictures: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plotting.heatmaps(pictures, **{"relevance": {}, **options})


@pytest.mark.parametrize(
    ("pictures", "relevance", "message"),
    [
        (PICTURES[0], {}, r"pictures: got shape \(16,\), expected \(n, 16\)"),
        (PICTURES[:, :9], {}, r"pictures: got shape \(3, 9\), expected \(n, 16\)"),
        (PICTURES, {"z": PICTURES[:2]}, r"relevance\['z'\]: got shape \(2, 16\), expected \(3, 16\)"),
        (PICTURES, {"z": PICTURES * np.nan}, r"relevance\['z'\]: holds nan"),
    ],
)
def test_heatmaps_name_what_does_not_fit(pictures: Any, relevance: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plotting.heatmaps(pictures, relevance, (4, 4))


@pytest.mark.parametrize(
    ("pictures", "options", "name"),
    [(PICTURES, {"titles": ["one"]}, "titles"), (PICTURES, {"limit": -1.0}, "limit"), (PICTURES[:0], {}, "pictures")],
    ids=["too few titles", "negative limit", "no picture"],
)
def test_heatmaps_name_what_cannot_be_drawn(pictures: Any, options: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        plotting.heatmaps(pictures, {"z": pictures}, (4, 4), **options)


# A tangent, and bars


def test_tangent_touches_at_the_root_and_the_gap_is_the_remainder() -> None:
    axes = plotting.tangent(np.square, lambda x: 2 * x, 1.0, 3.0, (0, 4)).axes[0]
    curve, straight, gap, _ = [(np.asarray(line.get_xdata()), np.asarray(line.get_ydata())) for line in axes.lines]
    np.testing.assert_allclose(curve[1], curve[0] ** 2)
    np.testing.assert_allclose(straight[1], 1 + 2 * (straight[0] - 1))
    assert gap[0].tolist() == [3, 3]
    assert abs(gap[1][1] - gap[1][0]) == pytest.approx((3 - 1) ** 2)


@pytest.mark.parametrize("values", [[2.4, 0.6], [1.5, -0.5], [-2.0, -0.25], [0.0, 0.0], [400.0, -1.0]], ids=str)
def test_bars_have_the_height_colour_and_label_of_their_value(values: list[float]) -> None:
    axes = plotting.new_figure(3, 3).subplots()
    plotting.draw_bars(axes, ["$R_1$", "$R_2$"], values, "shares")
    low, high = axes.get_ylim()
    for bar, value in zip(axes.patches, values, strict=True):
        assert bar.get_height() == value
        assert bar.get_facecolor() == to_rgba(plotting.RED if value >= 0 else plotting.BLUE)
        assert low <= min(value, 0) <= max(value, 0) < high
    assert {f"{value:.2f}" for value in values} <= {text.get_text() for text in axes.texts}
    assert axes.get_title() == "shares"


def test_bars_name_values_that_do_not_fit_the_names() -> None:
    with pytest.raises(ValueError, match=r"values: got shape \(3,\), expected \(2,\)"):
        plotting.draw_bars(plotting.new_figure(3, 3).subplots(), ["a", "b"], [1, 2, 3])


# Training


def test_training_curve_shows_the_numbers() -> None:
    left, right = plotting.training_curve([2, 1, 0.5], {"train": [0.3, 0.6, 0.9], "test": [0.2, 0.5, 0.8]}).axes
    assert left.get_yscale() == "log"
    assert left.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert list(left.lines[0].get_ydata()) == [2, 1, 0.5]
    assert [line.get_label() for line in right.lines] == ["train", "test"]
    np.testing.assert_allclose(right.lines[0].get_ydata(), [30, 60, 90])
    np.testing.assert_allclose(right.lines[1].get_ydata(), [20, 50, 80])
    assert right.lines[0].get_linestyle() != right.lines[1].get_linestyle()


def test_no_curve_is_dropped() -> None:
    _, right = plotting.training_curve([1, 0.5], {name: [0.5, 0.6] for name in "abcd"}).axes
    assert len(right.lines) == 4


@NO_WARNING
def test_training_curve_of_the_loss_alone() -> None:
    plotting.png(plotting.training_curve([1, 0.5], {}))


def test_histograms_have_a_column_for_each_layer_and_a_curve_for_each_moment() -> None:
    figure = plotting.histograms(SNAPSHOTS)
    assert [axes.get_title() for axes in figure.axes] == [
        "weights of layer 1",
        "weights of layer 2",
        "gradients of layer 1",
        "gradients of layer 2",
    ]
    for axes in figure.axes:
        assert [patch.get_label() for patch in axes.patches] == ["epoch 1", "epoch 5", "epoch 20"]
    drawn = figure.axes[1].patches[2].get_xy()[:, 0]
    assert drawn.min() == pytest.approx(SNAPSHOTS[2].weights[1].min())
    assert drawn.max() == pytest.approx(SNAPSHOTS[2].weights[1].max())


def test_histograms_need_a_moment() -> None:
    with pytest.raises(ValueError, match=r"^snapshots: "):
        plotting.histograms([])


# Onto the page


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    config = Config()
    config.HistoryAccessor.enabled = False
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()


def shown(alt: str) -> tuple[Any, list[RichOutput]]:
    with capture_output() as captured:
        returned = plotting.show(plotting.new_figure(1, 1), alt)
    return returned, captured.outputs


def test_show_puts_the_description_into_the_picture_and_under_it(shell: InteractiveShell) -> None:
    returned, (picture, line) = shown("A line, and an arrow to it.")
    assert returned is None
    assert picture.data["image/png"] == plotting.png(plotting.new_figure(1, 1), plotting.SMALL)
    assert picture.metadata == {"image/png": {"alt": "A line, and an arrow to it."}}
    assert picture.data["text/plain"] == "[picture] A line, and an arrow to it."
    assert line.data == {"text/markdown": "*A line, and an arrow to it.*", "text/plain": "A line, and an arrow to it."}


def test_show_ends_a_cell_without_a_result(shell: InteractiveShell) -> None:
    program = "from lrp_edu import plotting\nplotting.show(plotting.new_figure(1, 1), 'white paper')"
    with capture_output():
        ran = shell.run_cell(program)
    assert ran.success
    assert ran.result is None


@pytest.mark.parametrize("alt", ["", "  ", "\n"], ids=repr)
def test_show_refuses_a_picture_without_a_description(shell: InteractiveShell, alt: str) -> None:
    with pytest.raises(ValueError, match="alt: got an empty description"):
        shown(alt)


@pytest.fixture(scope="module")
def printed_outside_ipython() -> str:
    program = "from lrp_edu import plotting; assert plotting.show(plotting.new_figure(1, 1), 'white paper') is None"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_show_works_outside_ipython(printed_outside_ipython: str) -> None:
    assert "white paper" in printed_outside_ipython


def test_show_prints_words_and_no_bytes_outside_ipython(printed_outside_ipython: str) -> None:
    assert "PNG" not in printed_outside_ipython
