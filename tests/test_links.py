"""Every link within the course leads to a file, and to a heading in it, that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import repository
from lesson_rules import all_headings
from nbformat import v4

from lrp_edu.classroom.notebook import read, to_bytes

LINK = re.compile(r"\]\(\s*<?([^)\s>]+)|<(?:a|img)\b[^>]*?\b(?:href|src)=[\"']([^\"']+)|^\[[^\]]+\]:\s*(\S+)", re.M)
CODE_BLOCK, CODE_IN_A_LINE = re.compile(r"^ *(```|~~~).*?^ *\1", re.M | re.S), re.compile(r"`[^`\n]+`")
PAGES = [path for path in repository.files() if path.suffix in (".md", ".ipynb")]


def text(page: Path) -> str:
    """What is written on a page, without blocks of code."""
    if page.suffix == ".ipynb":
        whole = "\n\n".join(cell.source for cell in read(page).cells if cell.cell_type == "markdown")
    else:
        whole = page.read_text(encoding="utf-8")
    return CODE_BLOCK.sub("", whole)


def links(page: Path) -> list[str]:
    return [next(filter(None, match)) for match in LINK.findall(CODE_IN_A_LINE.sub("", text(page)))]


def anchors(page: Path) -> set[str]:
    """The names by which headings can be linked: GitHub's for Markdown files, JupyterLab's for notebooks."""
    if page.suffix == ".ipynb":
        return {heading.replace(" ", "-") for _, heading in all_headings(read(page))}
    headings = re.findall(r"^#{1,6} +(.*\S)", text(page), re.M) if page.suffix == ".md" else []
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path, root: Path, known: set[Path]) -> list[str]:
    """The links of a page that lead nowhere; `known` are the files of the repository, relative to its `root`."""
    found = []
    for link in links(page):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            if not link.startswith("https://"):
                found.append(f"{link}: not https")
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page.resolve()
        if not target.is_relative_to(root) or not _there(target.relative_to(root), known):
            found.append(f"{link}: there is no such file")
        elif anchor and anchor not in anchors(target):
            found.append(f"{link}: there is no such heading")
    return found


def _there(target: Path, known: set[Path]) -> bool:
    return target in known or any(target in path.parents for path in known)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_no_link_is_broken(page: Path) -> None:
    assert broken(repository.ROOT / page, repository.ROOT, set(repository.files())) == []


def test_the_pages_are_found_and_have_links() -> None:
    assert {Path("README.md"), Path("NOTATION.md"), Path("notebooks/00_start_here.ipynb")} <= set(PAGES)
    assert "notebooks/00_start_here.ipynb" in links(repository.ROOT / "README.md")


# The checker itself

SOUND = """# One page

[a](other.md), [b](other.md#two-words-c), [c](#one-page), ![d](folder/picture.png), <img src="folder/picture.png">,
[![badge](https://example.org/badge.svg)](https://example.org), [folder](folder), [lesson](lesson.ipynb#2-·-More),
[e](<other.md> "title"), and `[code](nowhere.md)`.

```
[code](nowhere.md)
```

[f]: other.md
"""
SPOILT = {
    "no such file": "[a](nowhere.md)",
    "no such picture": "![a](folder/nothing.png)",
    "no such image": '<img alt="a" src="nothing.png">',
    "no such reference": "[a]: nowhere.md",
    "no such heading": "[a](other.md#two-words)",
    "no such heading here": "[a](#another-page)",
    "no such heading in the lesson": "[a](lesson.ipynb#3-·-Less)",
    "heading in a file without any": "[a](folder/picture.png#top)",
    "out of the repository": "[a](../secret.md)",
    "from the root of the machine": "[a](/other.md)",
    "file that is not in the repository": "[a](ignored.md)",
    "not encrypted": "[a](http://example.org)",
    "inside of a badge": "[![a](nothing.svg)](https://example.org)",
}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    root = (tmp_path / "root").resolve()
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "picture.png").write_bytes(b"# top")
    (root / "other.md").write_text("# Other\n\n## Two words, `c`?\n")
    lesson = v4.new_notebook(cells=[v4.new_markdown_cell("# Lesson\n\n## 2 · More", id="cell")])
    (root / "lesson.ipynb").write_bytes(to_bytes(lesson))
    (root / "ignored.md").write_text("# Secret\n")
    (root.parent / "secret.md").write_text("# Secret\n")
    (root / "page.md").write_text(SOUND)
    return root / "page.md"


KNOWN = {Path(name) for name in ("page.md", "other.md", "lesson.ipynb", "folder/picture.png")}


def test_sound_links_are_left_alone(page: Path) -> None:
    assert len(links(page)) == 11
    assert broken(page, page.parent, KNOWN) == []


@pytest.mark.parametrize("link", SPOILT.values(), ids=SPOILT)
def test_a_broken_link_is_found(page: Path, link: str) -> None:
    page.write_text(f"{SOUND}\n{link}\n")
    assert len(broken(page, page.parent, KNOWN)) == 1


def test_links_in_a_notebook_are_found_in_its_text_but_not_in_its_code(page: Path) -> None:
    cells = [v4.new_markdown_cell("[a](nowhere.md)", id="one"), v4.new_code_cell("'[a](nothing.md)'", id="two")]
    lesson = page.parent / "lesson.ipynb"
    lesson.write_bytes(to_bytes(v4.new_notebook(cells=cells)))
    assert broken(lesson, page.parent, KNOWN) == ["nowhere.md: there is no such file"]
