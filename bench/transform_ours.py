"""The transform's own query, from and to files."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from definition.mapping.mapping import DatasetMapping
from lambdas.transform import batch_input
from lambdas.transform.execute import execute
from transform.contract import BatchInput, RawObject

if TYPE_CHECKING:
    import io


@dataclass
class Folder:
    """A folder in the place of a bucket; what is written goes to another one."""

    raw: Path
    out: Path

    @property
    def root(self) -> str:
        """What paths are appended to: they are absolute."""
        return ""

    def address(self, key: str) -> str:
        """Return the path of a file as it is."""
        return key

    def read(self, key: str) -> io.BufferedReader:
        """Open a file."""
        return (self.raw / key).open("rb")

    def find(self, key: str) -> bytes | None:
        """Read a file that may be missing."""
        file = self.out / key
        return file.read_bytes() if file.exists() else None

    def write(self, key: str, content: bytes) -> None:
        """Write a file."""
        (self.out / key).write_bytes(content)


def main(raw: Path, out: Path) -> None:
    """Write interactions, rejects and users, and print rows out and rejected."""
    mapping = DatasetMapping.model_validate_json((raw.parent / "mapping.json").read_bytes())
    item = RawObject(key=str(raw), size=raw.stat().st_size, etag="")
    store = Folder(raw.parent, out)
    outcome = execute(mapping, store, [item], staging=f"{out}/", started=0)
    users = BatchInput(prefix="", line="user", users="all", lines_per_file=500_000)
    batch_input.write(store, users, batch_input.Known(outcome.users, outcome.items))
    print(outcome.facts["rows_out"], outcome.facts["rows_rejected"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
