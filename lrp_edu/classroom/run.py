"""One notebook executed by nbgrader in a kernel that is locked into a sandbox and watched.

nbgrader's process and the notebook with its hidden tests stay outside. Only the kernel is inside, and cells reach it
one by one through sockets in its folder.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
import zmq
import zmq.asyncio
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import v4
from nbformat.notebooknode import NotebookNode
from nbgrader.preprocessors import Execute

from lrp_edu.classroom.sandbox import Limits, Sandbox, environment, furnish

KERNEL_OPTIONS = (
    "--HistoryManager.enabled=False",
    "--IPKernelApp.outstream_class=lrp_edu.classroom.stream.PieceByPiece",
)
LARGEST_MESSAGE = 20_000_000  # bytes
PREFIX = "lrp-grading-"  # of the empty folders in which kernels run
WATCH_SECONDS = 0.2
BLOCK = 4096  # bytes that a file takes on the disk at least
OUTPUTS = {"status", "execute_input", "stream", "display_data", "execute_result", "error"}  # what only adds to a cell
MEGABYTE = 1_000_000
SILENT = logging.getLogger(__name__)  # what nbclient has to say about a kernel that died is said by us,
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False
logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # nor of tasks that nbclient left behind


@dataclass(frozen=True)
class Run:
    """An executed notebook, and where and why it stopped if it did not come to its end."""

    notebook: NotebookNode
    stopped_at: int | None = None
    reason: str = ""
    seconds: float = 0.0


class _Kernel(AsyncKernelManager):
    """Starts a kernel with a command line of ours and the environment of a sandbox."""

    def __init__(self, command: list[str], env: dict[str, str], folder: Path) -> None:
        super().__init__(transport="ipc", ip=str(folder / "socket"), connection_file=str(folder / "connection.json"))
        self.log = SILENT
        self._kernel_spec = KernelSpec(argv=command, display_name="Python", language="python")
        self._environment = env

    def client(self, **options: Any) -> Any:
        context = zmq.asyncio.Context()
        # A kernel that sends more is cut off before it fills the grader's own memory.
        context.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
        client = super().client(**{**options, "context": context})
        client._created_context = True  # so that it ends with the client
        return client

    async def _async_start_kernel(self, **options: Any) -> None:
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        await super()._async_start_kernel(**{**options, **silent, "env": self._environment})

    start_kernel = _async_start_kernel


class _Execute(Execute):
    """nbgrader's own way to execute a notebook, which stops at the first cell that stops the kernel."""

    def __init__(self, manager: AsyncKernelManager, limits: Limits, stop: Callable[[str], None]) -> None:
        super().__init__(
            timeout_func=self._seconds,
            interrupt_on_timeout=False,
            startup_timeout=60,
            iopub_timeout=10,
            store_widget_state=False,
            shutdown_kernel="immediate",
        )
        self.log = SILENT
        self.manager, self.limits, self.stop = manager, limits, stop
        self.at = 0
        self.written = 0

    def create_kernel_manager(self) -> AsyncKernelManager:
        self.km = self.manager
        return self.manager

    def _seconds(self, cell: NotebookNode) -> float:
        """The lesson itself may take its time; what a student wrote is stopped earlier."""
        return self.limits.cell_seconds if cell.metadata.lrp_edu.exercise else self.limits.all_seconds

    def preprocess_cell(self, cell: NotebookNode, resources: Any, index: int) -> Any:
        self.at = index
        return super().preprocess_cell(cell, resources, index)

    def process_message(self, message: dict[str, Any], cell: NotebookNode, index: int) -> Any:
        # All of a message counts, so that very many small ones do not come for nothing.
        self.written += len(str(message)) + sum(map(len, message["buffers"]))
        if self.written > self.limits.output:
            self.stop(f"more than {self.limits.output / MEGABYTE:g} MB of output")
        if self.written > self.limits.output or message["msg_type"] not in OUTPUTS:
            return None
        return super().process_message(message, cell, index)


