"""The tables of a run: all grades, and what needs a person."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lrp_edu.classroom.gradebook import Entry
from lrp_edu.classroom.lessons import Exercise, Lesson
from lrp_edu.classroom.records import Record
from lrp_edu.classroom.sandbox import Sandbox
from lrp_edu.files import whole_file

GRADES = "grades.csv"
PERSON = "needs_a_person.md"


@dataclass(frozen=True)
class Unreadable:
    """A file that could not be graded, and why."""

    student: str
    file: str
    reason: str


@dataclass(frozen=True)
class Result:
    """A graded submission with what the gradebook says about it now."""

    record: Record
    lesson: Lesson
    entries: Mapping[str, Entry]

    @property
    def points(self) -> float:
        return sum(one.points or 0.0 for one in self.entries.values())

    @property
    def of(self) -> float:
        return sum(one.points for one in self.lesson.exercises)

    @property
    def open_exercises(self) -> list[Exercise]:
        """The exercises whose points a person has still to give."""
        return [one for one in self.lesson.exercises if self.entries[one.grade_id].points is None]

    @property
    def waits(self) -> bool:
        return bool(self.open_exercises)

    def reasons(self) -> list[tuple[Exercise, str]]:
        """Why a person should look at exercises that no person has decided yet."""
        return [
            (exercise, reason)
            for exercise in self.lesson.exercises
            for reason in self.record.marks[exercise.grade_id].reasons
            if not self.entries[exercise.grade_id].by_hand
        ]


def write(
    folder: Path, results: list[Result], unreadable: list[Unreadable], lessons: Mapping[str, Lesson], sandbox: Sandbox
) -> None:
    """Write both tables. A file whose content would be the same is left alone."""
    write_if_changed(folder / GRADES, _grades(results, unreadable))
    write_if_changed(folder / PERSON, _for_a_person(results, unreadable, sandbox))


def write_if_changed(path: Path, text: str) -> None:
    content = text.encode(errors="replace")
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(content)


def _grades(results: list[Result], unreadable: list[Unreadable]) -> str:
    """One line for each student and lesson, and one column for each exercise; empty where a person has to decide."""
    exercises = list(dict.fromkeys(one.name for result in results for one in result.lesson.exercises))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["student", "lesson", "points", "of", "open", "look at it", *exercises])
    rows = [_row(result, exercises) for result in results]
    rows += [[one.student, "", "", "", "", f"{one.reason} ({one.file})", *[""] * len(exercises)] for one in unreadable]
    table.writerows(sorted(rows))
    return text.getvalue()


def _row(result: Result, exercises: list[str]) -> list[str]:
    points = {
        one.name: "" if (given := result.entries[one.grade_id].points) is None else f"{given:g}"
        for one in result.lesson.exercises
    }
    reasons = [*result.record.reasons, *(f"{exercise.name}: {reason}" for exercise, reason in result.reasons())]
    waiting = sum(one.points for one in result.open_exercises)
    return [
        result.record.student, result.record.lesson, f"{result.points:g}", f"{result.of:g}", f"{waiting:g}",
        "; ".join(reasons), *(points.get(name, "") for name in exercises),
    ]  # fmt: skip


def _for_a_person(results: list[Result], unreadable: list[Unreadable], sandbox: Sandbox) -> str:
    """What is left to do, in the order in which it is best done: files, doubts, written answers."""
    parts = ["# What needs a person", f"Protection of this run: {sandbox.name} ({sandbox.meaning})."]
    files = (f"- **{one.student}**, `{one.file}`: {one.reason}" for one in unreadable)
    parts += _section("Files that could not be graded", files)
    parts += _section("Crashed, suspicious or odd", (line for result in results for line in _doubts(result)))
    parts += _section("Written answers to mark", _to_mark(results))
    parts += _section("Put right without an effect on marks", (line for result in results for line in _notes(result)))
    return "\n\n".join(parts) + "\n"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    listed = list(lines)
    return [f"## {title} ({len(listed)})", "\n".join(listed) or "None."]


def _doubts(result: Result) -> Iterable[str]:
    who = f"- **{result.record.student}**, {result.record.lesson}"
    yield from (f"{who}: {reason}" for reason in result.record.reasons)
    for exercise, reason in result.reasons():
        points = result.entries[exercise.grade_id].points
        given = "no points yet" if points is None else f"{points:g} of {exercise.points:g} points"
        yield f"{who}, {exercise.name} ({given}): {reason}"


def _notes(result: Result) -> Iterable[str]:
    return (f"- {result.record.student}, {result.record.lesson}: {note}" for note in result.record.notes)


def _to_mark(results: list[Result]) -> Iterable[str]:
    """Question by question, as one marks best: the mark scheme, then all answers."""
    waiting: dict[tuple[str, str, str], list[Result]] = {}
    for result in results:
        for exercise in result.open_exercises:
            if exercise.written:
                place = (result.record.lesson, result.record.version, exercise.grade_id)
                waiting.setdefault(place, []).append(result)
    for (lesson, _, grade_id), some in sorted(waiting.items()):
        solution = some[0].lesson.by_grade_id[grade_id][1].source
        scheme = solution.replace("### BEGIN MARK SCHEME", "Mark scheme:").replace("### END MARK SCHEME", "")
        yield f"### {lesson}, {grade_id}\n\n{_quoted(scheme)}\n"
        for result in some:
            yield f"**{result.record.student}** writes:\n\n{_quoted(result.record.answers[grade_id])}\n"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.strip().splitlines())
