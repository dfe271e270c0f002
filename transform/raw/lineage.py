"""What datasets are made of, so that the next run knows what is new in the raw data, and what to import of it.

Rules of imports: https://docs.aws.amazon.com/personalize/latest/dg/bulk-data-import-step.html and page limits.
"""

from __future__ import annotations

import hashlib
import json
import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import Field

from definition import layout
from definition.document import Contract
from definition.service.dataset_types import DatasetName
from definition.service.limits import MAX_INCREMENTAL_BYTES, MIN_INTERACTIONS
from transform.contract import BatchInput, ImportMode, ImportPlan, RawObject
from transform.forgotten import NOBODY
from transform.raw.objects import unpacked_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from definition.mapping.mapping import DatasetMapping
    from transform.contract import DatasetReport, TransformRequest
    from transform.forgotten import Forgotten
    from transform.raw.objects import RawObjects
    from transform.raw.store import Store

_CONTENT_VERSION = 1
"""To be raised whenever the engines make other records of the same raw data and mapping."""


class Made(Contract):
    """What one dataset is made of.

    Attributes:
        mapping: digest of how it is made.
        objects: all raw objects, in the order of their keys.
        lookups: the raw objects of each look-up, by its name.
        forgotten: digest of the users that are left out, None of a dataset without users, and where nobody is.
    """

    dataset: DatasetName
    mapping: str
    objects: list[RawObject]
    # These are left out where there are none, so that datasets of before keep their fingerprint.
    lookups: dict[str, list[RawObject]] = Field(default={}, exclude_if=operator.not_)
    forgotten: str | None = Field(default=None, exclude_if=operator.not_)


class Lineage(Contract):
    """What the datasets and batch inputs of a run are made of.

    Attributes:
        checks: digest of what is checked of the datasets, None where nothing is.
    """

    datasets: list[Made]
    batch_inputs: list[BatchInput]
    checks: str | None = Field(default=None, exclude_if=operator.not_)

    @property
    def fingerprint(self) -> str:
        """16 hex digits that are the same for two runs only if their datasets are."""
        return _digest([made.model_dump(mode="json") for made in self.datasets])


@dataclass(frozen=True)
class Change:
    """How the raw data of a dataset differs from what Personalize holds.

    Attributes:
        mode: of the import that brings Personalize up to date.
        reason: why that one.
        added: the new objects, for ``INCREMENTAL``.
    """

    mode: ImportMode
    reason: str
    added: Sequence[RawObject] = field(default=())


def lineage_of(request: TransformRequest, objects: Sequence[RawObjects], forgotten: Forgotten = NOBODY) -> Lineage:
    """Return the lineage of a run from the raw objects of each dataset, and the users that are left out."""
    made = [
        Made(
            dataset=mapping.dataset,
            mapping=mapping_digest(mapping),
            objects=list(raw.rows),
            lookups=dict(raw.lookups),
            forgotten=forgotten.mark if "USER_ID" in mapping.column_names else None,
        )
        for mapping, raw in zip(request.datasets, objects, strict=True)
    ]
    checks = [
        (mapping.dataset, check.model_dump(mode="json")) for mapping in request.datasets for check in mapping.checks
    ]
    return Lineage(datasets=made, batch_inputs=request.batch_inputs, checks=_digest(checks) if checks else None)


def changes(request: TransformRequest, now: Lineage, store: Store) -> list[Change]:
    """Return for each dataset how it differs from what Personalize holds.

    Args:
        request: which run each dataset was imported by, and which may be imported incrementally.
        now: the lineage of this run.
        store: with the lineages of those runs.
    """
    runs = {each.dataset: each.run for each in request.imported}
    return [
        _change(made, runs.get(made.dataset), store, may_add=made.dataset in request.incremental)
        for made in now.datasets
    ]


def full_import(report: DatasetReport, reason: str, size: int) -> ImportPlan:
    """Return the import of a whole dataset; ``size`` is the bytes of its CSV."""
    return ImportPlan(mode="FULL", reason=reason, records=report.records, bytes=size, location=report.location)


def no_import(reason: str) -> ImportPlan:
    """Return that there is nothing to import."""
    return ImportPlan(mode="NONE", reason=reason, records=0, bytes=0, location=None)


def incremental_import(
    report: DatasetReport, change: Change, *, records: int, location: str, size: int, whole: int
) -> ImportPlan:
    """Return the import of what is new, or of everything where the service does not take so little.

    Args:
        report: of the whole dataset.
        change: what is new.
        records: of the new objects.
        location: S3 folder of their CSV.
        size: bytes of that.
        whole: bytes of the CSV of the whole dataset.
    """
    if records == 0:
        return no_import(f"{change.reason}, without any record")
    if report.dataset == "interactions" and records < MIN_INTERACTIONS:
        few = f"{change.reason}, but their {records} interactions are fewer than an incremental import takes"
        return full_import(report, f"{few} ({MIN_INTERACTIONS})", whole)
    return ImportPlan(mode="INCREMENTAL", reason=change.reason, records=records, bytes=size, location=location)


def _change(made: Made, run: str | None, store: Store, *, may_add: bool) -> Change:
    if run is None:
        return Change("FULL", "Personalize holds no import of this dataset that a run has completed")
    content = store.find(layout.LINEAGE.key(run=run))
    earlier = Lineage.model_validate_json(content) if content else None
    before = next((each for each in earlier.datasets if each.dataset == made.dataset), None) if earlier else None
    if before is None:
        return Change("FULL", f"the record of run {run} is gone")
    if before.mapping != made.mapping:
        return Change("FULL", f"the mapping has changed since run {run}")
    # What is imported holds them.
    if before.forgotten != made.forgotten:
        return Change("FULL", f"other users are to be forgotten than in run {run}")
    # A row of before may find something else now, so nothing can be added to what is imported.
    if changed := sorted(name for name in made.lookups if before.lookups.get(name) != made.lookups[name]):
        return Change("FULL", f"the raw data of the look-up {', '.join(changed)} has changed since run {run}")
    if before.objects == made.objects:
        return Change("NONE", f"nothing has changed since run {run}")
    old = set(map(_identity, before.objects))
    added = [each for each in made.objects if _identity(each) not in old]
    if lost := len(old) - (len(made.objects) - len(added)):
        return Change("FULL", f"{_objects(lost)} changed or vanished since run {run}")
    new = f"{_objects(len(added))} came since run {run}"
    if not may_add:
        return Change("FULL", new)
    if sum(map(unpacked_bytes, added)) > MAX_INCREMENTAL_BYTES:
        return Change("FULL", f"{new}, more than the {MAX_INCREMENTAL_BYTES >> 30} GiB of an incremental import")
    return Change("INCREMENTAL", new, added)


def _identity(item: RawObject) -> tuple[str, str, int]:
    return item.key, item.etag, item.size


def _objects(count: int) -> str:
    return f"{count} raw object{'s' if count != 1 else ''}"


def mapping_digest(mapping: DatasetMapping) -> str:
    """Return 16 hex digits that are the same for two runs that make a dataset in the same way, whatever they check."""
    bare = mapping.without_checks()
    document = bare.model_dump(mode="json", exclude_none=True)
    for source, described in zip((bare, *bare.lookups), (document, *document.get("lookups", ())), strict=True):
        if source.queried:
            # Each run has it elsewhere.
            del described["path"]
    return _digest([_CONTENT_VERSION, document])


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]
