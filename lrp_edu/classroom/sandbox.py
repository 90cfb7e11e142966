"""Where students' code runs: the strongest protection that this machine grants, found out by trying it.

- *bubblewrap*: the kernel sees Python, `lrp_edu` and an empty folder, nothing else of the disk; it has no network, and
  its processes end with it.
- *namespaces*: without bubblewrap but with Linux's `unshare`: no network, and its processes end with it. What the user
  who grades may read and write, the kernel may, too.
- *limits*: neither; only the limits below.

In all three, memory, processor time, size of files, number of processes, written data and time are limited, and the
environment is a fresh one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import lrp_edu
from lrp_edu.classroom.settings import REPEATABLE

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
SETTINGS = ("alternatives", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "os-release")
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH")
PACKAGE = Path(lrp_edu.__file__).resolve().parent
EMPTY = PACKAGE / "py.typed"  # a file with nothing in it, to be shown in the place of another


@dataclass(frozen=True)
class Limits:
    """What one submission may take: bytes, seconds, and numbers of processes."""

    memory: int = 3_000_000_000
    cell_seconds: float = 30.0
    all_seconds: float = 300.0
    output: int = 5_000_000
    file: int = 50_000_000
    folder: int = 200_000_000
    processes: int = 24
    threads: int = 512


@dataclass(frozen=True)
class Sandbox:
    """A protection.

    Attributes:
        name, meaning: what it is called, and what it keeps away.
        prefix: the command that it puts before another, from the folder to write to and the places to hide.
        ends_with_its_kernel: whether no process can outlive the kernel.
        hidden: files and folders that must not be seen, even where they lie beside what has to be.
    """

    name: str
    meaning: str
    prefix: Callable[[Path, Sequence[Path]], list[str]]
    ends_with_its_kernel: bool = True
    hidden: tuple[Path, ...] = ()

    def command(self, folder: Path, limits: Limits, command: list[str]) -> list[str]:
        """The command line that runs `command` in `folder`, protected and limited."""
        # Addresses are not memory: TensorFlow takes twice as many. What is really used is watched from outside.
        numbers = (2 * limits.memory, limits.all_seconds, limits.file, limits.threads)
        limited = [sys.executable, "-I", "-S", str(PACKAGE / "classroom" / "limited.py")]
        return [*self.prefix(folder, self.hidden), *limited, *(str(int(number)) for number in numbers), *command]


def environment(folder: Path) -> dict[str, str]:
    """The environment of a kernel: nothing of the grader's own, one thread, no network, no progress bars."""
    own = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    paths = [str(PACKAGE.parent), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        **own,
        "HOME": str(folder),
        "USER": "student",
        "TMPDIR": str(folder),
        "IPYTHONDIR": str(folder / ".ipython"),
        "MPLCONFIGDIR": str(folder / ".matplotlib"),
        "MALLOC_ARENA_MAX": "2",
        "MPLBACKEND": "agg",
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        **REPEATABLE,
        **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")},
        **{f"TF_NUM_{kind}_THREADS": "1" for kind in ("INTRAOP", "INTEROP")},
        **({"LRP_EDU_IMAGENET": os.environ["LRP_EDU_IMAGENET"]} if "LRP_EDU_IMAGENET" in os.environ else {}),
    }


def furnish(folder: Path) -> None:
    """Put into the folder of a kernel what Matplotlib knows about fonts: else each kernel would look anew."""
    (folder / ".matplotlib").mkdir()
    for path in _font_lists():
        shutil.copy(path, folder / ".matplotlib")


@cache
def _font_lists() -> tuple[Path, ...]:
    import matplotlib
    import matplotlib.font_manager

    assert matplotlib.font_manager.fontManager
    return tuple(Path(matplotlib.get_cachedir()).glob("fontlist-*.json"))


def best() -> Sandbox:
    """The first protection that works here."""
    return next(sandbox for sandbox in PROTECTIONS if works(sandbox))


@cache
def _python_paths() -> tuple[Path, ...]:
    """Where Python and its packages lie, with links resolved as well."""
    given = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    given += [path for path in sys.path if "site-packages" in path or "dist-packages" in path]
    paths = [Path(path) for path in given if Path(path).is_dir()]
    return tuple(dict.fromkeys([*paths, *(path.resolve() for path in paths)]))


def _bubblewrap(folder: Path, hidden: Sequence[Path]) -> list[str]:
    weights = [Path(os.environ["LRP_EDU_IMAGENET"])] if "LRP_EDU_IMAGENET" in os.environ else []
    settings = [Path("/etc", name) for name in SETTINGS]
    readable = [*map(Path, SYSTEM), *settings, *_python_paths(), PACKAGE, *weights]
    binds = [part for path in readable if path.exists() for part in ("--ro-bind", str(path), str(path))]
    for path in map(Path.resolve, hidden):
        if any(path.is_relative_to(place.resolve()) for place in readable):
            instead = ["--tmpfs", str(path), "--remount-ro"] if path.is_dir() else ["--ro-bind", str(EMPTY)]
            binds += [*instead, str(path)]
    # What bubblewrap makes by itself lies in memory that nobody counts: only the folder may be written to.
    closed = [part for place in ("/dev", "/tmp", "/") for part in ("--remount-ro", place)]
    return [
        "bwrap", "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", *binds,
        "--bind", str(folder), str(folder), *closed, "--chdir", str(folder), "--",
    ]  # fmt: skip


def _namespaces(folder: Path, hidden: Sequence[Path]) -> list[str]:
    return ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]


PROTECTIONS = (
    Sandbox(
        "bubblewrap",
        "no network, nothing of the disk but Python and an empty folder, and limits",
        _bubblewrap,
    ),
    Sandbox(
        "namespaces",
        "no network, and limits; but files are protected by their permissions only (install bubblewrap to hide them)",
        _namespaces,
    ),
    Sandbox(
        "limits",
        "limits on time, memory, processes and output only; network and files are open to students' code "
        "(on Linux, install bubblewrap)",
        lambda folder, hidden: [],
        ends_with_its_kernel=False,
    ),
)


@cache
def works(sandbox: Sandbox) -> bool:
    """Whether a protection can be had: Python starts in it, finds `lrp_edu`, and may write where it should."""
    if sys.platform == "win32":
        return sandbox.name == "limits"
    from tempfile import TemporaryDirectory

    if (command := sandbox.prefix(Path("/"), ())) and shutil.which(command[0]) is None:
        return False
    trial = "import lrp_edu.check, ipykernel, os; open('there', 'w').close()"
    with TemporaryDirectory(prefix="lrp-") as name:
        folder = Path(name)
        command = sandbox.command(folder, Limits(), [sys.executable, "-c", trial])
        done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True)
        return done.returncode == 0 and (folder / "there").exists()
