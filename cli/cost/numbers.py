"""Where the numbers of an estimate come from: raw data, a run, or the command line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cli import results
from cli.account import session
from cli.deployment import find_deployment
from cli.errors import CommandError
from cli.folders import SAMPLES, raw_folder
from definition import layout
from definition.contract.manifest import Manifest, UnreadableDocumentError, read_document
from pricing.forecast.counts import counted, given
from pricing.reckoning.charges import trained_name
from pricing.spending.spent import recipes_of
from transform.contract import TransformReport

if TYPE_CHECKING:
    from pathlib import Path

    from cli.view import View
    from definition.contract.manifest import Document
    from definition.file.pipeline import Pipeline
    from pricing.forecast.counts import Counts


@dataclass(frozen=True)
class Numbers:
    """What the command line says about numbers: at most one of raw, run, and the three counts."""

    raw: Path | None
    run: str | None
    interactions: int | None
    users: int | None
    items: int | None
    stage: str
    out: Path


@dataclass(frozen=True)
class Found:
    """Numbers, with the manifest of the run that they are of, if it has one, and what to know of the data."""

    counts: Counts
    manifest: Manifest | None = None
    remarks: tuple[str, ...] = ()


def find_numbers(pipeline: Pipeline, numbers: Numbers, view: View) -> Found:
    """Return the numbers that count.

    Raises:
        CommandError: there is no such folder or run, or it cannot be read.
    """
    if numbers.run is not None:
        return _of_run(pipeline, numbers.run, numbers)
    has_counts = any(each is not None for each in (numbers.interactions, numbers.users, numbers.items))
    folder = raw_folder(pipeline, numbers.raw, local=False)
    if folder is None and not has_counts and (SAMPLES / pipeline.name).is_dir():
        folder = SAMPLES / pipeline.name
    if folder is not None:
        return _of_folder(pipeline, folder, view)
    counts = given(pipeline, interactions=numbers.interactions, users=numbers.users, items=numbers.items)
    if has_counts:
        return Found(counts)
    remark = (
        "No numbers are known: these are the prices of each part. Give --raw, --run, or --interactions and --users."
    )
    return Found(replace(counts, source="no numbers"), remarks=(remark,))


def _of_folder(pipeline: Pipeline, folder: Path, view: View) -> Found:
    if any(source.is_queried for source in pipeline.datasets.sources().values()):
        raise CommandError(
            f"{folder} cannot be counted: what Athena finds is known to a run only",
            remedy="Give --run <id>, or --interactions, --users and --items",
        )
    from cli.cost.measure import measured  # noqa: PLC0415  # the table engine and an AWS, which nothing else here needs

    with view.phase(f"Count {folder}"):
        counts, report = measured(pipeline, folder)
    engine = "glue" if pipeline.engine == "glue" else "lambda"
    refused = tuple(f"A run would be refused: {each}" for each in report.refusals)
    return Found(replace(counts, engine=engine), remarks=refused)


def _of_run(pipeline: Pipeline, run: str, numbers: Numbers) -> Found:
    folder = numbers.out / pipeline.name / run
    try:
        manifest, report = _in_folder(folder) if folder.is_dir() else _in_bucket(pipeline.name, run, numbers.stage)
    except UnreadableDocumentError as error:
        raise CommandError(str(error), remedy=f"Look at what run {run} has left") from error
    document = manifest or report
    if document is None:
        raise CommandError(
            f"run {run} of {pipeline.name} has left neither manifest nor data report, in {folder} or in the bucket",
            remedy=f"Give the id of a run: a folder in {folder.parent}, or under runs/ in the bucket",
        )
    counts = counted(pipeline, run, document, source=f"run {run}")
    trained = manifest.solutions if manifest else []
    hours = {
        trained_name(each.name, recipe, recipes_of(each)): Decimal(str(took))
        for each in trained
        for recipe, took in each.trainings
    }
    return Found(replace(counts, hours=hours), manifest)


def _in_folder(folder: Path) -> tuple[Manifest | None, TransformReport | None]:
    return (
        results.document(Manifest, folder, layout.MANIFEST),
        results.document(TransformReport, folder, layout.DATA_REPORT),
    )


def _in_bucket(pipeline: str, run: str, stage: str) -> tuple[Manifest | None, TransformReport | None]:
    aws = session()
    bucket = find_deployment(aws.client("cloudformation"), pipeline, stage).bucket
    s3 = aws.client("s3")
    return (
        _read(s3, bucket, layout.MANIFEST.key(run=run), Manifest),
        _read(s3, bucket, layout.DATA_REPORT.key(run=run), TransformReport),
    )


def _read(s3: Any, bucket: str, key: str, model: type[Document]) -> Document | None:
    try:
        return read_document(model, s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return None
