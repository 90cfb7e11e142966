"""The VGG16 explorer: its words are the ledger, every control changes what is shown, and any picture can be brought."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("tensorflow")

from pages import page

from lrp_edu import classifiers, composites, plotting, rules
from lrp_edu.keras_lrp import LRP
from lrp_edu.targets import Logit
from lrp_edu.widgets import VGG16Explorer
from lrp_edu.widgets.vgg16 import CHOICES, OWN

MINI = classifiers.VGG16_MINI
MODEL = MINI.build()
START = {
    "picture": "ring",
    "upload": (),
    "rank": 0,
    "named": "",
    "composite": "by depth: zᴮ, γ, ε",
    "pooling": "winner",
    "gamma": 0.25,
}
COMPOSITES = {
    "by depth: zᴮ, γ, LRP-0": composites.Composite((("any", rules.LRP0()),), rules.ZBox(0.0, 1.0), "convolution"),
    "by depth: zᴮ, γ, ε": composites.epsilon_gamma_box(0.0, 1.0),
    "by depth: z⁺, ε": composites.epsilon_plus(),
    "by depth: flat, z⁺, ε": composites.epsilon_plus_flat(),
    "by depth: α2β1, ε": composites.epsilon_alpha2_beta1(),
    "z⁺ everywhere": composites.uniform(rules.ZPlus()),
    "γ everywhere": composites.uniform(rules.Gamma(0.25)),
    "ε = 0.1 everywhere": composites.uniform(rules.Epsilon(0.1)),
    "LRP-0 everywhere": composites.uniform(rules.LRP0()),
}


@pytest.fixture(scope="module")
def opened() -> VGG16Explorer:
    return VGG16Explorer(MINI, MODEL)


@pytest.fixture
def explorer(opened: VGG16Explorer, monkeypatch: pytest.MonkeyPatch) -> VGG16Explorer:
    """Set back, without the pains of drawing."""
    with monkeypatch.context() as patched:
        patched.setattr(plotting, "png", lambda _figure: b"")
        for name, value in START.items():
            opened.controls[name].value = value
    return opened


def uploaded(image: Image.Image, kind: str, **options: Any) -> tuple[dict[str, Any], ...]:
    """What ipywidgets makes of a file that was chosen."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    when = datetime(2024, 1, 1, tzinfo=UTC)
    content = memoryview(file.getvalue())
    return ({"name": "mine", "type": "image/any", "size": len(content), "content": content, "last_modified": when},)


def expected(picture: Any, composite: Any, number: int | None, **options: Any) -> tuple[Any, Any]:
    explanation = LRP(MODEL, composite, **options)(MINI.prepare(picture[None]), Logit(number))
    return explanation.relevance[0], explanation.ledger()


def check(explorer: VGG16Explorer, picture: Any, composite: Any, number: int, **options: Any) -> None:
    """That it shows what LRP with that composite, and with other options if there are any, makes of the picture."""
    relevance, books = expected(picture, composite, number, **options)
    state, words = explorer.state, explorer.words.value
    assert state.guess.number == number
    np.testing.assert_allclose(state.relevance, relevance, rtol=0, atol=1e-5 * np.abs(relevance).max())
    assert state.ledger.start == pytest.approx(books.start, rel=1e-5)
    assert words.startswith(f"{MINI.class_names()[number]}, ")
    numbers = (books.start, books.arrived, books.bias, books.stabiliser)
    for name, value in zip(("logit is", "at the pixels", "by biases", "by stabilisers"), numbers, strict=True):
        assert f"{name} {value:z.2f}" in words


def test_it_opens_with_the_network_s_answer(explorer: VGG16Explorer) -> None:
    picture = MINI.pictures()["ring"]
    check(explorer, picture, COMPOSITES[START["composite"]], MINI.number("ring"))
    assert list(explorer.controls["picture"].options) == [*MINI.pictures(), OWN]
    assert explorer.controls["named"].options == MINI.class_names()


def test_the_rules_on_offer_are_the_ones_that_are_named() -> None:
    assert {name: str(choice.make(MINI, 0.25)) for name, choice in CHOICES.items()} == {
        name: str(composite) for name, composite in COMPOSITES.items()
    }


