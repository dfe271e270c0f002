"""Run the benchmarks and print one table: python -m bench [rows].

Every partner does the same work on the same file, each in a process of its own, in turn, three rounds; medians. CPU
seconds are the robust figure on a shared machine.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.data import EXPECTED, write_raw

ROUNDS = 3
PARTNERS = {
    "ours": "every rule, rejects with reasons, report",
    "polars": "the same three outputs, no rule, no report",
    "csv_module": "Python's csv module, the same three outputs",
}


def main() -> None:
    """Time every partner and print the table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
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
    started = time.monotonic()
    command = [sys.executable, "-m", f"bench.transform_{name}", str(raw), str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        printed = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    got = tuple(int(number) for number in printed.split())
    if process.returncode or got != EXPECTED(rows):
        sys.exit(f"{name} is wrong: rows out and rejected are {got}, expected {EXPECTED(rows)}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def _print(figures: dict[str, list[tuple[float, float, float]]], rows: int, size: int) -> None:
    table = Table(title=f"Transform: {rows:,} rows, {size / 1e6:.0f} MB of tab-separated text, 1 % broken")
    for column in ("partner", "does", "CPU s", "x ours", "wall s", "peak RSS MB"):
        table.add_column(column, justify="left" if column in {"partner", "does"} else "right")
    ours = statistics.median(cpu for cpu, _, _ in figures["ours"])
    for name, does in PARTNERS.items():
        cpu, wall, rss = (statistics.median(values) for values in zip(*figures[name], strict=True))
        table.add_row(name, does, f"{cpu:.2f}", f"{cpu / ours:.2f}", f"{wall:.2f}", f"{rss:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
