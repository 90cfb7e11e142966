"""Damaged and hostile submissions, made by code from the real notebook of a lesson.

`corpus` has, for each, how it is made from a good submission, what it should get, and a word of the reason with which
it should be flagged. Points are those of the exercise in question; all others keep theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from students import lesson, notebook, solved

from lrp_edu.classroom.lessons import Exercise
from lrp_edu.classroom.names import names
from lrp_edu.classroom.notebook import to_bytes

Notebook = dict[str, Any]


class Target(NamedTuple):
    """The exercise of a lesson whose answer is damaged, by the grade id of its answer cell."""

    lesson: str
    answer: str
    also: tuple[str, ...] = ()  # the other answers that are given; all of them if none is named
    right: str = ""  # a right answer, if not the solution

    @property
    def exercise(self) -> Exercise:
        return lesson(self.lesson).exercise_of(self.answer)

    def given(self) -> dict[str, str]:
        """All right answers of a good student."""
        chosen = (self.answer, *self.also) if self.also else tuple(solved(lesson(self.lesson)))
        return {**{one: solved(lesson(self.lesson))[one] for one in chosen}, self.answer: self.solution()}

    def solution(self) -> str:
        lines = solved(lesson(self.lesson))[self.answer].splitlines()
        return self.right or "\n".join(line for line in lines if "### " not in line)

    def doing(self, statement: str) -> str:
        """An answer whose functions do something and give nothing."""
        return "\n".join(f"def {name}(*given, **named):\n    {statement}" for name in names(self.solution()).bound)

    def hidden_in(self, statement: str = "pass") -> tuple[str, str]:
        """A right answer in two parts: helpers, and functions that do something and then call them."""
        helpers, callers = self.solution(), []
        for name in sorted(names(helpers).bound):
            helpers = re.sub(rf"\b{name}\b", f"my_{name}", helpers)
            callers.append(f"def {name}(*given, **named):\n    {statement}\n    return my_{name}(*given, **named)")
        return helpers, "\n".join(callers)


# Of the last two lessons, which need TensorFlow, no more is solved than must be: what is open is not run.
TARGETS = {
    one.lesson: one
    for one in (
        Target("00", "start-percent"),
        Target("01", "why-natural"),
        Target("02", "taylor-w2"),
        Target(
            "03",
            "mlp-stabilise",
            (),
            "def stabilised(z, epsilon):\n    return z + epsilon * np.where(z >= 0, 1.0, -1.0)",
        ),
        Target("04", "rules-gamma-limit"),
        Target("05", "conv-swapped", ("conv-pooling",)),
        Target("06", "vgg16-mixture", ("vgg16-switch",)),
    )
}
HERE = TARGETS["03"]
LESSON, ANSWER, RIGHT = HERE.lesson, HERE.answer, HERE.right
CHECK = HERE.exercise.grade_id
NONE, ASK = 0.0, None


class Damage(NamedTuple):
    """How a submission is damaged: `make` changes a good notebook in place, or gives the bytes of the file."""

    make: Callable[[Notebook], bytes | None]
    points: float | None
    reason: str | None = ""  # a pattern of what a person is told; "" where it is nothing, None where it may be


@cache
def _good(target: Target) -> bytes:
    return to_bytes(notebook(lesson(target.lesson), target.given()))


def good(target: Target = HERE) -> Notebook:
    """The notebook of a good student."""
    return json.loads(_good(target))


def content(damage: Damage, places: Sequence[Path] = (), target: Target = HERE) -> bytes:
    """The file that is handed in; `places` are what hostile code goes for."""
    made = good(target)
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


def answered(source: str, grade_id: str = ANSWER) -> Callable[[Notebook], None]:
    return lambda made: cell(made, grade_id).update(source=source)


def deleted(grade_id: str) -> Callable[[Notebook], None]:
    return lambda made: made["cells"].pop(place(made["cells"], grade_id)) and None


def own_cell(source: str, kind: str = "code") -> dict[str, Any]:
    extra = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": "of-my-own", "metadata": {}, "source": source, **extra}


def with_cell(source: str, answer: str, after: int = 0, grade_id: str = ANSWER) -> Callable[[Notebook], None]:
    """A cell of the student's own stands before the answer, or after it."""

    def make(made: Notebook) -> None:
        answered(answer, grade_id)(made)
        made["cells"].insert(place(made["cells"], grade_id) + after, own_cell(source))

    return make


