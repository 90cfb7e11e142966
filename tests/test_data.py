"""The digits: what they hold, that their split is fixed, and that a file from the net arrives whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrp_edu import data

# scikit-learn's digits


def test_digits_have_the_promised_shape_and_range() -> None:
    found = data.digits()
    assert found.x_train.shape == (1437, 64)
    assert found.x_test.shape == (360, 64)
    assert found.y_train.shape == (1437,)
    assert found.y_test.shape == (360,)
    assert found.image_shape == (8, 8)
    for x in (found.x_train, found.x_test):
        assert x.min() == -1
        assert x.max() == 1
    for labels in (found.y_train, found.y_test):
        assert labels.dtype.kind == "i"
        assert set(labels) == set(range(10))


def test_every_stored_digit_is_in_one_part_of_the_split_and_in_one_only() -> None:
    """Pixels come as 0 to 16: v/8 − 1. All 1797 pictures differ, so nothing that was trained on is tested."""
    from sklearn.datasets import load_digits

    stored = load_digits()
    expected = {(tuple(picture), label) for picture, label in zip(stored.data, stored.target, strict=True)}
    found = data.digits()
    train = {(tuple(8 * (x + 1)), y) for x, y in zip(found.x_train, found.y_train, strict=True)}
    test = {(tuple(8 * (x + 1)), y) for x, y in zip(found.x_test, found.y_test, strict=True)}
    assert len(expected) == 1797
    assert train | test == expected
    assert not train & test


def test_the_split_is_the_one_that_the_lessons_were_written_with() -> None:
    first, second = data.digits(), data.digits()
    assert first.y_test[:12].tolist() == [0, 8, 8, 9, 8, 3, 7, 5, 0, 6, 6, 3]
    np.testing.assert_array_equal(first.x_test, second.x_test)
    np.testing.assert_array_equal(first.y_train, second.y_train)


# MNIST

PIXELS = np.random.default_rng(3).integers(0, 256, (5, 28, 28)).astype(np.uint8)
PIXELS[0, 0, :3] = 0, 255, 51
LABELS = np.array([7, 0, 9, 3, 3], np.uint8)


def write_npz(path: Path, **changed: Any) -> Path:
    """A small file as Keras keeps it: x_train, y_train, x_test, y_test in uint8, pictures of shape (n, 28, 28)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {"x_train": PIXELS[:3], "y_train": LABELS[:3], "x_test": PIXELS[3:], "y_test": LABELS[3:], **changed}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def no_network(*_: Any, **__: Any) -> Any:
    raise AssertionError("the network was asked")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Keras would keep mnist.npz; there is nothing yet, and no network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("LRP_EDU_OFFLINE", raising=False)
    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    return tmp_path / "keras" / "datasets" / "mnist.npz"


def check_is_the_small_file(found: data.Digits) -> None:
    assert found.image_shape == (28, 28)
    assert found.x_train.shape == (3, 784)
    assert found.x_test.shape == (2, 784)
    np.testing.assert_allclose(found.x_train, PIXELS[:3].reshape(3, 784) / 255 * 2 - 1, atol=1e-6)
    np.testing.assert_allclose(found.x_test, PIXELS[3:].reshape(2, 784) / 255 * 2 - 1, atol=1e-6)
    np.testing.assert_allclose(found.x_train[0, :3], [-1, 1, -0.6], atol=1e-6)
    assert found.y_train.tolist() == [7, 0, 9]
    assert found.y_test.tolist() == [3, 3]


def test_mnist_is_read_from_the_file_of_keras_without_a_network(kept: Path) -> None:
    write_npz(kept)
    found = data.mnist()
    check_is_the_small_file(found)
    assert found.x_train.dtype == np.float32
    assert found.y_train.dtype.kind == "i"


def test_without_keras_home_the_file_is_in_the_home_folder(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    write_npz(tmp_path / ".keras" / "datasets" / "mnist.npz")
    check_is_the_small_file(data.mnist())


def test_offline_a_missing_file_is_named_and_the_network_left_alone(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRP_EDU_OFFLINE", "1")
    with pytest.raises(FileNotFoundError, match=rf"{re.escape(str(kept))} is not there, and LRP_EDU_OFFLINE=1"):
        data.mnist()
    assert not kept.parent.exists()


def test_offline_a_file_that_is_there_is_read(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRP_EDU_OFFLINE", "1")
    write_npz(kept)
    check_is_the_small_file(data.mnist())


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])


def pickle_inside(path: Path) -> None:
    """The right pictures, as Python objects: to read them would run what a stranger wrote."""
    write_npz(path, x_train=PIXELS[:3].astype(object))


def one_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, PIXELS)


FOREIGN = {
    "truncated": truncate,
    "empty": lambda path: path.write_bytes(b""),
    "a web page": lambda path: path.write_text("<html>Please log in</html>"),
    "one array only": one_array,
    "no labels": lambda path: write_npz(path, y_test=None),
    "other pictures": lambda path: write_npz(path, x_train=PIXELS[:3, :10, :10]),
    "pickled": pickle_inside,
}


