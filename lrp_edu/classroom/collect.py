"""What students handed in, as learning platforms give it out: nothing is unpacked, and nothing is lost.

Three forms are understood, as a folder or as a zip file of it: a folder for each student (Moodle, nbgrader), files
named by student (Canvas), and files named by student and lesson.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path, PurePosixPath

LARGEST_FILE = 50_000_000  # bytes: an executed lesson with all its figures has a tenth of that
CLUTTER = {"__MACOSX", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db", "desktop.ini", "timestamp.txt"}
MOODLE_FOLDER = re.compile(r"_assignsubmission_(file|onlinetext)_?$")
CANVAS_FILE = re.compile(r"^(?P<student>[^_]+)_(?:LATE_)?(?P<number>\d+)_\d+_(?P<rest>.+)$")


class CollectError(ValueError):
    """A folder or zip file in which there are no submissions."""


@dataclass(frozen=True)
class Submission:
    """A file that a student handed in: whose it is, where it lay, and what is odd about it.

    Attributes:
        student: a name that is safe as the name of a file; no two students share one.
        file: the path inside what was collected, as it can be shown.
        read: gives the content.
        problem: why it cannot be read at all, or "".
        oddities: what a person should know though the file can be graded.
    """

    student: str
    file: str
    read: Callable[[], bytes]
    problem: str = ""
    oddities: tuple[str, ...] = ()


def collect(source: Path, lessons: tuple[str, ...]) -> list[Submission]:
    """All files in a folder or zip file, sorted by student and file; `lessons` are the names of the lessons.

    Raises:
        CollectError: there is nothing, or nothing in it.
    """
    if not source.exists():
        raise CollectError(f"{source}: there is no such file or folder; give the folder or zip file of submissions")
    entries = _in_zip(source) if source.is_file() else _in_folder(source)
    entries = {path: entry for path, entry in entries.items() if not _is_clutter(path)}
    if not any(path.endswith(".ipynb") for path in entries):
        raise CollectError(
            f"{source}: no notebooks (.ipynb) in it; expected a folder for each student, or files named by student"
        )
    top = _common_top(entries, lessons) if source.is_file() else ""
    whose = {path: _student(path.removeprefix(top), lessons) for path in entries}
    names = _safe_names(whose.values())
    found = [
        Submission(names[whose[path]], _shown(path), read, problem, tuple(_oddities(path)))
        for path, (read, problem) in entries.items()
    ]
    return sorted(found, key=lambda one: (one.student, _in_order(one.file)))


Entry = tuple[Callable[[], bytes], str]


def _in_folder(folder: Path) -> dict[str, Entry]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes, _problem_of_file(path))
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def _problem_of_file(path: Path) -> str:
    if path.is_symlink():
        return "a link to another place, which is not followed"
    return _problem(path.name, path.stat().st_size)


def _in_zip(path: Path) -> dict[str, Entry]:
    try:
        with zipfile.ZipFile(path) as archive:
            listed = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError):
        raise CollectError(f"{path}: neither a folder nor a zip file that can be read; give one of the two") from None
    entries: dict[str, Entry] = {}
    copies = count(1)
    for info in listed:
        name = given = info.filename.replace("\\", "/")
        while name in entries:  # A zip file may hold two files of one name.
            name = f"{given.removesuffix('.ipynb')}-{next(copies)}.ipynb"
        problem = "locked with a password" if info.flag_bits & 1 else _problem(info.filename, info.file_size)
        entries[name] = (partial(_read_member, path, info), problem)
    return entries


def _read_member(path: Path, info: zipfile.ZipInfo) -> bytes:
    """A file in a zip, which may unpack to more than it says."""
    with zipfile.ZipFile(path) as archive, archive.open(info) as member:
        content = member.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ValueError(_problem(info.filename, len(content)))
    return content


def _problem(name: str, size: int) -> str:
    if not name.endswith(".ipynb"):
        return "not a notebook: its name does not end in .ipynb"
    if size == 0:
        return "the file is empty"
    if size > LARGEST_FILE:
        limit = LARGEST_FILE / 1e6
        return f"{size / 1e6:.0f} MB, more than the limit of {limit:.0f} MB; clear its outputs, save and grade it again"
    return ""


def _oddities(path: str) -> Iterable[str]:
    if ".." in PurePosixPath(path).parts or path.startswith("/") or re.match(r"[A-Za-z]:", path):
        yield f"its path {path!r} leads out of the zip file; it was read where it lay"


def _shown(path: str) -> str:
    """A path as text on one line: names may hold line ends, marks that turn text round, and what is no character."""
    return "".join(one if one.isprintable() else "\ufffd" for one in path)


def _is_clutter(path: str) -> bool:
    return any(part in CLUTTER or part.startswith("._") for part in PurePosixPath(path).parts)


def _common_top(paths: Iterable[str], lessons: tuple[str, ...]) -> str:
    """The folder that was zipped as a whole, where there is one: all students' folders or files lie in it."""
    parts = [PurePosixPath(path).parts for path in paths]
    if len({one[0] for one in parts}) > 1 or any(len(one) < 2 for one in parts):
        return ""
    second = {PurePosixPath(one[1]).stem for one in parts}
    return "" if all(_name_beside_lesson(stem, lessons) == "" for stem in second) else f"{parts[0][0]}/"


def _student(path: str, lessons: tuple[str, ...]) -> str:
    """Who handed in the file: the name of its folder, or what its own name says beside the lesson."""
    parts = [part for part in PurePosixPath(path).parts if part not in {"/", "."}]
    inside = [part for part in parts if part != ".."]
    if len(inside) > 1:
        return MOODLE_FOLDER.sub("", inside[0])
    if not inside:
        return path
    stem = PurePosixPath(inside[0]).stem
    if canvas := CANVAS_FILE.match(stem):
        return f"{canvas['student']}_{canvas['number']}"
    return _name_beside_lesson(stem, lessons) or stem


def _name_beside_lesson(stem: str, lessons: tuple[str, ...]) -> str:
    """What a file's name says beside the name of a lesson and the number of a copy."""
    for lesson in lessons:
        if lesson in stem:
            return re.sub(r"^[\s_-]+|[\s_-]*(\(\d+\)|\d)?$", "", stem.replace(lesson, ""))
    return stem


def _safe_names(students: Iterable[str]) -> dict[str, str]:
    """For each name one that any file system takes, that no spreadsheet computes, and that no other student has."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for student in sorted(set(students)):
        clean = re.sub(r"[^\w .,'@()-]", "_", unicodedata.normalize("NFC", student)).strip(" .,'-@()")
        # File systems count bytes, up to 255 with the end of the name.
        short = clean.encode()[:160].decode(errors="ignore") or "unnamed"
        digits = hashlib.sha256(student.encode(errors="surrogatepass")).hexdigest()[:6]
        others = (f"{short} {digits}{number or ''}" for number in count())
        safe = next(one for one in chain([student] * (student == short), others) if one.casefold() not in taken)
        taken.add(safe.casefold())
        names[student] = safe
    return names


def _in_order(file: str) -> list[tuple[int, str]]:
    """A key by which lesson.ipynb comes before lesson-1.ipynb, and that before lesson-10.ipynb."""
    stem = file.removesuffix(".ipynb")
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", stem)]
