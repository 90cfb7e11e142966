"""INSTRUCTOR.md plans every lesson as it is: its sections, its minutes, its exercises and its points."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lrp_edu.classroom.lessons import Lesson, read_lessons

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "INSTRUCTOR.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
LESSONS = read_lessons(ROOT / "solutions")
every_lesson = pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)


def found(pattern: str, text: str) -> re.Match[str]:
    match = re.search(pattern, text, re.MULTILINE | re.DOTALL)
    assert match, f"nothing like {pattern}"
    return match


def section(lesson: Lesson) -> str:
    return found(rf"^### Lesson {lesson.name[:2]}\n(.*?)(?=^### |\Z)", PAGE)[1]


def text(lesson: Lesson) -> str:
    return "\n\n".join(cell.source for cell in lesson.solution.cells if cell.cell_type == "markdown")


@every_lesson
def test_the_table_has_its_minutes_and_points(lesson: Lesson) -> None:
    row = found(rf"^\| \[`{lesson.name}`\]\(#lesson-{lesson.name[:2]}\) \| (\d+) \| (\d+) \| (\d+|–) \|$", PAGE)
    by_machine, by_you = (sum(one.points for one in lesson.exercises if one.written == by) for by in (False, True))
    in_readme = found(rf"notebooks/{lesson.name}\.ipynb\)[^\n]*\| (\d+) \|$", README)
    assert row[1] == in_readme[1]
    assert (row[2], row[3]) == (f"{by_machine:g}", f"{by_you:g}" if by_you else "–")


@every_lesson
def test_the_plan_has_its_sections_and_adds_up_to_its_minutes(lesson: Lesson) -> None:
    plan = re.findall(r"^\| (\d+ [^|]+) \| (\d+) \|", section(lesson), re.MULTILINE)
    headings = re.findall(r"^## (\d+) · (.+)$", text(lesson), re.MULTILINE)
    assert [title for title, _ in plan] == [" ".join(heading) for heading in headings]
    minutes = found(rf"^\| \[`{lesson.name}`\][^|]*\| (\d+) \|", PAGE)[1]
    assert sum(int(one) for _, one in plan) == int(minutes)


@every_lesson
def test_every_exercise_is_spoken_of(lesson: Lesson) -> None:
    exercises = re.findall(r"^### (✏️|✍) Exercise (\d+\.\d+) · (.+) \((\d+) points?\)$", text(lesson), re.MULTILINE)
    assert len(exercises) == len(lesson.exercises)
    for kind, number, title, points in exercises:
        wanted = (
            rf"^\*{number} {re.escape(title)} \({points} points\)\.\*" if kind == "✍" else rf"^- [^\n]*\b{number}\b"
        )
        assert re.search(wanted, section(lesson), re.MULTILINE), f"exercise {number}"
