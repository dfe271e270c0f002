"""PyArrow, batch by batch, with the same three outputs; rows of the wrong width come from its handler."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

NAMES = ["userID", "movieID", "rating", "timestamp"]
WRITTEN = pa.schema(
    [("USER_ID", pa.string()), ("ITEM_ID", pa.string()), ("TIMESTAMP", pa.int64()), ("EVENT_TYPE", pa.string())]
)


def main(raw: Path, out: Path, quote: str | None) -> None:
    """Write interactions, rejects and users, and print rows out and rejected."""
    broken: list[str] = []

    def refuse(row: csv.InvalidRow) -> str:
        broken.append(row.text)
        return "skip"

    reader = csv.open_csv(
        raw,
        parse_options=csv.ParseOptions(delimiter="\t", quote_char=quote or False, invalid_row_handler=refuse),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(NAMES, pa.string())),
    )
    kept_rows = 0
    users: dict[str, None] = {}
    with csv.CSVWriter(out / "interactions.csv", WRITTEN, write_options=csv.WriteOptions(quoting_style="none")) as to:
        for batch in reader:
            number = pc.match_substring_regex(batch["rating"], r"^[0-9]+(\.[0-9]*)?$")
            time = pc.match_substring_regex(batch["timestamp"], "^[0-9]{1,18}$")
            good = pc.and_(pc.and_(number, time), pc.not_equal(batch["userID"], ""))
            broken += map(str, batch.filter(pc.invert(good)).to_pylist())
            fine = batch.filter(good)
            users |= dict.fromkeys(fine["userID"].unique().to_pylist())
            kept = fine.filter(pc.greater_equal(fine["rating"].cast(pa.float64()), 3.5))
            seconds = pc.divide(kept["timestamp"].cast(pa.int64()), 1000)
            events = pa.repeat("watch", len(kept))
            columns = [kept["userID"], kept["movieID"], seconds, events]
            to.write_batch(pa.record_batch(columns, schema=WRITTEN))
            kept_rows += len(kept)
    (out / "rejects.jsonl").write_text("".join(json.dumps({"raw": row}) + "\n" for row in broken))
    (out / "users.json").write_text("".join(f'{{"userId":"{user}"}}\n' for user in users))
    print(kept_rows, len(broken))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), '"' if sys.argv[3:] == ["quoted"] else None)
