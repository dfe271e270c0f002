"""Pandas with a merge, and the interactions as the only output."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd


def main(folder: Path) -> None:
    """Write interactions, and print rows out and rejected."""
    lines = pd.read_csv(folder / "lines.csv", dtype=str, usecols=["order_id", "product_id"])
    orders = pd.read_csv(folder / "orders.csv", dtype=str, usecols=["order_id", "customer_id", "ordered_at"])
    joined = lines.merge(orders, on="order_id", how="left", validate="many_to_one")
    found = joined[joined["customer_id"].notna()]
    found[["customer_id", "product_id", "ordered_at"]].to_csv(folder / "pandas.csv", index=False)
    print(len(found), len(joined) - len(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
