"""The command line: what it prints, and how it says that something is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat import v4
from typer.testing import CliRunner, Result

import lrp_edu
from lrp_edu import cli
from lrp_edu.classroom.notebook import to_bytes


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, arguments)


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one solution notebook: one exercise of two points. It is the current one."""
    nbgrader = {"grade": True, "solution": False, "locked": True, "grade_id": "topic-a-check", "points": 2}
    cell = v4.new_code_cell("1", id="one", metadata={"nbgrader": {**nbgrader, "schema_version": 3}})
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "00_start_here.ipynb").write_bytes(to_bytes(v4.new_notebook(cells=[cell])))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_release_writes_the_notebooks_and_prints_the_points(course: Path) -> None:
    result = run("release")
    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["notebooks/00_start_here.ipynb", "2"],
        ["topic-a", "2"],
    ]
    assert (course / "notebooks" / "00_start_here.ipynb").exists()


def test_release_takes_other_folders(course: Path) -> None:
    (course / "solutions").rename(course / "mine")
    assert run("release", "--solutions", "mine", "--to", "class/handout").exit_code == 0
    assert (course / "class" / "handout" / "00_start_here.ipynb").exists()


def test_errors_are_a_line_on_stderr_and_status_1(course: Path) -> None:
    (course / "solutions" / "00_start_here.ipynb").write_text("{")
    result = run("release")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("lrp-edu: solutions/00_start_here.ipynb: not JSON")
    assert len(result.stderr.splitlines()) == 1


def test_an_error_of_the_disk_is_a_line_too(course: Path) -> None:
    (course / "notebooks").write_text("a file, not a folder")
    result = run("release")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)


@pytest.mark.parametrize("arguments", [["fly"], ["release", "--fast"], ["--fast"]])
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_version() -> None:
    assert run("--version").stdout == f"lrp-edu {lrp_edu.__version__}\n"


@pytest.mark.skipif(os.name != "posix", reason="elsewhere JupyterLab runs as a child")
def test_lab_becomes_jupyterlab_at_the_first_lesson(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("release")
    commands: list[list[str]] = []

    def execv(program: str, command: list[str]) -> None:
        commands.append([program, *command])
        raise SystemExit(0)

    monkeypatch.setattr(os, "execv", execv)
    assert run("lab", "--no-browser", "--port", "8890").exit_code == 0
    first = os.path.join("notebooks", "00_start_here.ipynb")
    program, *command = commands[0]
    assert program == sys.executable
    # The whole course is served, so that a lesson can link to what lies beside its folder.
    root = f"--ServerApp.root_dir={course}"
    assert command == [sys.executable, "-m", "jupyterlab", root, first, "--no-browser", "--port", "8890"]


def test_lab_says_where_the_lessons_should_be(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "execv", lambda *command: pytest.fail("JupyterLab was started"))
    result = run("lab")
    assert result.exit_code == 1
    assert f"00_start_here.ipynb is not in {course}" in result.stderr


def test_lab_says_how_to_get_jupyterlab(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None)
    result = run("lab")
    assert result.exit_code == 1
    assert "pip install 'lrp-edu[lab]'" in result.stderr


def test_help_loads_nothing_heavy() -> None:
    heavy = {"nbgrader", "nbformat", "nbclient", "jupyterlab", "numpy", "sympy", "tensorflow"}
    program = f"import sys, lrp_edu.cli; print(*{heavy} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""
