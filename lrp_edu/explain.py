"""A picture explained from the command line: read, classified, its heatmap written beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import keras  # noqa: F401, so that TensorFlow starts while this module is imported
import numpy as np
from matplotlib.figure import Figure

from lrp_edu import composites, data, models
from lrp_edu.arrays import Array
from lrp_edu.composites import Composite
from lrp_edu.keras_lrp import LRP, Explanation
from lrp_edu.plotting import draw_heatmap, new_figure, png


@dataclass(frozen=True)
class Explainable:
    """A network with all that a picture needs on its way in, and its answer on its way out."""

    build: Callable[[], Any]
    size: int  # height and width that it takes
    prepare: Callable[[Array], Array]  # from (n, size, size, 3) in [0, 255] to the network's scale
    low: Any  # the box of that scale
    high: Any
    class_names: Callable[[], tuple[str, ...]]


NETWORKS = {
    "vgg16_mini": Explainable(
        models.vgg16_mini, 64, lambda images: images / 255, 0.0, 1.0, lambda: data.shapes(1, 0).class_names
    ),
    "vgg16": Explainable(
        models.vgg16, 224, data.preprocess, data.PREPROCESSED_LOW, data.PREPROCESSED_HIGH, data.class_names
    ),
    "vgg19": Explainable(
        models.vgg19, 224, data.preprocess, data.PREPROCESSED_LOW, data.PREPROCESSED_HIGH, data.class_names
    ),
}


def explain(photo: Path | None, model: str, composite: str, wanted: str | None, output: Path | None) -> list[str]:
    """Explain a picture, write its heatmap, and return what there is to say: the file, the top classes, the ledger.

    Args:
        photo: a picture file; None for one of the coloured shapes.
        model: one of `NETWORKS`.
        composite: a preset of `composites`.
        wanted: the class to explain, by name or number; None for the network's answer.
        output: where the heatmap goes; None for a file beside the picture.

    Raises:
        ValueError, FileNotFoundError: an unknown model, composite or class, or a file that is no picture.
    """
    network = NETWORKS.get(model)
    if network is None:
        raise ValueError(f"--model: there is none called {model!r}{_nearest(model, NETWORKS)}")
    chosen = _composite(composite, network)
    picture = _shape_picture(network.size) if photo is None else _read(photo, network.size)
    output = output or (Path("explained.png") if photo is None else photo.with_name(f"{photo.stem}_explained.png"))
    names = network.class_names()
    target = None if wanted is None else _class_number(wanted, names)
    explanation = LRP(network.build(), chosen)(network.prepare(picture[None].astype(np.float32)), target)
    number = int(np.argmax(explanation.start[0] != 0))
    output.write_bytes(png(_figure(picture, explanation, names[number])))
    return [f"wrote {output}", *_answers(explanation.logits[0], names), str(explanation.ledger()).splitlines()[-1]]


def _composite(name: str, network: Explainable) -> Composite:
    if name in ("epsilon_gamma_box", "deep_taylor"):
        return composites.get(name, low=network.low, high=network.high)
    return composites.get(name)


def _shape_picture(size: int) -> Array:
    from skimage.transform import resize

    return np.asarray(resize(255 * data.shapes(1, seed=1).images[0], (size, size, 3)))


def _read(path: Path, size: int) -> Array:
    """The middle square of a picture file, (size, size, 3) in [0, 255]; grey becomes coloured, transparency white."""
    from skimage import color, io, transform

    try:
        picture = io.imread(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file") from None
    except Exception as error:
        raise ValueError(f"{path}: not a picture that can be read, such as a PNG or JPEG ({error})") from error
    if picture.ndim == 2:
        picture = color.gray2rgb(picture)
    if picture.ndim != 3 or picture.shape[-1] not in (3, 4):
        raise ValueError(f"{path}: a picture of shape {picture.shape}; expected one grey or coloured picture")
    if picture.shape[-1] == 4:
        picture = color.rgba2rgb(picture)
    side = min(picture.shape[:2])
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    square = picture[top : top + side, left : left + side]
    return np.clip(255 * transform.resize(square, (size, size, 3), anti_aliasing=True), 0, 255)


def _class_number(wanted: str, names: tuple[str, ...]) -> int:
    if wanted in names:
        return names.index(wanted)
    if wanted.isdigit() and int(wanted) < len(names):
        return int(wanted)
    raise ValueError(f"--class: there is none called {wanted!r}{_nearest(wanted, names)}")


def _nearest(word: str, words: Any) -> str:
    near = get_close_matches(word, words, n=3) or list(words)[:10]
    return f"; the nearest are: {', '.join(near)}"


def _answers(logits: Array, names: tuple[str, ...]) -> list[str]:
    odds = np.exp(logits - logits.max())
    best = np.argsort(logits)[::-1][:5]
    return [f"{names[number]:24} {100 * odds[number] / odds.sum():5.1f} %" for number in best]


def _figure(picture: Array, explanation: Explanation, name: str) -> Figure:
    figure = new_figure(7.2, 3.6)
    left, right = figure.subplots(1, 2)
    left.imshow(picture / 255)
    left.set_axis_off()
    relevance = explanation.relevance[0].sum(axis=-1)
    limit = float(np.percentile(np.abs(relevance), 99.5)) or 1.0
    drawn = draw_heatmap(right, relevance, limit, f"relevance for {name}")
    figure.colorbar(drawn, ax=right, shrink=0.8)
    return figure
