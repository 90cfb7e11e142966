"""How a graded kernel prints: a piece at a time, and the next one when the last is on its way.

A kernel of its own accord collects for a fifth of a second what is printed. In that time endless output fills
gigabytes, and the kernel would be ended for its memory, or cut off, before anybody has seen what it does.
"""

from __future__ import annotations

from typing import Any

from ipykernel.iostream import OutStream

PIECE = 1_000_000  # characters


class PieceByPiece(OutStream):
    """The kernel's `sys.stdout` and `sys.stderr`, where ipykernel is told of it by `outstream_class`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.waiting = 0  # characters that were not sent yet, at most
        super().__init__(*arguments, **options)

    def write(self, string: str) -> int:
        for begin in range(0, len(string), PIECE):
            piece = string[begin : begin + PIECE]
            super().write(piece)
            self.waiting += len(piece)
            if self.waiting >= PIECE:
                self.flush()
                self.waiting = 0
        return len(string)
