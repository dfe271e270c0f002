"""Bare Polars with the same three outputs: a lenient CSV scan, no rules beyond nulls, no reasons, no report.

The words after the folders say more: with s3 it reads and writes the bucket of `transform_bucket`, with quoted quotes
are no text.
"""

from __future__ import annotations

import sys

import polars as pl

from bench.data import BUCKET


def main(raw: str, out: str, quote: str | None) -> None:
    """Write interactions, rejects and users, and print rows out and rejected."""
    schema = {"userID": pl.String, "movieID": pl.String, "rating": pl.String, "timestamp": pl.String}
    rows = (
        pl.scan_csv(raw, separator="\t", quote_char=quote, schema=schema)
        .with_columns(
            pl.col("rating").cast(pl.Float64, strict=False), pl.col("timestamp").cast(pl.Int64, strict=False) // 1000
        )
        .with_columns(good=pl.all_horizontal(pl.all().is_not_null()) & (pl.col("userID") != ""))
        .cache()
    )
    kept = rows.filter(pl.col("good") & (pl.col("rating") >= 3.5))
    out_rows = kept.select(USER_ID="userID", ITEM_ID="movieID", TIMESTAMP="timestamp", EVENT_TYPE=pl.lit("watch"))
    users = rows.filter("good").select(userId="userID").unique(maintain_order=True)
    *_, counts = pl.collect_all(
        [
            out_rows.sink_csv(f"{out}/interactions.csv", lazy=True),
            rows.filter(~pl.col("good")).sink_ndjson(f"{out}/rejects.jsonl", lazy=True),
            users.sink_ndjson(f"{out}/users.json", lazy=True, check_extension=False),
            rows.select((pl.col("good") & (pl.col("rating") >= 3.5)).sum(), rejected=(~pl.col("good")).sum()),
        ],
        engine="streaming",
    )
    print(*counts.row(0))


if __name__ == "__main__":
    source, target, *words = sys.argv[1:]
    if "s3" in words:
        source, target = f"s3://{BUCKET}/raw/raw.tsv", f"s3://{BUCKET}/bare"
    main(source, target, '"' if "quoted" in words else None)
