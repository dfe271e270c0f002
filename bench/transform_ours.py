"""The transform's own plan, from and to files."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from lambdas.transform import plan
from lambdas.transform.reader import scan
from lambdas.transform.request import RawObject
from lambdas.transform.rules import raw_columns
from spec.mapping import DatasetMapping


def main(raw: Path, out: Path) -> None:
    """Write interactions, rejects and users, and print rows out and rejected."""
    mapping = DatasetMapping.model_validate_json((raw.parent / "mapping.json").read_bytes())
    item = RawObject(key=raw.name, size=raw.stat().st_size, etag="")
    lines = scan(f"{raw.parent}/", [item], raw_columns(mapping), delimiter=mapping.delimiter, quote=mapping.quote)
    rows = plan.with_fate(lines, mapping).cache()
    kept = plan.dataset(rows, mapping).cache()
    rejected = plan.rejects(rows, mapping).cache()
    per_user = plan.per_user(rows).cache()
    *_, counts, _, _, _ = pl.collect_all(
        [
            kept.sink_csv(out / "interactions.csv", lazy=True),
            rejected.sink_ndjson(out / "rejects.jsonl", lazy=True),
            plan.batch_users(per_user).sink_ndjson(out / "users.json", lazy=True, check_extension=False),
            plan.counts(rows),
            plan.items(kept),
            plan.users(per_user),
            plan.reasons(rejected),
        ],
        engine="streaming",
    )
    found = counts.row(0, named=True)
    print(found["rows_out"], found["rows_rejected"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
