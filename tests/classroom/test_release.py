"""Student notebooks: nothing hidden gets out, nothing is written unless all of it is sound."""

from __future__ import annotations

import os
from copy import deepcopy
from pathlib import Path

import examples as ex
import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader import utils
from nbgrader.converters import GenerateAssignment

from lrp_edu.classroom import release as module
from lrp_edu.classroom.notebook import NOTEBOOK_METADATA, to_bytes
from lrp_edu.classroom.release import ReleaseError, check_source, points, release, student_version, version

PATH = Path("solutions/lesson.ipynb")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- one notebook ---------------------------------------------------------------------------------------------------


def test_answer_becomes_a_stub_that_raises_inside_its_function() -> None:
    student = student_version(ex.lesson()).cells[2]
    assert "return 2 * x" not in student.source
    assert '"""Twice x."""' in student.source
    names: dict = {}
    exec(student.source, names)
    with pytest.raises(NotImplementedError, match="write your code here"):
        names["double"](1)


def test_check_keeps_its_visible_part_and_loses_the_hidden_one() -> None:
    assert student_version(ex.lesson()).cells[3].source == "assert double(1) == 2"


def test_written_answer_becomes_an_invitation_without_answer_and_mark_scheme() -> None:
    assert student_version(ex.lesson()).cells[4].source == module.TEXT_STUB


def test_task_keeps_its_question_and_loses_the_mark_scheme() -> None:
    source = "Draw the plane.\n### BEGIN MARK SCHEME\nOne point for the root line.\n### END MARK SCHEME"
    assert student_version(ex.notebook(ex.task(source))).cells[0].source == "Draw the plane."


def test_outputs_and_counts_are_removed() -> None:
    source = ex.notebook(ex.code("6 * 7"))
    source.cells[0].update(
        execution_count=3, outputs=[nbformat.v4.new_output("execute_result", {"text/plain": "42"}, execution_count=3)]
    )
    student = student_version(source).cells[0]
    assert (student.outputs, student.execution_count) == ([], None)


def test_only_needed_metadata_stays() -> None:
    source = ex.lesson()
    source.metadata.update(widgets={"state": {}}, kernelspec={"name": "my-venv", "display_name": "me"}, papermill={})
    source.cells[1].metadata.update(execution={"iopub": "2020-01-01"}, tags=["mine"], collapsed=True)
    student = student_version(source)
    assert student.metadata == NOTEBOOK_METADATA
    assert student.cells[1].metadata == {"tags": ["mine"]}


def test_answers_and_checks_may_fail_and_nothing_else() -> None:
    tagged = ["raises-exception" in cell.metadata.get("tags", []) for cell in student_version(ex.lesson()).cells]
    assert tagged == [False, False, True, True, False]


def test_checks_are_locked_and_answers_cannot_be_deleted() -> None:
    _, _, answer, check, written = (cell.metadata for cell in student_version(ex.lesson()).cells)
    assert [answer.get("editable", True), check["editable"], written.get("editable", True)] == [True, False, True]
    assert [answer["deletable"], check["deletable"], written["deletable"]] == [False, False, False]


def test_checksums_are_those_of_the_text_that_students_receive() -> None:
    graded = [cell for cell in student_version(ex.lesson()).cells if "nbgrader" in cell.metadata]
    assert [cell.metadata.nbgrader.checksum for cell in graded] == [utils.compute_checksum(cell) for cell in graded]
    assert utils.determine_grade(graded[2]) == (0, 3), "nbgrader should see that nothing was written"


def test_the_source_is_left_as_it_is() -> None:
    source = ex.lesson()
    before = deepcopy(source)
    student_version(source)
    assert source == before


def test_the_steps_are_nbgraders_own_in_its_order() -> None:
    theirs = iter(GenerateAssignment().preprocessors)
    assert all(type(step) in theirs for step in module.STEPS)


def test_points_are_listed_by_exercise() -> None:
    assert points(ex.lesson()) == {"topic-double": 2.0, "topic-why": 3.0}
    assert points(student_version(ex.lesson())) == points(ex.lesson())


# --- what is refused ------------------------------------------------------------------------------------------------

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
HIDE, SHOW = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
SCHEME, SCHEME_END = "### BEGIN MARK SCHEME", "### END MARK SCHEME"

