"""The transform beside its partners: python -m bench transform [--rows N] [--partners NAME ...].

Every partner reads the same file and writes the same three outputs, each in a process of its own, in turn, three
rounds; medians. Some read files of other forms, too: with more broken rows, and with quotes. CPU seconds are the robust
figure on a shared machine; those of the embedded S3 are not counted, it runs in a process of its own. What a partner
prints, rows out and rejected, is checked.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from bench.data import FORMS, PLAIN, write_raw
from bench.process import run_command
from bench.transform_mapping import write_mapping
from embedded_aws.glue.spark import missing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bench.data import Form

ROUNDS = 3
REFERENCE = "polars"
REFERENCES = {"s3": "polars s3"}
"""Partners that are set beside another one than REFERENCE: the one that reads and writes where they do."""

PARTNERS = {
    "s3": "ours, from and to S3: every rule, rejects with reasons, report",
    "ours": "ours, the same plan on local files",
    "polars s3": "bare Polars, from and to S3",
    "polars": "bare Polars: no rule beyond nulls, no reasons, no report",
    "duckdb": "DuckDB: temporary table, lenient casts; users in any order",
    "pandas whole": "pandas: whole file, .apply for the time",
    "pandas chunks": "pandas: a million rows at a time",
    "pyarrow": "PyArrow: batch by batch, patterns before casts",
    "csv_module": "Python's csv module, row by row",
    "awk": "awk, one pass; rejects as raw lines",
    "spark": "ours for Glue, the same rules and outputs on local files; two threads",
    "cat": "cat into nothing: the floor, no output",
}

OF_EVERY_FORM = ("s3", "polars s3", "ours", "polars", "pyarrow")

Figures = tuple[float, float, float]
"""CPU seconds, wall seconds, peak RSS in MB."""


def main(rows: int, partners: Collection[str] = ()) -> None:
    """Time partners, or all of them, on files of so many rows, and print a table for each form of file."""
    if lacking := missing():
        print(f"Without spark: {lacking}")
    names = [name for name in PARTNERS if name in (partners or PARTNERS) and not (name == "spark" and lacking)]
    for title, form in FORMS.items():
        _compare(rows, title, form, [name for name in names if form is PLAIN or name in OF_EVERY_FORM])


def _compare(rows: int, title: str, form: Form, names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.tsv"
        write_raw(raw, rows, form)
        write_mapping(raw.parent / "mapping.json", quoted=form.quoted)
        figures: dict[str, list[Figures]] = {name: [] for name in names}
        with bucket(raw):
            for _ in range(ROUNDS):
                for name in names:
                    printed, *found = _measure(name, raw, Path(folder) / name, form)
                    if name != "cat" and printed != form.expected(rows):
                        sys.exit(f"{name}: rows out and rejected are {printed}, expected {form.expected(rows)}")
                    figures[name].append((found[0], found[1], found[2]))
        _print(figures, f"{rows:,} rows, {raw.stat().st_size / 1e6:.0f} MB of tab-separated text, {title}")


@contextlib.contextmanager
def bucket(raw: Path) -> Iterator[None]:
    """Run the embedded S3 with the raw file, and lead this process and its children there."""
    command = [sys.executable, "-m", "bench.transform_bucket", str(raw)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        if server.stdout is None or server.stdin is None:
            raise RuntimeError("the server has no pipes")
        os.environ.update(json.loads(server.stdout.readline()))
        yield
        server.stdin.close()


def _measure(name: str, raw: Path, out: Path, form: Form) -> tuple[tuple[int, ...], float, float, float]:
    """Return the rows out and rejected that a partner tells, and its figures."""
    out.mkdir(exist_ok=True)
    printed, cpu, wall, peak = run_command(*_command(name, raw, out, form))
    return tuple(int(number) for number in printed.split()), cpu, wall, peak


def _command(name: str, raw: Path, out: Path, form: Form) -> list[str]:
    if name == "cat":
        return ["sh", "-c", 'cat "$0" > /dev/null', str(raw)]
    if name == "awk":
        return ["awk", "-v", f"out={out}", "-f", str(Path(__file__).with_suffix(".awk")), str(raw)]
    partner, *how = name.split()
    how += ["quoted"] if form.quoted and partner in {"polars", "pyarrow"} else []
    return [sys.executable, "-m", f"bench.transform_{partner}", str(raw), str(out), *how]


def _print(figures: dict[str, list[Figures]], what: str) -> None:
    table = Table(title=f"Transform: {what}")
    for column in ("partner", "does", "CPU s", "x bare", "wall s", "peak RSS MB"):
        table.add_column(column, justify="left" if column in {"partner", "does"} else "right")
    medians = {
        name: [statistics.median(values) for values in zip(*measured, strict=True)]
        for name, measured in figures.items()
    }
    for name, (cpu, wall, rss) in medians.items():
        reference, *_ = medians.get(REFERENCES.get(name, REFERENCE), [math.nan])
        table.add_row(name, PARTNERS[name], f"{cpu:.2f}", f"{cpu / reference:.2f}", f"{wall:.2f}", f"{rss:.0f}")
    Console().print(table)
