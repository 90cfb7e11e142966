"""Execution of the solutions: stable outputs are stored, and a notebook that fails is left alone."""

from __future__ import annotations

from pathlib import Path

import examples as ex
import pytest

from lrp_edu.classroom.execute import ExecutionError, chosen, execute, executed, main
from lrp_edu.classroom.notebook import NOTEBOOK_METADATA, read, to_bytes

SEE_WHERE_WE_ARE = """import os
print(os.environ["LRP_EDU_OFFLINE"], os.path.basename(os.getcwd()))"""

PROGRESS = """from tqdm import tqdm
for _ in tqdm(range(3)): print("step")"""

WIDGET = """import ipywidgets
print("beside the slider")
display(ipywidgets.IntSlider())"""

FIGURE = """import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.show()"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook with traces of earlier runs, executed."""
    source = ex.notebook(*map(ex.code, ("6 * 7", SEE_WHERE_WE_ARE, PROGRESS, WIDGET, FIGURE, "")))
    source.cells[0].metadata["execution"] = {"iopub.status.busy": "2020-01-01T00:00:00Z"}
    source.cells[3].metadata["tags"] = ["nbval-ignore-output"]
    source.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    path = ex.write(tmp_path_factory.mktemp("course") / "solutions" / "lesson.ipynb", source)
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.setenv("MPLBACKEND", "agg")
        surroundings.setenv("LRP_EDU_OFFLINE", "0")
        surroundings.delenv("TQDM_DISABLE", raising=False)
        execute(path)
    return path


def texts(path: Path) -> list[list[str]]:
    return [[output.get("text", "") for output in cell.outputs] for cell in read(path).cells]


def test_results_are_stored(path: Path) -> None:
    first = read(path).cells[0]
    assert (first.execution_count, first.outputs[0].data) == (1, {"text/plain": "42"})


def test_it_runs_offline_in_the_folder_of_the_notebook(path: Path) -> None:
    assert texts(path)[1] == ["1 solutions\n"]


def test_no_progress_bar_is_stored(path: Path) -> None:
    assert texts(path)[2] == ["step\nstep\nstep\n"]


def test_a_widget_view_is_dropped_and_what_stands_beside_it_is_kept(path: Path) -> None:
    assert texts(path)[3] == ["beside the slider\n"]


def test_figures_are_stored(path: Path) -> None:
    assert "image/png" in read(path).cells[4].outputs[0].data


def test_only_stable_metadata_is_stored(path: Path) -> None:
    notebook = read(path)
    assert notebook.metadata == NOTEBOOK_METADATA
    assert [cell.metadata for cell in notebook.cells] == [{}, {}, {}, {"tags": ["nbval-ignore-output"]}, {}, {}]


def test_a_second_run_stores_the_same_bytes(path: Path) -> None:
    first, mode = path.read_bytes(), path.stat().st_mode
    calls: list[None] = []
    execute(path, on_cell=lambda: calls.append(None))
    assert path.read_bytes() == first
    assert path.stat().st_mode == mode
    assert len(calls) == 6
    assert list(path.parent.iterdir()) == [path]


FAILING = {
    "an error": ("1 / 0", "cell 2 (id cell-2): ZeroDivisionError: division by zero"),
    "no end": ("import time; time.sleep(60)", "cell 2 (id cell-2): no end after 3 s"),
    "a dead kernel": ("import os; os._exit(1)", "cell 2 (id cell-2): the kernel died"),
}


@pytest.mark.parametrize(("cell", "complaint"), FAILING.values(), ids=FAILING)
def test_a_failure_names_the_cell(tmp_path: Path, cell: str, complaint: str) -> None:
    with pytest.raises(ExecutionError) as failure:
        executed(ex.notebook(ex.markdown("# A"), ex.code(cell), ex.code("3")), tmp_path, timeout=3)
    assert str(failure.value).startswith(complaint)


def test_a_cell_that_may_fail_does_not_end_the_run(tmp_path: Path) -> None:
    source = ex.notebook(ex.code("1 / 0"), ex.code("7"))
    source.cells[0].metadata["tags"] = ["raises-exception"]
    failed, next_one = executed(source, tmp_path).cells
    assert failed.outputs[0].ename == "ZeroDivisionError"
    assert next_one.outputs[0].data == {"text/plain": "7"}


def test_a_failing_notebook_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ex.write(tmp_path / "solutions" / "01_bad.ipynb", ex.notebook(ex.code("print(1)"), ex.code("unknown")))
    before = path.read_bytes()
    monkeypatch.chdir(tmp_path)
    assert main(["01"]) == 1
    assert path.read_bytes() == before
    assert "01_bad.ipynb, cell 2 (id cell-2): NameError: name 'unknown' is not defined" in capsys.readouterr().err


@pytest.fixture
def solutions(tmp_path: Path) -> Path:
    for name in ("00_start", "02_taylor"):
        ex.write(tmp_path / f"{name}.ipynb", ex.lesson())
    return tmp_path


def test_lessons_are_chosen_by_the_start_of_their_name_or_by_their_file(solutions: Path) -> None:
    start, taylor = solutions / "00_start.ipynb", solutions / "02_taylor.ipynb"
    assert chosen([], solutions) == [start, taylor]
    assert chosen(["02", "02_taylor"], solutions) == [taylor]
    assert chosen([str(taylor), "00"], solutions) == [taylor, start]


def test_an_unknown_lesson_is_named(solutions: Path) -> None:
    with pytest.raises(ExecutionError, match="no notebook there whose name begins with '07'"):
        chosen(["07"], solutions)


@pytest.mark.parametrize(("content", "complaint"), [(None, "there is no such file"), ("{", "not JSON")])
def test_main_reports_a_file_that_is_no_notebook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, complaint: str
) -> None:
    path = tmp_path / "lesson.ipynb"
    if content:
        path.write_text(content)
    assert main([str(path)]) == 1
    assert f"{path}: {complaint}" in capsys.readouterr().err


def test_the_notebook_given_is_left_as_it_is(tmp_path: Path) -> None:
    source = ex.notebook(ex.code("1"))
    before = to_bytes(source)
    executed(source, tmp_path)
    assert to_bytes(source) == before
