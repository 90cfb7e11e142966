"""What stands out in an answer, and no exercise calls for: harmless in a sandbox, but a person should read that answer.

Whoever wants marks without an answer has to reach the checks: through a module, an attribute, a name or a method that
Python itself calls. What a course needs of these is short and stands here; everything else is told.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from lrp_edu.classroom.names import plain_python

USUAL = {
    "__future__", "abc", "collections", "copy", "dataclasses", "enum", "fractions", "functools", "itertools", "keras",
    "lrp_edu", "math", "matplotlib", "numbers", "numpy", "pandas", "PIL", "random", "re", "scipy", "skimage",
    "sklearn", "statistics", "string", "sympy", "tensorflow", "time", "tqdm", "typing", "warnings",
}  # fmt: skip
CALLS = {
    "breakpoint", "compile", "delattr", "eval", "exec", "exit", "get_ipython", "globals", "input", "locals", "open",
    "quit", "setattr", "vars",
}  # fmt: skip
HISTORY = {"In", "Out", "_ih", "_oh", "_i", "_ii", "_iii"}
# Ways from a library to Python's insides, and from a function to those who called it.
INSIDES = {
    "builtins", "cr_frame", "ctypes", "ctypeslib", "f2py", "f_back", "f_globals", "f_locals", "gc", "gi_frame",
    "importlib", "inspect", "os", "shutil", "subprocess", "sys", "tb_frame", "threading",
}  # fmt: skip
NAMES_IN_TEXT = re.compile(r"^\w+$|(?<=\.)\w+|__\w+__")  # as getattr and str.format take them
HARMLESS = {
    "__call__", "__doc__", "__getitem__", "__init__", "__iter__", "__len__", "__main__", "__name__", "__post_init__",
    "__repr__", "__str__",
}  # fmt: skip


def suspicions(source: str) -> list[str]:
    """What stands out in a cell, each once, in reading order; [] for one that does not compile."""
    python = plain_python(source)
    return [] if python is None else list(dict.fromkeys(_found(ast.parse(python))))


def holds_the_model_answer(text: str, solution: str) -> bool:
    """Whether a written answer is that of the solutions word for word, which are there for all to read."""
    model = solution.partition("### BEGIN MARK SCHEME")[0].split()
    return bool(model) and " ".join(model) in " ".join(text.split())


def _found(tree: ast.AST) -> Iterator[str]:
    nodes = list(ast.walk(tree))
    given = {node.arg for node in nodes if isinstance(node, ast.arg)}
    notes = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
    named = {id(node.func) for node in nodes if isinstance(node, ast.Call) and _names_its_attribute(node)}
    for node in nodes:
        match node:
            case ast.Import():
                yield from (f"imports {one.name}" for one in node.names if not _is_usual(one.name))
            case ast.ImportFrom(module=module) if not _is_usual(module):
                yield f"imports from {module}"
            case ast.ImportFrom(module=module):
                yield from (f"imports {one.name} from {module}" for one in node.names if _leads_inside(one.name))
            case ast.Name(id=name) if name in CALLS | HISTORY or _is_pythons_own(name):
                yield f"uses {name}"
            case ast.Name(id="getattr") if id(node) not in named:
                yield "uses getattr with a name that it makes up"
            case ast.Attribute(attr=name) | ast.keyword(arg=name) if name and _leads_inside(name):
                yield f"uses .{name}"
            case ast.Attribute(ctx=ast.Store() | ast.Del()) if _root(node) not in given:
                yield f"changes {ast.unparse(node)[:80]}"
            case ast.MatchClass(kwd_attrs=attributes):
                yield from (f"uses .{name}" for name in attributes if _leads_inside(name))
            case ast.FunctionDef(name=name) if _is_pythons_own(name):
                yield f"defines {name}"
            case ast.Call(func=ast.Name(id="type"), args=[_, _, *_]):
                yield "makes a class with type"
            case ast.Constant(value=str(text)) if id(node) not in notes:
                hidden = any(map(_leads_inside, NAMES_IN_TEXT.findall(text)))
                yield from [f"holds the text {text[:80]!r}"] if hidden else []


def _is_usual(module: str | None) -> bool:
    return (module or "").split(".")[0] in USUAL


def _leads_inside(name: str) -> bool:
    return name in INSIDES or _is_pythons_own(name)


def _is_pythons_own(name: str) -> bool:
    """Whether Python itself gives the name a meaning, and no answer needs it."""
    return name.startswith("__") and name.endswith("__") and name not in HARMLESS and name.strip("_") != ""


def _names_its_attribute(call: ast.Call) -> bool:
    """Whether it is getattr with an attribute that is written there, which can be looked at as a text."""
    match call:
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str()), *_]):
            return True
    return False


def _root(node: ast.expr) -> str:
    """The name before the first dot or bracket."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
