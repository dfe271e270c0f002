"""DuckDB with a join, and the interactions as the only output."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

_JOINED = """
CREATE TEMP TABLE joined AS
SELECT customer_id AS USER_ID, product_id AS ITEM_ID, ordered_at AS TIMESTAMP
FROM read_csv('{folder}/lines.csv', all_varchar=true)
LEFT JOIN read_csv('{folder}/orders.csv', all_varchar=true) USING (order_id)
"""


def main(folder: Path) -> None:
    """Write interactions, and print rows out and rejected."""
    database = duckdb.connect()
    database.execute("SET preserve_insertion_order = false")
    database.execute("SET threads = 2")
    database.execute(_JOINED.format(folder=folder))
    database.execute(f"COPY (FROM joined WHERE USER_ID IS NOT NULL) TO '{folder}/duckdb.csv' (HEADER)")
    print(*(database.execute("SELECT count(USER_ID), count(*) - count(USER_ID) FROM joined").fetchone() or ()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
