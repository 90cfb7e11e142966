"""What is said while nobody listens is gone; what is said afterwards is heard again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lrp_edu.quiet import without_messages


def say(what: str) -> None:
    os.write(2, what.encode())


def test_nothing_reaches_stderr_inside_and_all_of_it_outside(capfd: pytest.CaptureFixture[str]) -> None:
    say("before ")
    with without_messages():
        say("inside ")
    say("after")
    assert capfd.readouterr().err == "before after"


@without_messages()
def complain() -> None:
    say("inside")
    raise ValueError("wrong")


def test_an_error_passes_and_stderr_is_back(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="wrong"):
        complain()
    say("after")
    assert capfd.readouterr().err == "after"


@pytest.mark.parametrize("first", ["from lrp_edu import LRP", "from lrp_edu import models; models.vgg16_mini()"])
def test_tensorflow_starts_without_a_word(first: str) -> None:
    pytest.importorskip("tensorflow")
    code = f"{first}; import tensorflow as tf; print(int(tf.reduce_sum([1, 2])))"
    silencers = ("CUDA_VISIBLE_DEVICES", "TF_CPP_MIN_LOG_LEVEL")
    environment = {name: value for name, value in os.environ.items() if name not in silencers}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (ran.stdout.strip(), ran.stderr) == ("3", "")
