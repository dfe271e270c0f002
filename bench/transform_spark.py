"""The Glue job's own code on local files, with Spark as on a laptop: two threads."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from definition.mapping.mapping import DatasetMapping
from jobs.transform import batch_input
from jobs.transform.counts import per_item, per_user, tallies
from jobs.transform.execute import execute
from jobs.transform.judged import staged
from jobs.transform.outputs import Target
from jobs.transform.session import configured
from transform.contract import BatchInput, RawObject
from transform.raw.folder import FolderStore
from transform.records import OUT, REJECTED


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
    store, place = FolderStore(raw.parent, "file://"), out.relative_to(raw.parent)
    item = RawObject(key=raw.name, size=raw.stat().st_size, etag="")
    target = Target(
        staging=f"{place}/staging/",
        dataset=f"{place}/interactions/",
        rejects=f"{place}/rejects/{{:05}}.jsonl",
        failures=f"{place}/failures/{{:05}}.jsonl",
        lookup_rejects=f"{place}/lookup-rejects/{{lookup}}-{{:05}}.jsonl",
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
    gateway: Any = session.sparkContext._gateway  # noqa: SLF001  # pyspark has no public way
    session.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
