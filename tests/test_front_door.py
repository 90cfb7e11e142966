"""The way in: the pins, `make` and its sentences, the scripts for CI and Binder, and the papers of the repository."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import repository
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from repository import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = re.findall(r"^PYTHONS = (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[0].split()
PIN_FILES = ("binder/requirements.txt", "tests/requirements.txt")
LAB_FILES = ("pyproject.toml", "binder/requirements.txt", "binder/overrides.json")  # what `make lab` installs from
PLATFORMS = (("linux", "posix", "Linux"), ("darwin", "posix", "Darwin"), ("win32", "nt", "Windows"))


# --- the pins ---------------------------------------------------------------------------------------------------------


def read_pins(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def environments() -> Iterator[dict[str, str]]:
    """Every system and Python the course is installed on, as markers see it."""
    for python in PYTHONS:
        for sys_platform, os_name, platform_system in PLATFORMS:
            yield {
                "python_version": python,
                "python_full_version": f"{python}.7",
                "implementation_name": "cpython",
                "platform_python_implementation": "CPython",
                "sys_platform": sys_platform,
                "os_name": os_name,
                "platform_system": platform_system,
                "extra": "",
            }


def pins_in(name: str, environment: dict[str, str]) -> dict[str, str]:
    """Package and version of each pin that applies in this environment; a package pinned twice is an error."""
    pins: dict[str, str] = {}
    for pin in read_pins(name):
        if pin.marker is None or pin.marker.evaluate(environment):
            package = canonicalize_name(pin.name)
            assert package not in pins, f"{name} pins {package} twice for {environment}"
            pins[package] = next(iter(pin.specifier)).version
    return pins


def wanted(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for: the core and these extras, extras of extras resolved."""
    listed = [Requirement(text) for text in PROJECT["dependencies"]]
    for extra in extras:
        for requirement in map(Requirement, PROJECT["optional-dependencies"][extra]):
            own = canonicalize_name(requirement.name) == PROJECT["name"]
            listed += wanted(*requirement.extras) if own else [requirement]
    return listed


@pytest.mark.parametrize("name", PIN_FILES)
def test_every_requirement_is_an_exact_pin(name: str) -> None:
    pins = read_pins(name)
    assert pins
    for pin in pins:
        operators = [(specifier.operator, "*" in specifier.version) for specifier in pin.specifier]
        assert operators == [("==", False)], f"{name}: {pin} is not an exact version"
        assert pin.url is None, f"{name}: {pin} is an address, and Binder has no such file when it installs"


@pytest.mark.parametrize(
    ("name", "extras"),
    [("binder/requirements.txt", ("lab", "tensorflow")), ("tests/requirements.txt", ("test",))],
)
def test_the_pins_are_what_pyproject_asks_for(name: str, extras: tuple[str, ...]) -> None:
    for environment in environments():
        pins = pins_in(name, environment)
        for requirement in wanted(*extras):
            package = canonicalize_name(requirement.name)
            assert package in pins, f"{name} does not pin {package}: make pins"
            assert requirement.specifier.contains(pins[package]), f"{name} pins {package} {pins[package]}: make pins"


def test_tests_and_lessons_share_one_environment() -> None:
    for environment in environments():
        lessons, tests = (pins_in(name, environment) for name in PIN_FILES)
        assert {package: tests[package] for package in lessons.keys() & tests.keys()}.items() <= lessons.items()


def test_the_pinned_environment_can_build_the_package() -> None:
    """`make` and binder/postBuild install without build isolation, that is with the pinned setuptools."""
    build_system = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    for requirement in map(Requirement, build_system["requires"]):
        for environment in environments():
            assert requirement.specifier.contains(pins_in(PIN_FILES[0], environment)[requirement.name])


def test_every_python_that_make_accepts_is_one_the_package_accepts() -> None:
    assert all(SpecifierSet(PROJECT["requires-python"]).contains(f"{python}.0") for python in PYTHONS)
    assert (ROOT / "binder/runtime.txt").read_text(encoding="utf-8").strip() in {f"python-{one}" for one in PYTHONS}


