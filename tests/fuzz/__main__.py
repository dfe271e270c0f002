"""Throw hostile input at every door for some minutes, and tell what gave way.

    python -m tests.fuzz --minutes 60
    python -m tests.fuzz --kind keys --case 4711     the one case again, with its traceback

Case N of a kind is the same on every machine. What is found becomes a test beside the code that it concerns.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from random import Random
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.fuzz import (
    documents,
    execution_inputs,
    filter_expressions,
    keys,
    output_lines,
    raw_bytes,
    requests_to_personalize,
)
from tests.fuzz.ground import Ground

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS: dict[str, Callable[[Random, Ground], None]] = {
    "pipeline-files": documents.case,
    "execution-inputs": execution_inputs.case,
    "raw-bytes": raw_bytes.case,
    "keys": keys.case,
    "requests": requests_to_personalize.case,
    "filters": filter_expressions.case,
    "output-lines": output_lines.case,
}
_SLOW = 20.0
"""Seconds of the processor that no case takes unless something runs away, however much else the machine does."""


def attempt(kind: str, number: int, ground: Ground) -> str | None:
    """Run one case; return what gave way, None if nothing did."""
    began = time.process_time()
    try:
        KINDS[kind](Random(f"{kind} {number}"), ground)
    except Exception as error:  # noqa: BLE001  # whatever it is, it was found
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {where.name}: {error}"[:500]
    seconds = time.process_time() - began
    return f"took {seconds:.0f} s" if seconds > _SLOW else None


def search(minutes: float, first: int, ground: Ground, console: Console) -> bool:
    """Give each kind its share of the time; print what was found, and return whether anything was."""
    table = Table("kind", "cases", "found", title=f"{minutes:g} minutes from case {first} on")
    found_any = False
    for kind in KINDS:
        until = time.monotonic() + 60 * minutes / len(KINDS)
        number, found = first, dict[str, int]()
        while time.monotonic() < until:
            if told := attempt(kind, number, ground):
                # The same fault has the same words up to the values in them.
                if told[:60] not in {each[:60] for each in found}:
                    console.print(f"{kind} {number}: {told}", markup=False, soft_wrap=True)
                found.setdefault(told, number)
            number += 1
        table.add_row(kind, f"{number - first:,}", str(len(found)))
        found_any |= bool(found)
    console.print(table)
    return found_any


def main() -> None:
    """Parse the arguments; exit with 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10, help="for all kinds together (default 10)")
    parser.add_argument("--first", type=int, default=0, help="number of the first case of each kind (default 0)")
    parser.add_argument("--kind", choices=KINDS, help="the kind of a single case")
    parser.add_argument("--case", type=int, help="its number")
    given = parser.parse_args()
    ground = Ground()
    try:
        if given.kind and given.case is not None:
            KINDS[given.kind](Random(f"{given.kind} {given.case}"), ground)
            print("nothing gave way")
        elif search(given.minutes, given.first, ground, Console()):
            sys.exit(1)
    finally:
        ground.close()


if __name__ == "__main__":
    main()
