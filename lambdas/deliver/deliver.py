"""Let a DynamoDB table equal a published table: what differs is written, and nothing else is touched.

First it is found out what stands there (`begin`): the object ``delivered.json`` names the table that it equalled last,
and those of which a delivery began and did not end. A list that is the same in all of them stands there, so only the
others are written (`write`, any number of calls at the same time, as often as need be). Where that is not known all are
written, and then what older runs left is deleted (`sweep`). At the end the object names the new table (`end`).
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from definition import layout
from definition.contract.delivery import BeginReport, CallFailure, CallReport, SweepPart, WritePart
from definition.contract.pointers import DeliveredTable, RunTable
from lambdas.deliver.items import Fate, Items, ThrottledError, units
from lambdas.deliver.lists import Work, columns_of
from lambdas.ranges import ranges, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from definition.contract.delivery import BeginRequest, Delivered, EndRequest, SweepRequest, WriteRequest
    from lambdas.deliver.lists import Entry

ROWS_PER_PART = 1_000_000
"""Rows of all tables that a call compares: some hundred megabytes."""

_LISTS_AT_ONCE = 200
"""Lists that are written between two looks at the time."""

_MOST_BEFORE = 5
"""Tables that are compared with: after more deliveries that did not end, all lists are written."""

_SECONDS_LEFT = 60
"""With less time left a call ends, and says how far it came: a batch that is throttled takes less than that."""


class NewerDeliveryError(Exception):
    """The DynamoDB table has lists of a newer run."""


class Delivery:
    """One published table on its way.

    Args:
        request: what is asked for.
        s3: a boto3 client.
        dynamodb: a boto3 client that repeats nothing itself.
        seconds_left: how long the call may still take.
    """

    def __init__(self, request: Delivered, s3: Any, dynamodb: Any, seconds_left: Callable[[], float]) -> None:
        self._request, self._s3, self._seconds_left = request, s3, seconds_left
        self._key = layout.DELIVERED.key(solution=request.solution, job=request.job)
        self._items = Items(dynamodb, table=request.table, key=columns_of(request).named, run=request.run)

    def begin(self, request: BeginRequest) -> BeginReport:
        """Say what is to be written, after it is noted that this begins.

        Raises:
            NewerDeliveryError: the table has lists of a newer run.
        """
        here, table_id = RunTable(run=request.run, location=request.location), self._items.table_id
        found = self._noted()
        # Another table of the same name knows nothing of what was written to the one before.
        noted = found if found and found.table_id == table_id else None
        self._check(noted)
        equals = noted.equals if noted and noted.equals and self._is_like(noted.equals) else None
        begun = [each for each in (noted.begun if noted else []) if each.run != request.run]
        if len(begun) >= _MOST_BEFORE or not all(map(self._is_like, begun)):
            equals = None
        self._note(DeliveredTable(table_id=table_id, equals=equals, begun=[*begun, here]))
        before = None if equals is None else [each.location for each in (equals, *begun)]
        # What this run wrote before it was cut off is written again: it differs from what stood there before.
        locations = dict.fromkeys([request.location, *(before or [])])
        parts = [WritePart(**each.model_dump(), before=before) for each in ranges([*locations], rows=ROWS_PER_PART)]
        segments = len(parts) if before is None and not self._items.are_none else 0
        sweeps = [SweepPart(segment=number, segments=segments) for number in range(segments)]
        return BeginReport(since=equals and equals.run, parts=parts, sweeps=sweeps)

    def write(self, request: WriteRequest) -> CallReport:
        """Write lists until all are written, time is up, or DynamoDB takes no more for now.

        Raises:
            KeyMissingError: rows have no key.
        """
        work = Work(request)
        counts, entries, after = _Counts(), work.entries(), request.after
        while batch := list(islice(entries, _LISTS_AT_ONCE)):
            fates = self._items.write(batch)
            if failure := self._failure():
                counts.add(fates, batch)
                return counts.report(unchanged=work.unchanged(batch[-1].key), after=after, failure=failure)
            # What comes after the first that is left is done again by the next call, and counted then.
            ended = fates.index(Fate.LEFT) if Fate.LEFT in fates else len(fates)
            counts.add(fates[:ended], batch)
            after = batch[ended - 1].key if ended else after
            throttled = ended < len(fates)
            if throttled or self._seconds_left() < _SECONDS_LEFT:
                unchanged = 0 if after is None else work.unchanged(after)
                return counts.report(unchanged=unchanged, after=after, throttled=throttled)
        return counts.report(unchanged=work.unchanged(None), after=after, done=True)

    def sweep(self, request: SweepRequest) -> CallReport:
        """Delete what older runs left, until all is looked through, time is up, or calls are throttled for long."""
        counts, after = _Counts(), request.after
        while True:
            try:
                keys, last = self._items.older(request.segment, request.segments, after)
            except ThrottledError:
                return counts.report(after=after, throttled=True)
            fates = self._items.remove_older(keys)
            counts.add(fates)
            if failure := self._failure():
                return counts.report(after=after, failure=failure)
            if Fate.LEFT in fates:
                # The next call looks through the page again, and does not find what is deleted by now.
                return counts.report(after=after, throttled=True)
            if last is None:
                return counts.report(after=after, done=True)
            after = last
            if self._seconds_left() < _SECONDS_LEFT:
                return counts.report(after=after)

    def _failure(self) -> CallFailure | None:
        why = self._items.failure
        if why is None:
            return None
        error = f"DynamoDB.{why.response['Error']['Code']}" if isinstance(why, ClientError) else type(why).__name__
        return CallFailure(error=error, reason=str(why))

    def end(self, request: EndRequest) -> None:
        """Note that the DynamoDB table equals the published one.

        Raises:
            NewerDeliveryError: a newer run has begun since.
        """
        noted = self._noted()
        self._check(noted)
        here = RunTable(run=request.run, location=request.location)
        if noted is None or here not in noted.begun:
            raise NewerDeliveryError(f"{self._key} does not say that the delivery of {request.run} has begun.")
        self._note(noted.model_copy(update={"equals": here, "begun": []}))

    def _check(self, noted: DeliveredTable | None) -> None:
        runs = [each.run for each in (noted.equals, *noted.begun) if each] if noted else []
        if newer := [run for run in runs if run > self._request.run]:
            raise NewerDeliveryError(
                f"{self._request.table} has lists of {max(newer)}, which is newer than {self._request.run}: nothing "
                "was written."
            )

    def _is_like(self, other: RunTable) -> bool:
        """Return whether a table is still there, and has the columns of the one that is delivered."""
        prefix = other.location.removeprefix(f"s3://{self._request.bucket}/")
        listed = self._s3.list_objects_v2(Bucket=self._request.bucket, Prefix=prefix, MaxKeys=1)
        if not listed["KeyCount"]:
            return False
        now, before = (table(folder).collect_schema() for folder in (self._request.location, other.location))
        return now == before

    def _noted(self) -> DeliveredTable | None:
        try:
            body = self._s3.get_object(Bucket=self._request.bucket, Key=self._key)["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return None
        return DeliveredTable.model_validate_json(body)

    def _note(self, noted: DeliveredTable) -> None:
        body = noted.model_dump_json().encode()
        self._s3.put_object(Bucket=self._request.bucket, Key=self._key, Body=body, ContentType="application/json")


class _Counts:
    """What became of the lists of a call."""

    def __init__(self) -> None:
        self._of = dict.fromkeys(Fate, 0)
        self._units = 0

    def add(self, fates: Sequence[Fate], entries: Sequence[Entry] = ()) -> None:
        """Count some lists; how large they are is not known of what is swept."""
        for number, fate in enumerate(fates):
            self._of[fate] += 1
            if fate not in {Fate.LEFT, Fate.FAILED}:
                self._units += units(entries[number].size if entries else 0)

    def report(
        self,
        *,
        after: str | None,
        done: bool = False,
        throttled: bool = False,
        unchanged: int = 0,
        failure: CallFailure | None = None,
    ) -> CallReport:
        """Return what was counted."""
        return CallReport(
            written=self._of[Fate.WRITTEN],
            removed=self._of[Fate.REMOVED],
            refused=self._of[Fate.REFUSED],
            unchanged=unchanged,
            units=self._units,
            done=done,
            after=after,
            throttled=throttled,
            failure=failure,
        )
