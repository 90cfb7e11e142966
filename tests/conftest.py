"""Hypothesis draws the same examples on every machine and in every run, and no test fails for being slow.

So does Keras with the weights of a test, whichever tests ran before it.

TensorFlow is quiet and runs on the processor, with the same rounding everywhere. Each process of the tests has one
thread: where several of them share the cores, threads would wait for each other.
"""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

# Before NumPy and TensorFlow are imported, which read this once.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
for threads in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ[threads] = "1"

settings.register_profile(
    "same_everywhere", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same_everywhere")


@pytest.fixture(autouse=True)
def same_weights() -> None:
    if keras := sys.modules.get("keras"):
        keras.utils.set_random_seed(0)
