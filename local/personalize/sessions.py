"""Events of users who have not logged in yet, and the IDs of events that came already.

Rules: Developer Guide, recording-anonymous-user-events: a session's events are known by its ID alone until an event
with both sessionId and userId comes; training does not see them before that, requests that give the session's ID as
userId do. PutEvents' API reference: a repeated eventId is not used.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from weakref import WeakKeyDictionary

import polars as pl

from local.personalize.resources import Resource


@dataclass
class Sessions:
    """The sessions of one dataset of interactions. The backend's lock guards it."""

    anonymous: dict[str, list[tuple[datetime, pl.DataFrame]]] = field(default_factory=dict)
    """By session, in the dataset's columns, with the session as USER_ID and the embedded times of arrival."""

    _linked: set[str] = field(default_factory=set)
    _event_ids: set[str] = field(default_factory=set)

    def is_new(self, event_id: str | None) -> bool:
        """Return whether no event with that ID came before, and remember it; events without one are always new."""
        if event_id is None:
            return True
        known = event_id in self._event_ids
        self._event_ids.add(event_id)
        return not known

    def keep(self, session_id: str, arrived: datetime, rows: pl.DataFrame) -> None:
        """Take in events of a session whose user is not known."""
        self.anonymous.setdefault(session_id, []).append((arrived, rows))
        self._linked.discard(session_id)

    def link(self, session_id: str, user_id: str) -> list[pl.DataFrame]:
        """Return the session's events as the user's, once; they stay where requests for the session find them."""
        if session_id in self._linked:
            return []
        self._linked.add(session_id)
        name = pl.lit(user_id).alias("USER_ID")
        return [rows.with_columns(name).select(rows.columns) for _, rows in self.anonymous.get(session_id, [])]

    def of(self, session_ids: Sequence[str], until: datetime | None = None) -> list[pl.DataFrame]:
        """Return the events of those sessions that arrived until then."""
        return [
            rows
            for session_id in sorted(set(session_ids) & self.anonymous.keys())
            for arrived, rows in self.anonymous[session_id]
            if until is None or arrived <= until
        ]


_SESSIONS: Final[WeakKeyDictionary[Resource, Sessions]] = WeakKeyDictionary()


def sessions_of(dataset: Resource) -> Sessions:
    """Return the sessions of a dataset; they are forgotten with it."""
    return _SESSIONS.setdefault(dataset, Sessions())
