"""The transform's own query with a look-up, from and to files."""

from __future__ import annotations

import sys
from pathlib import Path

from definition.mapping.mapping import DatasetMapping
from lambdas.transform.execute import execute
from lambdas.transform.lookups import Lookups
from transform.contract import RawObject
from transform.raw.folder import FolderStore


def main(folder: Path) -> None:
    """Write interactions and rejects, and print rows out and rejected."""
    mapping = DatasetMapping.model_validate_json((folder / "mapping.json").read_bytes())
    lines, orders = (
        RawObject(key=name, size=(folder / name).stat().st_size, etag="") for name in ("lines.csv", "orders.csv")
    )
    (folder / "out").mkdir(exist_ok=True)
    lookups = Lookups({"orders": [orders]})
    outcome = execute(mapping, FolderStore(folder), [lines], staging="out/", started=0, lookups=lookups)
    print(outcome.facts["rows_out"], outcome.facts["rows_rejected"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
