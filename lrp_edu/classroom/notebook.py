"""Notebook files: read strictly, reduced to the metadata that a reader needs, written the same way every time."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nbformat import v4
from nbformat.notebooknode import NotebookNode
from nbformat.validator import better_validation_error, iter_validate

# No version of Python and no name of an environment: both differ from machine to machine.
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = ("deletable", "editable", "jupyter", "nbgrader", "tags")


class NotebookError(ValueError):
    """A file that is not a notebook of format 4.5 or later, the first with cell ids."""


def read(path: Path) -> NotebookNode:
    """The notebook in a file, as it is written there: nothing is repaired, and cells without an id stay without.

    Raises:
        NotebookError: the file is missing or not a notebook; the message names the file and what is wrong.
    """
    try:
        return parsed(path.read_bytes(), path)
    except FileNotFoundError:
        raise NotebookError(f"{path}: there is no such file") from None


def parsed(text: bytes, path: Path) -> NotebookNode:
    """The notebook in the bytes of a file; `path` is what errors call it.

    Raises:
        NotebookError: it is not a notebook; the message says what is wrong.
    """
    try:
        content = json.loads(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise NotebookError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise NotebookError(f"{path}: not JSON ({error.msg}, line {error.lineno})") from None
    if complaint := _complaint(content):
        raise NotebookError(f"{path}: {complaint}")
    return v4.to_notebook(content)


def _complaint(content: Any) -> str | None:
    """What keeps the content of a file from being a notebook, or None."""
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        return "JSON, but not a notebook: it has no list of cells"
    version, minor = content.get("nbformat"), content.get("nbformat_minor")
    if version != 4 or not isinstance(minor, int) or minor < 5:
        return f"notebook format {version}.{minor}, but cells have ids only from 4.5 on; use nbformat.v4.upgrade"
    # A missing id is left to those who need ids and can say which cell it is; here any id will do.
    cells = [{"id": "any", **cell} if isinstance(cell, dict) else cell for cell in content["cells"]]
    error = next(iter_validate({**content, "cells": cells}, version=4, version_minor=minor), None)
    if error is None:
        return None
    better = better_validation_error(error, 4, minor)
    where = list(better.relative_path)
    cell = f", cell {where[1] + 1}" if where[:1] == ["cells"] else ""
    return f"not a valid notebook{cell}: {better.message}"


def tidied(notebook: NotebookNode) -> NotebookNode:
    """A copy with only the metadata that a reader needs: no timings, no widget state, no traces of a machine."""
    copy = deepcopy(notebook)
    copy.metadata = NOTEBOOK_METADATA
    for cell in copy.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in CELL_METADATA}
    return copy


def to_bytes(notebook: NotebookNode) -> bytes:
    """The content of a notebook's file, byte for byte the same on every system."""
    text: str = v4.writes(notebook)
    return text.encode() + b"\n"


def write_all_or_none(folder: Path, contents: Mapping[str, bytes | None]) -> None:
    """Give each file in a folder its content, or remove it where that is None; if one step fails, undo all others."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = {name: content for name, content in contents.items() if content != _bytes_or_none(folder / name)}
    # Inside the folder, so that moving a file never crosses to another disk.
    with TemporaryDirectory(dir=folder, prefix=".writing-") as scratch:
        new, old = Path(scratch, "new"), Path(scratch, "old")
        new.mkdir()
        old.mkdir()
        for name, content in changed.items():
            (new / name).write_bytes(content or b"")
            if (folder / name).exists():
                shutil.copy2(folder / name, old / name)
        try:
            for name, content in changed.items():
                if content is None:
                    (folder / name).unlink()
                else:
                    os.replace(new / name, folder / name)
        except BaseException:
            for name in changed:
                if (old / name).exists():
                    os.replace(old / name, folder / name)
                else:
                    (folder / name).unlink(missing_ok=True)
            raise


def _bytes_or_none(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
