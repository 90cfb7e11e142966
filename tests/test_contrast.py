"""What a figure says in colour can be seen: lines, bars, markers and words stand out from white paper.

The contrast of two colours, and how much of it is needed: Web Content Accessibility Guidelines 2.1, 1.4.3 and 1.4.11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from test_planes import FIGURES as PLANES
from test_plotting import FIGURES

from lrp_edu import flow, plotting, rules
from lrp_edu.data import Digits
from lrp_edu.ledger import ledger
from lrp_edu.numpy_lrp import Network
from lrp_edu.widgets import Explorer, FlowExplorer, OccluderExplorer, RootExplorer

GRAPHICS, WORDS = 3.0, 4.5


def luminance(colour: Any) -> float:
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot(channels, [0.2126, 0.7152, 0.0722]))


def contrast(one: Any, other: Any = "white") -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def on_white(colour: Any) -> tuple[float, ...]:
    """The colour that is seen where a transparent one lies on white paper."""
    red, green, blue, opacity = to_rgba(colour)
    return tuple(1 - opacity + opacity * channel for channel in (red, green, blue))


def colours(artist: Artist) -> list[Any]:
    """The colours of a line, a word, a bar or markers, any of which may make it stand out; none where it has none."""
    if isinstance(artist, Text):
        return [to_rgba(artist.get_color(), artist.get_alpha())] if artist.get_text().strip() else []
    if isinstance(artist, Line2D):
        drawn = artist.get_linestyle() != "None" or artist.get_marker() != "None"
        return [to_rgba(artist.get_color(), artist.get_alpha())] if drawn else []
    if isinstance(artist, Patch):
        return [artist.get_facecolor(), artist.get_edgecolor()]
    if isinstance(artist, PathCollection):
        return [*artist.get_facecolors(), *artist.get_edgecolors()]
    return []


def faint(figure: Figure) -> Iterator[str]:
    """What is hard to see. Pictures, heatmaps and their contours are left out: there white means something."""
    papers = {id(figure.patch), *(id(axes.patch) for axes in figure.axes)}
    legends = [*figure.legends, *(legend for axes in figure.axes if (legend := axes.get_legend()))]
    papers |= {id(legend.get_frame()) for legend in legends}
    for artist in figure.findobj(include_self=False):
        if id(artist) in papers or not artist.get_visible() or not (found := colours(artist)):
            continue
        needed = WORDS if isinstance(artist, Text) else GRAPHICS
        if max(contrast(on_white(colour)) for colour in found) < needed:
            yield f"{artist} in {found}"


# The measure itself


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("black", "white", 21),
        ("white", "white", 1),
        ("#777777", "white", 4.48),
        ("red", "white", 4.0),
        ("red", "blue", 2.15),
    ],
)
def test_contrast_is_that_of_the_guidelines(one: str, other: str, expected: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(expected, abs=0.005)


SPOILT: dict[str, Callable[[Any], object]] = {
    "a yellow line": lambda axes: axes.plot([0, 1], color="yellow"),
    "a black line that shines through": lambda axes: axes.plot([0, 1], color="black", alpha=0.2),
    "a pale bar": lambda axes: axes.bar([0], [1], color="#d6d6d6"),
    "a pale marker": lambda axes: axes.plot([0], [0], "o", color="pink"),
    "a grey title": lambda axes: axes.set_title("hello", color="#888888"),
    "grey numbers": lambda axes: axes.tick_params(labelcolor="#888888"),
    "pale points": lambda axes: axes.scatter([0, 1], [0, 1], c="lightblue"),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_something_faint_is_found(spoil: Callable[[Any], object]) -> None:
    figure = plotting.new_figure(3, 2)
    axes = figure.subplots()
    axes.plot([0, 1], color="black", label="sound")
    axes.bar([0], [1], color="#d6d6d6", edgecolor="black")
    axes.legend()
    figure.legend()
    figure.draw_without_rendering()
    assert list(faint(figure)) == []
    spoil(axes)
    figure.draw_without_rendering()
    assert list(faint(figure)) != []


# The figures of the course

RNG = np.random.default_rng(1)
NETWORK = Network.random((16, 6, 4), RNG)
X = RNG.uniform(-1, 1, (3, 16))
START = NETWORK.forward(X[:1])
DIGITS = Digits(X, np.array([0, 1, 2]), X, np.array([0, 1, 2]), (4, 4))

FLOW_FIGURES: dict[str, Callable[[], Figure]] = {
    "ledger_bars": lambda: flow.ledger_bars(ledger(NETWORK, X[:1], START, rules.Epsilon(0.5))),
    "relevance_flow": lambda: flow.relevance_flow(NETWORK, X[:1], START, rules.Epsilon(), (4, 4)),
}
EXPLORERS: dict[str, Callable[[], Explorer]] = {
    "RootExplorer": RootExplorer,
    "FlowExplorer": lambda: FlowExplorer(NETWORK, DIGITS),
    "OccluderExplorer": lambda: OccluderExplorer({"one": NETWORK}, X.reshape(3, 4, 4)),
}


def drawn_by(explorer: Callable[[], Explorer]) -> Figure:
    figures: list[Figure] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plotting, "png", lambda figure: figures.append(figure) or b"")
        explorer()
    return figures[0]


ALL_FIGURES = {
    **FIGURES,
    **PLANES,
    **FLOW_FIGURES,
    **{name: (lambda explorer=explorer: drawn_by(explorer)) for name, explorer in EXPLORERS.items()},
}


@pytest.mark.parametrize("make", ALL_FIGURES.values(), ids=ALL_FIGURES)
def test_nothing_in_a_figure_is_faint(make: Callable[[], Figure]) -> None:
    figure = make()
    figure.draw_without_rendering()
    assert list(faint(figure)) == []


def test_positive_and_negative_relevance_stand_out_at_full_strength() -> None:
    assert min(contrast(plotting.RED), contrast(plotting.BLUE)) >= WORDS


def test_the_occluder_is_seen_on_ink_as_well_as_on_paper() -> None:
    assert min(contrast(flow.ORANGE, "white"), contrast(flow.ORANGE, "black")) >= GRAPHICS