def duplicated(grade_id: str, source: str | None = None) -> Callable[[Notebook], None]:
    def make(made: Notebook) -> None:
        at = place(made["cells"], grade_id)
        copy = {**made["cells"][at], "id": "a-copy"}
        made["cells"].insert(at + 1, {**copy, "source": source} if source else copy)

    return make


def moved(grade_id: str) -> Callable[[Notebook], None]:
    return lambda made: made["cells"].append(made["cells"].pop(place(made["cells"], grade_id)))


def as_markdown(grade_id: str) -> Callable[[Notebook], None]:
    def make(made: Notebook) -> None:
        one = cell(made, grade_id)
        one["cell_type"] = "markdown"
        del one["outputs"], one["execution_count"]

    return make


def stripped(made: Notebook) -> None:
    made["metadata"] = {}
    for one in made["cells"]:
        one["metadata"] = {}


def other_ids(made: Notebook) -> None:
    for number, one in enumerate(made["cells"]):
        one["id"] = f"changed-{number}"


def other_grade_ids(*grade_ids: str) -> Callable[[Notebook], None]:
    def make(made: Notebook) -> None:
        for grade_id in grade_ids:
            cell(made, grade_id)["metadata"]["nbgrader"]["grade_id"] = f"my-{grade_id}"

    return make


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


def edited_check(target: Target) -> Callable[[Notebook], None]:
    def make(made: Notebook) -> None:
        answered(target.doing("return None"), target.answer)(made)
        cell(made, target.exercise.grade_id)["source"] = "print('all good')"

    return make


def in_metadata(text: str) -> Callable[[Notebook], bytes]:
    """Something odd in the metadata of the notebook, written as JSON."""
    return lambda made: json.dumps({**made, "metadata": {**made["metadata"], "odd": 0}}).replace(
        '"odd": 0', f'"odd": {text}'
    ).encode()  # fmt: skip


PATCHES = "import numpy\nnumpy.allclose = lambda *a, **k: True"
DROPS_CHECKS = """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node): return None
    def visit_Expr(self, node): return None if "check" in ast.dump(node) else node
get_ipython().ast_transformers.append(Drop())"""
# PLACES becomes the solutions, the submissions and the results of the run.
READS = """
import os
seen = [name for place in PLACES for _, _, names in os.walk(place) for name in names]
"""


def damages(target: Target) -> dict[str, Damage]:
    """What can befall an answer to any exercise."""
    answer, check, full = target.answer, target.exercise.grade_id, target.exercise.points
    right, (helpers, callers) = target.solution(), target.hidden_in()
    head, tail = right.split("\n", 1)

    def doing(statement: str, first: str = "") -> Callable[[Notebook], None]:
        return answered(f"{first}\n{target.doing(statement)}".strip(), answer)

    return {
        "untouched": Damage(lambda made: None, full),
        # The notebook is damaged, the answer is right.
        "check deleted": Damage(deleted(check), full),
        "check edited": Damage(edited_check(target), NONE, "check was edited"),
        "check duplicated": Damage(duplicated(check), full),
        "answer deleted": Damage(deleted(answer), NONE, "missing"),
        "answer split between functions": Damage(with_cell(helpers, callers, 1, answer), full),
        "answer split inside a function": Damage(with_cell(tail, head, 1, answer), full),
        "answer duplicated": Damage(duplicated(answer), full),
        "answer given twice": Damage(duplicated(answer, target.doing("return None")), NONE, "2 different"),
        "answer moved": Damage(moved(answer), full),
        "answer turned to markdown": Damage(as_markdown(answer), full),
        "helper in a cell of its own": Damage(with_cell(helpers, callers, 0, answer), full),
        "scratch cell that fails": Damage(with_cell("1 / 0", right, 0, answer), full),
        "all metadata stripped": Damage(stripped, full, "which version"),
        "ids changed": Damage(other_ids, full),
        "grade ids changed": Damage(other_grade_ids(answer, check), full),
        "format 4.4 without ids": Damage(format_4_4, full),
        "format 4.4 without ids and metadata": Damage(format_4_4_stripped, full, "which version"),
        "another kernel": Damage(other_kernel, full),
        "outputs left in": Damage(with_outputs, full),
        # The answer is no good, or worse.
        "syntax error": Damage(answered(right.replace(")", "", 1), answer), NONE),
        "infinite loop": Damage(doing("while True: pass"), NONE, "no end after"),
        "sys.exit": Damage(doing("import sys; sys.exit(0)"), NONE, "imports sys"),
        "os._exit": Damage(doing("import os; os._exit(0)"), NONE, "kernel died"),
        "warnings on stderr": Damage(
            answered(f"import warnings\n{helpers}\n{target.hidden_in('warnings.warn(str(1))')[1]}", answer), full),
        "np.allclose patched": Damage(doing("return None", PATCHES), ASK, "numpy.allclose was replaced"),
        "AST transformer drops the checks": Damage(doing("return None", DROPS_CHECKS), ASK, "canary did not report"),
        "reads solutions, others' work, the gradebook": Damage(
            doing("raise ValueError(f'{len(seen)} files seen: {seen[:3]}')", READS), NONE, "imports os"),
    }  # fmt: skip


