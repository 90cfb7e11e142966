"""Which global names a cell binds and which it reads: what the order of cells depends on."""

from __future__ import annotations

import ast
import symtable
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from IPython.core.inputtransformer2 import TransformerManager

NONE: frozenset[str] = frozenset()


class Names(NamedTuple):
    """The global names of a cell.

    Attributes:
        bound: those that it may give a value.
        read: those that it reads.
        open: those that it reads and has not given a value by itself before.
        lasting: those that it binds to a module, a function or a class, which nobody changes afterwards.
    """

    bound: frozenset[str] = NONE
    read: frozenset[str] = NONE
    open: frozenset[str] = NONE
    lasting: frozenset[str] = NONE


def plain_python(source: str) -> str | None:
    """The cell with IPython's % and ! lines turned into Python, or None where it does not compile."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            python = TransformerManager().transform_cell(source)
            compile(python, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return python


@lru_cache(maxsize=4096)
def names(source: str) -> Names:
    """The global names of a cell; none of a cell that does not compile."""
    python = plain_python(source)
    if python is None:
        return Names()
    tree = ast.fix_missing_locations(_WrittenOut().visit(ast.parse(python)))
    whole = _of_table(symtable.symtable(ast.unparse(tree), "cell", "exec"))
    return whole._replace(open=_open(tree.body))


class _WrittenOut(ast.NodeTransformer):
    """Turns `n += 1` into `n = n + 1`, in which Python's own table of names sees that n is read."""

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        if not isinstance(node.target, ast.Name):
            return node
        read = ast.Name(node.target.id, ast.Load())
        return ast.Assign([node.target], ast.BinOp(read, node.op, node.value))


def _of_table(top: symtable.SymbolTable) -> Names:
    symbols = top.get_symbols()
    bound = {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}
    read = {symbol.get_name() for symbol in symbols if symbol.is_referenced()}
    inner = top.get_children()
    while inner:
        table = inner.pop()
        inner += table.get_children()
        outside = [symbol for symbol in table.get_symbols() if symbol.is_global()]
        bound |= {symbol.get_name() for symbol in outside if symbol.is_assigned()}
        read |= {symbol.get_name() for symbol in outside if symbol.is_referenced()}
    lasting = {symbol.get_name() for symbol in symbols if symbol.is_imported() or symbol.is_namespace()}
    return Names(frozenset(bound), frozenset(read), NONE, frozenset(lasting))


def _open(statements: list[ast.stmt]) -> frozenset[str]:
    """What a block reads before it has bound it: statement by statement, into loops and conditions."""
    bound: set[str] = set()
    found: set[str] = set()
    for statement in statements:
        for part in _parts(statement):
            one = _of_table(symtable.symtable(ast.unparse(part), "part", "exec"))
            found |= one.read - bound
            # What a condition or a loop binds may have been passed over; only reading it inside is safe.
            bound |= one.bound
    return frozenset(found)


def _parts(statement: ast.stmt) -> Iterator[ast.AST]:
    """A statement as simple ones, in the order in which they are run."""
    if isinstance(statement, ast.For):
        yield ast.copy_location(ast.Assign([statement.target], statement.iter, lineno=1), statement)
    elif isinstance(statement, ast.While | ast.If):
        yield statement.test
    elif isinstance(statement, ast.With):
        for item in statement.items:
            yield item.context_expr
            if item.optional_vars:
                yield ast.Assign([item.optional_vars], ast.Constant(None), lineno=1)
    else:
        yield statement
        return
    for part in [*statement.body, *getattr(statement, "orelse", [])]:
        yield from _parts(part)
