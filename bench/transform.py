"""The transform beside its partners: python -m bench transform [--rows N].

Every partner does the same work on the same file, each in a process of its own, in turn, three rounds; medians. CPU
seconds are the robust figure on a shared machine.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.data import EXPECTED, write_raw
from bench.process import run

ROUNDS = 3
PARTNERS = {
    "ours": "every rule, rejects with reasons, report",
    "polars": "the same three outputs, no rule, no report",
    "csv_module": "Python's csv module, the same three outputs",
}


def main(rows: int) -> None:
    """Time every partner on a file of so many rows and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.tsv"
        write_raw(raw, rows)
        figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in PARTNERS}
        for _ in range(ROUNDS):
            for name in PARTNERS:
                figures[name].append(_measure(name, raw, Path(folder) / name, rows))
        _print(figures, rows, raw.stat().st_size)


def _measure(name: str, raw: Path, out: Path, rows: int) -> tuple[float, float, float]:
    """Return CPU seconds, wall seconds and peak RSS in MB of one process."""
    out.mkdir(exist_ok=True)
    printed, cpu, wall, peak = run(f"bench.transform_{name}", str(raw), str(out))
    got = tuple(int(number) for number in printed.split())
    if got != EXPECTED(rows):
        sys.exit(f"{name} is wrong: rows out and rejected are {got}, expected {EXPECTED(rows)}")
    return cpu, wall, peak


def _print(figures: dict[str, list[tuple[float, float, float]]], rows: int, size: int) -> None:
    table = Table(title=f"Transform: {rows:,} rows, {size / 1e6:.0f} MB of tab-separated text, 1 % broken")
    for column in ("partner", "does", "CPU s", "x ours", "wall s", "peak RSS MB"):
        table.add_column(column, justify="left" if column in {"partner", "does"} else "right")
    ours = statistics.median(cpu for cpu, _, _ in figures["ours"])
    for name, does in PARTNERS.items():
        cpu, wall, rss = (statistics.median(values) for values in zip(*figures[name], strict=True))
        table.add_row(name, does, f"{cpu:.2f}", f"{cpu / ours:.2f}", f"{wall:.2f}", f"{rss:.0f}")
    Console().print(table)
