"""DuckDB with the same three outputs: a temporary table, so that the file is read once, and three COPY statements."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

_TABLE = """
CREATE TEMP TABLE rows AS
SELECT *, u IS NOT NULL AND u <> '' AND i IS NOT NULL AND rating IS NOT NULL AND millis IS NOT NULL AS good
FROM (SELECT u, i, r, t, TRY_CAST(r AS DOUBLE) AS rating, TRY_CAST(t AS BIGINT) AS millis
      FROM read_csv('{raw}', delim='\t', quote='', escape='', header=true, null_padding=true, auto_detect=false,
                    columns={{'u': 'VARCHAR', 'i': 'VARCHAR', 'r': 'VARCHAR', 't': 'VARCHAR'}}))
"""
_OUTPUTS = (
    """COPY (SELECT u AS USER_ID, i AS ITEM_ID, millis // 1000 AS TIMESTAMP, 'watch' AS EVENT_TYPE
             FROM rows WHERE good AND rating >= 3.5) TO '{out}/interactions.csv' (HEADER)""",
    "COPY (SELECT u, i, r, t FROM rows WHERE NOT good) TO '{out}/rejects.jsonl' (FORMAT json)",
    "COPY (SELECT DISTINCT u AS \"userId\" FROM rows WHERE good) TO '{out}/users.json' (FORMAT json)",
)


def main(raw: Path, out: Path) -> None:
    """Write interactions, rejects and users, and print rows out and rejected."""
    database = duckdb.connect()
    database.execute("SET preserve_insertion_order = false")
    database.execute(_TABLE.format(raw=raw))
    for statement in _OUTPUTS:
        database.execute(statement.format(out=out))
    counts = "SELECT count(*) FILTER (good AND rating >= 3.5), count(*) FILTER (NOT good) FROM rows"
    print(*(database.execute(counts).fetchone() or ()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
