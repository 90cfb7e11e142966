"""The VGG16 explorer of lesson 06: any picture, any class, any composite, and what that does to the heatmap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from lrp_edu import data, photo_maps, plotting
from lrp_edu.arrays import Array
from lrp_edu.classifiers import Classifier
from lrp_edu.composites import Composite, uniform
from lrp_edu.keras_lrp import LRP
from lrp_edu.ledger import Ledger
from lrp_edu.photographs import Guess
from lrp_edu.rules import LRP0, Epsilon, Gamma, Rule, ZBox, ZPlus
from lrp_edu.targets import Logit
from lrp_edu.widgets.explorer import ANSWER, Explorer

OWN = "your own"
TOP = 5


def _nothing_else(*_: Any) -> dict[str, Rule]:
    return {}


class Choice(NamedTuple):
    """Rules on offer: a composite made by a classifier and γ, and other rules for some layers of a model by name."""

    make: Callable[[Classifier, float], Composite]
    has_gamma: bool = False
    named: Callable[[Any, float], dict[str, Rule]] = _nothing_else


def _gamma_by_depth(classifier: Classifier, gamma: float) -> Composite:
    first = ZBox(classifier.low, classifier.high)
    return Composite((("convolution", Gamma(gamma)), ("any", Epsilon())), first, "convolution")


def _lrp_0_on_top(classifier: Classifier, _gamma: float) -> Composite:
    return Composite((("any", LRP0()),), ZBox(classifier.low, classifier.high), "convolution")


def _gamma_below_block_5(model: Any, gamma: float) -> dict[str, Rule]:
    """For the convolutions of blocks 1 to 4, but for the first of all, which has zᴮ."""
    blocks = tuple(f"block{block}_conv" for block in range(1, 5))
    names = [layer.name for layer in model.layers if layer.name.startswith(blocks)]
    return {name: Gamma(gamma) for name in names if name != "block1_conv1"}


CHOICES = {
    "by depth: zᴮ, γ, LRP-0": Choice(_lrp_0_on_top, has_gamma=True, named=_gamma_below_block_5),
    "by depth: zᴮ, γ, ε": Choice(_gamma_by_depth, has_gamma=True),
    "by depth: z⁺, ε": Choice(lambda classifier, _: classifier.composite("epsilon_plus")),
    "by depth: flat, z⁺, ε": Choice(lambda classifier, _: classifier.composite("epsilon_plus_flat")),
    "by depth: α2β1, ε": Choice(lambda classifier, _: classifier.composite("epsilon_alpha2_beta1")),
    "z⁺ everywhere": Choice(lambda *_: uniform(ZPlus())),
    "γ everywhere": Choice(lambda _, gamma: uniform(Gamma(gamma)), has_gamma=True),
    "ε = 0.1 everywhere": Choice(lambda *_: uniform(Epsilon(0.1))),
    "LRP-0 everywhere": Choice(lambda *_: uniform(LRP0())),
}


class Explained(NamedTuple):
    """What the explorer shows."""

    guess: Guess  # the class that is explained, and its probability
    relevance: Array  # (height, width, 3)
    ledger: Ledger


class VGG16Explorer(Explorer):
    """Lesson 06: choose a picture or bring your own, a class, a composite, the pooling and γ; see what was relevant.

    Args:
        classifier: what `model` is: its pictures, its classes, the range of its pixels.
        model: the Keras model.
    """

    def __init__(self, classifier: Classifier, model: Any) -> None:
        self.classifier, self.model = classifier, model
        self.pictures = classifier.pictures()
        self._classified: tuple[Array, Array] | None = None
        wide, wider = (ipywidgets.Layout(width=width) for width in ("19em", "23em"))
        controls = {
            "picture": ipywidgets.Dropdown(options=[*self.pictures, OWN], description="picture", layout=wide),
            "upload": ipywidgets.FileUpload(accept="image/*", description="your own picture", layout=wide),
            "rank": ipywidgets.Dropdown(
                options=[(ANSWER, 0), *((f"its answer number {k + 1}", k) for k in range(1, TOP))],
                description="explain",
                layout=wider,
            ),
            # What stands here goes before the rank; updates only once the name is whole.
            "named": ipywidgets.Combobox(
                options=list(dict.fromkeys(classifier.class_names())),
                placeholder="or any class by its name",
                continuous_update=False,
                layout=wide,
            ),
            "composite": ipywidgets.Dropdown(options=list(CHOICES), description="rules", layout=wider),
            "pooling": ipywidgets.Dropdown(
                options=["winner", "proportional", "flat"], description="pooling", layout=wide
            ),
            "gamma": ipywidgets.FloatSlider(
                value=0.25, min=0.0, max=1.0, step=0.05, description="value of γ", continuous_update=False, layout=wide
            ),
        }
        super().__init__(controls, [["picture", "upload"], ["rank", "named"], ["composite", "pooling", "gamma"]])
        controls["upload"].unobserve(self._update, names="value")
        controls["upload"].observe(self._show_upload, names="value")
        controls["composite"].observe(self._offer_gamma, names="value")

    def look(self, **values: Any) -> tuple[Explained, bytes, str]:
        """The picture, its heatmap, the top five, and the ledger's last line."""
        picture = self._picture(values["picture"], values["upload"])
        choice, gamma = CHOICES[values["composite"]], values["gamma"]
        composite, named_layers = choice.make(self.classifier, gamma), choice.named(self.model, gamma)
        # Every γ is an explainer of its own: to trace it would take ten times longer than to run it once.
        explainer = LRP(self.model, composite, rules=named_layers, pooling=values["pooling"])
        x = self.classifier.prepare(picture[None])
        logits = self._logits(explainer, x)
        answers = self.classifier.answers(logits, logits.shape[1])[0]
        named = values["named"].strip()
        number = self.classifier.number(named) if named else answers[values["rank"]].number
        guess = next(answer for answer in answers if answer.number == number)
        relevance, books = explainer.relevance_and_books(x, Logit(number).start(logits))
        explained = Explained(guess, relevance[0], books)
        return explained, plotting.png(_figure(picture, explained, answers[:TOP])), _words(explained)

    def _logits(self, explainer: LRP, x: Array) -> Array:
        """Those of the last picture are kept, for most moves change something else."""
        if self._classified is None or not np.array_equal(self._classified[0], x):
            self._classified = x, explainer.logits(x)
        return self._classified[1]

    def _picture(self, name: str, upload: Any) -> Array:
        if name != OWN:
            return self.pictures[name]
        if not upload:
            raise ValueError("there is no picture of your own yet; choose a file with the button beside the list")
        return data.read_picture(bytes(upload[0]["content"]), self.classifier.size)

    def _update(self, change: Any = None) -> None:
        self.words.value = "Explaining …"  # With full VGG16 it takes seconds. The old picture stays meanwhile.
        super()._update(change)

    def _show_upload(self, change: Any) -> None:
        if self.controls["picture"].value == OWN:
            self._update(change)
        else:
            self.controls["picture"].value = OWN

    def _offer_gamma(self, _change: Any) -> None:
        self.controls["gamma"].disabled = not CHOICES[self.controls["composite"].value].has_gamma


