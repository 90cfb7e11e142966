"""The sandbox and the watch: what students' code can reach, and what happens when it takes too much."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from nbformat import v4
from nbformat.notebooknode import NotebookNode

from lrp_edu.classroom import run as running
from lrp_edu.classroom import sandbox as module
from lrp_edu.classroom.run import Run, discard, run
from lrp_edu.classroom.sandbox import PROTECTIONS, Limits, Sandbox, best, environment, works

AVAILABLE = [one for one in PROTECTIONS if works(one)]
BUBBLEWRAP = PROTECTIONS[0]
LOOK = """
import os, socket
print("network" if socket.socket().connect_ex(("192.0.2.1", 9)) not in (101, 13) else "no network")
print("here", sorted(name for name in os.listdir(".") if not name.startswith((".", "socket", "connection"))))
print("files", [path for path in {places!r} if os.path.exists(path)])
print("secret", os.environ.get("SECRET"))
try: open({outside!r}, "w"); print("written")
except OSError: print("not written")
"""


def cells(*sources: str) -> NotebookNode:
    about = {"lrp_edu": {"role": "answer", "exercise": "x"}}
    return v4.new_notebook(cells=[v4.new_code_cell(source, metadata=about) for source in sources])


def printed(done: Run) -> list[str]:
    texts = [output.text for cell in done.notebook.cells for output in cell.outputs if "text" in output]
    return "".join(texts).splitlines()


def test_limits_alone_can_always_be_had() -> None:
    assert AVAILABLE[-1].name == "limits"
    assert best() is AVAILABLE[0]


@pytest.mark.skipif(not works(BUBBLEWRAP), reason="bubblewrap cannot be had here")
def test_in_bubblewrap_there_is_python_and_an_empty_folder_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "of the grader")
    root = Path(__file__).parents[2]
    places = [
        str(place) for place in (tmp_path, root / "solutions", root / "tests", Path.home() / ".ssh", "/etc/passwd")
    ]
    done = run(cells(LOOK.format(places=places, outside=str(root / "lrp_edu" / "x"))), BUBBLEWRAP, Limits())
    assert (done.stopped_at, done.reason) == (None, "")
    assert printed(done) == ["no network", "here []", "files []", "secret None", "not written"]


@pytest.mark.skipif(not works(BUBBLEWRAP), reason="bubblewrap cannot be had here")
def test_what_must_stay_hidden_is_hidden_also_beside_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "solutions").mkdir()
    for name in ("solutions/a.ipynb", "class.zip", "seen"):
        (tmp_path / name).write_text("content")
    monkeypatch.setattr(module, "SYSTEM", (*module.SYSTEM, str(tmp_path)))
    hiding = replace(BUBBLEWRAP, hidden=(tmp_path / "solutions", tmp_path / "class.zip"))
    show = "print(os.listdir('solutions'), open('class.zip').read(), open('seen').read())"
    look = f"import os\nos.chdir({str(tmp_path)!r})\n{show}"
    assert printed(run(cells(look), hiding, Limits())) == ["[]  content"]


@pytest.mark.skipif(not works(BUBBLEWRAP), reason="bubblewrap cannot be had here")
def test_only_the_folder_can_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SYSTEM", (*module.SYSTEM, str(tmp_path)))
    (tmp_path / "hidden").mkdir()
    places = ["/", "/tmp", "/dev", "/dev/shm", str(tmp_path), str(tmp_path / "hidden")]
    look = f"import os\nprint([place for place in {places!r} if os.access(place, os.W_OK)], os.access('.', os.W_OK))"
    done = run(
        cells(look, "open('/dev/null', 'w').write('x')"), replace(BUBBLEWRAP, hidden=(tmp_path / "hidden",)), Limits()
    )
    assert printed(done) == ["[] True"]
    assert [output.output_type for output in done.notebook.cells[1].outputs] == ["execute_result"]


@pytest.mark.parametrize("sandbox", AVAILABLE, ids=lambda one: one.name)
def test_a_fork_bomb_ends_and_nothing_of_it_is_left(sandbox: Sandbox) -> None:
    mark = f"left-{os.getpid()}-{sandbox.name}"
    bomb = (
        f"import os, subprocess\nwhile True: subprocess.Popen(['sleep', '60', '#{mark}'][:2], start_new_session=True)"
    )
    done = run(cells("print('before')", bomb, "print('after')"), sandbox, Limits(cell_seconds=20, processes=8))
    assert (done.stopped_at, done.reason) == (1, "more than 8 processes")
    assert printed(done) == ["before"]
    assert [process for process in psutil.process_iter() if process.name() == "sleep" and _ours(process)] == []


def _ours(process: psutil.Process) -> bool:
    try:
        return f"lrp-grading-{os.getpid()}-" in process.environ().get("HOME", "")
    except psutil.Error:
        return False


TOO_MUCH = {
    "time": ("while True: pass", Limits(cell_seconds=2), "no end after 2 s"),
    "time asleep": ("import time; time.sleep(99)", Limits(cell_seconds=2), "no end after 2 s"),
    "time in all": ("import time; time.sleep(99)", Limits(all_seconds=3), "no end after 3 s in all"),
    "output": ("print('x' * 10**6)", Limits(output=10**5), "more than 0.1 MB of output"),
    "output without an end": ("while True: print('x' * 10**4)", Limits(), "more than 5 MB of output"),
    "output of 200 MB at once": ("print('x' * 2 * 10**8)", Limits(memory=10**9), "more than 5 MB of output"),
    "files": ("for n in range(9): open(f'{n}', 'w').write('x' * 10**6)\nimport time; time.sleep(9)",
              Limits(folder=5 * 10**6), "more than 5 MB of files"),
    "death": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", Limits(), "the kernel died"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "limits", "reason"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_who_takes_too_much_is_stopped_and_the_reason_told(source: str, limits: Limits, reason: str) -> None:
    done = run(cells(source), best(), limits)
    assert (done.stopped_at, done.reason) == (0, reason)


def test_memory_is_limited() -> None:
    done = run(cells("b = bytearray(10**10)"), best(), Limits(memory=10**9))
    assert done.notebook.cells[0].outputs[0].ename == "MemoryError"


def test_memory_of_all_processes_together_is_limited() -> None:
    child = "import time; b = b'x' * (4 * 10**8); time.sleep(20)"
    greedy = f"import subprocess, sys, time\nfor n in range(3): subprocess.Popen([sys.executable, '-c', {child!r}])"
    done = run(cells(f"{greedy}\ntime.sleep(20)"), best(), Limits(memory=10**9))
    assert done.reason == "more than 1000 MB of memory"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows what processes share")
def test_memory_that_copies_of_a_process_share_counts_once() -> None:
    copies = (
        "import os, time\nb = b'x' * (4 * 10**8)\nfor n in range(4):\n    if not os.fork(): time.sleep(3); os._exit(0)"
    )
    done = run(cells(f"{copies}\ntime.sleep(2)\nprint('well')"), best(), Limits(memory=10**9))
    assert (done.reason, printed(done)) == ("", ["well"])


def test_a_watch_that_fails_ends_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_size", lambda folder: 1 / 0)
    done = run(cells("import time; time.sleep(20)"), best(), Limits())
    assert done.reason == "what it takes cannot be watched any more (ZeroDivisionError)"


def test_a_folder_too_deep_for_python_is_removed(tmp_path: Path) -> None:
    dig = "import os\nos.mkdir('deep')\nos.chdir('deep')\nfor n in range(3000): os.mkdir('d'); os.chdir('d')"
    subprocess.run([sys.executable, "-c", dig], cwd=tmp_path, check=True)
    discard(tmp_path / "deep")
    assert list(tmp_path.iterdir()) == []


def test_what_is_displayed_cannot_be_taken_back() -> None:
    show = "from IPython.display import clear_output, display\nprint('before'); clear_output(); print('after')"
    assert printed(run(cells(show), best(), Limits())) == ["before", "after"]


def test_what_is_printed_arrives_whole_and_in_order() -> None:
    long = "import sys\nfor n in range(3): print(n, 'x' * 10**6); print('y', file=sys.stderr)\nsys.stdout.write('')"
    texts = {output.name: output.text for output in run(cells(long), best(), Limits()).notebook.cells[0].outputs[:2]}
    assert texts["stdout"] == "".join(f"{n} {'x' * 10**6}\n" for n in range(3))
    assert texts["stderr"] == "y\n" * 3


def test_only_text_can_be_written_to_stdout() -> None:
    done = run(cells("import sys\nsys.stdout.write(3)"), best(), Limits())
    assert done.notebook.cells[0].outputs[0].ename == "TypeError"


def test_a_warning_or_an_error_stops_nothing() -> None:
    done = run(cells("import sys; print('look out', file=sys.stderr)", "1 / 0", "print('after')"), best(), Limits())
    assert done.reason == ""
    assert printed(done) == ["look out", "after"]


def test_the_environment_is_a_fresh_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET", "of the grader")
    assert "SECRET" not in environment(tmp_path)
    assert environment(tmp_path)["HOME"] == str(tmp_path)


def test_a_protection_that_does_not_work_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    works.cache_clear()
    broken = Sandbox("broken", "", lambda folder, hidden: ["false"])
    missing = Sandbox("missing", "", lambda folder, hidden: ["no-such-command"])
    monkeypatch.setattr(module, "PROTECTIONS", (broken, missing, PROTECTIONS[-1]))
    assert best() is PROTECTIONS[-1]


PARENT = """
import sys, threading, time
sys.path.insert(0, {tests!r})
from test_run import cells
from lrp_edu.classroom.run import run
from lrp_edu.classroom.sandbox import PROTECTIONS, Limits
run(cells("import time; time.sleep(120)"), PROTECTIONS[{number}], Limits(cell_seconds=100))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a kernel with its grader at once")
@pytest.mark.parametrize("number", [PROTECTIONS.index(one) for one in AVAILABLE[:1]])
def test_a_killed_grader_leaves_no_kernel(number: int) -> None:
    program = PARENT.format(tests=str(Path(__file__).parent), number=number)
    grader = subprocess.Popen([sys.executable, "-c", program])
    kernels: list[psutil.Process] = []
    while not any("ipykernel" in " ".join(one.cmdline()) for one in kernels):
        time.sleep(0.2)
        kernels = psutil.Process(grader.pid).children(recursive=True)
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    _, left = psutil.wait_procs(kernels, timeout=10)
    assert left == []
