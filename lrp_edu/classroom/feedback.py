"""One page of feedback for each student: what was checked, what was said, and how many points there are."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, Template

from lrp_edu.classroom.reports import Result, Unreadable, write_if_changed

FOLDER = "feedback"
POINTS = re.compile(r"\s*\(\d+ points?\)$")


def write(folder: Path, results: list[Result], unreadable: list[Unreadable]) -> None:
    """Write the pages that have changed."""
    graded, files = defaultdict(list), defaultdict(list)
    for result in results:
        graded[result.record.student].append(result)
    for one in unreadable:
        files[one.student].append(one)
    for student in sorted({*graded, *files}):
        page = _template().render(student=student, lessons=_lessons(graded[student]), files=files[student])
        write_if_changed(folder / FOLDER / f"{student}.html", page)


@cache
def _template() -> Template:
    text = (Path(__file__).parent / "feedback.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)


def _lessons(results: list[Result]) -> list[dict[str, Any]]:
    return [
        {
            "name": result.record.lesson,
            "title": _title(result),
            "points": f"{result.points:g}",
            "of": f"{result.of:g}",
            "share": round(100 * result.points / result.of) if result.of else 0,
            "open": f"{sum(one.points for one in result.open_exercises):g}" if result.waits else "",
            "exercises": _exercises(result),
        }
        for result in results
    ]


def _title(result: Result) -> str:
    """The lesson's own title, from its first line."""
    first = result.lesson.student.cells[0].source.lstrip().splitlines()[0]
    return str(first.removeprefix("# "))


def _exercises(result: Result) -> list[dict[str, Any]]:
    titles = _exercise_titles(result)
    listed = []
    for exercise in result.lesson.exercises:
        mark, entry = result.record.marks[exercise.grade_id], result.entries[exercise.grade_id]
        state = "open" if entry.points is None else "full" if entry.points >= exercise.points else "part"
        sign = {"full": "✓ ", "part": "" if entry.points else "✗ ", "open": ""}[state]
        by_hand = "Read and marked by a person." if entry.by_hand else ""
        listed.append(
            {
                "title": titles.get(exercise.grade_id, exercise.name),
                "state": state,
                "points": "…" if entry.points is None else f"{sign}{entry.points:g}",
                "of": f"{exercise.points:g}",
                "message": by_hand or mark.message,
                "comment": entry.comment,
                "answer": result.record.answers[exercise.grade_id].strip(),
                "written": exercise.written,
            }
        )
    return listed


def _exercise_titles(result: Result) -> dict[str, str]:
    """For each exercise the last heading above it, without the points, which stand beside it."""
    titles: dict[str, str] = {}
    heading = ""
    for cell in result.lesson.student.cells:
        if cell.cell_type == "markdown" and "nbgrader" not in cell.metadata:
            headings = [line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")]
            heading = POINTS.sub("", headings[-1]) if headings else heading
        elif grade_id := cell.metadata.get("nbgrader", {}).get("grade_id"):
            titles[grade_id] = heading
    return titles
