"""Damaged and hostile submissions, made by code from the real notebook of lesson 03.

`CORPUS` has, for each, how it is made from a good submission (all exercises right), what it should get, and a word of
the reason with which it should be flagged. Points are those of the exercise in question; all others keep theirs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from students import lesson, notebook, solved

from lrp_edu.classroom.notebook import to_bytes

LESSON = "03"
ANSWER = "mlp-stabilise"
CHECK = f"{ANSWER}-check"
FULL, NONE, ASK = 2.0, 0.0, None
RIGHT = "def stabilised(z, epsilon):\n    return z + epsilon * np.where(z >= 0, 1.0, -1.0)"

Notebook = dict[str, Any]


class Damage(NamedTuple):
    """How a submission is damaged: `make` changes a good notebook in place, or gives the bytes of the file."""

    make: Callable[[Notebook], bytes | None]
    points: float | None
    reason: str | None = ""  # a pattern of what a person is told; "" where it is nothing, None where it may be


def good() -> Notebook:
    """The notebook of a student who has solved everything."""
    return json.loads(_good())


@cache
def _good() -> bytes:
    return to_bytes(notebook(lesson(LESSON), {**solved(lesson(LESSON)), ANSWER: RIGHT}))


def content(damage: Damage, places: Sequence[Path] = ()) -> bytes:
    """The file that is handed in; `places` are what hostile code goes for."""
    made = good()
    given = damage.make(made)
    if given is not None:
        return given
    for one in (one for one in made["cells"] if "PLACES" in one["source"]):
        one["source"] = one["source"].replace("PLACES", repr([str(place) for place in places]))
    return json.dumps(made).encode()


def place(cells: list[dict[str, Any]], grade_id: str) -> int:
    return next(n for n, cell in enumerate(cells) if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def cell(made: Notebook, grade_id: str = ANSWER) -> dict[str, Any]:
    return made["cells"][place(made["cells"], grade_id)]


def answered(source: str) -> Callable[[Notebook], None]:
    return lambda made: cell(made).update(source=source)


def deleted(grade_id: str) -> Callable[[Notebook], None]:
    return lambda made: made["cells"].pop(place(made["cells"], grade_id)) and None


def own_cell(source: str, kind: str = "code") -> dict[str, Any]:
    extra = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": "of-my-own", "metadata": {}, "source": source, **extra}


def with_cell(source: str, after: int = 0, instead: str = RIGHT) -> Callable[[Notebook], None]:
    """The answer is `instead`, and a cell of the student's own stands before it, or after it."""

    def make(made: Notebook) -> None:
        answered(instead)(made)
        made["cells"].insert(place(made["cells"], ANSWER) + after, own_cell(source))

    return make


def duplicated(grade_id: str, source: str | None = None) -> Callable[[Notebook], None]:
    def make(made: Notebook) -> None:
        at = place(made["cells"], grade_id)
        copy = {**made["cells"][at], "id": "a-copy"}
        made["cells"].insert(at + 1, {**copy, "source": source} if source else copy)

    return make


def moved(made: Notebook) -> None:
    made["cells"].append(made["cells"].pop(place(made["cells"], ANSWER)))


def split_between_lines(made: Notebook) -> None:
    head, tail = RIGHT.split("\n")
    with_cell(tail, after=1, instead=head)(made)


def as_markdown(made: Notebook) -> None:
    one = cell(made)
    one["cell_type"] = "markdown"
    del one["outputs"], one["execution_count"]


def stripped(made: Notebook) -> None:
    made["metadata"] = {}
    for one in made["cells"]:
        one["metadata"] = {}


def other_ids(made: Notebook) -> None:
    for number, one in enumerate(made["cells"]):
        one["id"] = f"changed-{number}"


def other_grade_ids(made: Notebook) -> None:
    cell(made)["metadata"]["nbgrader"]["grade_id"] = "mine"
    cell(made, CHECK)["metadata"]["nbgrader"]["grade_id"] = "mine-too"


def format_4_4(made: Notebook) -> None:
    made["nbformat_minor"] = 4
    for one in made["cells"]:
        del one["id"]


def format_4_4_stripped(made: Notebook) -> None:
    format_4_4(made)
    stripped(made)


def other_kernel(made: Notebook) -> None:
    made["metadata"]["kernelspec"] = {"name": "my-env", "display_name": "mine", "language": "R"}


def with_outputs(made: Notebook) -> None:
    text = {"output_type": "stream", "name": "stdout", "text": "x" * 200_000}
    for one in made["cells"]:
        if one["cell_type"] == "code":
            one.update(outputs=[text, {"output_type": "error", "ename": "E", "evalue": "old", "traceback": []}])


def edited_check(made: Notebook) -> None:
    answered("def stabilised(z, epsilon):\n    return z")(made)
    cell(made, CHECK)["source"] = "print('all good')"


PATCHED = "import numpy\nnumpy.allclose = lambda *a, **k: True\ndef stabilised(z, epsilon):\n    return 0 * z"
DROPS_CHECKS = """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node): return None
    def visit_Expr(self, node): return None if "check" in ast.dump(node) else node
get_ipython().ast_transformers.append(Drop())
def stabilised(z, epsilon): return 0 * z
"""
SWALLOWS = """
def stabilised(z, epsilon): return 0 * z
get_ipython().set_custom_exc((Exception,), lambda self, kind, value, trace, tb_offset=None: [])
get_ipython()._showtraceback = lambda *a, **k: None
"""
# PLACES becomes the solutions, the submissions and the results of the run.
READS = """
import os
seen = [name for place in PLACES for _, _, names in os.walk(place) for name in names]
def stabilised(z, epsilon):
    raise ValueError(f"{len(seen)} files seen: {seen[:3]}")
"""
DELETES = f"import shutil\nfor place in PLACES: shutil.rmtree(place, ignore_errors=True)\n{RIGHT}"
CONNECTS = f"import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=3)\n{RIGHT}"
WARNS = f"import warnings\n{RIGHT}".replace("    return", "    warnings.warn('look out')\n    return")
INSIDE = "def stabilised(z, epsilon):\n    {}\n    return z"