def test_no_file_names_a_registry_or_a_path_of_this_machine() -> None:
    registry = re.compile(
        r"\b(?:pypi|pythonhosted|anaconda|npmjs)\.(?:org|com)|--(?:extra-)?index[-]url|--find[-]links"
    )
    places = [f"{ROOT}/", f"{ROOT}\\", str(Path.home() / ".")[:-1] + "/"]
    for name in repository.files():
        text = (ROOT / name).read_bytes().decode("utf-8", errors="replace")
        assert not registry.search(text), f"{name} names {registry.search(text)}"
        assert not any(place in text for place in places), f"{name} names a path of this machine"


# --- make -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What `make` needs, in a folder with a space in its name."""
    return repository.copy(tmp_path / "a clone", "Makefile", ".ci/run", *LAB_FILES, "tests/requirements.txt")


def executable(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)
    return path


def run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run without a terminal, and without what an outer `make test` hands down."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    environment = {**inherited, **variables}
    return subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )


def sentence(result: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error that is not make's own."""
    lines = [line for line in result.stderr.splitlines() if not re.match(r"g?make(\[\d+\])?: ", line)]
    assert result.returncode != 0
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_make_alone_tells_what_it_can_do(clone: Path) -> None:
    result = run(clone, "make")
    assert result.returncode == 0
    assert all(f"make {target} " in result.stdout for target in ("lab", "test", "test-all", "lessons", "pins", "clean"))


def test_a_missing_python_gets_one_sentence(clone: Path) -> None:
    told = sentence(run(clone, "make", "lab", "PYTHON=no-such-python"))
    assert "no-such-python" in told
    assert f"make lab PYTHON=python{PYTHONS[-1]}" in told
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize("version", ["2.7.18", "3.9.6", "3.10.13", "3.14.0", "4.3.11"])
@pytest.mark.parametrize("target", ["lab", "test"])
def test_a_python_that_does_not_fit_gets_one_sentence(clone: Path, version: str, target: str) -> None:
    python = executable(clone / "some python", f"echo {version}")
    told = sentence(run(clone, "make", target, f"PYTHON={python}"))
    assert f"is Python {version}," in told
    assert " ".join(PYTHONS) in told
    assert f"make {target} PYTHON=" in told
    assert not (clone / ".venv").exists()


def test_a_python_without_venv_gets_one_sentence(clone: Path) -> None:
    python = executable(
        clone / "python3",
        'case "$2" in *version_info*) echo 3.12.4;; *ensurepip*) echo "No module named ensurepip" >&2; exit 1;; esac',
    )
    told = sentence(run(clone, "make", "lab", f"PYTHON={python}"))
    assert "apt install python3.12-venv" in told
    assert "make lab" in told
    assert not (clone / ".venv").exists()


def test_no_network_gets_one_sentence_and_leaves_no_stamp(clone: Path) -> None:
    (clone / "nothing").mkdir()
    unreachable = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": str(clone / "nothing"),
        "PIP_NO_CACHE_DIR": "1",
        "PIP_RETRIES": "0",
    }
    result = run(clone, "make", "lab", f"PYTHON={sys.executable}", **unreachable)
    told = sentence(result)
    assert "network" in told
    assert "make lab" in told
    assert "No matching distribution" in (clone / ".venv/install.log").read_text(encoding="utf-8")
    assert not list((clone / ".venv").glob("*.stamp"))


@pytest.mark.parametrize(
    ("complaint", "expected"),
    [
        ("WARNING: Connection broken\nERROR: [Errno 28] No space left on device", "disk is full"),
        ("pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool: Read timed out.", "network"),
        ("ERROR: No matching distribution found for tensorflow (from versions: 2.16.2)", "Apple silicon"),
        ("WARNING: ConnectionError, tried again\nerror: subprocess-exited-with-error", "Apple silicon"),
    ],
)
def test_a_failed_install_gets_the_sentence_of_its_cause(clone: Path, complaint: str, expected: str) -> None:
    executable(clone / ".venv/bin/python", f"cat >&2 <<'END'\n{complaint}\nEND", "exit 1")
    assert expected in sentence(run(clone, "make", "lab"))
    assert not list((clone / ".venv").glob("*.stamp"))


TESTED = ["ruff check", "mypy", "pytest tests", "pytest --nbval"]
TOOLS = ("python", "lrp-edu", "ruff", "mypy", "pytest", "jupyter")


