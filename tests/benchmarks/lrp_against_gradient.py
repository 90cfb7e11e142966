"""How long an explanation of VGG16 takes, against the compiled input gradient.

`python tests/benchmarks/lrp_against_gradient.py`: random weights, 224 × 224, batches of 1 and 8. Gradient and LRP take
turns in one process, and the median of the ratios is printed. Seconds depend on the machine, ratios less.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import tensorflow as tf

from lrp_edu import composites, data, models, rules
from lrp_edu.composites import Composite
from lrp_edu.keras_lrp import LRP

BOX = {"low": data.PREPROCESSED_LOW, "high": data.PREPROCESSED_HIGH}
COMPOSITES: dict[str, tuple[Composite, float]] = {
    "epsilon": (composites.uniform(rules.Epsilon()), 1.1),
    "epsilon_plus": (composites.get("epsilon_plus"), 1.6),
    "gamma": (Composite((("convolution", rules.Gamma()), ("any", rules.Epsilon()))), 1.6),
    "epsilon_gamma_box": (composites.get("epsilon_gamma_box", **BOX), 1.8),
    "epsilon_alpha2_beta1": (composites.get("epsilon_alpha2_beta1"), 2.6),
}
HEADS = f"{'composite':22}{'batch':>6}{'build s':>9}{'first s':>9}{'gradient s':>12}{'LRP s':>8}{'ratio':>7}{'bar':>6}"


def gradient_of(model: Any) -> Callable[[Any], Any]:
    """The compiled gradient of the top logit with respect to the images."""
    hidden = keras.Model(model.inputs, model.layers[-2].output)
    kernel, bias = model.layers[-1].kernel, model.layers[-1].bias

    @tf.function
    def gradient(images: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            top = tf.reduce_max(hidden(images) @ kernel + bias, axis=1)
        return tape.gradient(top, images)

    return gradient


def seconds(call: Callable[..., Any], *arguments: Any) -> float:
    begin = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    options = parser.parse_args()
    model = models.vgg16(weights=None)
    gradient = gradient_of(model)
    rng = np.random.default_rng(0)
    print(HEADS)
    for name, (composite, bar) in COMPOSITES.items():
        begin = time.perf_counter()
        explainer = LRP(model, composite)
        build = time.perf_counter() - begin
        for batch in options.batches:
            images = rng.uniform(BOX["low"], BOX["high"], (batch, 224, 224, 3)).astype(np.float32)
            first = seconds(explainer, images)
            seconds(gradient, tf.constant(images))
            pairs = [
                (seconds(gradient, tf.constant(images)), seconds(explainer, images)) for _ in range(options.repeats)
            ]
            ratio = median(lrp / plain for plain, lrp in pairs)
            plain, lrp = (median(column) for column in zip(*pairs, strict=True))
            print(
                f"{name:22}{batch:6d}{build:9.2f}{first:9.2f}{plain:12.3f}{lrp:8.3f}{ratio:7.2f}{bar:6.1f}", flush=True
            )


if __name__ == "__main__":
    main()
