"""TensorFlow's start without what it says to nobody in particular."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_messages() -> Iterator[None]:
    """Nothing reaches stderr, not even from compiled code: TensorFlow tells at its start what no reader asked for.

    If it was started inside, it also looks for a GPU here, and not with the first number, when it would be heard.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
        if tensorflow := sys.modules.get("tensorflow"):
            tensorflow.config.list_physical_devices()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
