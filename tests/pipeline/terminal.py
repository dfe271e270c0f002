"""A terminal that a test types in and reads."""

from __future__ import annotations

import os
import re


def read_until(terminal: int, pattern: str) -> str:
    """Return what a terminal shows until a line matches."""
    told = ""
    while not re.search(pattern, told):
        try:
            piece = os.read(terminal, 65536).decode("utf-8", "replace")
        except OSError:  # the end of a terminal on Linux
            piece = ""
        assert piece, told
        told += piece
    return told