@pytest.mark.parametrize("name", ["by depth: z⁺, ε", "LRP-0 everywhere", "γ everywhere"])
def test_every_choice_of_rules_is_what_is_run(explorer: VGG16Explorer, name: str) -> None:
    explorer.controls["composite"].value = name
    check(explorer, MINI.pictures()["ring"], COMPOSITES[name], MINI.number("ring"))


@pytest.mark.parametrize(("name", "gamma"), [("by depth: zᴮ, γ, ε", 0.6), ("γ everywhere", 0.05)])
def test_gamma_is_the_slider_s(explorer: VGG16Explorer, name: str, gamma: float) -> None:
    explorer.controls["composite"].value = name
    explorer.controls["gamma"].value = gamma
    composite = composites.uniform(rules.Gamma(gamma))
    if name.startswith("by depth"):
        upper = (("convolution", rules.Gamma(gamma)), ("any", rules.Epsilon()))
        composite = composites.Composite(upper, rules.ZBox(0.0, 1.0), "convolution")
    check(explorer, MINI.pictures()["ring"], composite, MINI.number("ring"))


@pytest.mark.parametrize("gamma", [0.25, 0.6])
def test_the_composite_of_the_lesson_is_offered_first(explorer: VGG16Explorer, gamma: float) -> None:
    """As section 4 has it: γ in the convolutions of blocks 1 to 4, zᴮ at the pixels, LRP-0 in all others."""
    name = next(iter(CHOICES))
    explorer.controls["composite"].value = name
    explorer.controls["gamma"].value = gamma
    blocks_1_to_4 = tuple(f"block{block}_conv" for block in range(1, 5))
    lower = [layer.name for layer in MODEL.layers if layer.name.startswith(blocks_1_to_4)]
    by_depth = {layer: rules.Gamma(gamma) for layer in lower} | {"block1_conv1": rules.ZBox(0.0, 1.0)}
    picture = MINI.pictures()["two shapes"]
    explorer.controls["picture"].value = "two shapes"
    explorer.controls["rank"].value = 1
    check(explorer, picture, composites.uniform(rules.LRP0()), MINI.number("triangle"), rules=by_depth)
    # Asked for the triangle, the lower one of the two, it leaves the square nearly white.
    red = np.maximum(explorer.state.relevance.sum(axis=-1), 0)
    assert red[32:].sum() > 0.95 * red.sum()


def test_gamma_can_be_moved_where_it_matters_only(explorer: VGG16Explorer) -> None:
    for name, choice in CHOICES.items():
        explorer.controls["composite"].value = name
        assert explorer.controls["gamma"].disabled is not choice.has_gamma
        assert choice.has_gamma is ("γ" in name)


@pytest.mark.parametrize("pooling", ["proportional", "flat"])
def test_pooling_is_what_is_run(explorer: VGG16Explorer, pooling: str) -> None:
    explorer.controls["pooling"].value = pooling
    check(explorer, MINI.pictures()["ring"], COMPOSITES[START["composite"]], MINI.number("ring"), pooling=pooling)


def test_any_of_the_top_five_or_any_class_by_name(explorer: VGG16Explorer) -> None:
    picture = MINI.pictures()["two shapes"]
    explorer.controls["picture"].value = "two shapes"
    explorer.controls["rank"].value = 1
    check(explorer, picture, COMPOSITES[START["composite"]], MINI.number("triangle"))
    explorer.controls["named"].value = " star "
    check(explorer, picture, COMPOSITES[START["composite"]], MINI.number("star"))
    assert explorer.state.ledger.start < 0
    explorer.controls["named"].value = ""
    check(explorer, picture, COMPOSITES[START["composite"]], MINI.number("triangle"))


def test_an_unknown_class_is_told_with_the_nearest_and_the_map_stays(explorer: VGG16Explorer) -> None:
    before = page(explorer)
    explorer.controls["named"].value = "rnig"
    picture, words, state = page(explorer)
    assert "there is none called &#x27;rnig&#x27;; the nearest are: ring" in words
    assert (picture, state) == (before[0], before[2])


