"""Files of weights, made on the spot in the layout of those that Keras lets one download."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lrp_edu import memory
from lrp_edu.models import Architecture


def enough_room(disk: int = 1_000_000_000) -> bool:
    """Whether there is memory for full VGG16, and space for its file; False where the system does not tell."""
    free = memory.available()
    return free is not None and free.size > 2_000_000_000 and shutil.disk_usage("/tmp").free > disk


def write_h5(path: Path, architecture: Architecture, **left_out: Any) -> None:
    """In the layout of the files of keras.applications."""
    rng = np.random.default_rng(3)
    shapes = architecture.shapes()
    layers = list(dict.fromkeys(name.split("/")[0] for name in shapes if name not in left_out))
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.encode() for layer in layers]
        for layer in layers:
            group = file.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}_W_1:0".encode(), f"{layer}_b_1:0".encode()]
            for letter, part in (("W", "kernel"), ("b", "bias")):
                shape = shapes[f"{layer}/{part}"]
                values = rng.random(shape, dtype=np.float32)
                values -= 0.5
                values *= np.float32(np.sqrt(12 * 2 / np.prod(shape[:-1]))) if part == "kernel" else 0.01
                group.create_dataset(f"{layer}_{letter}_1:0", data=values)
