"""What requests see of a dataset group's data at this moment, bulk imports and single records alike.

Taken under the backend's lock and then used without it: frames never change. Rows are looked up for the users that
ask; only what belongs to the whole catalogue is kept from one request to the next.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from threading import Lock
from typing import Final, TypeVar

import polars as pl

from embedded_aws.personalize.contents import Contents, joined
from embedded_aws.personalize.datasets import schema_of
from embedded_aws.personalize.filters import View
from embedded_aws.personalize.filters.matching import ACTION_EVENTS_PER_TYPE, EVENTS_PER_TYPE, align, newest_events
from embedded_aws.personalize.filters.tree import SOURCES, Target
from embedded_aws.personalize.kinds import DATASET
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.schemas import Schema
from embedded_aws.personalize.sessions import sessions_of

_KEPT: Final = 8
_MOST_CHUNKS: Final = 64

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Records:
    """The frames of one dataset: `bulk` as imported, `streamed` by Put operations, `anonymous` of the sessions asked.

    `streamed` has a frame for what came before the first bulk import, and one for what came after each of them; or
    none at all if nothing came. `contents` and `version` are where they come from: together they say whether anything
    changed.
    """

    schema: Schema
    contents: Contents
    version: int
    bulk: tuple[pl.DataFrame, ...]
    streamed: tuple[pl.DataFrame, ...]
    anonymous: tuple[pl.DataFrame, ...]

    def of(self, key: str, ids: Sequence[str], *, late_only: bool = False) -> pl.DataFrame:
        """Return the records with those IDs in the column `key`, without the bulk imports where `late_only`."""
        frames = [*(self.streamed if late_only else self._by_arrival()), *self.anonymous]
        wanted = pl.col(key).is_in(pl.Series(sorted(set(ids)), dtype=pl.String).implode())
        return joined([frame.filter(wanted) for frame in frames], self.schema)

    def all(self) -> pl.DataFrame:
        """Return every record."""
        return joined(self._by_arrival(), self.schema)

    def _by_arrival(self) -> list[pl.DataFrame]:
        return [rows for pair in zip_longest(self.streamed, self.bulk) for rows in pair if rows is not None]


Snapshot = Mapping[str, Records]
"""By dataset type in upper case."""


def look(
    backend: PersonalizeBackend, group_arn: str, sessions: Sequence[str] = (), until: datetime | None = None
) -> Snapshot:
    """Return what a dataset group holds.

    Args:
        backend: of the group's account and region.
        group_arn: the dataset group.
        sessions: users who may be sessions without a user.
        until: leave out what Put operations brought after that embedded time.
    """
    found = {}
    with backend.lock:
        for dataset in backend.all(DATASET, datasetGroupArn=group_arn):
            contents: Contents = dataset.result
            schema = schema_of(backend, dataset)
            found[dataset.members["datasetType"]] = Records(
                schema,
                contents,
                contents.version,
                tuple(contents.frames(streamed=False)),
                _streamed(contents, schema, until),
                tuple(sessions_of(dataset).of(sessions, until)),
            )
    return found


def view_of(snapshot: Snapshot, target: Target, ids: Sequence[str], user_ids: Sequence[str] | None) -> View:
    """Return what a filter looks at.

    Args:
        snapshot: the data.
        target: what is filtered.
        ids: the catalogue.
        user_ids: the users who ask; None looks at everybody's interactions, as filters of users do.
    """
    described, connected = SOURCES[target]
    users = snapshot.get("USERS")
    most = ACTION_EVENTS_PER_TYPE if target is Target.ACTION else EVENTS_PER_TYPE
    interactions = snapshot.get(connected)
    events = None
    if interactions is not None:
        rows = interactions.all() if user_ids is None else interactions.of("USER_ID", user_ids)
        events = newest_events(rows, most)
    return View(
        ids=ids,
        target=target,
        schemas={name: records.schema for name, records in snapshot.items()},
        records=_aligned(snapshot.get(described), f"{target.name}_ID", ids),
        users=None if users is None or user_ids is None else users.of("USER_ID", user_ids),
        events=events,
    )


@dataclass(frozen=True)
class _Stream:
    """The records of Put operations, one frame per gap between imports: there may be very many small ones."""

    contents: Contents
    version: int
    count: int
    gaps: tuple[pl.DataFrame, ...]

    def grown(self) -> "_Stream | None":
        """Return it with what came since; None if anything else changed."""
        late = [rows for _, rows in self.contents.streamed[self.count :]]
        if self.contents.version - self.version != len(late):
            return None
        gaps = (*self.gaps[:-1], _concat([self.gaps[-1], *late]))
        return _Stream(self.contents, self.contents.version, self.count + len(late), gaps)


def _streamed(contents: Contents, schema: Schema, until: datetime | None) -> tuple[pl.DataFrame, ...]:
    if not contents.streamed:
        return ()
    if until is not None:
        gaps = contents.gaps(until)
        return tuple(_concat([schema.empty, *gap]) for gap in gaps) if any(gaps) else ()
    with _lock:
        known = _streams.pop(id(contents), None)
        stream = None if known is None else known.grown()
        if stream is None:
            whole = tuple(_concat([schema.empty, *gap]) for gap in contents.gaps())
            stream = _Stream(contents, contents.version, len(contents.streamed), whole)
        _keep(_streams, id(contents), stream)
    return stream.gaps


def _concat(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    rows = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal")
    return rows.rechunk() if rows.n_chunks() > _MOST_CHUNKS else rows


_lock: Final = Lock()
_streams: Final[OrderedDict[int, _Stream]] = OrderedDict()
"""The newest ones by the identity of their contents."""
_alignments: Final[OrderedDict[tuple[int, int, int, int], tuple[Records, Sequence[str], pl.DataFrame]]] = OrderedDict()
"""The newest ones by what they are made of; that is held, too, so that no other object takes its identity."""


def _aligned(records: Records | None, key: str, ids: Sequence[str]) -> pl.DataFrame:
    """Return the records of a catalogue in its order, remembered for as long as neither changes."""
    if records is None:
        return align(None, key, ids)
    known = (id(records.contents), records.version, sum(rows.height for rows in records.streamed), id(ids))
    with _lock:
        if known in _alignments and _alignments[known][0].schema == records.schema:
            _alignments.move_to_end(known)
            return _alignments[known][2]
    rows = align(records.all(), key, ids)
    with _lock:
        _keep(_alignments, known, (records, ids, rows))
    return rows


def _keep(kept: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
    kept[key] = value
    while len(kept) > _KEPT:
        kept.popitem(last=False)
