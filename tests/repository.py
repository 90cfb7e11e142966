"""Where the repository is, and which files belong to it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def files() -> list[Path]:
    """The files of the repository, relative to ``ROOT``: committed, or about to be.

    A copy without git (a downloaded archive) counts as it is, apart from what `make` and Python put there.
    """
    if shutil.which("git") and (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        names = {Path(name) for name in listed.split("\0") if name}
    else:
        made = {".git", ".venv", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
        names = {path.relative_to(ROOT) for path in ROOT.rglob("*") if not made & set(path.parts)}
    return sorted(name for name in names if (ROOT / name).is_file())


def copy(destination: Path, *names: str) -> Path:
    """Copy the named files, or all files of the repository, and return the destination."""
    for name in map(Path, names) if names else files():
        (destination / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, destination / name)
    return destination