@pytest.mark.parametrize(
    ("mode", "kind", "size"),
    [
        ("RGB", "JPEG", (300, 120)),
        ("CMYK", "JPEG", (90, 90)),
        ("LA", "PNG", (33, 70)),
        ("P", "PNG", (64, 64)),
        ("1", "PNG", (5, 5)),
    ],
)
def test_a_picture_of_one_s_own_is_explained(
    explorer: VGG16Explorer, mode: str, kind: str, size: tuple[int, int]
) -> None:
    image = Image.fromarray(MINI.pictures()["star"]).resize(size).convert(mode)
    explorer.controls["upload"].value = uploaded(image, kind)
    assert explorer.controls["picture"].value == OWN
    assert explorer.state.relevance.shape == (64, 64, 3)
    assert "is arrived" not in explorer.words.value
    if (mode, size) == ("P", (64, 64)):
        assert explorer.state.guess.name == "star"


def test_a_second_picture_of_one_s_own_takes_the_place_of_the_first(explorer: VGG16Explorer) -> None:
    for name in ("star", "circle"):
        explorer.controls["upload"].value = uploaded(Image.fromarray(MINI.pictures()[name]), "PNG")
        check(explorer, MINI.pictures()[name], COMPOSITES[START["composite"]], MINI.number(name))


def test_a_file_that_is_no_picture_is_told_and_the_map_stays(explorer: VGG16Explorer) -> None:
    before = page(explorer)
    broken = uploaded(Image.new("L", (4, 4)), "PNG")
    explorer.controls["upload"].value = ({**broken[0], "content": memoryview(b"not at all")},)
    picture, words, state = page(explorer)
    assert "this file: not a picture that can be read" in words
    assert (picture, state) == (before[0], before[2])


def test_without_a_picture_of_one_s_own_the_button_is_named(explorer: VGG16Explorer) -> None:
    explorer.controls["picture"].value = OWN
    assert "choose a file with the button" in explorer.words.value


def test_the_last_map_stays_while_the_next_is_computed(
    explorer: VGG16Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bytes, str]] = []
    look = explorer.look
    monkeypatch.setattr(explorer, "look", lambda **values: seen.append(page(explorer)[:2]) or look(**values))
    explorer.controls["rank"].value = 1
    before = page(explorer)[0]
    explorer.controls["rank"].value = 2
    assert seen[-1] == (before, "Explaining …")
    assert page(explorer)[0] != before


def test_the_picture_shows_the_map_and_the_top_classes(
    explorer: VGG16Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[Any] = []
    png = plotting.png
    monkeypatch.setattr(plotting, "png", lambda figure: figures.append(figure) or png(figure))
    explorer.controls["picture"].value = "two shapes"
    picture, heatmap, *_, bars = figures[-1].axes
    np.testing.assert_allclose(picture.images[0].get_array(), MINI.pictures()["two shapes"] / 255)
    np.testing.assert_allclose(heatmap.images[0].get_array(), explorer.state.relevance.sum(axis=-1))
    assert heatmap.get_title() == "relevance for square"
    assert [label.get_text() for label in bars.get_yticklabels()][:2] == ["square", "triangle"]
    widths = [bar.get_width() for bar in bars.patches]
    assert len(widths) == 5
    assert widths[0] == pytest.approx(100 * explorer.state.guess.score)
    assert bytes(explorer.picture.value).startswith(b"\x89PNG")


def test_a_change_traces_nothing(explorer: VGG16Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    """To trace an explainer takes seconds, to run it once a tenth of one: that is what keeps the slider quick."""
    monkeypatch.setattr(LRP, "_explain", property(lambda _: pytest.fail("an explainer was traced")))
    began = time.process_time()
    for step in range(1, 6):
        explorer.controls["gamma"].value = 0.3 + 0.05 * step
        assert "cannot be shown" not in explorer.words.value
    assert (time.process_time() - began) / 5 < 2.0  # a quarter of a second where nothing else runs


def test_a_picture_is_classified_once(explorer: VGG16Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LRP, "logits", lambda *_: pytest.fail("the picture was classified again"))
    for name, value in (("gamma", 0.6), ("rank", 1), ("composite", "z⁺ everywhere"), ("pooling", "flat")):
        explorer.controls[name].value = value
        assert "cannot be shown" not in explorer.words.value
