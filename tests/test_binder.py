"""Binder without docker: a clean environment, built in the order repo2docker builds it, runs the first lesson.

What this cannot see: repo2docker's base image, and Binder's memory limit.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
import repository
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from repository import ROOT

LESSON = "00_start_here.ipynb"
UV = str(Path(sys.executable).with_name("uv"))


class Binder(NamedTuple):
    """A clean environment and the copy of the repository beside it."""

    environment: Path
    home: Path

    def run(self, *command: str, **variables: str) -> str:
        """Run in the repository with only this environment's programs first on the path; return what was said."""
        foreign = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "MPLBACKEND", "JUPYTER_PATH"}
        inherited = {name: value for name, value in os.environ.items() if name not in foreign}
        path = f"{self.environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return said(command, self.home, inherited | {"PATH": path} | variables)


def said(command: tuple[str, ...], folder: Path, variables: dict[str, str] | None = None) -> str:
    result = subprocess.run(
        command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def install(environment: Path, folder: Path) -> None:
    """Install requirements.txt, as fast as this machine can.

    uv resolves and installs the same pins as pip in a tenth of the time, most of all from its cache. Where it
    reaches no index (it does not read pip's settings), pip does it, as on Binder.
    """
    python = str(environment / "bin/python")
    uv = (UV, "pip", "install", "--quiet", "--python", python)
    pip = (python, "-m", "pip", "install", "--quiet")
    for first_choice in ((*uv, "--offline"), uv):
        if subprocess.run((*first_choice, "-r", "requirements.txt"), cwd=folder, capture_output=True).returncode == 0:
            return
    said((*pip, "-r", "requirements.txt"), folder)


@pytest.fixture(scope="module")
def binder() -> Iterator[Binder]:
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name).resolve()
        environment = temporary / "environment"
        said((sys.executable, "-m", "venv", str(environment)), temporary)

        # First the requirements, from a folder that holds nothing else: a path into the repository would break here.
        alone = temporary / "alone"
        alone.mkdir()
        (alone / "requirements.txt").write_bytes((ROOT / "binder/requirements.txt").read_bytes())
        install(environment, alone)

        # Then the repository, then its postBuild, which needs no index: PIP_NO_INDEX shows it.
        built = Binder(environment, repository.copy(temporary / "home"))
        built.run("binder/postBuild", PIP_NO_INDEX="1")
        yield built


def test_the_pins_are_consistent_and_nothing_else_came_with_them(binder: Binder) -> None:
    python = str(binder.environment / "bin/python")
    binder.run(UV, "pip", "check", "--python", python)  # fails where a requirement is missing or does not fit
    listed = json.loads(binder.run(UV, "pip", "list", "--format=json", "--python", python))
    came = {canonicalize_name(one["name"]): one["version"] for one in listed if one["name"] not in ("pip", "lrp-edu")}
    pins = [Requirement(line) for line in (ROOT / "binder/requirements.txt").read_text(encoding="utf-8").splitlines()]
    here = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    assert came.keys() == {canonicalize_name(pin.name) for pin in here}
    assert all(pin.specifier.contains(came[canonicalize_name(pin.name)]) for pin in here)


def test_the_installed_package_is_not_the_copy_in_the_repository(binder: Binder) -> None:
    where = binder.run("python", "-P", "-c", "import lrp_edu; print(lrp_edu.__file__)")
    assert Path(where.strip()).is_relative_to(binder.environment)


def test_nothing_is_left_in_the_file_browser(binder: Binder) -> None:
    assert {path.name for path in binder.home.iterdir()} == {name.parts[0] for name in repository.files()}


def test_jupyterlab_finds_the_settings_of_the_course(binder: Binder) -> None:
    # What `jupyter lab path` says ends in the folder of the application; settings/overrides.json in it is read.
    lines = binder.run("jupyter", "lab", "path").splitlines()
    folder = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("Application directory"))
    found = Path(folder, "settings/overrides.json").read_bytes()
    assert found == (ROOT / "binder/overrides.json").read_bytes()


def test_the_first_lesson_runs(binder: Binder) -> None:
    convert = ("jupyter", "nbconvert", "--to", "notebook", "--execute", f"solutions/{LESSON}", "--output-dir", "..")
    binder.run("binder/start", *convert)
    cells = json.loads((binder.home.parent / LESSON).read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert outputs
    assert not [output for output in outputs if output["output_type"] == "error"]


def test_the_badge_opens_the_first_lesson() -> None:
    badges = re.findall(r"https://mybinder\.org/v2/[^)\s\"]+", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert badges
    for badge in badges:
        assert parse_qs(urlsplit(badge).query)["urlpath"] == [f"lab/tree/notebooks/{LESSON}"]
        assert (ROOT / "notebooks" / LESSON).exists()
