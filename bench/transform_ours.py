"""The transform's own plan, from and to files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl

from lambdas.transform import plan
from lambdas.transform.reader import scan
from lambdas.transform.request import RawObject
from lambdas.transform.rules import raw_columns
from spec.compiler import interactions_mapping
from spec.load import parse

PIPELINE = {
    "name": "bench",
    "datasets": {
        "interactions": {
            "source": {"path": "raw.tsv", "delimiter": "\t", "quote": "none"},
            "keep": "rating >= 3.5",
            "columns": {
                "USER_ID": "userID",
                "ITEM_ID": "movieID",
                "TIMESTAMP": {"from": "timestamp", "unit": "ms"},
                "EVENT_TYPE": {"value": "watch"},
            },
        }
    },
    "solutions": [{"name": "s", "recipe": "aws-popularity-count", "batch_inference": [{"name": "j"}]}],
}


def main(raw: Path, out: Path) -> None:
    """Write interactions, rejects and users, and print rows out and rejected."""
    mapping = interactions_mapping(parse(json.dumps(PIPELINE)).datasets.interactions)
    item = RawObject(key=raw.name, size=raw.stat().st_size, etag="")
    lines = scan(f"{raw.parent}/", [item], raw_columns(mapping), delimiter=mapping.delimiter, quote=mapping.quote)
    rows = plan.with_fate(lines, mapping).cache()
    *_, counts, _, _, _ = pl.collect_all(
        [
            plan.dataset(rows, mapping).sink_csv(out / "interactions.csv", lazy=True),
            plan.rejects(rows).sink_ndjson(out / "rejects.jsonl", lazy=True),
            plan.batch_users(rows).sink_ndjson(out / "users.json", lazy=True, check_extension=False),
            plan.counts(rows),
            plan.items(rows),
            plan.users(rows),
            plan.reasons(rows),
        ],
        engine="streaming",
    )
    found = counts.row(0, named=True)
    print(found["rows_out"], found["rows_rejected"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
