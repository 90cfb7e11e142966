"""Grades a class of lesson 03: `python tests/benchmarks/grade_a_class.py [STUDENTS] [--kill]` prints what it took.

Six in ten submissions are good, two have wrong answers, and two are damaged or hostile, in turn from the corpus of
`tests/classroom/damage.py`. Every mark and reason is compared with what is intended. With `--kill` a second run is
killed again and again and resumed, and both are compared.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "classroom"))

import damage  # noqa: E402
from students import SOLUTIONS, lesson  # noqa: E402
from test_corpus import otherwise, rows_of  # noqa: E402

from lrp_edu.classroom import reports  # noqa: E402

WRONG = (
    "def stabilised(z, epsilon):\n    return z + epsilon",
    "def stabilised(z, epsilon):\n    return z + epsilon * np.sign(z)",
    "def stabilised(z, epsilon):\n    return np.abs(z) + epsilon",
    "def stabilised(z, epsilon):\n    return np.array([2.1, 0.2, 0.1, -0.2])",
)
DAMAGED = [name for name in damage.CORPUS if name not in ("untouched", "100 MB")]


def submission(number: int) -> damage.Damage:
    """What the student with this number hands in."""
    if number % 10 < 6:
        return damage.CORPUS["untouched"]
    if number % 10 < 8:
        return damage.Damage(damage.answered(WRONG[number // 10 % len(WRONG)]), 0.0)
    return damage.CORPUS[DAMAGED[(2 * (number // 10) + number % 2) % len(DAMAGED)]]


def called(number: int) -> str:
    return f"student {number:03}"


def make_class(folder: Path, students: int) -> None:
    name = f"{lesson(damage.LESSON).name}.ipynb"
    for number in range(students):
        place = folder / called(number)
        place.mkdir(parents=True)
        (place / name).write_bytes(damage.content(submission(number), [folder, SOLUTIONS]))


def command(folder: Path, results: Path, *options: str) -> subprocess.Popen[bytes]:
    program = "from lrp_edu.cli import app; app()"
    arguments = ["grade", str(folder), "--to", str(results), "--solutions", str(SOLUTIONS), *options]
    # A bar that shows nothing leaves the figures readable.
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], env={**os.environ, "TQDM_DISABLE": "1"}, stdout=subprocess.DEVNULL
    )


def _children(process: psutil.Process, recursive: bool = False) -> list[psutil.Process]:
    try:
        return list(process.children(recursive))
    except psutil.Error:
        return []


class Meter:
    """What a grader and its kernels take, looked at twice a second: MB of memory, seconds of processor time.

    Kernels are ended without being waited for, so their time has to be read while they run. Memory that processes share
    counts once.
    """

    def __init__(self) -> None:
        self.grader = self.kernel = self.all = 0.0
        self.seconds: dict[int, float] = {}

    def look(self, grader: psutil.Process) -> None:
        alone = self._memory([grader])
        kernels = [self._memory([one, *_children(one, recursive=True)]) for one in _children(grader)]
        self.grader = max(self.grader, alone)
        self.kernel = max([self.kernel, *kernels])
        self.all = max(self.all, alone + sum(kernels))

    def _memory(self, processes: list[psutil.Process]) -> float:
        memory = 0.0
        for one in processes:
            try:
                about, times = one.memory_full_info(), one.cpu_times()
            except psutil.Error:
                continue
            memory += getattr(about, "pss", about.rss) / 1e6
            self.seconds[one.pid] = times.user + times.system
        return memory


def whole_run(folder: Path, results: Path, students: int) -> None:
    begin, meter = time.perf_counter(), Meter()
    run = command(folder, results)
    while run.poll() is None:
        meter.look(psutil.Process(run.pid))
        time.sleep(0.5)
    wall, processor = time.perf_counter() - begin, sum(meter.seconds.values())
    assert run.returncode == 0
    print(f"{students} submissions: {wall:.0f} s of wall time, {wall / students:.2f} s each")
    print(f"processor time: {processor:.0f} s, {processor / students:.2f} s each")
    print(
        f"peak memory: {meter.grader:.0f} MB for the grader, {meter.kernel:.0f} MB for the largest tree of a kernel, "
        f"{meter.all:.0f} MB in all"
    )
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)


def compared_with_what_is_intended(results: Path, students: int) -> None:
    """Each student's points and reasons, and how many there are of each kind."""
    rows, person = rows_of(results), (results / reports.PERSON).read_text(encoding="utf-8")
    intended = {called(number): submission(number) for number in range(students)}
    assert sorted(rows) == sorted(intended), "each student has a line"
    wrong = [line for name, one in intended.items() for line in otherwise(name, one, damage.HERE, rows[name], person)]
    lines = [row for many in rows.values() for row in many]
    full = damage.HERE.exercise
    counts = {
        "right": sum(row[full.name] == f"{full.points:g}" for row in lines),
        "wrong": sum(row[full.name] == "0" for row in lines),
        "left to a person": sum(row["lesson"] != "" and row[full.name] == "" for row in lines),
        "no notebook": sum(row["lesson"] == "" for row in lines),
        "told to a person": sum(row["look at it"] != "" for row in lines),
    }
    print(", ".join(f"{number} {what}" for what, number in counts.items()))
    print(f"{len(wrong)} not as intended: {wrong[:5]}", flush=True)
    assert not wrong


def killed_run(folder: Path, results: Path, seed: int) -> None:
    """The same, killed at random moments."""
    chance, kills = random.Random(seed), 0
    while True:
        run = command(folder, results, *(["--resume"] if (results / "records").exists() else []))
        try:
            if run.wait(timeout=chance.uniform(8, 40)) == 0:
                break
            raise SystemExit(f"the run ended with status {run.returncode}")
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.wait()
            kills += 1
    print(f"killed {kills} times and resumed")


def compared(whole: Path, killed: Path) -> None:
    """Marks, feedback and the list for a person must be the same bytes."""
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file() and path.suffix != ".db")
    assert files == sorted(
        path.relative_to(killed) for path in killed.rglob("*") if path.is_file() and path.suffix != ".db"
    )
    different = [str(file) for file in files if not filecmp.cmp(whole / file, killed / file, shallow=False)]
    print(f"{len(files)} files compared, {len(different)} differ: {different[:5]}")
    print(
        f"grades.csv the same byte for byte: {filecmp.cmp(whole / 'grades.csv', killed / 'grades.csv', shallow=False)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("students", type=int, nargs="?", default=200)
    parser.add_argument("--kill", action="store_true", help="then run again, killed at random moments and resumed")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="class-"))
    try:
        make_class(root / "class", options.students)
        whole_run(root / "class", root / "results", options.students)
        compared_with_what_is_intended(root / "results", options.students)
        if options.kill:
            killed_run(root / "class", root / "killed", options.seed)
            compared(root / "results", root / "killed")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