def _figure(picture: Array, explained: Explained, top: Sequence[Guess]) -> Figure:
    figure = Figure(figsize=(10.0, 3.4))  # The places are given: to find them takes as long as to draw the figure.
    places = ((0.0, 0.32), (0.33, 0.32), (0.66, 0.01), (0.85, 0.13))  # left edge and width, in parts of the figure
    left, middle, scale, right = (figure.add_axes((edge, 0.04, width, 0.86)) for edge, width in places)
    plotting.draw_picture(left, picture / 255)
    heat = photo_maps.one_channel(explained.relevance)
    title = f"relevance for {explained.guess.name}"
    drawn = plotting.draw_heatmap(middle, heat, photo_maps.full_colour(heat), title)
    figure.colorbar(drawn, cax=scale)
    colours = [plotting.RED if guess.number == explained.guess.number else plotting.GREY for guess in top]
    bars = right.barh([guess.name for guess in top], [100 * guess.score for guess in top], color=colours)
    right.bar_label(bars, fmt="%.1f", padding=2, fontsize=8)
    right.set_title("top classes in %", fontsize=10)
    right.tick_params(axis="y", labelsize=8)
    right.set(xlim=(0, 130), ylim=(len(top) - 0.5, -0.5), xticks=[])
    right.spines[:].set_visible(False)
    return figure


def _words(explained: Explained) -> str:
    guess, books = explained.guess, explained.ledger
    return (
        f"{guess.name}, {100 * guess.score:.1f} %. Its logit is {books.start:z.2f} = arrived at the pixels "
        f"{books.arrived:z.2f} + taken by biases {books.bias:z.2f} + taken by stabilisers {books.stabiliser:z.2f}."
    )
