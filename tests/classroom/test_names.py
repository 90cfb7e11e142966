"""What a cell binds and reads, and which cells of a story that makes needed."""

from __future__ import annotations

import pytest
from students import lesson, lessons, solved

from lrp_edu.classroom.names import names, plain_python
from lrp_edu.classroom.plan import needed, story

READS = {
    "a name": ("y = x", {"y"}, {"x"}),
    "bound before": ("x = 1\ny = x", {"x", "y"}, set()),
    "in a function": ("def f(a):\n    return a * scale", {"f"}, {"scale"}),
    "a local name": ("def f(a):\n    b = a\n    return b", {"f"}, set()),
    "a comprehension": ("y = [v * k for v in values]", {"y"}, {"k", "values"}),
    "a loop binds its own": ("for row in rows:\n    last = row\nprint(last)", {"row", "last"}, {"rows", "print"}),
    "added to": ("n += 1", {"n"}, {"n"}),
    "an attribute": ("np.x = 1", set(), {"np"}),
    "a part": ("table[0] = 1", set(), {"table"}),
    "with": ("with open(path) as file:\n    text = file.read()", {"file", "text"}, {"open", "path"}),
    "import": ("import numpy as np, a.b", {"np", "a"}, set()),
    "a global": ("def f():\n    global count\n    count = 1", {"f", "count"}, set()),
    "a magic": ("%matplotlib inline\nx = y", {"x"}, {"y", "get_ipython"}),
    "no Python": ("def f(:", set(), set()),
}


@pytest.mark.parametrize(("source", "bound", "opened"), READS.values(), ids=READS)
def test_names_of_a_cell(source: str, bound: set[str], opened: set[str]) -> None:
    found = names(source)
    assert (found.bound, found.open) == (bound, opened)


def test_what_stands_for_a_module_a_function_or_a_class_lasts() -> None:
    assert names("import a\ndef f(): pass\nclass C: pass\nx = 1").lasting == {"a", "f", "C"}


@pytest.mark.parametrize("source", ["return 1", "x = (", "\x00", "(" * 1000])
def test_what_does_not_compile_has_no_names(source: str) -> None:
    assert plain_python(source) is None
    assert names(source) == names("")


def test_a_cell_is_needed_for_what_it_binds_and_for_what_it_may_change() -> None:
    cells = {0: "import np", 1: "x = np.zeros(3)", 2: "x[0] = 1", 3: "y = 2", 4: "print(np)", 6: "x = None"}
    assert needed(cells, {5: ["check(x)"]}) == {0, 1, 2}


def test_what_is_bound_anew_makes_the_cells_before_needless() -> None:
    cells = {0: "x = 1", 1: "x = 2", 2: "print(x)"}
    assert needed(cells, {3: ["x"]}) == {1, 2}
    assert needed(cells, {3: ["x = 5\nprint(x)"]}) == set()


def test_lesson_03_needs_no_training_to_be_graded() -> None:
    one = lesson("03")
    code = {
        one.student.cells.index(one.by_grade_id[exercise.grade_id][0]): [
            *(solved(one)[answer] for answer in exercise.answers),
            one.by_grade_id[exercise.grade_id][1].source,
        ]
        for exercise in one.exercises
        if not exercise.written
    }
    kept = needed(story(one), code)
    assert 0 < len(kept) < len(story(one))
    assert not any(".fit(" in story(one)[place] for place in kept)


def test_every_lesson_has_exercises_with_answers() -> None:
    for one in lessons().values():
        assert one.exercises
        assert all(exercise.answers for exercise in one.exercises)
