"""JupyterLab, started by the learner's own command, on a copy of the course that it may write to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
import repository
from repository import ROOT

from lrp_edu.classroom.execute import ENVIRONMENT

LAB = "from lrp_edu.cli import app; app()"
SECONDS_TO_START, SECONDS_TO_END = 120, 15
IDLE_SECONDS = 900  # should this process be killed, the server ends itself
CONTENTS = ("notebooks/", "solutions/", "NOTATION.md")


class Server(NamedTuple):
    """A running JupyterLab."""

    url: str
    token: str
    course: Path  # the folder that it serves


@contextmanager
def jupyterlab(folder: Path) -> Iterator[Server]:
    """A JupyterLab whose files, settings and kernels are in `folder`; it ends with its kernels, whatever happens."""
    course, settings = folder / "course", folder / "settings"
    repository.copy(course, *(str(name) for name in repository.files() if name.as_posix().startswith(CONTENTS)))
    settings.mkdir()
    (settings / "overrides.json").write_bytes((ROOT / "binder/overrides.json").read_bytes())
    options = {
        "ServerApp.port": 0,
        "ServerApp.allow_root": True,
        "ServerApp.shutdown_no_activity_timeout": IDLE_SECONDS,
        "MappingKernelManager.cull_idle_timeout": IDLE_SECONDS,
        "LabApp.app_settings_dir": settings,
        "LabApp.expose_app_in_browser": True,
        "LabApp.news_url": None,
    }
    command = [sys.executable, "-c", LAB, "lab", "--no-browser", *(f"--{key}={one}" for key, one in options.items())]
    own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "RUNTIME", "DATA")}
    variables = {**os.environ, **ENVIRONMENT, **own, "IPYTHONDIR": str(folder / "ipython")}
    with (folder / "server.log").open("w") as log:
        process = psutil.Popen(
            command, cwd=course, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield _answering(process, folder)
    finally:
        _end(process)


def _answering(process: psutil.Popen, folder: Path) -> Server:
    """The server, once it answers. Its address is in a file that it writes: the port was free, and is its own."""
    file = folder / "runtime" / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            information = json.loads(file.read_text(encoding="utf-8"))
            server = Server(f"http://127.0.0.1:{information['port']}/", information["token"], folder / "course")
            with urllib.request.urlopen(f"{server.url}api", timeout=10):
                return server
        except (OSError, ValueError):
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{(folder / 'server.log').read_text(encoding='utf-8')}")


def _end(process: psutil.Popen) -> None:
    kernels = process.children(recursive=True) if process.is_running() else []
    process.terminate()
    _, alive = psutil.wait_procs([process, *kernels], timeout=SECONDS_TO_END)
    for one in alive:
        one.kill()
    psutil.wait_procs(alive, timeout=SECONDS_TO_END)
