"""The transform's own query, from and to files."""

from __future__ import annotations

import sys
from pathlib import Path

from definition.mapping.mapping import DatasetMapping
from lambdas.transform import batch_input
from lambdas.transform.execute import execute
from transform.contract import BatchInput, RawObject
from transform.raw.folder import FolderStore


def main(raw: Path, out: Path) -> None:
    """Write interactions, rejects and users to a folder beside the file, and print rows out and rejected."""
    mapping = DatasetMapping.model_validate_json((raw.parent / "mapping.json").read_bytes())
    item = RawObject(key=raw.name, size=raw.stat().st_size, etag="")
    store, target = FolderStore(raw.parent), f"{out.name}/"
    outcome = execute(mapping, store, [item], staging=target, started=0)
    users = BatchInput(prefix=target, line="user", users="all", lines_per_file=500_000)
    batch_input.write(store, users, batch_input.Known(outcome.users, outcome.items))
    print(outcome.facts["rows_out"], outcome.facts["rows_rejected"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
