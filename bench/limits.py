"""Where the function ends and Spark begins: python -m bench limits [--most-rows N].

The transform as the function runs it, from and to the embedded S3, with the threads that the stacks set. Memory is that
of all rows beside that of a quarter of them. Speed is that of one core and of two, as a function of 1,769 MB has one
vCPU, and one of twice that two (docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html); with two threads it
would use no more.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from bench.data import PLAIN, write_raw
from bench.process import run_command
from bench.transform import bucket
from bench.transform_mapping import write_mapping
from definition.plan.capacity import FUNCTION_BYTES
from embedded_aws.glue.spark import missing

STEP = 10_000
"""Rows come in multiples of so many (``bench.data``)."""

ONE_FUNCTION = 20_000_000
SPARK_ROWS = (1_000_000, 5_000_000)
MEMORY_MB = 1769
MINUTES = 15
IMPORTS = {"import polars": "bare Polars", "import lambdas.transform.handler": "the handler with all it uses"}
_ROUNDS = 5

_ONE_CORE = "import os, sys; os.sched_setaffinity(0, {0}); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"


class Measured(NamedTuple):
    """One run: rows, bytes of raw text, CPU and wall seconds, peak RSS in MB."""

    rows: int
    size: int
    cpu: float
    wall: float
    peak: float


def main(most: int) -> None:
    """Print memory at ``most`` rows and a quarter of them, speed of one core and two, of Spark, and import times."""
    # As stacks/function.py sets it.
    os.environ["POLARS_MAX_THREADS"] = "2"
    few, many = _measure(max(STEP, most // 4 // STEP * STEP)), _measure(most)
    one = _measure(min(ONE_FUNCTION, most), "-c", _ONE_CORE)
    _print_runs({"two cores": few, "two cores, more rows": many, "one core, as one function": one})
    _say(f"Memory grew {many.peak / few.peak:.2f} times over {many.rows / few.rows:.1f} times the rows.")
    if one.peak > MEMORY_MB:
        sys.exit(f"{one.rows:,} rows took {one.peak:.0f} MB, more than a function of {MEMORY_MB} MB has")
    _print_sizes({MEMORY_MB: one, 2 * MEMORY_MB: many})
    _print_spark()
    _print_imports()


def _measure(rows: int, *before: str) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        raw = _raw(Path(folder), rows)
        with bucket(raw):
            return _measured(raw, rows, *before, "-m", "bench.transform_s3", str(raw))


def _raw(folder: Path, rows: int) -> Path:
    raw = folder / "raw.tsv"
    write_raw(raw, rows)
    write_mapping(folder / "mapping.json")
    return raw


def _measured(raw: Path, rows: int, *arguments: str) -> Measured:
    printed, cpu, wall, peak = run_command(sys.executable, *arguments)
    if tuple(map(int, printed.split())) != PLAIN.expected(rows):
        sys.exit(f"rows out and rejected are {printed}, expected {PLAIN.expected(rows)}")
    return Measured(rows, raw.stat().st_size, cpu, wall, peak)


def _print_spark() -> None:
    """Print what a Spark job costs before its first row, and for each million of them, with two threads."""
    if lacking := missing():
        _say(f"Without Spark: {lacking}")
        return
    found = []
    for rows in SPARK_ROWS:
        with tempfile.TemporaryDirectory() as folder:
            raw, out = _raw(Path(folder), rows), Path(folder) / "out"
            out.mkdir()
            found.append(_measured(raw, rows, "-m", "bench.transform_spark", str(raw), str(out)))
    few, many = found
    each = (many.wall - few.wall) / (many.rows - few.rows)
    begin = few.wall - few.rows * each
    _say(
        f"Spark with two threads of this machine: {begin:.0f} s to begin and {each * 1e6:.1f} s for each million rows, "
        f"from {few.rows:,} and {many.rows:,}."
    )


def _print_runs(runs: dict[str, Measured]) -> None:
    table = Table(title="The transform from and to S3, 1 % of the rows broken", title_justify="left")
    for column in ("on", "rows", "MB", "CPU s", "wall s", "peak RSS MB"):
        table.add_column(column, justify="left" if column == "on" else "right")
    for name, found in runs.items():
        seconds = (f"{found.cpu:.1f}", f"{found.wall:.1f}")
        table.add_row(name, f"{found.rows:,}", f"{found.size / 1e6:.0f}", *seconds, f"{found.peak:.0f}")
    Console().print(table)


def _print_sizes(runs: dict[int, Measured]) -> None:
    """Print what functions take in 15 minutes at the speed of a run each, by their memory in MB."""
    table = Table(title=f"In {MINUTES} minutes, at the speed above", title_justify="left")
    for column in ("function", "million rows", "GB of text"):
        table.add_column(column, justify="left" if column == "function" else "right")
    for memory, found in runs.items():
        times = MINUTES * 60 / found.wall
        table.add_row(f"{memory:,} MB", f"{times * found.rows / 1e6:,.0f}", f"{times * found.size / 1e9:,.0f}")
    Console().print(table)
    _say(f"engine: auto goes to Spark beyond {FUNCTION_BYTES / 1e9:.0f} GB (definition/plan/capacity.py).")


def _say(sentence: str) -> None:
    """Print a sentence on one line, also where the output is no terminal and its width unknown."""
    Console().print(sentence, soft_wrap=True)


def _print_imports() -> None:
    table = Table(title="A cold start's imports, medians", title_justify="left")
    for column in ("imports", "CPU s", "wall s"):
        table.add_column(column, justify="left" if column == "imports" else "right")
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Bench")
    for code, name in IMPORTS.items():
        found = [run_command(sys.executable, "-c", code)[1:3] for _ in range(_ROUNDS)]
        cpu, wall = (statistics.median(values) for values in zip(*found, strict=True))
        table.add_row(name, f"{cpu:.2f}", f"{wall:.2f}")
    Console().print(table)
