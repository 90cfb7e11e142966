"""The occluder explorer: its numbers are those of a picture covered by hand, and every control changes all of them."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pages import contents, page, set_all
from PIL import Image
from traitlets import TraitError

from lrp_edu import plotting
from lrp_edu.numpy_lrp import Network
from lrp_edu.widgets import OccluderExplorer

RNG = np.random.default_rng(8)
NETWORKS = {name: Network.random((20, 9, 3), RNG) for name in ("the first", "the second")}
PICTURES = RNG.uniform(-1, 1, (6, 4, 5))
START = {"network": "the first", "picture": 0, "row": 2, "column": 2, "side": 3, "fill": "paper"}
FILLS = {"paper": -1, "grey": 0, "ink": 1}


def covered_by_hand(values: dict[str, Any], row: int, column: int) -> Any:
    rows, columns = np.indices((4, 5))
    reach = values["side"] // 2
    inside = (abs(rows - row) <= reach) & (abs(columns - column) <= reach)
    return np.where(inside, FILLS[values["fill"]], PICTURES[values["picture"]])


def logits(values: dict[str, Any], picture: Any) -> Any:
    return NETWORKS[values["network"]].forward(picture.reshape(1, 20))[0]


@pytest.fixture(scope="module")
def opened() -> tuple[OccluderExplorer, bytes]:
    """One explorer for all tests, and the picture that it opened with."""
    explorer = OccluderExplorer(NETWORKS, PICTURES)
    return explorer, page(explorer)[0]


@pytest.fixture
def explorer(opened: tuple[OccluderExplorer, bytes]) -> OccluderExplorer:
    """Set back to how it opens."""
    set_all(opened[0], {"row": 0, **START}, opened[1])
    return opened[0]


def check_against_the_definition(state: Any, words: str, values: dict[str, Any]) -> None:
    before = logits(values, PICTURES[values["picture"]])
    here = covered_by_hand(values, values["row"], values["column"])
    after = logits(values, here)
    answer = int(np.argmax(before))
    np.testing.assert_array_equal(state.covered, here)
    np.testing.assert_allclose(state.logits_before, before)
    np.testing.assert_allclose(state.logits_after, after)
    assert state.answer == answer
    assert state.lost == pytest.approx(before[answer] - after[answer])
    for row, column in np.ndindex(4, 5):
        lost = before[answer] - logits(values, covered_by_hand(values, row, column))[answer]
        assert state.relevance[row, column] == pytest.approx(lost)
    printed = [float(number) for number in re.findall(r"-?\d+\.\d\d", words)]
    assert printed == pytest.approx([abs(state.lost), before[answer], after[answer]], abs=0.00501)
    assert f"The network reads a {answer}." in words
    assert ("loses" in words) == (state.lost >= 0)
    expected = "The answer is still" if np.argmax(after) == answer else f"Now it reads a {np.argmax(after)}"
    assert expected in words


def test_it_opens_with_the_occluder_in_the_middle(opened: tuple[OccluderExplorer, bytes]) -> None:
    explorer = OccluderExplorer(NETWORKS, PICTURES)
    assert {name: control.value for name, control in explorer.controls.items()} == START
    assert page(explorer)[0].startswith(b"\x89PNG")
    check_against_the_definition(explorer.state, explorer.words.value, START)


def test_the_occluder_reaches_every_pixel_of_every_picture(explorer: OccluderExplorer) -> None:
    limits = {name: (explorer.controls[name].min, explorer.controls[name].max) for name in ("picture", "row", "column")}
    assert limits == {"picture": (0, 5), "row": (0, 3), "column": (0, 4)}


def test_every_control_has_a_name_and_stands_on_the_page(explorer: OccluderExplorer) -> None:
    on_the_page = contents(explorer)
    for part in [*explorer.controls.values(), explorer.picture, explorer.words]:
        assert sum(part is found for found in on_the_page) == 1
    assert all(control.description for control in explorer.controls.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [("network", "the second"), ("picture", 4), ("row", 0), ("column", 4), ("side", 5), ("fill", "ink")],
)
def test_every_control_changes_all_that_is_shown(explorer: OccluderExplorer, name: str, value: Any) -> None:
    before = page(explorer)
    explorer.controls[name].value = value
    picture, words, state = page(explorer)
    assert picture.startswith(b"\x89PNG")
    assert picture != before[0]
    assert words != before[1]
    check_against_the_definition(state, words, {**START, name: value})


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 4), (3, 0), (3, 4), (1, 4)])
@pytest.mark.parametrize("fill", FILLS)
def test_it_is_right_at_the_edges_too(explorer: OccluderExplorer, row: int, column: int, fill: str) -> None:
    values = {**START, "row": row, "column": column, "fill": fill, "picture": 3}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plotting, "png", lambda _figure: b"")
        state, _, words = explorer.look(**values)
    check_against_the_definition(state, words, values)


def test_a_quick_run_of_changes_ends_as_if_set_at_once(explorer: OccluderExplorer) -> None:
    for name, value in [("row", 0), ("column", 1), ("row", 3), ("fill", "grey"), ("row", 1)]:
        explorer.controls[name].value = value
    _, *at_once = explorer.look(**{**START, "row": 1, "column": 1, "fill": "grey"})
    assert list(page(explorer)[:2]) == at_once


def drawn(explorer: OccluderExplorer, **values: Any) -> tuple[list[Axes], Any]:
    """The axes of what the explorer shows, and its state."""
    figures: list[Figure] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plotting, "png", lambda figure: figures.append(figure) or b"")
        state = explorer.look(**{**START, **values})[0]
    return figures[0].axes, state


def test_the_figure_shows_the_covered_picture_both_logits_and_the_map(explorer: OccluderExplorer) -> None:
    (left, middle, right, _), state = drawn(explorer, row=0, column=4)
    np.testing.assert_array_equal(left.images[0].get_array(), state.covered)
    assert left.images[0].get_clim() == (-1, 1)
    np.testing.assert_array_equal(right.images[0].get_array(), state.relevance)
    largest = abs(state.relevance).max()
    assert right.images[0].get_clim() == (-largest, largest)
    now, before = ([bar.get_width() for bar in bars] for bars in middle.containers)
    np.testing.assert_allclose(now, state.logits_after)
    np.testing.assert_allclose(before, state.logits_before)
    for axes in (left, right):
        (edge,) = axes.patches
        assert (edge.get_x(), edge.get_y(), edge.get_width(), edge.get_height()) == (2.5, -0.5, 2, 2)


def test_the_axes_stay_where_they_are(explorer: OccluderExplorer) -> None:
    one, _ = drawn(explorer)
    other, _ = drawn(explorer, row=0, column=0, side=5, fill="ink", picture=5)
    assert [axes.get_position(original=True).bounds for axes in one] == [
        axes.get_position(original=True).bounds for axes in other
    ]


@pytest.mark.parametrize(("networks", "pictures"), [({}, PICTURES), (NETWORKS, PICTURES[:0])])
def test_without_networks_or_pictures_it_says_what_is_missing(networks: Any, pictures: Any) -> None:
    with pytest.raises(ValueError, match="give at least one of each"):
        OccluderExplorer(networks, pictures)


def test_pictures_that_a_network_cannot_read_are_told_on_the_page() -> None:
    explorer = OccluderExplorer(NETWORKS, np.zeros((1, 3, 3)))
    assert "got shape (1, 9), expected (n, 20)" in explorer.words.value


def test_a_form_without_any_ink_stays_white(explorer: OccluderExplorer) -> None:
    """Left to itself, Matplotlib would show a picture of one value in one arbitrary colour."""
    blank = OccluderExplorer(NETWORKS, np.full((1, 4, 5), -1.0))
    (left, *_), _ = drawn(blank)
    np.testing.assert_allclose(left.images[0].to_rgba(left.images[0].get_array(), bytes=False)[..., :3], 1)


# Dragging


def dragged(explorer: OccluderExplorer, event: str, x: float, y: float) -> None:
    """A message as the browser sends it when a mouse button is pressed or let go at a pixel of the picture."""
    explorer.drag.event._handle_custom_msg({"event": event, "dataX": x, "dataY": y}, [])


def moved(explorer: OccluderExplorer, x: float, y: float) -> None:
    explorer.drag.event.set_state({"xy": [x, y]})


def on_the_page(explorer: OccluderExplorer, axes: Axes, row: int, column: int) -> tuple[float, float]:
    """Where the middle of a pixel is in the PNG, found by painting it green and searching for the colour."""
    (marked,) = axes.plot([column], [row], "s", color="#00ff00", markersize=4)
    png = plotting.png(axes.get_figure())
    marked.remove()
    rows, columns = np.nonzero((np.asarray(Image.open(io.BytesIO(png)).convert("RGB")) == (0, 255, 0)).all(axis=2))
    return float(columns.mean()), float(rows.mean())


@pytest.mark.parametrize("axes", [0, 1], ids=["picture", "map"])
@pytest.mark.parametrize(("row", "column"), [(0, 0), (3, 4), (1, 2)])
def test_a_press_puts_the_occluder_below_the_mouse(
    explorer: OccluderExplorer, axes: int, row: int, column: int
) -> None:
    dragged(explorer, "mousedown", *on_the_page(explorer, explorer.draggable[axes], row, column))
    assert (explorer.controls["row"].value, explorer.controls["column"].value) == (row, column)
    check_against_the_definition(explorer.state, explorer.words.value, {**START, "row": row, "column": column})


def test_the_occluder_follows_the_mouse_from_press_to_release(explorer: OccluderExplorer) -> None:
    left = explorer.draggable[0]
    at = {place: on_the_page(explorer, left, *place) for place in [(0, 0), (1, 1), (2, 1), (3, 3)]}

    def place() -> tuple[int, int]:
        return explorer.controls["row"].value, explorer.controls["column"].value

    dragged(explorer, "mouseleave", 0, 0)
    moved(explorer, *at[1, 1])
    assert place() == (2, 2), "without a press, nothing follows"
    dragged(explorer, "mousedown", *at[0, 0])
    moved(explorer, *at[2, 1])
    assert place() == (2, 1)
    dragged(explorer, "mouseup", *at[3, 3])
    assert place() == (3, 3), "the last place may come with the release only"
    moved(explorer, *at[0, 0])
    assert place() == (3, 3)
    dragged(explorer, "mousedown", *at[1, 1])
    dragged(explorer, "mouseleave", *at[0, 0])
    moved(explorer, *at[0, 0])
    assert place() == (1, 1), "a button let go outside is not heard of"


@pytest.mark.parametrize("beside", [(0, 0), (480, 170), (959, 339)])
def test_beside_picture_and_map_nothing_can_be_dragged(explorer: OccluderExplorer, beside: tuple[int, int]) -> None:
    before = page(explorer)
    dragged(explorer, "mousedown", *beside)
    assert page(explorer) == before


def test_a_drag_draws_once_for_each_new_place(explorer: OccluderExplorer, monkeypatch: pytest.MonkeyPatch) -> None:
    there = on_the_page(explorer, explorer.draggable[0], 0, 0)
    drawn: list[Figure] = []
    monkeypatch.setattr(plotting, "png", lambda figure: drawn.append(figure) or b"")
    dragged(explorer, "mousedown", *there)
    moved(explorer, there[0] + 1, there[1])
    assert len(drawn) == 1


def test_a_value_that_a_control_refuses_leaves_the_explorer_alive(explorer: OccluderExplorer) -> None:
    with pytest.raises(TraitError):
        explorer.set(fill="glass")
    before = page(explorer)
    explorer.controls["row"].value = 0
    assert page(explorer)[0] != before[0]