REFUSED = {
    "duplicate grade id": (ex.answer(grade_id="topic-x"), "cell 1 has the same grade id 'topic-x'"),
    "no grade id": (ex.code("1", solution=True), "does not have a grade_id"),
    "strange grade id": (ex.answer(grade_id="topic w2"), "'topic w2' does not match"),
    "no points": (ex.code("1", grade=True, locked=True, grade_id="a"), "points None; give it a number above 0"),
    "zero points": (ex.check(points=0), "points 0; give"),
    "negative points": (ex.check(points=-1), "points -1; give"),
    "endless points": (ex.check(points=float("inf")), "points inf; give"),
    "points in words": (ex.check(points="two"), "points 'two'; give"),
    "written without points": (ex.written(points=None), "points None; give"),
    "task without points": (ex.task("Draw.", points=0), "points 0; give"),
    "old metadata": (ex.code("1", solution=True, grade_id="a", schema_version=2), "Outdated schema version: 2"),
    "markdown answer not graded": (ex.markdown("1", solution=True, grade_id="a"), "not marked as a grade cell"),
    "solution never ends": (ex.answer(f"{BEGIN}\n1"), "SOLUTION begins but does not end; put in '### END SOLUTION'"),
    "solution never begins": (ex.answer(f"1\n{END}"), "SOLUTION ends but has not begun"),
    "solution in a solution": (ex.answer(f"{BEGIN}\n{BEGIN}\n{END}\n{END}"), "begins before SOLUTION has ended"),
    "tests never end": (ex.check(HIDE), "HIDDEN TESTS begins but does not end"),
    "tests never begin": (ex.check(SHOW), "HIDDEN TESTS ends but has not begun"),
    "tests end as a solution": (ex.check(f"{HIDE}\n1\n{END}"), "SOLUTION ends but has not begun"),
    "scheme never ends": (ex.task(SCHEME), "MARK SCHEME begins but does not end"),
    "solution in the story": (ex.code(f"{BEGIN}\n1\n{END}"), "SOLUTION may only stand in an answer cell"),
    "solution in a check": (ex.check(f"{BEGIN}\n1\n{END}"), "SOLUTION may only stand in an answer cell"),
    "tests in an answer": (ex.answer(f"{HIDE}\n1\n{SHOW}"), "HIDDEN TESTS may only stand in a check cell"),
    "scheme in the story": (ex.markdown(f"{SCHEME}\n1\n{SCHEME_END}"), "MARK SCHEME may only stand in a task"),
    "scheme beside a solution": (
        ex.written(f"{BEGIN}\n1\n{END}\n{SCHEME}\n2\n{SCHEME_END}"),
        "MARK SCHEME may only stand in a task, or a written answer without solution markers",
    ),
    "marker in small letters": (ex.check("### begin hidden tests\n1"), "'### begin hidden tests' looks like a marker"),
    "marker with one #": (ex.answer("# BEGIN SOLUTION\n1\n# END SOLUTION"), "'# BEGIN SOLUTION' looks like a marker"),
    "code beside a marker": (ex.check(f"x = 1 {HIDE}\n1\n{SHOW}"), "looks like a marker"),
    "metadata of no use": (
        nbformat.v4.new_code_cell("1", metadata={"nbgrader": "solution"}),
        "metadata is not a table of names and values",
    ),
}


@pytest.mark.parametrize(("cell", "complaint"), REFUSED.values(), ids=REFUSED)
def test_refused_with_file_cell_and_remedy(cell: nbformat.NotebookNode, complaint: str) -> None:
    source = ex.notebook(ex.answer(grade_id="topic-x"), deepcopy(cell))
    with pytest.raises(ReleaseError) as refusal:
        check_source(source, PATH)
    assert refusal.value.problems[0].startswith(f"{PATH}, cell 2 (id cell-2): ")
    assert complaint in str(refusal.value)


def test_attachment_of_an_answer_is_refused() -> None:
    source = ex.notebook(ex.written())
    source.cells[0]["attachments"] = {"answer.png": {"image/png": "AAAA"}}
    with pytest.raises(ReleaseError, match="attachment would stay in the student version"):
        check_source(source, PATH)


def test_missing_and_duplicate_cell_ids_are_refused() -> None:
    source = ex.lesson()
    del source.cells[0]["id"]
    source.cells[3]["id"] = source.cells[1].id
    with pytest.raises(ReleaseError) as refusal:
        check_source(source, PATH)
    assert refusal.value.problems == [
        f"{PATH}, cell 1 (id missing): it has no id; give it one that no other cell has",
        f"{PATH}, cell 4 (id cell-2): cell 2 has the same id 'cell-2'; give one of them another",
    ]


def test_a_sound_notebook_passes() -> None:
    check_source(ex.lesson(), PATH)


# --- whole folders --------------------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Solutions of two lessons, and the notebooks released from them."""
    solutions, notebooks = tmp_path / "solutions", tmp_path / "notebooks"
    for name in ("01_one", "02_two"):
        ex.write(solutions / f"{name}.ipynb", ex.lesson())
    release(solutions, notebooks)
    return solutions, notebooks


