"""The command line: `lab` opens the course, `explain` explains a picture, `release` and `grade` are for a class."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import lrp_edu
from lrp_edu.quiet import without_messages

FIRST_LESSON = Path("notebooks", "00_start_here.ipynb")


class PlainErrors(TyperGroup):
    """Commands whose errors end in a sentence on stderr and exit status 1, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (ValueError, OSError) as error:
            typer.echo(f"lrp-edu: {error}", err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=PlainErrors,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lrp-edu {lrp_edu.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A course and a library for Layer-wise Relevance Propagation."""


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Open the course in JupyterLab. Further arguments go to JupyterLab, such as --no-browser or --port 8890."""
    if find_spec("jupyterlab") is None:
        raise ValueError("JupyterLab is not installed for this Python; get it with: pip install 'lrp-edu[lab]'")
    if not FIRST_LESSON.exists():
        raise ValueError(f"{FIRST_LESSON} is not in {Path.cwd()}; run this in the folder of the course")
    # Else JupyterLab would serve the lesson's folder alone, and a link to NOTATION.md would lead outside.
    root = f"--ServerApp.root_dir={Path.cwd()}"
    command = [sys.executable, "-m", "jupyterlab", root, str(FIRST_LESSON), *context.args]
    if os.name == "posix":
        # JupyterLab takes the place of this process, so that Ctrl-C and other signals reach it and nothing else.
        os.execv(command[0], command)
    raise typer.Exit(subprocess.call(command))


@app.command()
def explain(
    photo: Annotated[Path | None, typer.Argument(help="A picture; without one, one that it knows.")] = None,
    model: Annotated[str, typer.Option(help="vgg16_mini (shipped), vgg16 or vgg19.")] = "vgg16_mini",
    composite: Annotated[str, typer.Option(help="Which rules: a preset of lrp_edu.composites.")] = "epsilon_plus",
    wanted: Annotated[
        str | None, typer.Option("--class", help="The class to explain; else the network's answer.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Where the heatmap goes; else beside the picture.")] = None,
) -> None:
    """Explain what a network saw in a picture: write the heatmap, print the top classes and the ledger's sum."""
    if find_spec("tensorflow") is None:
        raise ValueError("TensorFlow is not installed for this Python; get it with: pip install 'lrp-edu[tensorflow]'")
    with without_messages():
        from lrp_edu.explain import explain

    for line in explain(photo, model, composite, wanted, output):
        typer.echo(line)


@app.command()
def release(
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="[LESSON]...", help="Beginnings of names, as 02; else all lessons.")
    ] = None,
    solutions: Annotated[Path, typer.Option(help="Folder of the solution notebooks.")] = Path("solutions"),
    to: Annotated[Path, typer.Option(help="Folder to write the student notebooks to.")] = Path("notebooks"),
) -> None:
    """Write the student notebooks from the solutions, and print the points of every exercise."""
    _need_nbgrader()
    from lrp_edu.classroom.notebook import read
    from lrp_edu.classroom.release import points, release

    for path in release(solutions, to, lessons or []):
        typer.echo(_points_lines(str(path), points(read(path))))


@app.command()
def grade(
    submissions: Annotated[Path, typer.Argument(help="A folder for each student, files named by student, or a zip.")],
    to: Annotated[Path, typer.Option(help="Folder to write the results to.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on after a crash, or after marking by hand; change only what changed.")
    ] = False,
    solutions: Annotated[Path, typer.Option(help="Folder of the solution notebooks.")] = Path("solutions"),
) -> None:
    """Grade what students handed in: marks, feedback pages, and a list of what needs a person."""
    _need_nbgrader()
    from lrp_edu.classroom import reports
    from lrp_edu.classroom.grade import grade

    done = grade(submissions, to, solutions, resume, say=typer.echo)
    typer.echo(f"{done.graded} graded, {done.kept} kept as they were, {done.unreadable} files could not be graded.")
    typer.echo(
        f"Marks: {to / reports.GRADES}. A person is needed for {done.waiting} submissions: {to / reports.PERSON}"
    )


def _need_nbgrader() -> None:
    if find_spec("nbgrader") is None:
        raise ValueError("nbgrader is not installed for this Python; get it with: pip install 'lrp-edu[classroom]'")


def _points_lines(title: str, table: dict[str, float]) -> str:
    """A lesson and its exercises, one a line, with the points at the right and their sum on top."""
    rows = [(title, sum(table.values())), *((f"  {exercise}", number) for exercise, number in table.items())]
    return "\n".join(f"{name:<60}{number:>6g}" for name, number in rows)