def run(notebook: NotebookNode, sandbox: Sandbox, limits: Limits) -> Run:
    """Execute a notebook in an empty folder, which is removed afterwards with all that runs in it."""
    if not notebook.cells:
        return Run(notebook)
    begin = time.monotonic()
    with _empty_folder() as folder:
        furnish(folder)
        kernel = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *KERNEL_OPTIONS]
        command = sandbox.command(folder, limits, kernel)
        manager = _Kernel(command, environment(folder), folder)
        reason = ""
        with _watched(manager, folder, limits, sandbox.ends_with_its_kernel) as watch:
            execute = _Execute(manager, limits, watch.stop)
            try:
                execute.preprocess(notebook, {"metadata": {"path": str(folder)}})
            except CellTimeoutError as error:
                slow = f"no end after {limits.cell_seconds:g} s"
                cut_off = f"more than {LARGEST_MESSAGE / MEGABYTE:g} MB of output at once, or output without an end"
                reason = cut_off if "IOPub" in str(error) else slow
            except DeadKernelError:
                reason = "the kernel died"
            except Exception as error:
                reason = f"the kernel could not be used ({type(error).__name__}: {error})"
        reason = watch.reason or reason
    for cell in notebook.cells:
        cell.outputs = _joined(cell.outputs)
    return Run(notebook, execute.at if reason else None, reason, time.monotonic() - begin)


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """All that was printed in one piece, and all on stderr in another, wherever the kernel has cut it.

    nbclient can do this, too, but looks for carriage returns meanwhile, and in a line of a megabyte for many minutes.
    """
    texts = {
        name: "".join(one.text for one in outputs if one.output_type == "stream" and one.name == name)
        for name in ("stdout", "stderr")
    }
    streams = [v4.new_output("stream", name=name, text=text) for name, text in texts.items() if text]
    return streams + [one for one in outputs if one.output_type != "stream"]


@contextmanager
def _empty_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        yield folder
    finally:
        discard(folder)


def discard(folder: Path) -> None:
    """Remove the folder of a kernel, also if folders lie in it so deep in each other that Python cannot follow."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:
        subprocess.run(["rm", "-rf", str(folder)], capture_output=True)


class _Watch:
    """Ends a kernel that takes more than it may; `reason` says what that was."""

    def __init__(self, manager: AsyncKernelManager, folder: Path, limits: Limits, closed: bool) -> None:
        self.manager, self.folder, self.limits, self.closed = manager, folder, limits, closed
        self.reason = ""
        self.over = Event()
        self.begin = time.monotonic()

    def watch(self) -> None:
        while not self.over.wait(WATCH_SECONDS):
            try:
                excess = self._excess()
            except Exception as error:
                excess = f"what it takes cannot be watched any more ({type(error).__name__})"
            if excess:
                self.stop(excess)

    def stop(self, reason: str) -> None:
        self.reason = self.reason or reason
        self.kill()

    def _excess(self) -> str:
        processes = self._processes()
        if len(processes) > self.limits.processes:
            return f"more than {self.limits.processes} processes"
        if _memory(processes) > self.limits.memory and _memory(processes, exactly=True) > self.limits.memory:
            return f"more than {self.limits.memory / MEGABYTE:.0f} MB of memory"
        if time.monotonic() - self.begin > self.limits.all_seconds:
            return f"no end after {self.limits.all_seconds:g} s in all"
        if _size(self.folder) > self.limits.folder:
            return f"more than {self.limits.folder / MEGABYTE:.0f} MB of files"
        return ""

    def _processes(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(getattr(self.manager.provisioner, "pid", None) or -1)
            return [root, *root.children(recursive=True)]
        except (psutil.Error, ValueError):
            return []

    def kill(self) -> None:
        """End the kernel and all that it started, also what has left its group of processes."""
        group = getattr(self.manager.provisioner, "pgid", None)
        for process in self._processes():
            with suppress(psutil.Error):
                process.kill()
        if group and group != os.getpgid(0):
            with suppress(OSError):
                os.killpg(group, signal.SIGKILL)
        for process in psutil.process_iter() if not self.closed else ():
            with suppress(psutil.Error):
                if process.environ().get("HOME") == str(self.folder):
                    process.kill()


@contextmanager
def _watched(manager: AsyncKernelManager, folder: Path, limits: Limits, closed: bool) -> Iterator[_Watch]:
    watch = _Watch(manager, folder, limits, closed)
    thread = Thread(target=watch.watch, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.over.set()
        thread.join()
        watch.kill()


def _memory(processes: list[psutil.Process], exactly: bool = False) -> int:
    """What processes take, in bytes; `exactly`: what they share counts once, which takes longer to find out."""
    memory = 0
    for process in processes:
        with suppress(psutil.Error):
            about = process.memory_info()
            with suppress(psutil.AccessDenied):
                about = process.memory_full_info() if exactly else about
            memory += getattr(about, "pss", about.rss)
    return memory


def _size(folder: Path) -> int:
    """How much lies in a folder, in bytes; what vanishes meanwhile does not count."""
    size, folders = 0, [str(folder)]
    while folders:
        with suppress(FileNotFoundError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    size += BLOCK + entry.stat(follow_symlinks=False).st_size
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
    return size