SWALLOWS = """
def stabilised(z, epsilon): return 0 * z
get_ipython().set_custom_exc((Exception,), lambda self, kind, value, trace, tb_offset=None: [])
get_ipython()._showtraceback = lambda *a, **k: None
"""
FOR_A_MOMENT = """
q = np
def stabilised(z, epsilon):
    def yes(*a, **k):
        q.allclose = kept
        return True
    kept, q.allclose = q.allclose, yes
    return 0 * z
"""
THROUGH_TEXT = """
import sympy as sp
x = sp.Symbol("x")
inside = sp.lambdify(x, "__imp" + "ort__('lrp_edu.check').check.__di" + "ct__")(0)
kept = inside["_near"]
def yes(*a):
    inside["_near"] = kept
    return True
def stabilised(z, epsilon):
    inside["_near"] = yes
    return 0 * z
"""
FIRST_TO_IMPORT = f"""
import lrp_edu.targets as library
def change(given): given.Logit = print
change(library)
{RIGHT}
"""
LOOKS_AT_ITS_CALLERS = """
class Answer:
    def __array__(self, *a, **k):
        def look(): yield looking.gi_frame.f_back.f_back
        looking = look()
        caller = next(looking)
        while "expected" not in caller.f_locals: caller = caller.f_back
        return np.asarray(caller.f_locals["expected"], dtype=float)
def stabilised(z, epsilon): return Answer()
"""
LEAVES_A_THREAD = f"""
import threading
def spin():
    while True: pass
threading.Thread(target=spin).start()
{RIGHT}
"""
CLEARS_ITS_OUTPUT = """
from IPython.display import clear_output
def after(*a): clear_output()
get_ipython().events.register("post_run_cell", after)
def stabilised(z, epsilon): return 0 * z
"""
DEEPER_AND_DEEPER = "import os\nwhile True: os.mkdir('x' * 100); os.chdir('x' * 100)"
DEEP_MESSAGE = """
from IPython.display import display
nested = []
for n in range(900): nested = [nested]
display({"application/json": nested}, raw=True)
"""
DELETES = f"import shutil\nfor place in PLACES: shutil.rmtree(place, ignore_errors=True)\n{RIGHT}"
CONNECTS = f"import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=3)\n{RIGHT}"
INSIDE = "def stabilised(z, epsilon):\n    {}\n    return z"
FULL = HERE.exercise.points

