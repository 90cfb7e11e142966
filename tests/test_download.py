"""A file from the net, whole or not at all. (tests/test_data.py goes through every way in which a server can fail.)"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lrp_edu.download import download, keras_home

BODY = b"weights" * 30_000


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("LRP_EDU_OFFLINE", raising=False)
    (tmp_path / "served").write_bytes(BODY)
    return (tmp_path / "served").as_uri()


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_a_file_arrives_whole_in_a_folder_that_is_made(served: str, tmp_path: Path, algorithm: str) -> None:
    path = tmp_path / "keras" / "models" / "name.h5"
    download(served, path, hashlib.new(algorithm, BODY).hexdigest(), algorithm)  # type: ignore[arg-type]
    assert path.read_bytes() == BODY
    assert [file.name for file in path.parent.iterdir()] == ["name.h5"]


@pytest.mark.parametrize(("algorithm", "kind"), [("sha256", "SHA-256"), ("md5", "MD5")])
def test_another_hash_is_named_and_leaves_nothing_behind(
    served: str, tmp_path: Path, algorithm: str, kind: str
) -> None:
    path = tmp_path / "keras" / "name.h5"
    found = hashlib.new(algorithm, BODY).hexdigest()
    with pytest.raises(ValueError, match=rf"{kind} is {found}.*put the right file at .*name\.h5"):
        download(served, path, "0" * len(found), algorithm)  # type: ignore[arg-type]
    assert list(path.parent.iterdir()) == []


def test_offline_nothing_is_asked_for(served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRP_EDU_OFFLINE", "1")
    with pytest.raises(FileNotFoundError, match=r"name\.h5 is not there, and LRP_EDU_OFFLINE=1 forbids"):
        download(served, tmp_path / "name.h5", "")


def test_a_file_that_the_server_lacks(served: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="connect to the internet, or put the file there"):
        download(served + "-not", tmp_path / "name.h5", "")
    assert [file.name for file in tmp_path.iterdir()] == ["served"]


def test_keras_home_is_where_keras_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "elsewhere"))
    assert keras_home() == tmp_path / "elsewhere"
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert keras_home() == tmp_path / ".keras"
