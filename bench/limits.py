"""Where the function ends and Spark begins: python -m bench limits [--most N].

The transform as the function runs it, from and to the embedded S3, with the threads that the stacks set. Memory is that
of 5 million rows beside that of many more. Speed is that of one core, as a function of 1,769 MB has one vCPU
(docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html); larger ones have in proportion, up to 10,240 MB.
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

from bench.data import EXPECTED, write_raw
from bench.process import run_command
from bench.transform import bucket
from bench.transform_mapping import write_mapping
from local.glue.spark import missing
from spec.engines import FUNCTION_BYTES

FEW = 5_000_000
ONE_FUNCTION = 20_000_000
SPARK_ROWS = (1_000_000, 5_000_000)
MEMORY_MB = 1769
LARGEST_MB = 10_240
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
    """Print memory at few and at ``most`` rows, speed of one core, and import times."""
    # As stacks/function.py sets it.
    os.environ["POLARS_MAX_THREADS"] = "2"
    few, many = _measure(FEW), _measure(most)
    one = _measure(min(ONE_FUNCTION, most), "-c", _ONE_CORE)
    _print_runs({"two cores": few, "two cores, more rows": many, "one core, as one function": one})
    console = Console()
    console.print(f"Memory grew {many.peak / few.peak:.2f} times over {many.rows // few.rows} times the rows.")
    if one.peak > MEMORY_MB:
        sys.exit(f"{one.rows:,} rows took {one.peak:.0f} MB, more than a function of {MEMORY_MB} MB has")
    _print_sizes(one)
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
    if tuple(map(int, printed.split())) != EXPECTED(rows):
        sys.exit(f"rows out and rejected are {printed}, expected {EXPECTED(rows)}")
    return Measured(rows, raw.stat().st_size, cpu, wall, peak)


def _print_spark() -> None:
    """Print what a Spark job costs before its first row, and for each million of them, with two threads."""
    if lacking := missing():
        Console().print(f"Without Spark: {lacking}")
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
    Console().print(
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


def _print_sizes(one: Measured) -> None:
    """Print what functions of some sizes take in 15 minutes, if the time grows with the rows."""
    table = Table(title=f"In {MINUTES} minutes, extrapolated from one core of this machine", title_justify="left")
    for column in ("function", "million rows", "GB of text"):
        table.add_column(column, justify="left" if column == "function" else "right")
    for memory in (MEMORY_MB, 2 * MEMORY_MB, 4 * MEMORY_MB, LARGEST_MB):
        times = MINUTES * 60 / one.wall * memory / MEMORY_MB
        table.add_row(f"{memory:,} MB", f"{times * one.rows / 1e6:,.0f}", f"{times * one.size / 1e9:,.0f}")
    console = Console()
    console.print(table)
    console.print(f"engine: auto goes to Spark beyond {FUNCTION_BYTES / 1e9:.0f} GB (spec/engines.py).")


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
