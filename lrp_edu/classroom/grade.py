"""Grades a class: collect, graft, run, mark, enter, report.

A submission costs nobody but itself. Each is written down as soon as it is marked, so a run that was cut short goes on
where it was; tables, pages and gradebook are made at the end from what was written down.
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from tqdm import tqdm

from lrp_edu.classroom import feedback, gradebook, records, reports
from lrp_edu.classroom.collect import Submission, collect
from lrp_edu.classroom.graft import Answers, GraftError, Handed, graft, parse, which_lesson
from lrp_edu.classroom.lessons import Lesson, LessonError, read_lessons, with_version
from lrp_edu.classroom.marks import NOT_TRUSTED, Mark, Marked, Runner, mark
from lrp_edu.classroom.records import Record
from lrp_edu.classroom.reports import Result, Unreadable
from lrp_edu.classroom.run import PREFIX, discard, run
from lrp_edu.classroom.sandbox import Limits, Sandbox, best
from lrp_edu.classroom.suspicion import holds_the_model_answer, suspicions

RECORDS = "records"


class GradeError(ValueError):
    """A run that cannot begin or go on. What was graded before is kept."""


@dataclass
class Job:
    """One submission that can be graded."""

    submission: Submission
    lesson: Lesson
    answers: Answers
    reasons: tuple[str, ...]
    key: str = field(init=False)

    def __post_init__(self) -> None:
        self.key = records.key(self.lesson, self.answers, self.submission.file, self.reasons)


@dataclass(frozen=True)
class Summary:
    """What a run did: how many were graded now and before, how many wait for a person, under which protection."""

    graded: int
    kept: int
    waiting: int
    unreadable: int
    sandbox: Sandbox


def grade(
    source: Path,
    to: Path,
    solutions: Path = Path("solutions"),
    resume: bool = False,
    limits: Limits | None = None,
    sandbox: Sandbox | None = None,
    say: Callable[[str], object] = print,
) -> Summary:
    """Grade all submissions in a folder or zip file, and write the results to the folder `to`.

    Args:
        source: the submissions, in one of the forms of `lrp_edu.classroom.collect`.
        to: where the results go.
        solutions: the folder of the solutions with their hidden tests.
        resume: go on with the results that lie in `to`; what has not changed since is left as it is.
        limits: what each submission may take.
        sandbox: the protection; the best that can be had if none is given.
        say: is told which protection is on.

    Raises:
        GradeError, CollectError, LessonError, OSError: the run cannot begin or go on; the message says what to do.
    """
    lessons = read_lessons(solutions)
    submissions = collect(source, tuple(lessons))
    _prepare(to, source, resume)
    sweep()
    sandbox = replace(sandbox or best(), hidden=(solutions, source, to))
    say(f"protection: {sandbox.name} ({sandbox.meaning})")
    jobs, unreadable = _jobs(submissions, lessons, solutions)
    try:
        kept = _run_all(jobs, to / RECORDS, partial(run, sandbox=sandbox, limits=limits or Limits()))
        results = _enter(jobs, to)
        reports.write(to, results, unreadable, lessons, sandbox)
        feedback.write(to, results, unreadable)
    except OSError as error:
        known = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM)
        if error.errno in known or isinstance(error, gradebook.GradebookError):
            told = error.strerror or error
            raise GradeError(
                f"{to}: {told}; what was graded is kept: put that right and run the same with --resume"
            ) from error
        raise
    waiting = sum(result.waits for result in results)
    return Summary(len(jobs) - kept, kept, waiting, len(unreadable), sandbox)


def _prepare(to: Path, source: Path, resume: bool) -> None:
    """Make the folder of results, if it is not one that should not be written to."""
    if to.resolve() == source.resolve() or source.resolve() in to.resolve().parents:
        raise GradeError(f"{to}: lies in the submissions; choose another folder for the results")
    if (to / RECORDS).exists() and not resume:
        raise GradeError(f"{to}: holds the results of an earlier run; add --resume to go on, or choose another folder")
    if resume and not (to / RECORDS).exists():
        raise GradeError(f"{to}: there are no results to go on from; leave --resume out")
    if not resume and to.exists() and any(to.iterdir()):
        raise GradeError(f"{to}: is not empty; choose another folder for the results")
    try:
        (to / RECORDS).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=to / RECORDS):
            pass
        to.chmod(0o700)
    except OSError as error:
        told = f"{to}: cannot be written to ({error.strerror}); choose another folder for the results"
        raise GradeError(told) from None


def sweep() -> None:
    """Remove the empty folders that kernels had in runs that were killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = re.match(rf"{PREFIX}(\d+)-", path.name)
        if owner and not Path("/proc", owner[1]).exists() and Path("/proc").exists():
            discard(path)


