"""The checks under the exercises, tried on answers that readers would give: right ones pass, wrong ones hear why."""

from __future__ import annotations

import ast
import contextlib
import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from answers import lesson_00, lesson_01, lesson_02, lesson_03, lesson_04, lesson_05, lesson_06
from nbgrader import utils

from lrp_edu.check import CheckFailed
from lrp_edu.classroom.names import names as names_in
from lrp_edu.classroom.notebook import read

SOLUTIONS = Path(__file__).parents[1] / "solutions"
NOTEBOOKS = {
    "start": "00_start_here.ipynb",
    "why": "01_why_explain.ipynb",
    "taylor": "02_taylor_decomposition.ipynb",
    "mlp": "03_numpy_mlp.ipynb",
    "rules": "04_rules_and_composites.ipynb",
    "conv": "05_convolutional_networks.ipynb",
    "vgg16": "06_vgg16.ipynb",
}
BANKS = (lesson_00, lesson_01, lesson_02, lesson_03, lesson_04, lesson_05, lesson_06)
RIGHT: dict[str, list[str]] = {name: many for bank in BANKS for name, many in bank.RIGHT.items()}
WRONG: dict[str, list[tuple[str, str]]] = {name: many for bank in BANKS for name, many in bank.WRONG.items()}


def run(source: str, names: dict[str, Any]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        exec(source, names)


class Exercise(NamedTuple):
    answer: str  # the solution's cell
    check: str
    names: dict[str, Any]  # all that a reader has when she comes to it

    @property
    def visible(self) -> str:
        return self.check.partition("### BEGIN HIDDEN TESTS")[0]

    @property
    def hidden(self) -> str:
        return self.check.partition("### BEGIN HIDDEN TESTS")[2]

    def answered(self, *sources: str) -> dict[str, Any]:
        """The names after the solution ran, and then answers that may replace one of its functions only."""
        names = dict(self.names)
        for source in (self.answer, *sources):
            run(source, names)
        return names


@cache
def exercises(notebook: str) -> dict[str, Exercise]:
    """The exercises of a lesson by their names; what they need of the lesson is run once in each process."""
    cells = [cell for cell in read(SOLUTIONS / notebook).cells if cell.cell_type == "code"]
    last = max(number for number, cell in enumerate(cells) if utils.is_grade(cell))
    found, names, answer = {}, {}, ""
    for cell in needed(cells[: last + 1], answers_to(notebook)):
        if utils.is_solution(cell):
            answer = cell.source
        elif utils.is_grade(cell):
            found[cell.metadata.nbgrader.grade_id.removesuffix("-check")] = Exercise(answer, cell.source, dict(names))
        if not utils.is_grade(cell):
            run(cell.source, names)
    return found


def answers_to(notebook: str) -> list[str]:
    """All answers of the bank to the exercises of a lesson."""
    right = [(name, source) for name, many in RIGHT.items() for source in many]
    wrong = [(name, source) for name, many in WRONG.items() for _, source in many]
    return [source for name, source in right + wrong if NOTEBOOKS[name.partition("-")[0]] == notebook]


def needed(cells: list[Any], answers: list[str]) -> list[Any]:
    """The exercises' cells, and those before them that make what they or the answers use, or that may change it."""
    lasting = frozenset[str]().union(*(names_in(cell.source).lasting for cell in cells))
    wanted = frozenset[str]().union(*(names_in(source).open for source in answers))
    kept = []
    for cell in reversed(cells):
        own = names_in(cell.source)
        if (
            utils.is_grade(cell)
            or utils.is_solution(cell)
            or own.bound & wanted
            or asked(cell.source) & wanted - lasting
        ):
            wanted |= own.open
            kept.append(cell)
    return kept[::-1]


def asked(source: str) -> set[str]:
    """The names whose methods are called, as `network` in `network.fit(...)`: what they stand for may change."""
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    owners = (call.value for call in calls if isinstance(call, ast.Attribute))
    return {owner.id for owner in owners if isinstance(owner, ast.Name)}


def exercise(name: str) -> Exercise:
    return exercises(NOTEBOOKS[name.partition("-")[0]])[name]


def pairs(bank: dict[str, list[Any]]) -> list[Any]:
    return [pytest.param(name, one, id=f"{name}-{n}") for name, many in bank.items() for n, one in enumerate(many, 1)]


@pytest.mark.parametrize("lesson", NOTEBOOKS)
def test_every_exercise_has_answers(lesson: str) -> None:
    right, wrong = ({name: bank[name] for name in bank if name.startswith(f"{lesson}-")} for bank in (RIGHT, WRONG))
    assert set(exercises(NOTEBOOKS[lesson])) == set(right) == set(wrong)
    assert all(len(many) >= 2 for many in right.values())
    assert all(len(many) >= 4 for many in wrong.values())


@pytest.mark.parametrize(("name", "source"), pairs(RIGHT))
def test_a_right_answer_passes(name: str, source: str) -> None:
    tried = exercise(name)
    run(tried.check, tried.answered(source))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # some wrong answers divide by zero
@pytest.mark.parametrize(("name", "wrong"), pairs(WRONG))
def test_a_wrong_answer_is_told_what_is_wrong_with_it(name: str, wrong: tuple[str, str]) -> None:
    message, source = wrong
    tried = exercise(name)
    names = tried.answered(source)
    with pytest.raises((CheckFailed, IndexError, ValueError)) as told:
        run(tried.visible, names)
    assert message in told.exconly()
    # Where the answer itself stumbles, the bank says so, with the words of Python or NumPy.
    assert told.type is CheckFailed or message.startswith(told.typename)


Function = Callable[..., Any]


def passes(source: str, names: dict[str, Any]) -> bool:
    try:
        run(source, names)
    except CheckFailed:
        return False
    return True


class Call(NamedTuple):
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]

    def written(self) -> str:
        given = [*self.arguments, *self.keywords.items()]
        return repr([one.tolist() if isinstance(one, np.ndarray) else one for one in given])