@pytest.fixture
def installed(clone: Path) -> Path:
    """A clone whose .venv is set up; its tools only write down how they were called."""
    for tool in TOOLS:
        noted = ("MPLBACKEND", "LRP_EDU_OFFLINE", "TQDM_DISABLE", "CUDA_VISIBLE_DEVICES", "LRP_EDU_IMAGENET")
        variables = " ".join(f"{name}=${{{name}-unset}}" for name in noted)
        executable(
            clone / ".venv/bin" / tool,
            f'echo "{tool} $*" >> calls; echo "{variables}" >> variables',
            f'[ "$FAILING" != "{tool} $1" ]',
        )
    for moment, name in enumerate(
        [*LAB_FILES, "tests/requirements.txt", ".venv/bin/python", ".venv/lab.stamp", ".venv/test.stamp"]
    ):
        (clone / name).touch()
        os.utime(clone / name, (1e9 + moment, 1e9 + moment))
    return clone


def with_programs(folder: Path, *names: str) -> str:
    """A search path that begins with these programs, which only write down how they were called."""
    for name in names:
        executable(folder / "programs" / name, f'echo "{name} $*" >> calls', f'[ "$FAILING" != "{name} $1" ]')
    return f"{folder / 'programs'}{os.pathsep}{os.environ['PATH']}"


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text(encoding="utf-8").splitlines()


def test_a_second_make_lab_only_opens_the_course(installed: Path) -> None:
    assert run(installed, "make", "lab").returncode == 0
    assert calls(installed) == ["lrp-edu lab"]


@pytest.mark.parametrize("changed", LAB_FILES)
def test_make_lab_installs_again_when_its_requirements_change(installed: Path, changed: str) -> None:
    (installed / changed).touch()
    assert run(installed, "make", "lab").returncode == 0
    requirements, package, no_news, lab = calls(installed)
    assert re.fullmatch(r"python -m pip install .*-r binder/requirements\.txt", requirements)
    assert re.fullmatch(r"python -m pip install .*--no-deps .*--editable \.", package)
    assert re.fullmatch(r"jupyter labextension disable .*:announcements", no_news)
    assert lab == "lrp-edu lab"
    settings = installed / ".venv/share/jupyter/lab/settings/overrides.json"
    assert settings.read_bytes() == (installed / "binder/overrides.json").read_bytes()
    assert run(installed, "make", "lab").returncode == 0
    assert len(calls(installed)) == 5


def test_make_test_checks_everything_quietly(installed: Path) -> None:
    assert run(installed, "make", "test", MPLBACKEND="agg").returncode == 0
    ruff, mypy, tests, lessons = calls(installed)
    assert (ruff, mypy.split()[0]) == ("ruff check .", "mypy")
    assert tests == "pytest tests --numprocesses=2 --dist=worksteal"
    # A notebook's cells belong to one kernel, so the whole file goes to one process.
    assert re.fullmatch(r"pytest --nbval .*--nbval-cell-timeout=\d+ .*--dist=loadfile solutions", lessons)
    for variables in (installed / "variables").read_text(encoding="utf-8").splitlines():
        assert "MPLBACKEND=unset LRP_EDU_OFFLINE=1 TQDM_DISABLE=1 CUDA_VISIBLE_DEVICES=-1" in variables


def test_more_processes_can_share_the_tests(installed: Path) -> None:
    assert run(installed, "make", "test", "WORKERS=4").returncode == 0
    assert ["--numprocesses=4" in call for call in calls(installed)] == [False, False, True, True]


def test_make_test_all_adds_the_slow_tests(installed: Path) -> None:
    assert run(installed, "make", "test-all").returncode == 0
    assert calls(installed)[4:] == ["pytest tests -m slow"]
    assert len(set((installed / "variables").read_text(encoding="utf-8").splitlines())) == 1, "the same surroundings"


@pytest.mark.parametrize("failing", ["ruff check", "mypy ", "pytest tests", "pytest --nbval"])
@pytest.mark.parametrize("command", [("make", "test"), (".ci/run",)])
def test_any_failure_fails_the_test_command(installed: Path, failing: str, command: tuple[str, ...]) -> None:
    with_chromium = with_programs(installed, "chromium")
    assert run(installed, *command, CI="true", PATH=with_chromium).returncode == 0
    assert run(installed, *command, CI="true", PATH=with_chromium, FAILING=failing).returncode != 0


