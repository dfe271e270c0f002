"""Waits of state machines that pass at once, and jobs of Personalize that take what they are told to.

The embedded clock runs at the speed of the machine's, so calls take what they take; a wait is skipped to its end as
soon as the work behind every job has been done. Where executions wait beside each other, the clock goes to the earliest
end, once nobody has begun or ended a wait for a moment: whoever is between two waits is let come to the next one.
"""

from __future__ import annotations

import datetime as dt
import time
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

from moto.moto_api import state_manager

from embedded_aws import clock
from embedded_aws.environment import ACCOUNT_ID, REGION
from embedded_aws.patches import replaces
from embedded_aws.personalize.models import personalize_backends
from embedded_aws.stepfunctions import timing

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOK = 0.01
_MOMENT = 0.4
"""Real seconds in which executions that are between two waits make some progress, also on a busy machine."""

_TOGETHER = dt.timedelta(seconds=10)
"""Waits that end within so much of each other end together."""


class _Waits:
    """The ends of all waits that are under way; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ends: dict[int, dt.datetime] = {}
        self._numbers = count()
        self._changed = time.monotonic()
        self.moment = 0.0

    def begin(self, end: dt.datetime) -> int:
        """Add a wait and return its number."""
        with self._lock:
            number = next(self._numbers)
            self._ends[number] = end
            self._changed = time.monotonic()
        return number

    def end(self, number: int) -> None:
        """Take a wait out."""
        with self._lock:
            del self._ends[number]
            self._changed = time.monotonic()

    def skip_to(self, number: int) -> None:
        """Let the clock go to the end of a wait if it is the earliest one, and nothing has happened for a moment."""
        with self._lock:
            first = min(self._ends.values())
            if self._ends[number] == first and time.monotonic() - self._changed >= self.moment:
                last = max(end for end in self._ends.values() if end <= first + _TOGETHER)
                clock.skip(max(0.0, (last - clock.now()).total_seconds()))


_WAITS = _Waits()


def expect_parallel_waits() -> None:
    """Let several executions wait beside each other from now on, which takes some real time for each wait."""
    _WAITS.moment = _MOMENT


@replaces(timing, "_pause")
def skip_the_wait(env: Any, seconds: float) -> None:
    """Wait for the work of every job in real time, and let the rest of the seconds pass at once."""
    end = clock.now() + dt.timedelta(seconds=seconds)
    resources = personalize_backends[ACCOUNT_ID][REGION].resources
    number = _WAITS.begin(end)
    try:
        while clock.now() < end and env.is_running():
            if any(resource.progress.works for resource in list(resources.values())):
                time.sleep(_LOOK)
                continue
            _WAITS.skip_to(number)
            if clock.now() < end:
                time.sleep(_LOOK)
    finally:
        _WAITS.end(number)


def set_durations(seconds: Mapping[str, float]) -> None:
    """Let each kind of resource be ACTIVE so many seconds after its creation, 0 for at once."""
    for kind, duration in seconds.items():
        timed = {"progression": "time", "seconds": duration}
        state_manager.set_transition(f"personalize::{kind}", timed if duration else {"progression": "immediate"})