def recorded(function: Function, calls: list[Call]) -> Function:
    """The function, writing down how it is called."""

    def recording(*arguments: Any, **keywords: Any) -> Any:
        calls.append(Call(arguments, keywords))
        return function(*arguments, **keywords)

    return recording


def calls_of(tried: Exercise, part: str) -> dict[str, list[Call]]:
    """How that part of the check calls each function of the answer."""
    calls: dict[str, list[Call]] = {
        node.name: [] for node in ast.parse(tried.answer).body if isinstance(node, ast.FunctionDef)
    }
    names = tried.answered()
    names |= {function: recorded(names[function], calls[function]) for function in calls}
    run(part, names)
    return calls


def by_heart(function: Function, calls: list[Call]) -> Function:
    """The function, right where it is called like that, and wrong elsewhere."""
    known = {call.written() for call in calls}

    def remembering(*arguments: Any, **keywords: Any) -> Any:
        result = function(*arguments, **keywords)
        return result if Call(arguments, keywords).written() in known else off(result)

    return remembering


def off(result: Any) -> Any:
    return tuple(map(off, result)) if isinstance(result, tuple) else 2 * result + 1


def spoiling(function: Function, position: int) -> Function:
    """The function, but the array among its arguments at that position is another one afterwards."""

    def spoils(*arguments: Any, **keywords: Any) -> Any:
        result = function(*arguments, **keywords)
        arguments[position][...] += 1
        return result

    return spoils


@pytest.mark.parametrize("name", RIGHT)
def test_the_visible_examples_learned_by_heart_do_not_pass(name: str) -> None:
    tried = exercise(name)
    for function, calls in calls_of(tried, tried.visible).items():
        if not any(call.arguments for call in calls):
            pytest.skip(f"{function} takes no arguments, so there is one result to be known")
        names = tried.answered()
        run(tried.visible, names)  # the hidden tests may use what the visible ones have defined
        names[function] = by_heart(names[function], calls)
        assert not passes(tried.hidden, names), f"the hidden tests call {function} as the visible ones do"


@pytest.mark.parametrize("name", RIGHT)
def test_an_answer_that_changes_an_argument_does_not_pass(name: str) -> None:
    tried = exercise(name)
    for function, calls in calls_of(tried, tried.check).items():
        arrays = {i for call in calls for i, one in enumerate(call.arguments) if isinstance(one, np.ndarray)}
        for position in arrays:
            names = tried.answered()
            names[function] = spoiling(names[function], position)
            assert not passes(tried.check, names), f"{function} may change its argument {position + 1}"
