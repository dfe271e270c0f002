"""What the runs of the bucket have written about themselves: this one, and those before it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from definition import layout
from definition.contract.manifest import Document, FailureRecord, Manifest, UnreadableDocumentError, read_document
from definition.contract.report import EarlierRun, EarlierVersion, Example, RejectedReason
from transform.contract import TransformReport

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from definition.contract.report import PageRequest
    from transform.contract import DatasetReport, Reason

_EARLIER_RUNS = 12
_EARLIER_LOOKS = 24
"""Earlier runs that are shown, and manifests that are looked for: runs that failed early have none."""

_RUN = re.compile(f"{layout.RUN_ID}/")
_REJECTS_BYTES = 4 << 20
_REJECTS_OBJECTS = 8
"""Of each dataset as much is read for examples."""

_RAW_LENGTH = 300
"""Characters of a rejected row that are shown."""


@dataclass(frozen=True)
class Bucket:
    """The pipeline's bucket.

    Attributes:
        s3: a boto3 S3 client.
        name: of the bucket.
    """

    s3: Any
    name: str

    def uri(self, key: str) -> str:
        """Return an object's S3 URL."""
        return f"s3://{self.name}/{key}"

    def key(self, uri: str) -> str:
        """Return the key of an S3 URL."""
        return uri.removeprefix(self.uri(""))

    def read(self, key: str, *, most: int | None = None) -> bytes | None:
        """Return an object's content, or as many bytes from its beginning; None if it is not there."""
        part = {} if most is None else {"Range": f"bytes=0-{most - 1}"}
        try:
            body: bytes = self.s3.get_object(Bucket=self.name, Key=key, **part)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None
        return body

    def listed(self, prefix: str) -> dict[str, int]:
        """Return the bytes of each object below a prefix, empty ones left out."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", ()) if item["Size"]}

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the folders below a prefix, each with its slash."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix, Delimiter="/")
        found = (item["Prefix"] for page in pages for item in page.get("CommonPrefixes", ()))
        return [each.removeprefix(prefix) for each in found]


def manifest_of(bucket: Bucket, request: PageRequest) -> Manifest | None:
    """Return the manifest of the execution; one that an earlier execution of the run has left is none of it."""
    found = _document(bucket, layout.MANIFEST.key(run=request.run), Manifest)
    return found if found is None or found.execution == request.execution else None


def data_of(bucket: Bucket, run: str) -> TransformReport | None:
    """Return the data report of a run, None where it ended before its data was transformed."""
    return _document(bucket, layout.DATA_REPORT.key(run=run), TransformReport)


def failure_of(bucket: Bucket, request: PageRequest) -> FailureRecord | None:
    """Return why a run failed; None of one that succeeded: what an earlier attempt has left says nothing of it."""
    if request.status == "SUCCEEDED":
        return None
    return _document(bucket, layout.FAILURE.key(run=request.run), FailureRecord)


def earlier_runs(bucket: Bucket, run: str) -> list[EarlierRun]:
    """Return the last runs before this one that have a manifest, the oldest first."""
    area = layout.RUN.key(run="").rstrip("/") + "/"
    names = sorted(name.rstrip("/") for name in bucket.folders(area) if _RUN.fullmatch(name))
    found: list[EarlierRun] = []
    for name in [name for name in reversed(names) if name < run][:_EARLIER_LOOKS]:
        try:
            manifest = _document(bucket, layout.MANIFEST.key(run=name), Manifest)
        except UnreadableDocumentError:  # of another release
            continue
        if manifest is not None:
            versions = [
                EarlierVersion(solution=each.name, version_arn=each.version_arn, metrics=each.metrics)
                for each in manifest.solutions
            ]
            found.append(EarlierRun(run=name, status=manifest.status, versions=versions))
        if len(found) == _EARLIER_RUNS:
            break
    return found[::-1]


def rejected(bucket: Bucket, run: str, datasets: Sequence[DatasetReport]) -> list[RejectedReason]:
    """Return each reason of rejection, of datasets and of their look-ups, with one row that it met."""
    found: list[RejectedReason] = []
    for dataset in datasets:
        # Of a run whose data had not changed the rows lie where the run is that read them.
        folder = bucket.key(dataset.rejects) if dataset.rejects else layout.REJECTS.key(run=run)
        own: tuple[str | None, Sequence[Reason]] = (None, dataset.reasons)
        for lookup, reasons in (own, *((each.name, each.reasons) for each in dataset.lookups)):
            name = f"{dataset.dataset}.{lookup}" if lookup else dataset.dataset
            examples = _examples(bucket, folder, name, {each.reason for each in reasons})
            found += [
                RejectedReason(
                    dataset=dataset.dataset, lookup=lookup, reason=each.reason, example=examples.get(each.reason)
                )
                for each in reasons
            ]
    return found


def _examples(bucket: Bucket, folder: str, name: str, wanted: Collection[str]) -> dict[str, Example]:
    """Return a row of each reason that is wanted, as far as they are found in the rejects of a name."""
    examples: dict[str, Example] = {}
    for key in _of_name(bucket, folder, name) if wanted else ():
        for row in _rows(bucket.read(key, most=_REJECTS_BYTES) or b""):
            reason = str(row.get("reason"))
            if reason in wanted and reason not in examples:
                examples[reason] = _example(row)
        if len(examples) == len(wanted):
            break
    return examples


def _of_name(bucket: Bucket, folder: str, name: str) -> list[str]:
    """Return the objects with rejected rows of a dataset or look-up: one by the function, one or several by Spark."""
    own = re.compile(rf"{re.escape(folder)}{re.escape(name)}(-[0-9]+)?\.jsonl")
    return [key for key in bucket.listed(f"{folder}{name}") if own.fullmatch(key)][:_REJECTS_OBJECTS]


def _rows(body: bytes) -> Iterator[dict[str, Any]]:
    for line in body.splitlines():
        try:
            row = json.loads(line)
        except ValueError:  # the last one may be cut off
            continue
        if isinstance(row, dict):
            yield row


def _example(row: dict[str, Any]) -> Example:
    raw, line = row.get("raw"), row.get("line")
    # Of a row that may be of a user who is to be forgotten there is no text.
    text = "" if raw is None else raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
    cut = f"{text[:_RAW_LENGTH]}…" if len(text) > _RAW_LENGTH else text
    return Example(object=str(row.get("object")), line=line if isinstance(line, int) else None, raw=cut)


def _document(bucket: Bucket, key: str, model: type[Document]) -> Document | None:
    body = bucket.read(key)
    return None if body is None else read_document(model, body)
