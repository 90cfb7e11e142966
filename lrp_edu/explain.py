"""A picture explained from the command line: read, classified, its heatmap written beside it."""

from __future__ import annotations

from pathlib import Path

import keras  # noqa: F401, so that TensorFlow starts while this module is imported
import numpy as np
from matplotlib.figure import Figure

from lrp_edu import data
from lrp_edu.arrays import Array
from lrp_edu.classifiers import CLASSIFIERS, nearest
from lrp_edu.keras_lrp import LRP, Explanation
from lrp_edu.plotting import draw_heatmap, new_figure, png


def explain(photo: Path | None, model: str, composite: str, wanted: str | None, output: Path | None) -> list[str]:
    """Explain a picture, write its heatmap, and return what there is to say: the file, the top classes, the ledger.

    Args:
        photo: a picture file; None for the first picture of the classifier's own.
        model: one of `classifiers.CLASSIFIERS`.
        composite: a preset of `composites`.
        wanted: the class to explain, by name or number; None for the network's answer.
        output: where the heatmap goes; None for a file beside the picture.

    Raises:
        ValueError, FileNotFoundError: an unknown model, composite or class, or a file that is no picture.
    """
    if model not in CLASSIFIERS:
        raise ValueError(f"--model: there is none called {model!r}{nearest(model, CLASSIFIERS)}")
    classifier = CLASSIFIERS[model]
    chosen = classifier.composite(composite)
    if photo is None:
        picture, beside = next(iter(classifier.pictures().values())), Path("explained.png")
    else:
        picture = data.read_picture(photo, classifier.size)
        beside = photo.with_name(f"{photo.stem}_explained.png")
    target = None if wanted is None else classifier.number(wanted)
    explanation = LRP(classifier.build(), chosen)(classifier.prepare(picture[None]), target)
    number = int(np.argmax(explanation.start[0] != 0))
    output = output or beside
    output.write_bytes(png(_figure(picture, explanation, classifier.class_names()[number])))
    answers = [f"{guess.name:24} {100 * guess.score:5.1f} %" for guess in classifier.answers(explanation.logits)[0]]
    return [f"wrote {output}", *answers, str(explanation.ledger()).splitlines()[-1]]


def _figure(picture: Array, explanation: Explanation, name: str) -> Figure:
    figure = new_figure(7.2, 3.6)
    left, right = figure.subplots(1, 2)
    left.imshow(picture)
    left.set_axis_off()
    relevance = explanation.relevance[0].sum(axis=-1)
    limit = float(np.percentile(np.abs(relevance), 99.5)) or 1.0
    drawn = draw_heatmap(right, relevance, limit, f"relevance for {name}")
    figure.colorbar(drawn, ax=right, shrink=0.8)
    return figure
