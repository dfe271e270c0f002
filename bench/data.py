"""The raw files that every partner reads: user, item, rating, milliseconds; tabs; some rows broken."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = "bench"

_BROKEN = ("u1\ti1", "u1\ti1\t4.0", "u1\ti1\t4.0\tnever", "\ti1\t4.0\t1500000000000")
_PATTERN = 10_000
"""Rows after which the file repeats itself: enough to defeat caches, and counted exactly."""


@dataclass(frozen=True)
class Form:
    """How a file is made.

    Attributes:
        every: one row in so many is broken, of 10,000 without a rest.
        quoted: whether each field stands in quotes.
    """

    every: int = 100
    quoted: bool = False

    def expected(self, rows: int) -> tuple[int, int]:
        """Return rows out and rejected: every second row is kept, and none of them is broken."""
        return rows // 2, rows // self.every


PLAIN = Form()
FORMS = {"1 % broken": PLAIN, "5 % broken": Form(every=20), "1 % broken, every field quoted": Form(quoted=True)}


def write_raw(file: Path, rows: int, form: Form = PLAIN) -> None:
    """Write the file; ``rows`` is a multiple of 10,000."""
    if rows % _PATTERN:
        raise ValueError(f"rows must be a multiple of {_PATTERN:,}, not {rows}")
    dice = random.Random(11)
    lines = []
    for number in range(_PATTERN):
        if number % form.every == 0:
            lines.append(_BROKEN[number // form.every % len(_BROKEN)])
        else:
            rating = 3.5 if number % 2 else 3.0
            millis = 1_500_000_000_000 + dice.randrange(10**10)
            lines.append(f"u{dice.randrange(5000)}\ti{dice.randrange(2000)}\t{rating}\t{millis}")
    if form.quoted:
        lines = ["\t".join(f'"{field}"' for field in line.split("\t")) for line in lines]
    block = "\n".join(lines) + "\n"
    with file.open("w") as target:
        target.write("userID\tmovieID\trating\ttimestamp\n")
        for _ in range(rows // _PATTERN):
            target.write(block)