@pytest.mark.parametrize("spoil", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_named_and_what_to_do_is_said(kept: Path, spoil: Any) -> None:
    spoil(write_npz(kept))
    with pytest.raises(ValueError, match=rf"{re.escape(str(kept))}: not Keras' mnist\.npz .*; delete it"):
        data.mnist()


@pytest.mark.parametrize(
    "changed",
    [
        {"y_train": LABELS[:2]},
        {"x_train": np.zeros((784, 10, 10), np.uint8), "y_train": np.zeros(784, np.uint8)},
        {"y_test": np.array([3, 10], np.uint8)},
    ],
    ids=["a label too few", "pictures of 10 × 10 that reshape", "a label 10"],
)
def test_a_file_whose_parts_do_not_fit_each_other_is_foreign(kept: Path, changed: dict[str, Any]) -> None:
    write_npz(kept, **changed)
    with pytest.raises(ValueError, match=r"not Keras' mnist\.npz"):
        data.mnist()


def test_mnist_is_read_without_tensorflow_keras_and_sympy(kept: Path) -> None:
    write_npz(kept)
    program = (
        "import sys, lrp_edu; lrp_edu.data.mnist(); lrp_edu.data.digits();"
        "print(sorted({'tensorflow', 'keras', 'sympy', 'torch'} & set(sys.modules)))"
    )
    environment = {**os.environ, "KERAS_HOME": str(kept.parent.parent), "LRP_EDU_OFFLINE": "1"}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]", ran.stderr


# Downloading


@pytest.fixture
def online(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`kept`, with a network: give `MNIST_URL` something to fetch."""
    monkeypatch.undo()
    monkeypatch.setenv("KERAS_HOME", str(kept.parent.parent))
    monkeypatch.delenv("LRP_EDU_OFFLINE", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return kept


def serve_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "MNIST_URL", path.as_uri())
    monkeypatch.setattr(data, "MNIST_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_missing_file_is_downloaded_once_and_kept(
    online: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = write_npz(tmp_path / "served.npz")
    serve_file(original, monkeypatch)
    check_is_the_small_file(data.mnist())
    assert online.read_bytes() == original.read_bytes()
    assert [path.name for path in online.parent.iterdir()] == ["mnist.npz"]
    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    check_is_the_small_file(data.mnist())


def test_a_wrong_hash_leaves_nothing_behind(online: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = write_npz(tmp_path / "served.npz")
    serve_file(original, monkeypatch)
    right = data.MNIST_SHA256
    monkeypatch.setattr(data, "MNIST_SHA256", "0" * 64)
    with pytest.raises(ValueError, match=rf"not the file that was expected .*{right}"):
        data.mnist()
    assert list(online.parent.iterdir()) == []


def test_the_hash_and_the_address_are_those_of_keras() -> None:
    """As in keras/src/datasets/mnist.py."""
    assert data.MNIST_URL == "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
    assert data.MNIST_SHA256 == "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


class Answers(BaseHTTPRequestHandler):
    """A server on this machine that answers in the way that the path asks for."""

    body = b""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        if self.path == "/gibberish":
            self.wfile.write(b"what is HTTP?\r\n\r\n")
            return
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != "/whole-without-length":
            self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body[:100] if self.path == "/cut" else self.body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(online: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    monkeypatch.setattr(Answers, "body", write_npz(tmp_path / "served.npz").read_bytes())
    monkeypatch.setattr(data, "MNIST_SHA256", hashlib.sha256(Answers.body).hexdigest())
    server = HTTPServer(("127.0.0.1", 0), Answers)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def address(server: HTTPServer, path: str) -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


@pytest.mark.parametrize("path", ["/whole", "/whole-without-length"])
def test_download_over_http(online: Path, server: HTTPServer, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(data, "MNIST_URL", address(server, path))
    check_is_the_small_file(data.mnist())
    assert online.read_bytes() == Answers.body
    assert server.asked == [path]  # type: ignore[attr-defined]


def test_a_server_without_the_file(online: Path, server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "MNIST_URL", address(server, "/missing"))
    with pytest.raises(FileNotFoundError, match=r"mnist\.npz is not there, and downloading it from http.*404"):
        data.mnist()
    assert list(online.parent.iterdir()) == []


def test_a_connection_that_breaks_leaves_nothing_behind(
    online: Path, server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "MNIST_URL", address(server, "/cut"))
    with pytest.raises((FileNotFoundError, ValueError), match=re.escape(data.MNIST_URL)):
        data.mnist()
    assert list(online.parent.iterdir()) == []


def test_an_answer_that_is_no_http(online: Path, server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "MNIST_URL", address(server, "/gibberish"))
    with pytest.raises(FileNotFoundError, match=r"mnist\.npz is not there, and downloading it from http"):
        data.mnist()


def test_nobody_answers(online: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    monkeypatch.setattr(data, "MNIST_URL", address(server, "/whole"))
    server.server_close()
    with pytest.raises(FileNotFoundError, match=r"connect to the internet, or put the file there"):
        data.mnist()
    assert list(online.parent.iterdir()) == []


def test_an_interrupted_download_leaves_nothing_behind(online: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The learner presses Stop in the middle."""

    class Interrupted:
        headers: dict[str, str]
        blocks: list[bytes]

        def __init__(self) -> None:
            self.headers, self.blocks = {"Content-Length": "4"}, [b"ab"]

        def __enter__(self) -> Interrupted:
            return self

        def __exit__(self, *_: Any) -> None:
            pass

        def read(self, _size: int) -> bytes:
            if self.blocks:
                return self.blocks.pop()
            assert [path.name for path in online.parent.iterdir()] == ["mnist.npz.partial"]
            raise KeyboardInterrupt

    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: Interrupted())
    with pytest.raises(KeyboardInterrupt):
        data.mnist()
    assert list(online.parent.iterdir()) == []
