"""Lesson 06 with VGG16: the way that its stored outputs do not show, on weights made on the spot in Keras' own layout.

The weights are random, so what comes out makes no sense; but every cell runs, and every check passes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat import v4
from nbformat.notebooknode import NotebookNode
from weight_files import enough_room, write_h5

pytest.importorskip("tensorflow")

from lrp_edu import models
from lrp_edu.classroom.notebook import read
from lrp_edu.models import Architecture

ROOT = Path(__file__).parents[1]
LESSON = "06_vgg16.ipynb"

NARROW = {
    "VGG16": Architecture("vgg16", ((2, 2), (2, 2), (3, 3), (3, 3), (3, 4)), hidden=8, classes=1000, size=224),
    "VGG19": Architecture("vgg19", ((2, 2), (2, 2), (4, 3), (4, 3), (4, 4)), hidden=8, classes=1000, size=224),
}
FULL = {name: getattr(models, name).architecture for name in NARROW}
CLASSES = {812: "space_shuttle", 518: "crash_helmet"}

# What a kernel is told first: these weights are those that Keras distributes, and nothing else can be downloaded.
PREPARE = """
from dataclasses import replace
from lrp_edu import models
from lrp_edu.models import Architecture
for name, architecture, digest in {networks!r}:
    setattr(models, name, replace(getattr(models, name), architecture=architecture, md5=digest))
models.KERAS_URL = "file:///nowhere"
del name, architecture, digest
"""


def keras_home(folder: Path, networks: dict[str, Architecture]) -> str:
    """A folder as Keras fills it, and the cell that makes the lesson believe in it."""
    known = []
    for name, architecture in networks.items():
        path = folder / "models" / getattr(models, name).file
        write_h5(path, architecture)
        with open(path, "rb") as file:
            known.append((name, architecture, hashlib.file_digest(file, "md5").hexdigest()))
    index = {str(number): [f"n{number:08}", CLASSES.get(number, f"thing_{number}")] for number in range(1000)}
    (folder / "models" / "imagenet_class_index.json").write_text(json.dumps(index))
    return PREPARE.format(networks=known)


def run(lesson: Path, folder: Path, networks: dict[str, Architecture]) -> NotebookNode:
    """The lesson run as on Binder, where VGG16 is to be had."""
    notebook = read(lesson)
    notebook.cells = [v4.new_code_cell(keras_home(folder, networks)), *notebook.cells, v4.new_code_cell(PEAK)]
    environment = {**os.environ, "KERAS_HOME": str(folder), "TQDM_DISABLE": "1"}
    del environment["LRP_EDU_OFFLINE"]
    client = NotebookClient(notebook, timeout=600, kernel_name="python3")
    client.execute(cwd=str(folder), env=environment)
    return notebook


PEAK = "from lrp_edu import memory; print('peak:', memory.peak())"
# In bytes. Binder's 2 GB are for the notebook server, too; 1.48 GB were measured, and it differs by some percent.
BAR = 1_550_000_000


def printed(notebook: NotebookNode) -> str:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.get("name") == "stdout")


def figures(notebook: NotebookNode) -> list[str]:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.metadata["image/png"]["alt"] for output in outputs if "image/png" in output.get("data", {})]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lesson's own switch, which `run` takes away again."""
    monkeypatch.setenv("LRP_EDU_OFFLINE", "1")


def assert_it_ran_the_first_way(notebook: NotebookNode) -> None:
    text, shown = printed(notebook), figures(notebook)
    assert "This lesson runs with VGG16, its ImageNet weights, and photographs." in text
    assert "runs with vgg16_mini" not in text
    assert "VGG19 cannot be had" not in text
    assert text.count("✓") == 3
    assert "astronaut" in text
    assert len(shown) == len(figures(read(ROOT / "solutions" / LESSON))) + 1
    assert any("VGG19" in alt for alt in shown)


@pytest.mark.skipif("CI" in os.environ, reason="where CI is set, it runs with networks of full size")
def test_the_lesson_runs_with_vgg16_and_vgg19(tmp_path: Path) -> None:
    assert_it_ran_the_first_way(run(ROOT / "solutions" / LESSON, tmp_path, NARROW))


@pytest.mark.skipif("CI" not in os.environ, reason="some minutes and 2 GB: runs where CI is set")
@pytest.mark.skipif(not enough_room(disk=2_000_000_000), reason="needs Linux, 2 GB of memory and 2 GB of disk")
def test_the_lesson_and_its_explorer_stay_within_binder_s_memory(tmp_path: Path) -> None:
    """With VGG16 and VGG19 in their full size: the most that the kernel has held, TensorFlow included."""
    try:
        notebook = run(ROOT / "solutions" / LESSON, tmp_path, FULL)
    finally:
        shutil.rmtree(tmp_path / "models", ignore_errors=True)
    assert_it_ran_the_first_way(notebook)
    peak = int(printed(notebook).rpartition("peak: ")[2])
    assert peak < BAR, f"peak of {peak / 1e6:.0f} MB"
