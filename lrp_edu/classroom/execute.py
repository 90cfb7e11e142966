"""Solution notebooks executed, with stable outputs stored: `python -m lrp_edu.classroom.execute [LESSON ...]`.

Without a lesson all notebooks in `solutions/` are executed; a lesson is named by its file or the start of its name
(`02`). A notebook in which a cell fails is left as it was.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.notebooknode import NotebookNode
from tqdm import tqdm

from lrp_edu.classroom import notebook as files
from lrp_edu.classroom.settings import REPEATABLE

SOLUTIONS = Path("solutions")
CELL_TIMEOUT_SECONDS = 300
ENVIRONMENT = {**REPEATABLE, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_TAG = "nbval-ignore-output"


class ExecutionError(ValueError):
    """A notebook that did not run to its end. The message names the cell and what happened there."""


def executed(
    notebook: NotebookNode,
    folder: Path,
    timeout: int = CELL_TIMEOUT_SECONDS,
    on_cell: Callable[[], object] = lambda: None,
) -> NotebookNode:
    """A tidied copy of the notebook with the outputs of a run in `folder`, in a fresh kernel.

    A cell tagged `raises-exception` may fail; its error is stored. `timeout` is in seconds for each cell, and
    `on_cell` is called as each cell begins.

    Raises:
        ExecutionError: another cell fails, runs too long or ends the kernel.
    """
    result = files.tidied(notebook)
    current = 0

    def start_cell(cell: NotebookNode, cell_index: int) -> None:
        nonlocal current
        current = cell_index
        on_cell()

    client = NotebookClient(
        result,
        kernel_name="python3",
        timeout=timeout,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=start_cell,
    )
    try:
        client.execute(env={**os.environ, **ENVIRONMENT})
    except CellExecutionError as error:
        reason = f"{error.ename}: {error.evalue}"
    except CellTimeoutError:
        reason = f"no end after {timeout} s"
    except DeadKernelError:
        reason = "the kernel died (out of memory?)"
    else:
        return stored(result)
    raise ExecutionError(f"cell {current + 1} (id {result.cells[current].get('id', 'missing')}): {reason}")


def stored(notebook: NotebookNode) -> NotebookNode:
    """A copy as it is stored: tidied, and without the widget views, which show nothing once their kernel has gone."""
    result = files.tidied(notebook)
    for cell in result.cells:
        if cell.cell_type == "code" and WIDGET_TAG in cell.metadata.get("tags", []):
            cell.outputs = [output for output in cell.outputs if WIDGET_VIEW not in output.get("data", {})]
    return result


def execute(path: Path, on_cell: Callable[[], object] = lambda: None) -> None:
    """Execute a notebook file and store its outputs in it.

    Raises:
        ExecutionError, NotebookError: the file is then as it was; the message names it.
    """
    try:
        result = executed(files.read(path), path.parent, on_cell=on_cell)
    except ExecutionError as error:
        raise ExecutionError(f"{path}, {error}") from None
    files.write_all_or_none(path.parent, {path.name: files.to_bytes(result)})


def chosen(lessons: list[str], solutions: Path = SOLUTIONS) -> list[Path]:
    """The files of the lessons asked for: paths, or beginnings of names in `solutions`; all of them if none is named.

    Raises:
        ExecutionError: there is no such lesson.
    """
    found = [path for lesson in lessons or [""] for path in _files_of(lesson, solutions)]
    return list(dict.fromkeys(found))


def _files_of(lesson: str, solutions: Path) -> list[Path]:
    if lesson.endswith(".ipynb"):
        return [Path(lesson)]
    found = sorted(solutions.glob(f"{lesson}*.ipynb"))
    if not found:
        raise ExecutionError(f"{solutions}: no notebook there whose name begins with {lesson!r}")
    return found


def main(lessons: list[str]) -> int:
    """Execute the lessons one after the other, with a progress bar over their cells; the exit status."""
    try:
        paths = chosen(lessons)
        with tqdm(total=sum(len(files.read(path).cells) for path in paths), unit="cell") as bar:
            for path in paths:
                bar.set_description(path.stem)
                execute(path, on_cell=bar.update)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
