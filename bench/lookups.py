"""Look-ups beside joins of others: python -m bench lookups [--rows N].

Lines of orders find their orders, of which there are a million and four: one line in a hundred finds none. Every
partner reads the same two files and writes the interactions, in a process of its own, with the function's threads.
Memory is told for each million keys, as the difference of the two.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.process import run
from definition.load import parse
from definition.plan.mappings import dataset_mapping
from lambdas.transform.lookups import MOST_BYTES

KEYS = (1_000_000, 4_000_000)
MISSING = 100
PARTNERS = {
    "ours": "ours, with reasons and report",
    "duckdb": "DuckDB, LEFT JOIN",
    "pandas": "pandas, merge",
}
PIPELINE = {
    "name": "bench",
    "datasets": {
        "interactions": {
            "source": {"path": "lines.csv"},
            "lookups": {"orders": {"source": {"path": "orders.csv"}, "key": "order_id"}},
            "columns": {
                "USER_ID": "orders.customer_id",
                "ITEM_ID": "product_id",
                "TIMESTAMP": {"from": "orders.ordered_at", "unit": "s"},
            },
        }
    },
    "solutions": [{"name": "s", "recipe": "aws-popularity-count", "batch_inference": [{"name": "j"}]}],
}


def main(rows: int) -> None:
    """Print CPU, wall seconds and memory of each partner, for so many lines."""
    # As stacks/function.py sets it.
    os.environ["POLARS_MAX_THREADS"] = "2"
    table = Table(title=f"{rows:,} lines that look up orders, 1 % without one", title_justify="left")
    for column in ("", "keys", "CPU s", "wall s", "peak RSS MB", "MB a million keys"):
        table.add_column(column, justify="right" if column else "left")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        mapping = dataset_mapping(parse(json.dumps(PIPELINE)), "interactions")
        (folder / "mapping.json").write_text(mapping.model_dump_json())
        peaks: dict[str, list[float]] = {}
        for keys in KEYS:
            _write(folder, rows, keys)
            for name, told in PARTNERS.items():
                printed, cpu, wall, peak = run(f"bench.lookups_{name}", str(folder))
                if printed.split() != [str(rows - rows // MISSING), str(rows // MISSING)]:
                    sys.exit(f"{name} found {printed}")
                peaks.setdefault(name, []).append(peak)
                few, many = peaks[name][0], peaks[name][-1]
                each = f"{(many - few) / (keys - KEYS[0]) * 1e6:.0f}" if keys > KEYS[0] else ""
                table.add_row(told, f"{keys:,}", f"{cpu:.1f}", f"{wall:.1f}", f"{peak:.0f}", each)
    Console().print(table)
    print(f"A function holds {MOST_BYTES / 1e6:.0f} MB of look-ups (lambdas/transform/lookups.py).")


def _write(folder: Path, rows: int, keys: int) -> None:
    with (folder / "orders.csv").open("w") as file:
        file.write("order_id,customer_id,status,ordered_at\n")
        # Every key once, in no order.
        file.writelines(f"{at * 7_919 % keys:012},C{at % 90_001:08},paid,{1_500_000_000 + at}\n" for at in range(keys))
    with (folder / "lines.csv").open("w") as file:
        file.write("order_id,product_id,quantity\n")
        file.writelines(
            f"{keys if at % MISSING == 0 else at * 104_729 % keys:012},P{at % 5_003},1\n" for at in range(rows)
        )