def test_release_writes_every_notebook_the_same_on_every_run(folders: tuple[Path, Path]) -> None:
    solutions, notebooks = folders
    first, times = contents(notebooks), [path.stat().st_mtime_ns for path in sorted(notebooks.iterdir())]
    assert release(solutions, notebooks) == [notebooks / "01_one.ipynb", notebooks / "02_two.ipynb"]
    assert sorted(first) == ["01_one.ipynb", "02_two.ipynb"]
    assert contents(notebooks) == first
    assert [path.stat().st_mtime_ns for path in sorted(notebooks.iterdir())] == times, "a file was written in vain"


def test_stale_notebooks_go_and_the_readers_own_files_stay(folders: tuple[Path, Path]) -> None:
    solutions, notebooks = folders
    (notebooks / "my_copy.ipynb").write_bytes((notebooks / "02_two.ipynb").read_bytes())
    (notebooks / "broken.ipynb").write_text("{")
    ex.write(notebooks / "foreign.ipynb", ex.lesson())
    (notebooks / "data").mkdir()
    (notebooks / "data" / "notes.txt").write_text("mine")
    (solutions / "02_two.ipynb").unlink()
    release(solutions, notebooks)
    assert sorted(contents(notebooks)) == [
        "01_one.ipynb", "broken.ipynb", "data/notes.txt", "foreign.ipynb", "my_copy.ipynb",
    ]  # fmt: skip


