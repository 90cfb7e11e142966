"""The list of letters and words: complete, in order, and in agreement with the code that it names."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from lrp_edu import attribution, dense, ledger, numpy_lrp, roots, rules, targets, taylor

PAGE = (Path(__file__).parents[1] / "NOTATION.md").read_text(encoding="utf-8")
LETTERS, WORDS = PAGE.split("\n## Words\n")
ROWS = [re.split(r"\s*\|\s*", line.strip("| ")) for line in LETTERS.splitlines() if line.startswith("| $")]
ENTRY = re.compile(r"^\*\*(?P<word>[^*]+)\*\* \((?P<lesson>\d\d)\): (?P<sentence>.+)\Z", re.S)
ENTRIES = [entry for block in WORDS.strip().split("\n\n") if (entry := ENTRY.match(block))]
SOURCE = "".join(inspect.getsource(m) for m in (attribution, dense, ledger, numpy_lrp, roots, rules, targets, taylor))


def test_every_line_of_the_lists_can_be_read() -> None:
    assert len(ENTRIES) == len(WORDS.strip().split("\n\n")) > 40
    assert len(ROWS) > 20
    assert {len(row) for row in ROWS} == {4}


def test_words_stand_in_the_order_of_the_alphabet_and_once() -> None:
    words = [entry["word"].lower() for entry in ENTRIES]
    assert words == sorted(set(words))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["word"])
def test_a_word_is_explained_in_plain_words(entry: re.Match[str]) -> None:
    sentence = " ".join(entry["sentence"].split())
    assert sentence.endswith((".", ".)"))
    assert len(sentence) < 200
    assert not re.match(rf"(an? |the )?{re.escape(entry['word'])}\b", sentence, re.I), "it explains itself by itself"


def test_lessons_are_those_of_the_course() -> None:
    lessons = {entry["lesson"] for entry in ENTRIES} | {row[3] for row in ROWS}
    assert lessons <= {f"{number:02}" for number in range(10)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_is_called_so_in_the_code_is_there(row: list[str]) -> None:
    for name in re.findall(r"`(\w+)", row[1]):
        assert re.search(rf"\b{name}\b", SOURCE), f"no {name} in the library"


@pytest.mark.parametrize(
    "letter",
    [
        r"x_i",
        "a_j",
        "w_{jk}",
        "b_k",
        "z_k",
        "R_j",
        "f(x)",
        r"\tilde x",
        r"\varepsilon",
        r"\gamma",
        r"\alpha",
        r"\eta_c",
    ],
)
def test_the_letters_of_the_course_are_there(letter: str) -> None:
    assert any(letter in row[0] for row in ROWS)
