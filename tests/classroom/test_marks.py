"""Marks of real answers to real exercises, through the sandbox and nbgrader's judgement."""

from __future__ import annotations

from itertools import chain

import pytest
from nbformat import v4
from pretend import Pretended, all_well, error
from students import grade_answers, grade_bank, lesson, lessons, notebook, solved

from lrp_edu.classroom.canary import SILENT, Canary
from lrp_edu.classroom.graft import graft, parse
from lrp_edu.classroom.marks import EMPTY, HIDDEN, PASSED, STOPPED, WRITTEN, Mark, mark
from lrp_edu.classroom.notebook import to_bytes
from lrp_edu.classroom.plan import rehearsal, role

RIGHT = "def stabilised(z, epsilon):\n    return {}"
LOOP = """def stabilised(z, epsilon):
    out = np.array(z, dtype=float)
    for place, one in np.ndenumerate(z):
        out[place] = one + epsilon if one >= 0 else one - epsilon
    return out"""
BANK = {
    "mlp-stabilise": {
        "no sign": RIGHT.format("z + epsilon"),
        "only the example": RIGHT.format("np.array([2.1, 0.2, 0.1, -0.2])"),
        "a loop": LOOP,
    },
    "mlp-bias-share": {
        "without the bias": "def bias_share(a, weight, bias, relevance, epsilon):\n"
        "    return (bias * (relevance / stabilise(a @ weight, epsilon))).sum(axis=1)",
    },
}


def test_a_bank_of_answers_is_graded_all_at_once() -> None:
    marks = grade_bank("03", BANK)
    assert {name: one.points for name, one in marks["mlp-stabilise"].items()} == {
        "no sign": 0, "only the example": 0, "a loop": 2
    }  # fmt: skip
    assert marks["mlp-stabilise"]["no sign"].message.startswith("This is the bug from above")
    assert marks["mlp-bias-share"] == {"without the bias": Mark(0, 2, "The bias is part of z, too: z = (2, 2).")}


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) for name in lessons()])
def test_the_solution_gets_all_points_and_an_untouched_notebook_none(name: str) -> None:
    right, nothing = grade_answers(name, solved(lesson(name))), grade_answers(name, {})
    for exercise in lesson(name).exercises:
        assert nothing[exercise.name].points == 0
        expected = (
            Mark(None, exercise.points, WRITTEN) if exercise.written else Mark(exercise.points, exercise.points, PASSED)
        )
        assert right[exercise.name] == expected


def test_who_reads_a_name_of_the_story_gets_the_whole_story() -> None:
    answer = f"first = globals()['digits']\n{RIGHT.format('z + epsilon * np.where(z >= 0, 1.0, -1.0)')}"
    assert (
        grade_answers("03", {"mlp-stabilise": answer.replace("globals()['digits']", "digits")})["mlp-stabilise"].points
        == 2
    )


# --- what follows needs no kernel -------------------------------------------------------------------------------------


def graded(outputs, stop=lambda cell: "", answers=None):
    one = lesson("03")
    code = {answer: source for answer, source in solved(one).items() if answer != "mlp-two-questions"}
    given = graft(parse(to_bytes(notebook(one, code))), one)
    for grade_id, text in (answers or {}).items():
        given.text[grade_id] = text
    pretended = Pretended(outputs, stop)
    return mark(one, given, pretended).marks, pretended.runs


def of(cell, exercise: str, kind: str) -> bool:
    return (cell.metadata.lrp_edu.exercise, role(cell)) == (f"{exercise}-check", kind)


def test_an_exercise_that_ends_the_kernel_costs_itself_only() -> None:
    marks, runs = graded(all_well, lambda cell: "the kernel died" if of(cell, "mlp-zplus", "full") else "")
    assert runs == 2
    assert marks["mlp-zplus-check"].points == 0
    assert marks["mlp-zplus-check"].reasons == ("the kernel died (in its check)",)
    assert [marks[f"mlp-{one}-check"].points for one in ("layers", "stabilise", "first-layer", "bias-share")] == [
        3,
        2,
        4,
        2,
    ]


def test_what_the_canary_finds_is_left_to_a_person() -> None:
    def tampered(cell) -> list:
        outputs = all_well(cell)
        if of(cell, "mlp-layers", "canary"):
            outputs[0].evalue += "\nnumpy.allclose was replaced"
        return outputs

    marks, runs = graded(tampered)
    assert (runs, marks["mlp-layers-check"].points, marks["mlp-zplus-check"].points) == (2, None, 3)
    assert marks["mlp-layers-check"].reasons == ("tampered with: numpy.allclose was replaced",)


def test_an_exercise_without_an_answer_is_not_run() -> None:
    one, pretended = lesson("03"), Pretended()
    marks = mark(one, graft(parse(to_bytes(one.student)), one), pretended).marks
    assert {found.points for found in marks.values()} == {0}
    assert {found.message for found in marks.values()} == {EMPTY}
    assert pretended.cells == 0


