"""How much memory was taken and how much is left, for a kernel that runs out of it dies without a word."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

MEGABYTE = 1_000_000
_M_MMAP_THRESHOLD = -3  # as malloc.h of glibc numbers it


class Free(NamedTuple):
    """Memory that may still be taken, in bytes, and who sets the limit."""

    size: int
    limit: str


def require(needed: int, purpose: str, way_out: str, root: Path = Path("/")) -> None:
    """Raise an error now where the system would kill the process later.

    Args:
        needed: the memory that will be taken on top of what is in use now, in bytes.
        purpose: what it is for, to begin the message.
        way_out: what to do where there is too little.
        root: where the system's files are looked for.

    Raises:
        MemoryError: there is less; the message says how much of what.
    """
    free = available(root)
    if free is not None and free.size < needed:
        collect()
        free = available(root)
    if free is not None and free.size < needed:
        raise MemoryError(
            f"{purpose} needs {needed / MEGABYTE:,.0f} MB of memory, and {max(free.size, 0) / MEGABYTE:,.0f} MB are "
            f"left ({free.limit}); {way_out}"
        )


def available(root: Path = Path("/")) -> Free | None:
    """The memory that this process may still take: the tightest of what JupyterHub, the container and Linux leave it.

    None where nothing tells, as on macOS and Windows, which move what does not fit to the disk.
    """
    return min(_limits(root), default=None)


def peak(root: Path = Path("/")) -> int | None:
    """The most memory that this process has held so far, in bytes; None where Linux does not tell."""
    return 1024 * _table(root / "proc/self/status").get("VmHWM:", 0) or None


def collect() -> None:
    """Give back to the system what nobody needs any more, such as a network that was let go of (del model).

    It may still be there: the last error holds what its cell worked with, the parts of a network refer to each other
    in circles, and Linux' C library keeps what was freed for later.
    """
    traceback.clear_frames(getattr(sys, "last_traceback", None))
    gc.collect()
    _of_glibc("malloc_trim", 0)


def give_back_large_blocks(size: int = MEGABYTE) -> None:
    """From now on, have blocks of at least `size` bytes go back to the system as soon as they are free.

    Linux' C library keeps them otherwise, in the hope to use them again: beside VGG16 that is a quarter of a gigabyte.
    """
    _of_glibc("mallopt", _M_MMAP_THRESHOLD, size)


def _of_glibc(function: str, *arguments: int) -> None:
    """Call a function of Linux' C library; elsewhere there is nothing to do."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library than glibc
            getattr(ctypes.CDLL(None), function)(*arguments)


def _limits(root: Path) -> Iterator[Free]:
    hub = os.environ.get("MEM_LIMIT", "")  # bytes, as JupyterHub sets it; others may write it otherwise
    if hub.isdecimal():
        yield Free(int(hub) - _resident(root), "MEM_LIMIT, set by JupyterHub")
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers == "":
            yield from _cgroup(root / "sys/fs/cgroup", group, "memory.max", "memory.current", "")
        elif "memory" in controllers.split(","):
            folder = root / "sys/fs/cgroup/memory"
            yield from _cgroup(folder, group, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
    system = _table(root / "proc/meminfo").get("MemAvailable:")
    if system is not None:
        yield Free(system * 1024, "of the whole machine")


def _cgroup(top: Path, group: str, limit: str, use: str, prefix: str) -> Iterator[Free]:
    """What a group of processes may still take, and each group around it, up to the outermost one that is visible."""
    inner = [] if ".." in group else [part for part in group.split("/") if part]
    for depth in range(len(inner), -1, -1):
        folder = top.joinpath(*inner[:depth])
        most, used = _read(folder / limit).strip(), _read(folder / use).strip()
        if most.isdecimal() and used.isdecimal():
            # Pages of files count as used, and are given back as soon as there is need.
            kept = _table(folder / "memory.stat")
            files = kept.get(f"{prefix}inactive_file", 0) + kept.get(f"{prefix}active_file", 0)
            yield Free(int(most) - int(used) + files, "the limit of this container or session")


def _resident(root: Path) -> int:
    """What this process holds now, in bytes; 0 where Linux does not tell."""
    return _table(root / "proc/self/status").get("VmRSS:", 0) * 1024


def _table(path: Path) -> dict[str, int]:
    """The lines of a file that hold a word and a number first."""
    rows = [line.split() for line in _read(path).splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdecimal()}


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
