"""pandas as in tutorials, whole file and .apply, or in chunks with whole-column operations: the same three outputs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

CHUNK = 1_000_000


def main(raw: Path, out: Path, how: str) -> None:
    """Write interactions, rejects and users, and print rows out and rejected."""
    options = {"sep": "\t", "dtype": str, "quoting": 3, "keep_default_na": False, "na_values": [""]}
    frames = [pd.read_csv(raw, **options)] if how == "whole" else pd.read_csv(raw, **options, chunksize=CHUNK)
    print(*_write(frames, out, how))


def _write(frames: Iterable[pd.DataFrame], out: Path, how: str) -> tuple[int, int]:
    kept_rows = rejected_rows = 0
    users: dict[str, None] = {}
    for number, frame in enumerate(frames):
        frame["rating"] = pd.to_numeric(frame["rating"], errors="coerce")
        frame["timestamp"] = pd.to_numeric(frame["timestamp"], errors="coerce")
        good = frame.notna().all(axis=1)
        rejected, fine = frame[~good], frame[good]
        kept = fine[fine["rating"] >= 3.5]
        millis = kept["timestamp"]
        seconds = millis.apply(lambda value: int(value) // 1000) if how == "whole" else millis.astype("int64") // 1000
        written = pd.DataFrame(
            {"USER_ID": kept["userID"], "ITEM_ID": kept["movieID"], "TIMESTAMP": seconds, "EVENT_TYPE": "watch"}
        )
        mode = "a" if number else "w"
        written.to_csv(out / "interactions.csv", index=False, header=not number, mode=mode)
        rejected.to_json(out / "rejects.jsonl", orient="records", lines=True, mode=mode)
        users |= dict.fromkeys(fine["userID"].unique())
        kept_rows, rejected_rows = kept_rows + len(kept), rejected_rows + len(rejected)
    (out / "users.json").write_text("".join(f'{{"userId":"{user}"}}\n' for user in users))
    return kept_rows, rejected_rows


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
