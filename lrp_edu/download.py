"""Large files from the net: they lie where Keras keeps its own, and they arrive whole or not at all."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Literal

from lrp_edu.files import whole_file


def keras_home() -> Path:
    """The folder in which Keras keeps what it downloads: KERAS_HOME, else ~/.keras."""
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))


def download(url: str, path: Path, digest: str, algorithm: Literal["sha256", "md5"] = "sha256") -> None:
    """Fetch a file under a progress bar; it gets its name only once it is whole and its hash is right.

    Args:
        url: where the file is to be had.
        path: where it shall lie; folders that are missing are made.
        digest: the hash of the whole file, in hexadecimal.
        algorithm: the kind of hash; Keras gives MD5 for its older files.

    Raises:
        FileNotFoundError: LRP_EDU_OFFLINE=1 forbids to download, or the connection failed.
        ValueError: what came has another hash.
    """
    from tqdm.auto import tqdm

    missing = f"{path} is not there"
    if os.environ.get("LRP_EDU_OFFLINE") == "1":
        raise FileNotFoundError(f"{missing}, and LRP_EDU_OFFLINE=1 forbids to download it; put the file there")
    path.parent.mkdir(parents=True, exist_ok=True)
    seen = hashlib.new(algorithm, usedforsecurity=False)
    try:
        with urllib.request.urlopen(url, timeout=30) as answer, whole_file(path) as file:
            size = int(answer.headers.get("Content-Length", 0)) or None
            with tqdm(total=size, unit="B", unit_scale=True, desc=path.name) as progress:
                while block := answer.read(1 << 16):
                    file.write(block)
                    seen.update(block)
                    progress.update(len(block))
            if seen.hexdigest() != digest:
                kind = {"sha256": "SHA-256", "md5": "MD5"}[algorithm]
                raise ValueError(
                    f"{url}: what came is not the file that was expected (its {kind} is {seen.hexdigest()}); "
                    f"try again, or put the right file at {path}"
                )
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise FileNotFoundError(
            f"{missing}, and downloading it from {url} failed ({error}); connect to the internet, or put the file there"
        ) from error