CORPUS = {
    "untouched": Damage(lambda made: None, FULL),
    # The notebook is damaged, the answer is right.
    "check deleted": Damage(deleted(CHECK), FULL),
    "check edited": Damage(edited_check, NONE, "check was edited"),
    "check duplicated": Damage(duplicated(CHECK), FULL),
    "answer deleted": Damage(deleted(ANSWER), NONE, "missing"),
    "answer split between functions": Damage(with_cell("factor = 1.0", 1, RIGHT.replace("1.0,", "factor,")), FULL),
    "answer split inside a function": Damage(split_between_lines, FULL),
    "answer duplicated": Damage(duplicated(ANSWER), FULL),
    "answer given twice": Damage(duplicated(ANSWER, "def stabilised(z, epsilon): return z"), NONE, "2 different"),
    "answer moved": Damage(moved, FULL),
    "answer turned to markdown": Damage(as_markdown, FULL),
    "helper in a cell of its own": Damage(with_cell("def sign(z):\n    return np.where(z >= 0, 1.0, -1.0)", 0,
                                          "def stabilised(z, epsilon):\n    return z + epsilon * sign(z)"), FULL),
    "scratch cell that fails": Damage(with_cell("1 / 0"), FULL),
    "all metadata stripped": Damage(stripped, FULL, "which version"),
    "ids changed": Damage(other_ids, FULL),
    "grade ids changed": Damage(other_grade_ids, FULL),
    "format 4.4 without ids": Damage(format_4_4, FULL),
    "format 4.4 without ids and metadata": Damage(format_4_4_stripped, FULL, "which version"),
    "another kernel": Damage(other_kernel, FULL),
    "outputs left in": Damage(with_outputs, FULL),
    # The answer is no good, or worse.
    "syntax error": Damage(answered("def stabilised(z, epsilon:\n    return"), NONE),
    "infinite loop": Damage(answered(INSIDE.format("while True: pass")), NONE, "no end after"),
    "waits for input": Damage(answered(f"name = input()\n{RIGHT}"), NONE, "uses input"),
    "sys.exit": Damage(answered(INSIDE.format("import sys; sys.exit(0)")), NONE, "imports sys"),
    "os._exit": Damage(answered(INSIDE.format("import os; os._exit(0)")), NONE, "kernel died"),
    "segfault": Damage(answered("import ctypes\nctypes.string_at(0)"), NONE, "kernel died"),
    "memory bomb": Damage(answered(INSIDE.format("z = [bytearray(2**28) for n in range(1000)]")), NONE, None),
    "fork bomb": Damage(answered("import os\nwhile True: os.fork()"), NONE, "processes"),
    "a 200 MB output": Damage(answered(f"print('x' * 200_000_000)\n{RIGHT}"), NONE, "output"),
    "endless output": Damage(answered("while True: print('x' * 10_000)"), NONE, "output|no end"),
    "many files": Damage(answered("for n in range(99):\n    open(str(n), 'w').write('x' * 10**7)"), NONE, "files"),
    "warnings on stderr": Damage(answered(WARNS), FULL),
    "np.allclose patched": Damage(answered(PATCHED), ASK, "numpy.allclose was replaced"),
    "np replaced": Damage(answered("np = None\nimport math\ndef stabilised(z, epsilon): return z"), ASK, "'np'"),
    "lrp_edu.check patched": Damage(answered(f"check.close = print\n{RIGHT}"), ASK, "check.close was replaced"),
    "check changed inside": Damage(
        answered("check.that.__code__ = (lambda condition, message: None).__code__\ndef stabilised(z, e): return z"),
        ASK, "changed inside"),
    "AST transformer drops the checks": Damage(answered(DROPS_CHECKS), ASK, "canary did not report"),
    "errors swallowed": Damage(answered(SWALLOWS), ASK, "tampered with"),
    "reads solutions, others' work, the gradebook": Damage(answered(READS), NONE, "imports os"),
    "deletes files": Damage(answered(DELETES), FULL, "imports shutil"),
    "opens a connection": Damage(answered(CONNECTS), NONE, "imports socket"),
    "leaves a process behind": Damage(
        answered(f"import subprocess\nsubprocess.Popen(['sleep', '300'], start_new_session=True)\n{RIGHT}"),
        FULL, "imports subprocess"),
    # The file is no notebook.
    "not JSON": Damage(lambda made: b"<html>", ASK, "not JSON"),
    "empty": Damage(lambda made: b"", ASK, "empty"),
    "not UTF-8": Damage(lambda made: b'{"cells": "\xff"}', ASK, "not UTF-8"),
    "no cells": Damage(lambda made: b'{"cells": {}}', ASK, "no cells"),
    "deep": Damage(lambda made: b"[" * 200_000, ASK, "not JSON"),
    "100 MB": Damage(lambda made: b" " * 100_000_000, ASK, "100 MB"),
}  # fmt: skip

# Quick, and one of each kind: always in the suite.
FAST = (
    "untouched", "check edited", "answer split inside a function", "format 4.4 without ids and metadata",
    "os._exit", "np.allclose patched", "AST transformer drops the checks", "fork bomb", "warnings on stderr",
    "reads solutions, others' work, the gradebook", "not JSON", "100 MB",
)  # fmt: skip
