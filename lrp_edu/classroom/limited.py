"""Runs a command with limits: `python limited.py MEMORY CPU FILE PROCESSES COMMAND ...`. It imports nothing of ours.

MEMORY and FILE are in bytes, CPU in seconds. Where the system does not know a limit, the others still hold.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(memory: int, cpu: int, file: int, processes: int, command: list[str]) -> None:
    """Set the limits for this process, and become the command."""
    limits = {"AS": memory, "CPU": cpu, "FSIZE": file, "NPROC": processes, "CORE": 0}
    for name, limit in limits.items():
        with contextlib.suppress(AttributeError, ValueError, OSError):
            kind = getattr(resource, f"RLIMIT_{name}")
            most = resource.getrlimit(kind)[1]
            limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
            resource.setrlimit(kind, (limit, limit))
    if sys.platform == "linux":
        # Who ends the grader ends its kernels, too. The kernel's own way to notice that fails in a sandbox, where
        # processes have other numbers.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.environ.pop("JPY_PARENT_PID", None)
    os.execvp(command[0], command)


if __name__ == "__main__":
    memory, cpu, file, processes = map(int, sys.argv[1:5])
    main(memory, cpu, file, processes, sys.argv[5:])
