"""Put a draft to the test: what the transform itself makes of the data that were looked at."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING

from definition.load import parse
from definition.plan.mappings import dataset_mappings
from drafting.errors import DraftError
from drafting.write.document import document
from lambdas.transform.execute import DATASET, execute
from lambdas.transform.lookups import Lookups
from lambdas.transform.report import dataset_report
from transform.contract import TransformRequest
from transform.errors import TransformError
from transform.raw.dialect import Dialect
from transform.raw.records import batches
from transform.raw.text import lines
from transform.reasons import no_match

if TYPE_CHECKING:
    from collections.abc import Collection

    from definition.file.pipeline import Pipeline
    from definition.mapping.mapping import DatasetMapping
    from definition.service.dataset_types import DatasetName
    from drafting.guess.draft import Draft, Part
    from drafting.look.samples import SampleFolder
    from transform.contract import CheckReport, LookupReport

SHOWN = 10
"""Records that people see."""

_ROUNDS = 6
_TOLERATED = 0.002
"""Share of rows that a column may cost which the dataset does without."""


@dataclass(frozen=True)
class Outcome:
    """What the transform made of a dataset's samples.

    Attributes:
        facts: rows in, out, filtered and rejected, and records, by name.
        reasons: of rejected rows, with their number.
        first: the header, and the first records as they would be imported.
        lookups: what became of the rows of each look-up.
        unknown: rejected rows that may find in the rest of a look-up what its beginning does not hold.
        checks: what the checks of the dataset have found.
    """

    dataset: DatasetName
    facts: dict[str, int]
    reasons: list[tuple[str, int]]
    first: list[list[str]]
    lookups: list[LookupReport] = field(default_factory=list)
    unknown: int = 0
    checks: list[CheckReport] = field(default_factory=list)


@dataclass(frozen=True)
class Checked:
    """A pipeline file that was put to the test."""

    text: str
    pipeline: Pipeline
    outcomes: list[Outcome]


def checked(draft: Draft, folder: SampleFolder, *, name: str, raw: str, schema: str | None) -> Checked:
    """Return the file of a draft; columns because of which rows are rejected become comments.

    Args:
        draft: what the file says; the columns of its parts are replaced.
        folder: the data that were looked at.
        name: of the pipeline.
        raw: where the data lie now.
        schema: path of the JSON Schema from the file, None to leave it out.

    Raises:
        DraftError: the transform cannot read what was guessed.
        SpecError: the file breaks rules, which is a fault of the drafting.
    """
    for attempt in range(_ROUNDS):
        text = document(draft, name=name, raw=raw, schema=schema)
        pipeline = parse(text, source=name)
        try:
            outcomes = [outcome_of(mapping, folder, f"tried/{attempt}/") for mapping in dataset_mappings(pipeline)]
        except TransformError as error:
            remedy = "Write the pipeline file by hand, as docs/bring-your-own-data.md does it"
            raise DraftError(f"what was guessed of the data cannot be read: {error}", remedy=remedy) from error
        changed = [
            _mend(part, outcome) for part in draft.parts for outcome in outcomes if outcome.dataset == part.dataset
        ]
        if not any(changed):
            break
        draft.parts = [part for part in draft.parts if part.columns]
    _tell(draft, outcomes)
    return Checked(document(draft, name=name, raw=raw, schema=schema), pipeline, outcomes)


def outcome_of(mapping: DatasetMapping, folder: SampleFolder, prefix: str, partial: Collection[str] = ()) -> Outcome:
    """Return what the transform makes of a dataset's samples.

    Args:
        mapping: the dataset's mapping.
        folder: with the samples.
        prefix: below which it writes in the folder.
        partial: names of look-ups of which the samples are not everything.

    Raises:
        TransformError: the samples cannot be read.
    """
    objects = folder.objects(mapping.path)
    staging = f"{prefix}{mapping.dataset}/"
    # Where a scan fails the transform goes on in folders of numbers.
    for place in ("", *(f"{number}/" for number in range(len(objects) + 1))):
        folder.folder(staging + place)
    lookups = Lookups({each.name: folder.objects(each.path) for each in mapping.lookups})
    started = int(time.time())
    found = execute(mapping, folder, objects, staging=staging, started=started, lookups=lookups)
    first = _first(folder, found.staging + DATASET)
    reasons = [(row["reason"], row["rows"]) for row in found.reasons.iter_rows(named=True)]
    missed = {no_match(each.name, each.on) for each in mapping.lookups if each.name in partial}
    unknown = sum(rows for reason, rows in reasons if reason in missed)
    request = TransformRequest(bucket="", run="", started=started, datasets=[mapping])
    checks = dataset_report(request, mapping, objects, found, known_items=None).checks
    looked_up = [each.report for each in found.lookups]
    return Outcome(mapping.dataset, found.facts, reasons, first, looked_up, unknown, checks)


def _first(folder: SampleFolder, key: str) -> list[list[str]]:
    # Textual fields have backslashes before their quotes, which is how Personalize reads them.
    dialect = Dialect(",", '"', escape="\\")
    with folder.read(key) as stream:
        records = chain.from_iterable(batch.records() for batch in batches(key, lines(key, stream, "utf-8"), dialect))
        return [dialect.fields(record.text) for record in islice(records, SHOWN + 1)]


def _mend(part: Part, outcome: Outcome) -> bool:
    """Make comments of optional columns because of which rows are rejected; say whether there were any."""
    rows = max(1, outcome.facts["rows_in"])
    costly = {
        column.name: reason
        for column in part.columns
        for reason, count in outcome.reasons
        if column.optional
        and not column.off
        and count > _TOLERATED * rows
        and reason.split(" ")[0].rstrip(":") == column.name
    }
    part.columns = [
        replace(column, off=True, note=f"in some rows {costly[column.name]}") if column.name in costly else column
        for column in part.columns
    ]
    return bool(costly)


def _tell(draft: Draft, outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        rows, rejected = outcome.facts["rows_in"], outcome.facts["rows_rejected"]
        if rejected:
            told = ", ".join(f"{reason} ({count:,})" for reason, count in outcome.reasons[:3])
            draft.unsure.append(f"{rejected:,} of {rows:,} rows of {outcome.dataset} are rejected: {told}")