def _jobs(
    submissions: list[Submission], lessons: dict[str, Lesson], solutions: Path
) -> tuple[list[Job], list[Unreadable]]:
    """What can be graded, one for each student and lesson, and what cannot."""
    unreadable: list[Unreadable] = []
    found: dict[tuple[str, str], list[tuple[Submission, Handed]]] = {}
    for one in submissions:
        try:
            handed = _handed(one)
            name = which_lesson(handed, one.file, lessons)
            if name not in lessons:
                known = ", ".join(lessons)
                named = f"it says it is lesson {name!r}" if name else "no lesson fits"
                raise GraftError(f"{named}; known are {known}")
            found.setdefault((one.student, str(name)), []).append((one, handed))
        except (GraftError, OSError, ValueError, RuntimeError, NotImplementedError) as error:
            unreadable.append(Unreadable(one.student, one.file, str(error)))
    usual = _usual_versions(found)
    jobs = []
    for (student, name), files in found.items():
        submission, handed = files[-1]
        try:
            job = _job(submission, handed, lessons[name], solutions, [one.file for one, _ in files], usual.get(name))
            jobs.append(job)
        except LessonError as error:
            unreadable.append(Unreadable(student, submission.file, str(error)))
    return jobs, unreadable


def _usual_versions(found: dict[tuple[str, str], list[tuple[Submission, Handed]]]) -> dict[str, str]:
    """For each lesson the version that most have handed in, of those that say which."""
    versions: dict[str, Counter[str]] = defaultdict(Counter)
    for (_, name), files in found.items():
        if version := files[-1][1].version:
            versions[name][version] += 1
    return {name: max(sorted(counted), key=counted.__getitem__) for name, counted in versions.items()}


def _handed(one: Submission) -> Handed:
    if one.problem:
        raise GraftError(one.problem)
    return parse(one.read())


def _job(
    submission: Submission, handed: Handed, today: Lesson, solutions: Path, files: list[str], usual: str | None
) -> Job:
    lesson = with_version(today, handed.version, solutions) if handed.version else today
    answers = graft(handed, lesson)
    for exercise in lesson.exercises:
        for cell in answers.code.get(exercise.grade_id, []):
            for suspicion in suspicions(cell):
                answers.doubt(exercise, f"the answer {suspicion}")
        if exercise.written and holds_the_model_answer(
            answers.text[exercise.grade_id], lesson.by_grade_id[exercise.grade_id][1].source
        ):
            answers.doubt(exercise, "it is the model answer, word for word")
    reasons = [*submission.oddities]
    if not handed.version:
        reasons.append("it does not say which version it is; it was graded as today's")
    elif handed.version != usual:
        reasons.append(f"it says that it is version {handed.version}, unlike most of the class; it was graded as that")
    if len(files) > 1:
        reasons.append(f"{len(files)} files were handed in; {files[-1]} counts, and not {', '.join(files[:-1])}")
    return Job(submission, lesson, answers, tuple(reasons))


def _run_all(jobs: list[Job], folder: Path, execute: Runner) -> int:
    """Grade what is not recorded yet, several at once; returns how many were."""
    open_jobs = [job for job in jobs if not _recorded(folder, job)]
    pool = ThreadPoolExecutor(_processors(), thread_name_prefix="grading")
    try:
        futures: list[Future[None]] = [pool.submit(_grade_one, job, folder, execute) for job in open_jobs]
        for future in tqdm(as_completed(futures), total=len(futures), desc="grading", unit="submission"):
            future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return len(jobs) - len(open_jobs)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _recorded(folder: Path, job: Job) -> bool:
    there = records.read(records.path_of(folder, job.submission.student, job.lesson.name))
    return there is not None and there.key == job.key


def _grade_one(job: Job, folder: Path, execute: Runner) -> None:
    """Mark one submission and write it down. What goes wrong in the grader itself goes to a person, too."""
    reasons = job.reasons
    try:
        marked = mark(job.lesson, job.answers, execute)
    except OSError:
        raise
    except Exception as error:
        reasons = (*reasons, f"the grader itself failed ({type(error).__name__}: {error}); please report this")
        unknown = {one.grade_id: Mark(None, one.points, NOT_TRUSTED) for one in job.lesson.exercises}
        marked = Marked(unknown)
    student = job.submission.student
    path = records.path_of(folder, student, job.lesson.name)
    records.write(path, records.record(job.key, student, job.lesson, job.submission.file, job.answers, marked, reasons))


def _enter(jobs: Iterable[Job], to: Path) -> list[Result]:
    """All records entered into nbgrader's gradebook, and what it says now: marks by hand come from there."""
    results = []
    with gradebook.opened(to) as book:
        for job in tqdm(list(jobs), desc="gradebook", unit="submission"):
            record = records.read(records.path_of(to / RECORDS, job.submission.student, job.lesson.name))
            assert isinstance(record, Record)
            gradebook.enter(book, to, job.lesson, record)
            results.append(Result(record, job.lesson, gradebook.entries(book, record)))
    return sorted(results, key=lambda one: (one.record.student, one.record.lesson))
