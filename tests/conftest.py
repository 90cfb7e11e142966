"""Hypothesis draws the same examples on every machine and in every run, and no test fails for being slow.

TensorFlow is quiet and runs on the processor, with the same rounding everywhere.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

settings.register_profile(
    "same_everywhere", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same_everywhere")
