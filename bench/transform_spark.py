"""The Glue job's own code on local files, with Spark as on a laptop: two threads."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession

from definition.mapping.mapping import DatasetMapping
from jobs.transform import batch_input
from jobs.transform.counts import per_item, per_user, tallies
from jobs.transform.execute import Target, execute, staged
from jobs.transform.session import configured
from transform.contract import BatchInput, RawObject
from transform.records import OUT, REJECTED

if TYPE_CHECKING:
    import io


@dataclass(frozen=True)
class Folder:
    """A folder in the place of the bucket."""

    path: Path

    @property
    def root(self) -> str:
        """Address of the folder."""
        return f"{self.path.as_uri()}/"

    def read(self, key: str) -> io.BufferedReader:
        """Open a file."""
        return (self.path / key).open("rb")

    def find(self, key: str) -> bytes | None:
        """Read a file that may be missing."""
        file = self.path / key
        return file.read_bytes() if file.exists() else None

    def write(self, key: str, content: bytes) -> None:
        """Write a file."""
        (self.path / key).parent.mkdir(parents=True, exist_ok=True)
        (self.path / key).write_bytes(content)


def main(raw: Path, out: Path) -> None:
    """Write interactions, rejects and users, and print rows out and rejected."""
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": "4g",
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = configured(builder.getOrCreate())
    mapping = DatasetMapping.model_validate_json((raw.parent / "mapping.json").read_bytes())
    store, place = Folder(raw.parent), out.relative_to(raw.parent)
    item = RawObject(key=raw.name, size=raw.stat().st_size, etag="")
    target = Target(
        staging=f"{place}/staging/", dataset=f"{place}/interactions/", rejects=f"{place}/rejects/{{:05}}.jsonl"
    )
    outcome = execute(session, mapping, store, [item], target=target, started=0)
    folder = f"{store.root}{target.staging}"
    users = staged(session, per_user(outcome.rows, outcome.records), f"{folder}users")
    items = staged(session, per_item(outcome.records), f"{folder}items")
    tallies(outcome.records, users, items, None)
    wanted = BatchInput(prefix=f"{place}/batch/", line="user", users="all", lines_per_file=500_000)
    batch_input.write(store, wanted, batch_input.Known(users, items))
    print(outcome.fates.rows[OUT], outcome.fates.rows[REJECTED])
    _end(session)


def _end(session: SparkSession) -> None:
    """End Spark and wait for its Java process, which is what is measured."""
    gateway = session.sparkContext._gateway  # noqa: SLF001  # pyspark has no public way
    session.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
