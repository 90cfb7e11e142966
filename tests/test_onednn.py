"""LRP as TensorFlow runs it by itself: compiled, in float32 and with oneDNN, which all other tests switch off.

oneDNN takes patterns of operations for others. What is compiled must give what is not compiled, and what float64 gives,
which oneDNN does not touch.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("tensorflow")

CODE = """
import json
import keras
import numpy as np
from keras import layers as kl
from lrp_edu import LRP, composites, data, models, rules

def network(precision):
    keras.utils.set_random_seed(1)
    x = given = keras.Input((12, 12, 3), dtype=precision)
    x = kl.Conv2D(6, 3, padding="same", activation="relu", dtype=precision)(x)
    x = kl.Conv2D(6, 3, padding="same", use_bias=False, dtype=precision)(x)
    x = kl.BatchNormalization(dtype=precision)(x)
    x = skipped = kl.ReLU(dtype=precision)(x)
    x = kl.DepthwiseConv2D(3, padding="same", activation="relu", dtype=precision)(x)
    x = kl.Add(dtype=precision)([x, skipped])
    x = kl.MaxPooling2D(dtype=precision)(x)
    x = kl.SeparableConv2D(8, 3, activation="relu", dtype=precision)(x)
    x = kl.AveragePooling2D(2, dtype=precision)(x)
    x = kl.Flatten(dtype=precision)(x)
    x = kl.Dense(16, activation="relu", dtype=precision)(x)
    model = keras.Model(given, kl.Dense(4, activation="softmax", dtype=precision)(x))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        positive = "variance" in weight.path
        weight.assign(rng.uniform(0.5, 2, weight.shape) if positive else 0.4 * rng.normal(size=weight.shape))
    return model

def compared(name, explainer, exact, images):
    compiled = explainer(images)
    eager, _ = explainer.relevance_and_books(images, compiled.start)
    true, _ = exact.relevance_and_books(images.astype(exact._input.dtype), compiled.start.astype(exact._input.dtype))
    most = np.abs(true).max()
    return name, *(float(np.abs(one - true).max() / most) for one in (compiled.relevance, eager))

RULES = [rules.LRP0(), rules.Epsilon(0.1), rules.Gamma(0.25), rules.Gamma(3), rules.ZPlus(), rules.AlphaBeta(2, 1),
         rules.AlphaBeta(1.5, 0.5), rules.ZBox(-1.0, 1.0), rules.WSquare(), rules.Flat()]
images = np.random.default_rng(2).uniform(-1, 1, (2, 12, 12, 3)).astype("float32")
single, double = network("float32"), network("float64")
found = []
for rule in RULES:
    for pooling in ("winner", "proportional"):
        explainers = (LRP(model, composites.uniform(rule), pooling=pooling) for model in (single, double))
        found.append(compared(f"{rule} {pooling}", *explainers, images))
mini, shapes = models.vgg16_mini(), data.shapes(2, seed=5).images
for name in composites.PRESETS:
    options = {"low": 0.0, "high": 1.0} if "box" in name or name == "deep_taylor" else {}
    options |= {"rule": rules.Gamma(0.5)} if name == "uniform" else {}
    explainer = LRP(mini, composites.get(name, **options))
    found.append(compared(name, explainer, explainer, shapes))
print(json.dumps(found))
"""


def test_compiled_with_onednn_it_is_what_it_is_in_float64() -> None:
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1"}
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert len(found) > 20
    assert [one for one in found if not max(one[1:]) < 1e-4] == []
