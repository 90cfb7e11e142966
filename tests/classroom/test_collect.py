"""Submissions as learning platforms give them out: whose they are, and that none is lost or leads astray."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

import pytest

from lrp_edu.classroom import collect as module
from lrp_edu.classroom.collect import CollectError, collect

LESSONS = ("02_taylor", "03_mlp")


def folder(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of two files with one name
        for name in names:
            archive.writestr(name, name)
    return path


def students(source: Path) -> list[str]:
    return [one.student for one in collect(source, LESSONS)]


FORMS = {
    "a folder for each": (["ann/02_taylor.ipynb", "bob/02_taylor.ipynb"], ["ann", "bob"]),
    "nbgrader": (["ann/hw/02_taylor.ipynb", "bob/hw/02_taylor.ipynb"], ["ann", "bob"]),
    "Moodle": (
        ["Ann Lee_12_assignsubmission_file_/02_taylor.ipynb", "Ann Lee_7_assignsubmission_file/x.ipynb"],
        ["Ann Lee_12", "Ann Lee_7"],
    ),
    "Canvas": (["leeann_12_345_02_taylor.ipynb", "roybob_LATE_13_346_02_taylor-1.ipynb"], ["leeann_12", "roybob_13"]),
    "named by student": (["ann.ipynb", "Bob Roy.ipynb"], ["Bob Roy", "ann"]),
    "by student and lesson": (["ann_02_taylor.ipynb", "03_mlp-bob (1).ipynb"], ["ann", "bob"]),
    "two lessons": (["ann/02_taylor.ipynb", "ann/03_mlp.ipynb"], ["ann", "ann"]),
    "Unicode and spaces": (["Zoë Ü/02_taylor.ipynb", "王 小明/02_taylor.ipynb"], ["Zoë Ü", "王 小明"]),
    "clutter": (["ann/02_taylor.ipynb", "ann/.ipynb_checkpoints/02_taylor.ipynb", "__MACOSX/._a.ipynb"], ["ann"]),
}


@pytest.mark.parametrize(("names", "expected"), FORMS.values(), ids=FORMS)
def test_folders_and_zips_of_each_form(tmp_path: Path, names: list[str], expected: list[str]) -> None:
    assert students(folder(tmp_path / "there", *names)) == expected
    assert students(zipped(tmp_path / "a.zip", *names)) == expected
    assert students(zipped(tmp_path / "b.zip", *(f"hand in/{name}" for name in names))) == expected


def test_a_zip_of_one_students_folder_is_one_student(tmp_path: Path) -> None:
    assert students(zipped(tmp_path / "a.zip", "ann/02_taylor.ipynb", "ann/03_mlp.ipynb")) == ["ann", "ann"]


def test_content_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    for source in (folder(tmp_path / "f", "ann/a.ipynb"), zipped(tmp_path / "a.zip", "ann/a.ipynb")):
        (one,) = collect(source, LESSONS)
        assert one.read() == b"ann/a.ipynb"


def test_copies_come_in_their_order(tmp_path: Path) -> None:
    names = ["a/x-10.ipynb", "a/x.ipynb", "a/x-2.ipynb"]
    assert [one.file for one in collect(folder(tmp_path, *names), LESSONS)] == [names[1], names[2], names[0]]


def test_two_files_of_one_name_in_a_zip_are_both_there(tmp_path: Path) -> None:
    assert len(collect(zipped(tmp_path / "a.zip", "ann/a.ipynb", "ann/a.ipynb"), LESSONS)) == 2


def test_what_is_no_notebook_is_named_and_not_lost(tmp_path: Path) -> None:
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "empty.ipynb").write_bytes(b"")
    (tmp_path / "class" / "link.ipynb").symlink_to(tmp_path / "class" / "empty.ipynb")
    found = {one.student: one.problem for one in collect(folder(tmp_path / "class", "ann.pdf", "bob.ipynb"), LESSONS)}
    assert found == {
        "ann": "not a notebook: its name does not end in .ipynb",
        "bob": "",
        "empty": "the file is empty",
        "link": "a link to another place, which is not followed",
    }


def test_a_zip_that_leads_out_of_its_folder_is_read_and_told(tmp_path: Path) -> None:
    source = zipped(tmp_path / "a.zip", "../../evil.ipynb", "/etc/cron.ipynb", "..\\..\\win.ipynb", "ann/a.ipynb")
    found = {one.student: one for one in collect(source, LESSONS)}
    assert set(found) == {"evil", "etc", "win", "ann"}
    assert all("leads out of the zip file" in found[name].oddities[0] for name in ("evil", "etc", "win"))
    assert found["ann"].oddities == ()
    assert found["evil"].read() == b"../../evil.ipynb"
    assert list(tmp_path.iterdir()) == [source], "nothing is unpacked"


NAMES = [
    "..", "a/../b", "=1+1", "CON\n", "x" * 300, "王" * 200, "\u202egnp.nna", "\udc80", "ann", "Ann", "a<b>", "josé",
    "jose\u0301", " ", "+1", "-", "@me",
]  # fmt: skip


def test_names_are_safe_and_differ(tmp_path: Path) -> None:
    safe = module._safe_names(NAMES)
    assert len({one.casefold() for one in safe.values()}) == len(set(NAMES))
    for one in safe.values():
        assert one[0].isalnum() or one[0] == "_"
        assert not set(one) & set("/\\\n<>:")
        assert (tmp_path / one).parent == tmp_path
        (tmp_path / f"{one}.html").touch()
    assert safe["ann"] == "ann" or safe["Ann"] == "Ann"


def test_nobody_can_take_the_name_that_another_one_gets() -> None:
    given = module._safe_names(["bob?"])["bob?"]
    assert len({*module._safe_names([given, "bob?"]).values()}) == 2


def test_what_a_path_is_called_stays_on_its_line_and_is_text(tmp_path: Path) -> None:
    for name in ("x\n- **bob**: 14 points.ipynb", "\u202ebpyni.ipynb", "\udcff.ipynb"):
        (tmp_path / name).write_bytes(b"{}")
    found = [one.file for one in collect(tmp_path, LESSONS)]
    assert len(found) == 3
    assert all(file.isprintable() and file.encode() for file in found)


def test_very_many_files_of_one_name_are_all_there(tmp_path: Path) -> None:
    names = ["ann/a.ipynb"] * 3000 + ["ann/a-1.ipynb", "ann/a-2.ipynb"]
    assert len({one.file for one in collect(zipped(tmp_path / "a.zip", *names), LESSONS)}) == 3002


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_FILE", 1000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ann/a.ipynb", b" " * 1_000_000)
    (one,) = collect(tmp_path / "a.zip", LESSONS)
    assert "1 MB, more than the limit" in one.problem
    with pytest.raises(ValueError, match="more than the limit"):
        one.read()


def test_nothing_to_grade_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CollectError, match="no such file or folder"):
        collect(tmp_path / "nowhere", LESSONS)
    with pytest.raises(CollectError, match="no notebooks"):
        collect(folder(tmp_path / "f", "ann.pdf"), LESSONS)
    with pytest.raises(CollectError, match="no notebooks"):
        collect(zipped(tmp_path / "a.zip"), LESSONS)
    (tmp_path / "b.zip").write_bytes(b"no zip")
    garbled = zipped(tmp_path / "c.zip", "é.ipynb").read_bytes().replace("é".encode(), b"\xff\xff")
    (tmp_path / "c.zip").write_bytes(garbled)
    for name in ("b.zip", "c.zip"):
        with pytest.raises(CollectError, match="neither a folder nor a zip file"):
            collect(tmp_path / name, LESSONS)
