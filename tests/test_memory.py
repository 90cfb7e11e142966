"""The memory that is left: JupyterHub's limit, both kinds of container limits and Linux' figure, on files made up."""

from __future__ import annotations

import gc
import platform
import re
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from lrp_edu import memory

ON_LINUX = Path("/proc/meminfo").exists()


def write(root: Path, **files: str | int) -> None:
    """Files by their path, with __ for a slash and ___ for a dot."""
    for name, text in files.items():
        path = root / name.replace("___", ".").replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Linux machine with 4000 kB available, no container, no JupyterHub; this process holds 100 kB."""
    monkeypatch.delenv("MEM_LIMIT", raising=False)
    write(
        tmp_path,
        proc__meminfo="MemTotal:  9000 kB\nMemFree:  10 kB\nMemAvailable:  4000 kB\nHugePages_Total: 0",
        proc__self__status="Name:\tpython3 -m\nVmHWM:\t  900 kB\nVmRSS:\t  100 kB",
    )
    return tmp_path


def test_linux_says_what_is_available(machine: Path) -> None:
    free = memory.available(machine)
    assert free is not None
    assert free.size == 4000 * 1024
    assert "machine" in free.limit


def test_elsewhere_nothing_is_known_and_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEM_LIMIT", raising=False)
    assert memory.available(tmp_path) is None
    memory.require(10**15, "a network", "", tmp_path)


def test_jupyterhub_s_limit_counts_less_what_the_process_holds(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEM_LIMIT", str(2_000_000))
    free = memory.available(machine)
    assert free is not None
    assert free.size == 2_000_000 - 100 * 1024
    assert "MEM_LIMIT" in free.limit


@pytest.mark.parametrize("value", ["", "2G", "unlimited", "-1"])
def test_a_limit_that_is_no_number_of_bytes_is_left_aside(
    machine: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("MEM_LIMIT", value)
    free = memory.available(machine)
    assert free is not None
    assert "machine" in free.limit


def test_a_container_s_limit_with_pages_of_files_given_back(machine: Path) -> None:
    """cgroup v2, as Docker and Kubernetes show it from inside: 3000 − 2500 + (200 + 50)."""
    write(
        machine,
        proc__self__cgroup="0::/",
        sys__fs__cgroup__memory___max=3000,
        sys__fs__cgroup__memory___current=2500,
        sys__fs__cgroup__memory___stat="anon 2100\nfile 260\ninactive_file 200\nactive_file 50",
    )
    free = memory.available(machine)
    assert free is not None
    assert free.size == 750
    assert "container" in free.limit


def test_the_tightest_of_the_groups_around_counts(machine: Path) -> None:
    write(
        machine,
        proc__self__cgroup="0::/user/session",
        sys__fs__cgroup__user__session__memory___max="max",
        sys__fs__cgroup__user__session__memory___current=10,
        sys__fs__cgroup__user__memory___max=1000,
        sys__fs__cgroup__user__memory___current=400,
    )
    free = memory.available(machine)
    assert free is not None
    assert free.size == 600


def test_the_older_kind_of_container(machine: Path) -> None:
    """cgroup v1: the path is the host's, and only the outermost folder is seen from inside."""
    write(
        machine,
        proc__self__cgroup="3:cpu,cpuacct:/docker/ab\n2:memory:/docker/ab\n0::/docker/ab",
        sys__fs__cgroup__memory__memory___limit_in_bytes=5000,
        sys__fs__cgroup__memory__memory___usage_in_bytes=3000,
        sys__fs__cgroup__memory__memory___stat="inactive_file 1\ntotal_inactive_file 100\ntotal_active_file 10",
    )
    free = memory.available(machine)
    assert free is not None
    assert free.size == 2110


@pytest.mark.parametrize("group", ["/../../elsewhere", "/", "/with:colon"])
def test_a_group_out_of_sight_is_looked_for_at_the_top(machine: Path, group: str) -> None:
    write(
        machine,
        proc__self__cgroup=f"0::{group}",
        sys__fs__cgroup__memory___max=3000,
        sys__fs__cgroup__memory___current=1000,
    )
    free = memory.available(machine)
    assert free is not None
    assert free.size == 2000


def test_too_little_names_the_need_what_is_there_and_the_way_out(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEM_LIMIT", "2_000_000".replace("_", ""))
    message = "vgg16 needs 1,500 MB of memory, and 2 MB are left (MEM_LIMIT, set by JupyterHub); take the small one"
    with pytest.raises(MemoryError, match=re.escape(message)):
        memory.require(1_500_000_000, "vgg16", "take the small one", machine)
    memory.require(1_800_000, "vgg16", "take the small one", machine)


def test_what_is_left_never_reads_as_less_than_nothing(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEM_LIMIT", "1000")
    with pytest.raises(MemoryError, match=r"and 0 MB are left"):
        memory.require(1_000_000, "vgg16", "", machine)


def test_what_waits_to_be_given_back_is_given_back_before_anything_is_refused(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that was let go of keeps its memory until Python looks for circles."""
    monkeypatch.setattr(gc, "collect", lambda: write(machine, proc__meminfo="MemAvailable: 8000 kB"))
    memory.require(7_000_000, "vgg16", "", machine)


@pytest.mark.skipif(not ON_LINUX, reason="Linux tells, others do not")
def test_this_machine_has_some_memory_left() -> None:
    free = memory.available()
    assert free is not None
    assert free.size > 10_000_000


# What was taken, and what is given back


def test_the_peak_is_linux_own_figure(machine: Path, tmp_path: Path) -> None:
    assert memory.peak(machine) == 900 * 1024
    assert memory.peak(tmp_path / "elsewhere") is None


@pytest.mark.skipif(not ON_LINUX, reason="Linux tells")
def test_the_peak_rises_with_what_is_held() -> None:
    before = memory.peak()
    held = bytearray(200 * memory.MEGABYTE)
    held[::4096] = bytes(len(held[::4096])).replace(b"\0", b"1")
    after = memory.peak()
    assert before is not None
    assert after is not None
    assert after >= before
    assert after > len(held)


class Held:
    """Something large; `itself` makes it a circle."""

    def __init__(self) -> None:
        self.itself = self


def test_what_an_error_held_is_given_back() -> None:
    def failing() -> None:
        here = Held()
        seen.append(weakref.ref(here))
        raise ValueError

    seen: list[weakref.ref[Held]] = []
    try:
        failing()
    except ValueError as error:
        sys.last_traceback = error.__traceback__
    try:
        gc.collect()
        assert seen[0]() is not None
        memory.collect()
        assert seen[0]() is None
    finally:
        del sys.last_traceback


@pytest.mark.skipif(sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="this is about glibc")
def test_blocks_that_are_free_go_back_to_the_system() -> None:
    """Of twenty blocks of 20 MB half are let go of, twice: glibc has then learned to keep such blocks."""
    program = (
        "import sys; from lrp_edu import memory; import numpy as np\n"
        "if sys.argv[1] == 'on': memory.give_back_large_blocks()\n"
        "for _ in range(2):\n"
        "    blocks = [np.ones(2_500_000) for _ in range(20)]\n"
        "    del blocks[::2]\n"
        "print(1024 * memory._table(memory.Path('/proc/self/status'))['VmRSS:'])"
    )

    def held(how: str) -> int:
        done = subprocess.run([sys.executable, "-c", program, how], capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert held("on") < held("off") - 100 * memory.MEGABYTE
