"""The canary: cells around each exercise that notice when the checks can no longer be trusted.

Before an answer it notes what the checks rely on: NumPy, `lrp_edu`, SymPy, TensorFlow, Python's builtins, IPython's way
to run a cell and to show an error, and the names that checks read. After the check it compares, and tries checks that
must fail. In between, those modules themselves tell what is replaced in them, also for a moment only. It reports by an
error of its own with a word that is drawn for each cell: if errors are swallowed or cells rewritten, the report does
not arrive, and that is a finding, too.

A program that runs in the same process can in the end imitate anything. The canary is there to catch what people do,
and what it catches is decided by a person.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from nbformat.notebooknode import NotebookNode

SILENT = "the canary did not report: errors are swallowed, or cells are changed before they run"
MUST_FAIL = (
    "assert 1 == 2, {nonce!r}",
    "{bird}.check.that(False, {nonce!r})",
    "{bird}.check.close(0.0, 1.0, {nonce!r})",
    "{bird}.check.close([1.0, 2.0], [1.0, 2.5], {nonce!r})",
    "{bird}.check.shape([1.0, 2.0], (3,), {nonce!r})",
)
FAILS_WITH = ["AssertionError", *["CheckFailed"] * 4]


@cache
def _in_kernel() -> str:
    return (Path(__file__).parent / "in_kernel.py").read_text(encoding="utf-8")


def _word() -> str:
    return "w" + secrets.token_hex(8)


@dataclass
class Canary:
    """The canary of one run. Its name in the kernel, and what it must say, are drawn anew each time."""

    name: str = field(default_factory=lambda: f"_{_word()}")
    words: dict[str, str] = field(default_factory=dict)

    def setup(self) -> str:
        """The first cell of all."""
        build = f"exec({_in_kernel()!r}, scope := {{'__name__': {self.name!r}}})"
        return f"{build}\n{self.name} = scope['Watcher'](get_ipython())\ndel scope"

    def watch(self, names: list[str]) -> str:
        """The cell before an answer; `names` are those that the check reads."""
        return f"{self.name}.watch({names!r})"

    def sing(self, grade_id: str) -> str:
        """The cell after a check."""
        nonce = self.words[grade_id] = _word()
        trials = [
            f"try:\n    {trial.format(bird=self.name, nonce=nonce)}\n"
            f"except BaseException as error:\n    {self.name}.hear(error, {nonce!r})"
            for trial in MUST_FAIL
        ]
        return "\n".join([*trials, f"{self.name}.report({nonce!r}, {FAILS_WITH!r})"])

    def findings(self, cell: NotebookNode, grade_id: str) -> list[str]:
        """What the canary found, from the outputs of its cell; [] if all is well."""
        for output in cell.outputs:
            if output.output_type == "error" and output.ename == "Report":
                word, *found = output.evalue.split("\n")
                if word == self.words[grade_id]:
                    return _few(found)
        return [SILENT]


def _few(found: list[str], most: int = 3) -> list[str]:
    """The first findings, the plainest first: a function that is patched shows in every module that imported it."""
    plain = sorted(found, key=lambda one: not re.match(r"[a-z]+\.\w+ was", one))
    return [*plain[:most], *([f"and {len(plain) - most} more"] if len(plain) > most else [])]
