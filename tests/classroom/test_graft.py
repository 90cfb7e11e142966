"""Answers are found in whatever was handed in, and nothing else of it is taken."""

from __future__ import annotations

import json

import damage
import pytest
from damage import ANSWER, CHECK, HERE, RIGHT, SAME_ANSWERS, Target
from students import lesson, lessons, notebook, solved

from lrp_edu.classroom.graft import Answers, GraftError, graft, parse, which_lesson
from lrp_edu.classroom.notebook import to_bytes

TARGETS = list(damage.TARGETS.values())


def answers(name: str, target: Target = HERE) -> Answers:
    return graft(parse(damage.content(damage.damages(target)[name], target=target)), lesson(target.lesson))


@pytest.mark.parametrize("name", SAME_ANSWERS)
@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.lesson)
def test_damage_to_the_notebook_does_not_touch_the_answers(name: str, target: Target) -> None:
    good, found = answers("untouched", target), answers(name, target)
    assert (found.code, found.text, found.reasons) == (good.code, good.text, good.reasons)


def test_a_helper_comes_before_the_answer_that_needs_it() -> None:
    helper, answer = answers("helper in a cell of its own").code[CHECK]
    assert (helper.startswith("def my_stabilised"), answer.startswith("def stabilised")) == (True, True)


def test_a_helper_of_a_helper_comes_along_and_a_scratch_cell_does_not() -> None:
    made = damage.good()
    at = damage.place(made["cells"], ANSWER)
    sources = ["minus = -1.0", "def sign(z):\n    return np.where(z >= 0, 1.0, minus)", "other = 1 / 0"]
    made["cells"][at:at] = [damage.own_cell(source) for source in sources]
    damage.cell(made)["source"] = "def stabilised(z, epsilon):\n    return z + epsilon * sign(z)"
    found = graft(parse(json.dumps(made).encode()), lesson(damage.LESSON))
    assert found.code[CHECK] == [*sources[:2], damage.cell(made)["source"]]


def test_names_of_the_lesson_itself_are_not_taken_from_the_student() -> None:
    made = damage.good()
    made["cells"].insert(0, damage.own_cell("import numpy as np\nstabilise = None"))
    found = graft(parse(json.dumps(made).encode()), lesson(damage.LESSON))
    assert found.code == answers("untouched").code


def test_a_stub_beside_the_answer_does_not_count() -> None:
    made = damage.good()
    stub = lesson(damage.LESSON).by_grade_id[ANSWER][0].source
    damage.duplicated(ANSWER, stub)(made)
    found = graft(parse(json.dumps(made).encode()), lesson(damage.LESSON))
    assert found.code[CHECK] == [RIGHT]
    assert found.reasons == {}


def test_a_written_answer_in_two_cells_is_read_whole() -> None:
    made = damage.good()
    damage.duplicated("mlp-two-questions", "And more.")(made)
    found = graft(parse(json.dumps(made).encode()), lesson(damage.LESSON))
    assert found.text["mlp-two-questions"].endswith("\n\nAnd more.")


def test_an_untouched_notebook_has_no_answers_and_nothing_odd() -> None:
    for one in lessons().values():
        found = graft(parse(to_bytes(one.student)), one)
        assert (found.notes, found.reasons) == ([], {})
        assert all(cells == [] for cells in found.code.values())


def test_solutions_are_found_in_every_lesson() -> None:
    for one in lessons().values():
        found = graft(parse(to_bytes(notebook(one, solved(one)))), one)
        assert (found.notes, found.reasons) == ([], {})
        written = {answer: source for answer, source in solved(one).items() if answer in found.text}
        assert {source for cells in found.code.values() for source in cells} | set(written.values()) == set(
            solved(one).values()
        )


UNREADABLE = {
    "empty": (b" \n", "empty"),
    "HTML": (b"<html>", "not JSON"),
    "Latin-1": ('{"cells": "\xe9"}'.encode("latin-1"), "not UTF-8"),
    "a list": (b"[1, 2]", "no cells"),
    "no cells": (b'{"cells": []}', "no cells"),
    "cells of another kind": (b'{"cells": [1, null, "a"]}', "no cells"),
    "deep": (b"[" * 100_000, "not JSON"),
}


@pytest.mark.parametrize(("content", "complaint"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_notebook_is_named(content: bytes, complaint: str) -> None:
    with pytest.raises(GraftError, match=complaint):
        parse(content)


def test_odd_cells_are_read_as_far_as_they_go() -> None:
    cells = [
        {"source": ["a\n", "b"], "metadata": None},
        {"cell_type": "code", "metadata": {"nbgrader": 3}, "id": 7},
        {},
    ]
    found = parse(b"\xef\xbb\xbf" + json.dumps({"cells": cells, "metadata": [1]}).encode())
    assert [cell.source for cell in found.cells] == ["a\nb", "", ""]
    assert [(cell.id, cell.grade_id) for cell in found.cells] == [(None, None)] * 3


def test_format_3_with_its_worksheets_is_read() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1"}]}], "metadata": {}}
    assert parse(json.dumps(old).encode()).cells[0].source == "x = 1"


def test_the_lesson_is_found_by_note_by_name_and_by_content() -> None:
    one = lesson("03")
    handed = parse(to_bytes(one.student))
    assert which_lesson(handed, "x.ipynb", lessons()) == one.name
    bare = damage.good()
    damage.stripped(bare)
    handed = parse(json.dumps(bare).encode())
    assert which_lesson(handed, f"ann_{lesson('02').name}.ipynb", lessons()) == lesson("02").name
    assert which_lesson(handed, "x.ipynb", lessons()) == one.name
    assert which_lesson(parse(b'{"cells": [{"source": "1"}]}'), "x.ipynb", lessons()) is None
