"""Python's csv module with the same three outputs, row by row."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path


def main(raw: Path, out: Path) -> None:
    """Write interactions, rejects and users, and print rows out and rejected."""
    kept = rejected = 0
    users: dict[str, None] = {}
    with (
        raw.open(newline="") as source,
        (out / "interactions.csv").open("w", newline="") as target,
        (out / "rejects.jsonl").open("w") as rejects,
    ):
        rows = csv.reader(source, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        writer = csv.writer(target)
        writer.writerow(["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"])
        for row in rows:
            try:
                user, item, rating, millis = row
                keep, seconds = float(rating) >= 3.5, int(millis) // 1000
            except ValueError:
                user = ""
            if not user:
                rejected += 1
                rejects.write(json.dumps({"raw": row}) + "\n")
                continue
            users[user] = None
            if keep:
                kept += 1
                writer.writerow([user, item, seconds, "watch"])
    (out / "users.json").write_text("".join(f'{{"userId":"{user}"}}\n' for user in users))
    print(kept, rejected)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