def test_make_lessons_executes_and_then_releases(installed: Path) -> None:
    assert run(installed, "make", "lessons").returncode == 0
    assert calls(installed) == ["python -m lrp_edu.classroom.execute", "lrp-edu release"]
    assert run(installed, "make", "lessons", FAILING="python -m").returncode != 0
    assert calls(installed)[2:] == ["python -m lrp_edu.classroom.execute"]


@pytest.mark.parametrize("beside", [True, False])
def test_ci_uses_imagenet_where_it_lies_beside_the_clone(installed: Path, beside: bool) -> None:
    weights = installed.parent / "shared/imagenet"
    if beside:
        weights.mkdir(parents=True)
    assert run(installed, ".ci/run", PATH=with_programs(installed, "chromium")).returncode == 0
    noted = (installed / "variables").read_text(encoding="utf-8")
    assert (f"LRP_EDU_IMAGENET={weights}\n" in noted) == beside


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("failing", ["", "apt-get update", "apt-get install"])
def test_ci_installs_chromium_where_it_is_missing_and_goes_on_without(
    installed: Path, there: bool, failing: str
) -> None:
    with_programs(installed, "apt-get", *(["chromium"] if there else []))
    for name in ("bash", "dirname", "make", "sh", "rm"):
        (installed / "programs" / name).symlink_to(shutil.which(name) or name)
    result = run(installed, ".ci/run", PATH=str(installed / "programs"), FAILING=failing)
    assert result.returncode == 0
    steps = [" ".join(call.split()[:2]) for call in calls(installed)]
    tried = ["apt-get update"] if failing == "apt-get update" else ["apt-get update", "apt-get install"]
    assert steps[: -len(TESTED)] == ([] if there else tried)
    assert steps[-len(TESTED) :] == TESTED
    said = [line for line in result.stderr.splitlines() if "Chromium" in line]
    assert len(said) == (not there and bool(failing))


# --- the scripts and the papers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [".ci/run", "binder/postBuild", "binder/start"])
def test_scripts_can_be_started(name: str) -> None:
    assert (ROOT / name).stat().st_mode & stat.S_IXUSR, f"chmod +x {name}"
    assert (ROOT / name).read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")


def test_start_passes_the_command_through_and_limits_it_to_one_core() -> None:
    show = "import os, sys; print(sys.argv[1:], os.environ['OMP_NUM_THREADS'], os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    command = (str(ROOT / "binder/start"), sys.executable, "-c", show, "two words", "*", "")
    other = {"OMP_NUM_THREADS": "8", "TF_CPP_MIN_LOG_LEVEL": "0"}
    assert run(ROOT, *command, **other).stdout == f"{['two words', '*', '']} 1 3\n"
    assert run(ROOT, str(ROOT / "binder/start"), "sh", "-c", "exit 7").returncode == 7


def test_post_build_stops_at_the_first_failure(tmp_path: Path) -> None:
    home = repository.copy(tmp_path, "binder/postBuild")
    executable(tmp_path / "bin/pip", "exit 5")
    executable(tmp_path / "bin/jupyter", "exit 0")
    assert run(home, str(home / "binder/postBuild"), PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}").returncode == 5


def heading_anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "INSTRUCTOR.md"])
def test_links_inside_the_repository_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)", text) + re.findall(r"(?:src|href)=\"([^\"]+)\"", text)
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        assert (ROOT / path).exists(), f"{name} links to {link}, which does not exist"
        assert not anchor or path or anchor in heading_anchors(text), f"{name} links to {link}, which is no heading"


def test_the_citation_is_complete_and_current() -> None:
    yaml = importlib.import_module("yaml")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert str(citation["cff-version"]) == "1.2.0"
    assert all(isinstance(citation[key], str) for key in ("message", "title", "version"))
    assert citation["version"] == PROJECT["version"]
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in PROJECT["authors"]]
    assert citation["license"] == [PROJECT["license"], "CC-BY-4.0"]  # the code, which is packaged, and the lessons


@pytest.mark.parametrize(("name", "licence"), [("LICENSE", "MIT License"), ("LICENSE-CONTENT", "CC-BY-4.0")])
def test_both_licences_are_there(name: str, licence: str) -> None:
    assert licence in (ROOT / name).read_text(encoding="utf-8")


def test_the_package_carries_the_licence_of_its_code() -> None:
    assert (PROJECT["license"], PROJECT["license-files"]) == ("MIT", ["LICENSE"])