BROKEN_FILES = {
    "not JSON": (b"{", "not JSON"),
    "not text": (b"\xff\xfe", "not UTF-8 text"),
    "a list": (b"[]", "not a notebook: it has no list of cells"),
    "old format": (b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}', "notebook format 4.4"),
    "no version": (b'{"cells": []}', "notebook format None.None"),
    "a strange cell": (
        b'{"cells": [{"cell_type": "code", "id": "a"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
        "not a valid notebook, cell 1: ",
    ),
    "a cell that is a number": (b'{"cells": [1], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "cell 1"),
}


@pytest.mark.parametrize(("content", "complaint"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_all_problems_are_told_at_once_and_nothing_is_written(
    folders: tuple[Path, Path], content: bytes, complaint: str
) -> None:
    solutions, notebooks = folders
    before = contents(notebooks)
    ex.write(solutions / "01_one.ipynb", ex.notebook(ex.markdown("# changed, and would be written")))
    (solutions / "02_two.ipynb").write_bytes(content)
    ex.write(solutions / "03_three.ipynb", ex.notebook(ex.check(points=0), ex.check(points=1)))
    with pytest.raises(ReleaseError) as refusal:
        release(solutions, notebooks)
    file, points_problem, id_problem = refusal.value.problems
    assert file.startswith(f"{solutions / '02_two.ipynb'}: ")
    assert complaint in file
    assert "03_three.ipynb, cell 1" in points_problem
    assert "03_three.ipynb, cell 2" in id_problem
    assert contents(notebooks) == before


@pytest.mark.parametrize("failing", ["replace", "unlink"])
def test_a_failure_half_way_leaves_everything_as_it_was(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    solutions, notebooks = folders
    before = contents(notebooks)
    ex.write(solutions / "00_new.ipynb", ex.notebook(ex.markdown("# new")))
    ex.write(solutions / "01_one.ipynb", ex.notebook(ex.markdown("# changed")))
    (solutions / "02_two.ipynb").unlink()
    replace, unlink = os.replace, Path.unlink

    def replace_or_fail(source: Path, target: Path) -> None:
        if failing == "replace" and Path(source).parent.name == "new" and Path(target).name == "01_one.ipynb":
            raise OSError("the disk is full")
        replace(source, target)

    def unlink_or_fail(path: Path, missing_ok: bool = False) -> None:
        if failing == "unlink" and path.name == "02_two.ipynb":
            raise OSError("no permission")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(os, "replace", replace_or_fail)
    monkeypatch.setattr(Path, "unlink", unlink_or_fail)
    with pytest.raises(OSError, match=r"the disk is full|no permission"):
        release(solutions, notebooks)
    assert contents(notebooks) == before
    assert contents(notebooks.parent).keys() == {f"notebooks/{name}" for name in before} | {
        f"solutions/{name}" for name in contents(solutions)
    }, "something was left lying about"


def test_no_solutions_are_refused_and_nothing_is_removed(folders: tuple[Path, Path], tmp_path: Path) -> None:
    _, notebooks = folders
    before = contents(notebooks)
    with pytest.raises(ReleaseError, match="no notebooks there"):
        release(tmp_path / "nowhere", notebooks)
    assert contents(notebooks) == before


def test_the_solutions_are_never_overwritten(folders: tuple[Path, Path]) -> None:
    solutions, _ = folders
    before = contents(solutions)
    with pytest.raises(ReleaseError, match="the solutions themselves"):
        release(solutions, solutions.parent / "notebooks" / ".." / "solutions")
    assert contents(solutions) == before


# --- any notebook ---------------------------------------------------------------------------------------------------

# Unlike any text of the stubs, and each line of a notebook can be told from every other.
LINES = st.lists(st.sampled_from(["x = 1", "  # β", "", "text"]), max_size=3)


@st.composite
def regions(draw: st.DrawFn, begin: str, end: str) -> str:
    """Visible lines, a region of secret lines, visible lines: perhaps several times, indented in any way."""
    blocks = [f"visible_{line}" for line in draw(LINES)]
    for _ in range(draw(st.integers(1, 3))):
        indent = " " * draw(st.integers(0, 6))
        secret = [f"{indent}secret_{line}" for line in draw(LINES)]
        blocks += [indent + begin, *secret, indent + end, *(f"{indent}visible_{line}" for line in draw(LINES))]
    return "\n".join(blocks)


CELLS = st.one_of(
    st.builds(lambda lines: ex.code("\n".join(f"visible_{line}" for line in lines)), LINES),
    st.builds(ex.answer, regions(BEGIN, END)),
    st.builds(ex.check, regions(HIDE, SHOW)),
    st.builds(ex.task, regions(SCHEME, SCHEME_END)),
    st.builds(ex.answer, st.just("secret_all")),
    st.builds(ex.written, st.just("secret_all")),
)


@st.composite
def notebooks(draw: st.DrawFn) -> nbformat.NotebookNode:
    source = ex.notebook(*draw(st.lists(CELLS, max_size=6)))
    for number, cell in enumerate(source.cells):
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.grade_id = f"topic-{number}"
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", text="secret_output")]
    return source


@given(notebooks())
def test_no_notebook_leaks_a_line_or_loses_one(source: nbformat.NotebookNode) -> None:
    check_source(source, PATH)
    student = student_version(source)
    nbformat.validate(student)
    text = to_bytes(student).decode()
    assert "secret" not in text
    assert not any(marker in text for marker in module.MARKERS)
    assert [line for cell in student.cells for line in cell.source.split("\n") if "visible" in line] == [
        line for cell in source.cells for line in cell.source.split("\n") if "visible" in line
    ]
    assert to_bytes(student_version(source)) == to_bytes(student)


KINDS = [ex.code, ex.markdown, ex.answer, ex.check, ex.written, ex.task]
WILD_LINES = st.sampled_from([*module.MARKERS, "text", f"  {BEGIN}", f"{END} # note", "# end solution"])


@given(st.sampled_from(KINDS), st.lists(WILD_LINES, max_size=6).map("\n".join))
def test_whatever_passes_the_check_has_no_marker_left(kind: type, text: str) -> None:
    source = ex.notebook(kind(text))
    try:
        check_source(source, PATH)
    except ReleaseError:
        return
    student = student_version(source)
    assert not any(word in student.cells[0].source for word in ("BEGIN", "END", "end solution"))


# --- which lesson, which version --------------------------------------------------------------------------------------


def test_the_note_says_which_lesson_and_version_it_is(folders: tuple[Path, Path]) -> None:
    student = nbformat.read(folders[1] / "01_one.ipynb", as_version=4)
    assert student.metadata["lrp_edu"] == {"lesson": "01_one", "version": version(student_version(ex.lesson()))}


def test_a_version_changes_with_what_students_see_and_with_nothing_else() -> None:
    solution = ex.lesson()
    first = version(student_version(solution))
    solution.cells[1].outputs = [nbformat.v4.new_output("stream", text="42")]
    solution.cells[3].source = ex.CHECK.replace("21", "22").replace("42", "44")
    assert version(student_version(solution)) == first, "another hidden test marks the same notebook"
    solution.cells[3].source = ex.CHECK.replace("double(1) == 2", "double(2) == 4")
    assert version(student_version(solution)) != first


def test_some_lessons_are_released_and_the_others_left_alone(folders: tuple[Path, Path]) -> None:
    solutions, notebooks = folders
    (solutions / "02_two.ipynb").unlink()
    for path in notebooks.iterdir():
        path.write_bytes(path.read_bytes() + b"\n")
    before = contents(notebooks)
    assert release(solutions, notebooks, ["01"]) == [notebooks / "01_one.ipynb"]
    assert contents(notebooks)["01_one.ipynb"] + b"\n" == before["01_one.ipynb"]
    assert contents(notebooks)["02_two.ipynb"] == before["02_two.ipynb"]


def test_an_unknown_lesson_is_refused_and_the_known_ones_named(folders: tuple[Path, Path]) -> None:
    with pytest.raises(ReleaseError, match=r"no lesson there begins with '7'; there are 01_one, 02_two"):
        release(*folders, ["01", "7"])