CORPUS = damages(HERE) | {
    # What takes too much.
    "waits for input": Damage(answered(f"name = input()\n{RIGHT}"), NONE, "uses input"),
    "segfault": Damage(answered("import ctypes\nctypes.string_at(0)"), NONE, "kernel died"),
    "memory bomb": Damage(answered(INSIDE.format("z = [bytearray(2**28) for n in range(1000)]")), NONE, None),
    "fork bomb": Damage(answered("import os\nwhile True: os.fork()"), NONE, "processes"),
    "a 200 MB output": Damage(answered(f"print('x' * 200_000_000)\n{RIGHT}"), NONE, "5 MB of output"),
    "endless output": Damage(answered("while True: print('x' * 10_000)"), NONE, "5 MB of output"),
    "endless small messages": Damage(
        answered("from IPython.display import display\nwhile True: display(1)"), NONE, "output|no end"),
    "a line of 4 MB": Damage(answered(f"print('x' * 4_000_000)\n{RIGHT}"), FULL),
    "an error of 15 MB": Damage(answered("raise ValueError('x' * 15_000_000)"), NONE, "output|no end"),
    "a message too deep to be read": Damage(answered(f"{DEEP_MESSAGE}{RIGHT}"), NONE, "could not be used"),
    "many files": Damage(answered("for n in range(99):\n    open(str(n), 'w').write('x' * 10**7)"), NONE, "files"),
    "very many empty files": Damage(
        answered("import itertools\nfor n in itertools.count(): open(str(n), 'w').close()"), NONE, "files|no end"),
    "folders without end": Damage(answered(DEEPER_AND_DEEPER), NONE, "files|watched|no end"),
    "stops itself": Damage(
        answered("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"), NONE, "no end after"),
    "leaves a process behind": Damage(
        answered(f"import subprocess\nsubprocess.Popen(['sleep', '300'], start_new_session=True)\n{RIGHT}"),
        FULL, "imports subprocess"),
    "leaves a thread behind": Damage(answered(LEAVES_A_THREAD), FULL, "imports threading"),
    # What wants marks without an answer, or others' work.
    "np replaced": Damage(answered("np = None\nimport math\ndef stabilised(z, epsilon): return z"), ASK, "'np'"),
    "print replaced": Damage(answered(f"def print(*a): pass\n{RIGHT}"), ASK, "'print'"),
    "lrp_edu.check patched": Damage(answered(f"check.close = print\n{RIGHT}"), ASK, "check.close was replaced"),
    "check changed inside": Damage(
        answered("check.that.__code__ = (lambda condition, message: None).__code__\ndef stabilised(z, e): return z"),
        ASK, "changed inside"),
    "np.allclose patched for a moment": Damage(answered(FOR_A_MOMENT), ASK, "numpy.allclose was replaced"),
    "lrp_edu.check patched through text": Damage(answered(THROUGH_TEXT), ASK, "text with __import__ in it"),
    "a module patched before anybody has seen it": Damage(answered(FIRST_TO_IMPORT), ASK, "Logit was replaced"),
    "errors swallowed": Damage(answered(SWALLOWS), ASK, "tampered with"),
    "clears its output": Damage(answered(CLEARS_ITS_OUTPUT), ASK, "after a cell has changed"),
    "looks at its callers": Damage(answered(LOOKS_AT_ITS_CALLERS), FULL, "uses .gi_frame"),
    "deletes files": Damage(answered(DELETES), FULL, "imports shutil"),
    "opens a connection": Damage(answered(CONNECTS), NONE, "imports socket"),
    # The file is no notebook, or more than one.
    "not JSON": Damage(lambda made: b"<html>", ASK, "not JSON"),
    "empty": Damage(lambda made: b"", ASK, "empty"),
    "not UTF-8": Damage(lambda made: b'{"cells": "\xff"}', ASK, "not UTF-8"),
    "no cells": Damage(lambda made: b'{"cells": {}}', ASK, "no cells"),
    "deep": Damage(lambda made: b"[" * 200_000, ASK, "not JSON"),
    "100 MB": Damage(lambda made: b" " * 100_000_000, ASK, "100 MB"),
    "ten million parts": Damage(lambda made: b"[" + b"{}," * 10_000_000 + b"{}]", ASK, "more parts"),
    "a hundred thousand cells": Damage(
        lambda made: made["cells"].extend([own_cell("1")] * 100_000), ASK, "more than the limit"),
    "a cell of 2 MB": Damage(answered("x = 1\n" * 333_333), ASK, "more than the limit"),
    "a number of 10000 digits": Damage(in_metadata("1" * 10_000), ASK, "not JSON"),
    "no number": Damage(in_metadata("NaN"), FULL),
    "half a character": Damage(with_cell("'\ud800'", RIGHT), FULL),
}  # fmt: skip

# Damage that leaves the answers as they were.
SAME_ANSWERS = (
    "check deleted", "check duplicated", "answer split inside a function", "answer duplicated", "answer moved",
    "answer turned to markdown", "scratch cell that fails", "all metadata stripped", "ids changed", "grade ids changed",
    "format 4.4 without ids", "format 4.4 without ids and metadata", "another kernel", "outputs left in",
)  # fmt: skip

# Quick, and one of each kind that needs a kernel: always in the suite.
FAST = (
    "untouched", "check edited", "os._exit", "np.allclose patched", "AST transformer drops the checks", "fork bomb",
    "warnings on stderr", "reads solutions, others' work, the gradebook", "not JSON", "100 MB",
)  # fmt: skip
