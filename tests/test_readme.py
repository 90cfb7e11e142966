"""What the README shows is what the code does. `python tests/test_readme.py` renews its picture."""

from __future__ import annotations

import base64
import contextlib
import io
import re
from pathlib import Path

import pytest

from lrp_edu.classroom.notebook import read

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PICTURE = ROOT / "relevance_flow.png"


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README in a language; "" for those that name none."""
    fenced = re.findall(r"```(\w*)\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    return [text for found, text in fenced if found == language]


def stored_picture() -> bytes:
    """The relevance flow as lesson 03 stores it."""
    (cell,) = [
        cell
        for cell in read(ROOT / "solutions" / "03_numpy_mlp.ipynb").cells
        if cell.cell_type == "code" and "flow.relevance_flow(" in cell.source
    ]
    return base64.b64decode(cell.outputs[0].data["image/png"])


def test_the_library_example_prints_the_ledger_that_stands_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TQDM_DISABLE", "1")
    example = blocks("python")[0]
    (ledger,) = [text for text in blocks("") if text.startswith("layer")]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(example, {})
    assert printed.getvalue() == ledger


def test_the_keras_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    exec(blocks("python")[1], {})
    printed = capsys.readouterr().out
    assert "block1_conv1" in printed
    assert "(4, 64, 64, 3)" in printed


def test_the_picture_is_the_one_of_lesson_03() -> None:
    assert PICTURE.read_bytes() == stored_picture(), "renew it with: python tests/test_readme.py"


def test_every_lesson_stands_in_the_table() -> None:
    text = README.read_text(encoding="utf-8")
    missing = [path.name for path in (ROOT / "notebooks").glob("*.ipynb") if f"(notebooks/{path.name})" not in text]
    assert missing == []


if __name__ == "__main__":
    PICTURE.write_bytes(stored_picture())
