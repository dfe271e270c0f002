"""One dataset through either engine, on files, with everything that comes of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, settings

from jobs.transform import counts as spark_counts
from jobs.transform.execute import execute as spark_execute
from jobs.transform.outputs import Target
from jobs.transform.transform import dataset_report as spark_report
from lambdas.transform.attempts import REJECTS
from lambdas.transform.execute import DATASET, FAILURES
from lambdas.transform.execute import execute as polars_execute
from lambdas.transform.lookups import Lookups
from lambdas.transform.report import dataset_report as polars_report
from tests.corpus.case import written
from tests.unit.raw import Folder, fill_all
from transform.contract import TransformRequest
from transform.forgotten import NOBODY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

    from definition.mapping.mapping import DatasetMapping
    from transform.contract import DatasetReport
    from transform.forgotten import Forgotten

STARTED = 1_700_000_500

FEW = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    # A Spark job costs more than what a smaller example would tell.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""How often Hypothesis asks Spark."""


@dataclass(frozen=True)
class Result:
    """What an engine made of raw objects: records, rejected lines, the report, what look-ups and checks show."""

    records: list[tuple[Any, ...]]
    rejects: list[tuple[Any, ...]]
    report: dict[str, Any]
    lookups: dict[str, list[tuple[Any, ...]]]
    failures: list[dict[str, Any]]


def by_polars(
    folder: Path, mapping: DatasetMapping, contents: Mapping[str, bytes | str], forgotten: Forgotten = NOBODY
) -> Result:
    """Transform raw objects, by their keys, with the function's engine."""
    objects, beside = fill_all(folder, mapping, contents)
    (folder / "staging").mkdir()
    outcome = polars_execute(
        mapping,
        Folder(folder),
        objects,
        staging="staging/",
        started=STARTED,
        lookups=Lookups(beside),
        forgotten=forgotten,
    )
    report = polars_report(_request(mapping), mapping, objects, outcome, known_items=None)
    staged = folder / outcome.staging
    texts = [(staged / DATASET).read_text("utf-8")]
    beside_rejects = {
        each.lookup.name: (folder / each.staging / REJECTS).read_text("utf-8") for each in outcome.lookups
    }
    failures = (staged / FAILURES).read_text("utf-8") if outcome.failed else ""
    return _result(mapping, texts, (staged / REJECTS).read_text("utf-8"), report, beside_rejects, failures=failures)


def by_spark(
    session: SparkSession,
    folder: Path,
    mapping: DatasetMapping,
    contents: Mapping[str, bytes | str],
    forgotten: Forgotten = NOBODY,
) -> Result:
    """Transform raw objects, by their keys, with the Glue job's engine."""
    objects, beside = fill_all(folder, mapping, contents)
    target = Target(
        staging="staging/",
        dataset="out/",
        rejects="rejects/r-{:05}.jsonl",
        failures="failures/f-{:05}.jsonl",
        lookup_rejects="lookup-rejects/{lookup}-{:05}.jsonl",
    )
    store = Folder(folder, "file://")
    outcome = spark_execute(
        session, mapping, store, objects, target=target, started=STARTED, lookups=beside, forgotten=forgotten
    )
    counted = None
    if mapping.dataset == "interactions":
        users = spark_counts.per_user(outcome.rows, outcome.records)
        items = spark_counts.per_item(outcome.records)
        counted = spark_counts.tallies(outcome.records, users, items, None)
    report = spark_report(_request(mapping), mapping, objects, outcome, counted)
    parts = sorted((folder / "out").iterdir())
    assert [f"part-{index:05}.csv" for index in range(len(parts))] == [part.name for part in parts]
    beside_rejects = {lookup.name: _joined(folder / "lookup-rejects", f"{lookup.name}-*") for lookup in mapping.lookups}
    texts = [part.read_text("utf-8") for part in parts]
    failures = _joined(folder / "failures", "*")
    return _result(mapping, texts, _joined(folder / "rejects", "*"), report, beside_rejects, failures=failures)


def _joined(folder: Path, pattern: str) -> str:
    return "".join(part.read_text("utf-8") for part in sorted(folder.glob(pattern)))


def _request(mapping: DatasetMapping) -> TransformRequest:
    return TransformRequest(bucket="b", run="r", started=STARTED, datasets=[mapping])


def _result(
    mapping: DatasetMapping,
    texts: list[str],
    rejects: str,
    report: DatasetReport,
    beside: Mapping[str, str],
    *,
    failures: str,
) -> Result:
    records = [record for text in texts for record in written(text, mapping)]
    rejected = [
        (
            row["object"],
            row["line"],
            row["reason"],
            _raw(mapping, row["raw"]),
            *([row["element"]] if mapping.explode else []),
        )
        for row in _rows(rejects)
    ]
    facts = report.model_dump()
    lookups = {
        name: sorted(
            (row["object"], row["line"], row["reason"], str(row["raw"])) for row in map(json.loads, text.splitlines())
        )
        for name, text in beside.items()
    }
    failed = sorted(
        ({**row, "raw": _raw(mapping, row["raw"])} for row in _rows(failures)),
        key=lambda row: str((row["check"], row["object"], row["line"])),
    )
    return Result(sorted(records, key=_order), sorted(rejected, key=_order), facts, lookups, failed)


def _rows(lines: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.split("\n")[:-1]]


def _raw(mapping: DatasetMapping, raw: str | None) -> Any:
    """Return the raw text of a row; of Parquet it is JSON, which may be spelled in several ways."""
    return json.dumps(json.loads(raw), sort_keys=True) if raw is not None and mapping.format == "parquet" else raw


def _order(row: tuple[Any, ...]) -> list[Any]:
    # -0.0 and 0.0 are one number, and nothing comes before everything.
    return [(cell is not None, str(cell + 0 if isinstance(cell, float) else cell)) for cell in row]
