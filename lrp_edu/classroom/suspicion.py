"""Words in an answer that no exercise calls for: harmless in a sandbox, but a person should read that answer."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lrp_edu.classroom.names import plain_python

MODULES = {
    "asyncio", "builtins", "ctypes", "gc", "glob", "http", "importlib", "inspect", "IPython", "io", "ipykernel",
    "multiprocessing", "os", "pathlib", "pickle", "psutil", "requests", "shutil", "signal", "socket", "sqlite3",
    "subprocess", "sys", "tempfile", "threading", "traceback", "urllib", "zipfile",
}  # fmt: skip
CALLS = {
    "__import__", "breakpoint", "compile", "delattr", "eval", "exec", "exit", "get_ipython", "globals", "input",
    "locals", "open", "quit", "setattr", "vars",
}  # fmt: skip
LIBRARIES = {"np", "numpy", "check", "lrp_edu", "sp", "sympy", "tf", "keras", "math"}
HISTORY = {"In", "Out", "_ih", "_oh"}


def suspicions(source: str) -> list[str]:
    """What stands out in a cell, each once, in reading order; [] for one that does not compile."""
    python = plain_python(source)
    return [] if python is None else list(dict.fromkeys(_found(ast.parse(python))))


def _found(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"imports {one.name}" for one in node.names if one.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield f"imports from {node.module}"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in CALLS | HISTORY:
            yield f"uses {node.id}"
        elif isinstance(node, ast.Attribute) and node.attr.startswith("__") and node.attr != "__name__":
            yield f"uses .{node.attr}"
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del) and _root(node) in LIBRARIES:
            yield f"changes {ast.unparse(node)}"


def _root(node: ast.expr) -> str:
    """The name before the first dot."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
