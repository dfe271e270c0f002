"""The raw file that every partner reads: user, item, rating, milliseconds; tabs; one row in a hundred broken."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = "bench"

_BROKEN = ("u1\ti1", "u1\ti1\t4.0", "u1\ti1\t4.0\tnever", "\ti1\t4.0\t1500000000000")
_PATTERN = 10_000
"""Rows after which the file repeats itself: enough to defeat caches, and counted exactly."""


def write_raw(file: Path, rows: int) -> None:
    """Write the file; ``rows`` is a multiple of 10,000."""
    if rows % _PATTERN:
        raise ValueError(f"rows must be a multiple of {_PATTERN:,}, not {rows}")
    dice = random.Random(11)
    lines = []
    for number in range(_PATTERN):
        if number % 100 == 0:
            lines.append(_BROKEN[number // 100 % len(_BROKEN)])
        else:
            rating = 3.5 if number % 2 else 3.0
            millis = 1_500_000_000_000 + dice.randrange(10**10)
            lines.append(f"u{dice.randrange(5000)}\ti{dice.randrange(2000)}\t{rating}\t{millis}")
    block = "\n".join(lines) + "\n"
    with file.open("w") as target:
        target.write("userID\tmovieID\trating\ttimestamp\n")
        for _ in range(rows // _PATTERN):
            target.write(block)


def EXPECTED(rows: int) -> tuple[int, int]:  # noqa: N802  # reads as the constant that it is for a given size
    """Return rows out and rejected: every second row is kept, one in a hundred is broken."""
    return rows // 2, rows // 100
