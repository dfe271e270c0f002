"""Events of users who have not logged in yet, and the IDs of events that came already.

Rules: Developer Guide, recording-anonymous-user-events: a session's events are known by its ID alone until an event
with both sessionId and userId comes; training does not see them before that, requests that give the session's ID as
userId do. PutEvents' API reference: a repeated eventId is not used.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from embedded_aws.personalize.resources import Resource


@dataclass(frozen=True)
class _Events:
    """What one call brought, with the session as USER_ID; `owner` is the user who got it, None while nobody did."""

    arrived: datetime
    rows: pl.DataFrame
    owner: str | None = None


@dataclass
class _Session:
    events: list[_Events] = field(default_factory=list)
    users: set[str] = field(default_factory=set)
    """Everybody who was seen in it."""


@dataclass
class Sessions:
    """The sessions of one dataset of interactions. The backend's lock guards it."""

    _sessions: dict[str, _Session] = field(default_factory=dict)
    _event_ids: set[str] = field(default_factory=set)

    def fresh(self, event_ids: Sequence[str | None]) -> list[bool]:
        """Return which events of a call are new: the first ones with their ID, and all without one."""
        given: set[str] = set()
        found = []
        for event_id in event_ids:
            found.append(event_id is None or (event_id not in self._event_ids and event_id not in given))
            given |= {event_id} if event_id is not None else set()
        return found

    def remember(self, event_ids: Iterable[str | None]) -> None:
        """Take in the IDs of events that were kept."""
        self._event_ids.update(event_id for event_id in event_ids if event_id is not None)

    def keep(self, session_id: str, arrived: datetime, rows: pl.DataFrame) -> None:
        """Take in events of a session whose user is not known, in the dataset's columns."""
        self._sessions.setdefault(session_id, _Session()).events.append(_Events(arrived, rows))

    def link(self, session_id: str, user_id: str) -> list[pl.DataFrame]:
        """Return the session's events that are nobody's yet, as the user's: each goes to one user, once.

        They stay where requests for the session find them.
        """
        session = self._sessions.setdefault(session_id, _Session())
        session.users.add(user_id)
        found = [one.rows.with_columns(pl.lit(user_id).alias("USER_ID")) for one in session.events if one.owner is None]
        if found:
            session.events = [replace(one, owner=one.owner or user_id) for one in session.events]
        return found

    def forget(self, user_ids: pl.Series) -> int:
        """Drop what is known of users by their sessions; return how many events of that had no user.

        That are the events that went to them, and, where they were seen in a session, those that are nobody's yet:
        the next user of the session must not get them.
        """
        gone = set(user_ids.to_list())
        dropped = 0
        for session_id, session in self._sessions.items():
            left = []
            for one in session.events:
                named = one.owner in gone or session_id in gone
                if not named and (one.owner is not None or not session.users & gone):
                    left.append(one)
                elif one.owner is None:
                    dropped += one.rows.height
            session.events = left
            session.users -= gone
        return dropped

    def of(self, session_ids: Sequence[str], until: datetime | None = None) -> list[pl.DataFrame]:
        """Return the events of those sessions that arrived until then."""
        return [
            one.rows
            for session_id in sorted(set(session_ids) & self._sessions.keys())
            for one in self._sessions[session_id].events
            if until is None or one.arrived <= until
        ]


def sessions_of(dataset: Resource) -> Sessions:
    """Return the sessions of a dataset; they are forgotten with it."""
    if dataset.sessions is None:
        dataset.sessions = Sessions()
    found: Sessions = dataset.sessions
    return found
