"""The checks under the exercises: right answers pass in silence, wrong ones are told what is wrong, in words."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbclient import NotebookClient
from traitlets.config import Config

from lrp_edu import check
from lrp_edu.check import CheckFailed

A, B, C = sp.symbols("a b c", real=True)

# Right answers

RIGHT = {
    "that": lambda: check.that(1 < 2, "no"),
    "that, an array of one": lambda: check.that(np.array([True]), "no"),
    "shape of a matrix": lambda: check.shape(np.zeros((2, 3)), (2, 3)),
    "shape of a number": lambda: check.shape(3, ()),
    "shape as a list": lambda: check.shape([[1], [2]], [2, 1]),
    "numbers": lambda: check.close(3, 3.0),
    "a list": lambda: check.close([1, 2], np.array([1.0, 2.0])),
    "float32": lambda: check.close(np.float32(0.1), 0.1),
    "within rtol": lambda: check.close(1e6 + 0.9, 1e6),
    "within a given rtol": lambda: check.close(1.09, 1.0, rtol=0.1),
    "within a given atol": lambda: check.close(0.09, 0.0, atol=0.1),
    "a tuple": lambda: check.close((np.ones(2), 3), (np.ones(2), 3.0)),
    "tuples in a tuple": lambda: check.close((1, (2, [3, 4])), (1, (2, [3, 4]))),
    "an empty array": lambda: check.close([], np.zeros(0)),
    "truth": lambda: check.close([True, False], [1, 0]),
    "right although a mistake looks the same": lambda: check.close(4, 4, mistakes={"you added": 4}),
}


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
def test_a_right_answer_passes_in_silence(right: Callable[[], Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert right() is None
    assert capsys.readouterr().out == ""


# Wrong answers

RETURN = "your result is None: is there a `return` at the end of the function?"
DOTS = "your result is still `...`, to be replaced"
NOT_FINITE = "your result holds NaN or infinity: is something divided by zero?"

WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "that": (lambda: check.that(2 < 1, "two is more"), "two is more"),
    "that, nothing in it": (lambda: check.that([], "empty"), "empty"),
    "shape": (
        lambda: check.shape(np.zeros((2, 3)), (3, 2)),
        "your result has shape (2, 3), it should have (3, 2)",
    ),
    "shape of None": (lambda: check.shape(None, ()), RETURN),
    "shape of dots": (lambda: check.shape(..., ()), DOTS),
    "shape of a word": (lambda: check.shape("abc", (3,)), "expected numbers, got str 'abc'"),
    "None": (lambda: check.close(None, 3), RETURN),
    "dots": (lambda: check.close(..., 3), DOTS),
    "a word": (lambda: check.close("three", 3), "expected numbers, got str 'three'"),
    "a dictionary": (lambda: check.close({"a": 1}, 1), "expected numbers, got dict {'a': 1}"),
    "a complex number": (lambda: check.close(1 + 2j, 1.0), "expected numbers, got complex (1+2j)"),
    "a symbol": (lambda: check.close(A, 1.0), "expected numbers, got Symbol a"),
    "ragged rows": (lambda: check.close([[1], [2, 3]], np.ones((2, 2))), "expected numbers, got list [[1], [2, 3]]"),
    "dots within": (lambda: check.close([..., 1], [1, 1]), "expected numbers, got list [Ellipsis, 1]"),
    "another shape": (lambda: check.close([[1, 2]], [1, 2]), "your result has shape (1, 2), it should have (2,)"),
    "a shape that would broadcast": (lambda: check.close(1.0, [1, 1]), "your result has shape (), it should have (2,)"),
    "NaN": (lambda: check.close([1, np.nan], [1, 2]), NOT_FINITE),
    "infinity": (lambda: check.close(-np.inf, 2), NOT_FINITE),
    "numbers": (lambda: check.close(2, 3), "the numbers are not right yet\n  yours:    2\n  expected: 3"),
    "numbers, in own words": (
        lambda: check.close([1, 2.5], [1, 2], "did you forget the bias?"),
        "did you forget the bias?\n  yours:    1, 2.5\n  expected: 1, 2",
    ),
    "many numbers": (
        lambda: check.close(np.zeros((2, 4)), np.ones((2, 4))),
        "the numbers are not right yet\n  yours:    0, 0, 0, 0, 0, 0, …\n  expected: 1, 1, 1, 1, 1, 1, …",
    ),
    "just outside rtol": (lambda: check.close(1e6 + 1.1, 1e6), "the numbers are not right yet"),
    "one number instead of two": (
        lambda: check.close(3.0, (1, 2)),
        "expected 2 results, as in `return a, b`; got float 3.0",
    ),
    "None instead of two": (lambda: check.close(None, (1, 2)), "expected 2 results"),
    "three instead of two": (lambda: check.close((1, 2, 3), (1, 2)), "expected 2 results"),
    "the second of two": (lambda: check.close((1, 9), (1, 2), "look again"), "look again\n  yours:    9"),
    "the second is None": (lambda: check.close((1, None), (1, 2)), "your result (number 2 of 2) is None: is there a"),
    "the first has another shape": (
        lambda: check.close((1, [2, 3]), ([1, 1], [2, 3])),
        "your result (number 1 of 2) has shape (), it should have (2,)",
    ),
    "a list instead of two": (
        lambda: check.close([1, 2], (1, 2)),
        "expected 2 results, as in `return a, b`; got list [1, 2] (a list: leave out the brackets)",
    ),
    "a known mistake": (
        lambda: check.close([5, 7], [6, 8], mistakes={"other": [0, 0], "the bias is missing": [5, 7]}),
        "the bias is missing",
    ),
    "the first of two known mistakes": (lambda: check.close(5, 6, mistakes={"one": 5, "two": 5}), "one"),
    "a mistake of another shape": (
        lambda: check.close([5, 5], [6, 6], mistakes={"a number": 5, "longer": [5, 5, 5]}),
        "the numbers are not right yet",
    ),
    "an unknown mistake": (lambda: check.close(7, 6, "no", mistakes={"the bias": 5}), "no\n  yours:    7"),
    "a known mistake of the wrong shape": (
        lambda: check.close([1, 2], [3], mistakes={"wrong axis": [1, 2]}),
        "wrong axis",
    ),
    "the wrong shape, and not by a known mistake": (
        lambda: check.close([1, 2], [3], mistakes={"wrong axis": [1, 4]}),
        "your result has shape (2,), it should have (1,)",
    ),
}


@pytest.mark.parametrize(("wrong", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_answer_is_told_what_is_wrong(wrong: Callable[[], Any], message: str) -> None:
    with pytest.raises(CheckFailed, match="^" + re.escape(message)):
        wrong()


@pytest.mark.parametrize("yours", ["3.0", np.array("3"), np.array(3 + 4j)], ids=repr)
@pytest.mark.filterwarnings("error")
def test_words_and_complex_numbers_are_no_numbers_even_where_numpy_reads_them(yours: Any) -> None:
    with pytest.raises(CheckFailed, match="expected numbers"):
        check.close(yours, 3.0)


def test_known_mistakes_are_recognised_in_a_tuple_of_results() -> None:
    with pytest.raises(CheckFailed, match=r"^the bias is missing"):
        check.close((1.0, [5, 7]), (1.0, [6, 8]), mistakes={"the bias is missing": (1.0, [5, 7])})


def test_what_is_described_stays_short() -> None:
    with pytest.raises(CheckFailed) as failed:
        check.close("long " * 1000, 1.0)
    assert len(str(failed.value)) < 120


number = st.floats(-1e6, 1e6)


@given(expected=number, off=st.floats(-2e-6, 2e-6))
def test_close_is_the_formula_of_its_docstring(expected: float, off: float) -> None:
    """|yours − expected| ≤ 1e-9 + 1e-6·|expected|."""
    yours = expected * (1 + off) + off
    distance, allowed = abs(yours - expected), 1e-9 + 1e-6 * abs(expected)
    if distance < 0.999 * allowed:
        check.close(yours, expected)
    elif distance > 1.001 * allowed:
        with pytest.raises(CheckFailed):
            check.close(yours, expected)


def test_close_does_not_change_its_arguments() -> None:
    yours, expected = np.array([1.0, 2.0]), np.array([1.0, 2.0])
    check.close(yours, expected)
    assert yours.tolist() == expected.tolist() == [1, 2]


# Expressions


@pytest.mark.parametrize(
    ("yours", "expected"),
    [
        ((A + B) ** 2, A**2 + 2 * A * B + B**2),
        (1 / (1 / A + 1 / B), A * B / (A + B)),
        (-(A * B + C) / (A**2 + B**2), -A * B / (A**2 + B**2) - C / (A**2 + B**2)),
        (sp.sin(A) ** 2 + sp.cos(A) ** 2, sp.Integer(1)),
        (sp.exp(A) * sp.exp(B), sp.exp(A + B)),
        (0.5 * A, A / 2),
        (3, sp.Integer(3)),
        (0.25, sp.Rational(1, 4)),
        (np.float64(2), sp.Integer(2)),
        (A * sp.Max(0, B) / (A * sp.Max(0, B) + C), 1 - C / (A * sp.Max(0, B) + C)),
    ],
    ids=str,
)
def test_expressions_are_compared_by_meaning_and_not_by_form(yours: Any, expected: sp.Expr) -> None:
    assert check.same_expression(yours, expected) is None


@pytest.mark.parametrize(
    ("yours", "expected"),
    [
        ((A + sp.Abs(A)) / 2, sp.Max(0, A)),
        (B * sp.Max(0, A) + B * sp.Min(0, A), A * B),
        (sp.Max(0, -A), -sp.Min(0, A)),
        (sp.Piecewise((A, A > 0), (0, True)), sp.Max(0, A)),
        (0.1 * A + 0.2 * A, sp.Rational(3, 10) * A),
        (np.int64(3), sp.Integer(3)),
        (0, 0),
    ],
    ids=str,
)
def test_expressions_that_are_equal_but_hard_to_see(yours: Any, expected: Any) -> None:
    check.same_expression(yours, expected)


NOT_SAME = "this is not the same expression yet"

WRONG_EXPRESSIONS: dict[str, tuple[Any, Any, str]] = {
    "another": (A + B, A - B, f"{NOT_SAME}\n  yours: a + b"),
    "a factor": (2 * A * B, A * B, NOT_SAME),
    "right for positive values only": (sp.Abs(A), A, NOT_SAME),
    "a number": (3, A, NOT_SAME),
    "NaN": (sp.nan, A, NOT_SAME),
    "infinity": (sp.zoo, A, NOT_SAME),
    "a symbol too many": (A + sp.Symbol("q"), A, NOT_SAME),
    "own symbol, other assumptions": (
        sp.Symbol("a") + B,
        A + B,
        "your expression has its own symbols ['a']: use those that are given, do not make new ones",
    ),
    "a word": ("a", A, "expected a SymPy expression, got str 'a'"),
    "what solve returns": ([A], A, "expected a SymPy expression, got list [a]"),
    "an equation": (sp.Eq(A, B), A, "expected a SymPy expression, got Equality"),
    "a matrix": (sp.Matrix([A]), A, "expected a SymPy expression, got"),
    "a function": (len, A, "expected a SymPy expression, got builtin_function_or_method"),
}


@pytest.mark.parametrize(("yours", "expected", "message"), WRONG_EXPRESSIONS.values(), ids=WRONG_EXPRESSIONS)
def test_a_wrong_expression_is_told_what_is_wrong(yours: Any, expected: sp.Expr, message: str) -> None:
    with pytest.raises(CheckFailed, match="^" + re.escape(message)):
        check.same_expression(yours, expected)


def test_a_known_mistake_in_an_expression_is_recognised_in_any_form() -> None:
    mistakes = {"wrong sign": -A - B, "the square is missing": A + B}
    with pytest.raises(CheckFailed, match=r"^the square is missing$"):
        check.same_expression((A**2 - B**2) / (A - B), (A + B) ** 2, mistakes=mistakes)
    with pytest.raises(CheckFailed, match=r"^no\n"):
        check.same_expression(A, (A + B) ** 2, "no", mistakes=mistakes)


@pytest.mark.parametrize(("yours", "message"), [(None, RETURN), (..., DOTS)], ids=str)
def test_an_open_exercise_on_expressions_gets_the_same_hint_as_one_on_numbers(yours: Any, message: str) -> None:
    with pytest.raises(CheckFailed, match=re.escape(message)):
        check.same_expression(yours, A)


def test_truth_is_no_expression() -> None:
    with pytest.raises(CheckFailed, match="expected a SymPy expression, got bool True"):
        check.same_expression(True, A)


# How a failure looks


def test_a_failed_check_is_a_failed_assertion() -> None:
    assert issubclass(CheckFailed, AssertionError)
    assert str(CheckFailed("look again")) == "look again"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    config = Config()
    config.HistoryAccessor.enabled = False
    shell = InteractiveShell(config=config)
    shell.run_cell("from lrp_edu import check")
    yield shell
    shell.restore_sys_module_state()


def test_ipython_shows_the_message_alone_and_counts_the_cell_as_failed(shell: InteractiveShell) -> None:
    with capture_output() as shown:
        ran = shell.run_cell("check.close(2, 3, 'did you forget the bias?')")
    assert not ran.success
    assert isinstance(ran.error_in_exec, CheckFailed)
    words = shown.stdout + shown.stderr
    assert "✗ Not yet: did you forget the bias?" in words
    assert "expected: 3" in words
    assert "Traceback" not in words
    assert "line" not in words


def test_ipython_shows_other_errors_as_ever(shell: InteractiveShell) -> None:
    with capture_output() as shown:
        shell.run_cell("1 / 0")
    assert "Traceback" in shown.stdout + shown.stderr


def test_a_notebook_stores_the_message_as_an_error_and_goes_on() -> None:
    cells = [
        "from lrp_edu import check",
        "check.close(None, 3)",
        "check.close(3, 3)\nprint('went on')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, allow_errors=True, kernel_name="python3", timeout=60).execute()
    _, failed, after = notebook.cells
    (error,) = failed.outputs
    assert error.output_type == "error"
    assert error.ename == "CheckFailed"
    assert error.evalue == RETURN
    assert error.traceback == [f"✗ Not yet: {RETURN}"]
    assert after.outputs[0].text == "went on\n"


def test_checks_on_numbers_do_not_load_sympy() -> None:
    program = "import sys; from lrp_edu import check; check.close([1], [1]); print('sympy' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout.strip() == "False", ran.stderr