def test_a_kernel_that_does_not_start_gets_a_second_chance() -> None:
    failures = ["the kernel could not be used"]
    marks, runs = graded(all_well, lambda cell: failures.pop() if failures and role(cell) == "setup" else "")
    assert (runs, marks["mlp-zplus-check"].points) == (2, 3)


@pytest.mark.parametrize("outputs", [[], [error("Report", "another word")], [error("ValueError", "x")]])
def test_a_canary_that_does_not_report_is_a_finding(outputs: list) -> None:
    canary = Canary()
    canary.sing("x-check")
    assert canary.findings(v4.new_code_cell("", outputs=outputs), "x-check") == [SILENT]


def test_a_lesson_that_fails_by_itself_gives_no_marks() -> None:
    marks, _ = graded(lambda cell: [error("OSError", "x")] if role(cell) == "story" else all_well(cell))
    assert {mark.points for grade_id, mark in marks.items() if grade_id.endswith("-check")} == {None}
    assert "the lesson itself failed" in marks["mlp-layers-check"].reasons[0]


def test_nbgraders_two_traps_are_avoided() -> None:
    def traps(cell) -> list:
        warning = v4.new_output("stream", name="stderr", text="look out")
        number = v4.new_output("execute_result", {"text/plain": "0.5"}, execution_count=1)
        return [warning, number] if role(cell) == "full" else all_well(cell)

    marks, _ = graded(traps)
    assert marks["mlp-layers-check"] == Mark(3, 3, PASSED)


def test_a_failure_in_hidden_tests_is_told_without_them() -> None:
    marks, _ = graded(lambda c: [error("CheckFailed", "Try n = 7")] if of(c, "mlp-zplus", "full") else all_well(c))
    assert marks["mlp-zplus-check"] == Mark(0, 3, HIDDEN)


@pytest.mark.parametrize("name", lessons())
def test_no_hidden_test_is_in_reach_of_what_is_told(name: str) -> None:
    one = lesson(name)
    given = graft(parse(to_bytes(notebook(one, solved(one)))), one)
    everything = [exercise.grade_id for exercise in one.exercises]
    reached = "\n".join(cell.source for cell in rehearsal(one, given, everything, whole=True).cells)
    known = "\n".join([*(cell.source for cell in one.student.cells), *chain(*given.code.values())])
    hidden = [line.strip() for _, full in one.by_grade_id.values() for line in full.source.splitlines()]
    unknown = [line for line in hidden if len(line) > 25 and line not in known]
    assert unknown
    assert [line for line in unknown if line in reached] == []


SPIES = """
def stabilised(z, epsilon):
    raise ValueError(str([cell[::-1] for cell in In if "BEGIN " + "HIDDEN" in cell]))
"""


def test_a_message_cannot_carry_hidden_tests_out() -> None:
    found = grade_answers("03", {**solved(lesson("03")), "mlp-stabilise": SPIES})["mlp-stabilise"]
    assert found == Mark(0, 2, "ValueError: []")


def test_who_cannot_be_rehearsed_is_told_no_more_than_the_mark() -> None:
    failing = error("CheckFailed", "Try n = 7")
    marks, _ = graded(
        lambda cell: [failing] if of(cell, "mlp-zplus", "full") else all_well(cell),
        lambda cell: "the kernel died" if of(cell, "mlp-zplus", "visible") else "",
    )
    assert marks["mlp-zplus-check"] == Mark(0, 3, STOPPED.format(reason="the kernel died"))


def test_a_written_answer_waits_for_a_person_unless_there_is_none() -> None:
    assert graded(all_well)[0]["mlp-two-questions"] == Mark(0, 3, EMPTY)
    assert graded(all_well, answers={"mlp-two-questions": "(a)"})[0]["mlp-two-questions"] == Mark(None, 3, WRITTEN)


CHANGED = {
    "an array of the lesson": (
        "00",
        "start-percent",
        "relevance[...] = 1",
        "'relevance', which the checks need, holds",
    ),
    "TensorFlow": ("05", "conv-swapped", "def put(m): m.relu = tf.identity\nput(tf.nn)", "relu was replaced"),
    "a name for later": ("05", "conv-pooling", "tf = None", "'tf', which the checks need, stands"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("beginning", "answer", "change", "told"), CHANGED.values(), ids=CHANGED)
def test_what_checks_rely_on_cannot_be_changed_unseen(beginning: str, answer: str, change: str, told: str) -> None:
    found = grade_answers(beginning, {answer: f"{solved(lesson(beginning))[answer]}\n{change}"})
    assert found[answer].points is None
    assert told in found[answer].reasons[0]
