"""The embedded clock: time that may run faster than the machine's.

Embedded time is the real time at the last `start` plus the real time elapsed since, times the speed; an account that
was kept goes on from the time that it had reached, if that is later. Step Functions (waits, retries, timeouts,
`$now()`), schedules, metrics, alarms and logs live in it, so that a machine that waits for hours can be watched in
minutes. Timestamps that moto writes for other services stay real time.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class _Origin:
    wall: datetime
    monotonic: float
    speed: float


_origin = _Origin(datetime.now(UTC), time.monotonic(), 1.0)


def start(speed: float = 1.0, *, earliest: datetime | None = None) -> None:
    """Set the embedded clock to the real time, or to `earliest` if that is later, and let it run.

    Args:
        speed: how many times as fast as the real time.
        earliest: the time that an account has reached, which does not go back.

    Raises:
        ValueError: `speed` is not positive.
    """
    if not speed > 0:
        raise ValueError(f"the speed of the clock must be positive, not {speed}")
    global _origin  # noqa: PLW0603  # one clock per process, as moto's state is one per process
    real = datetime.now(UTC)
    _origin = _Origin(real if earliest is None else max(real, earliest), time.monotonic(), speed)


def go_on(speed: float) -> None:
    """Let the embedded clock run `speed` times as fast as the real time from now on, whatever it shows.

    Raises:
        ValueError: `speed` is not positive.
    """
    start(speed, earliest=now())


def now() -> datetime:
    """Return the embedded time, aware, in UTC."""
    origin = _origin
    return origin.wall + timedelta(seconds=(time.monotonic() - origin.monotonic) * origin.speed)


def milliseconds() -> int:
    """Return the embedded time in milliseconds since 1970, as events of logs have it."""
    return int(now().timestamp() * 1000)


def skip(seconds: float) -> None:
    """Let `seconds` embedded seconds pass at once.

    Raises:
        ValueError: `seconds` is negative: time does not go back.
    """
    if seconds < 0:
        raise ValueError(f"time does not go back: {seconds} s cannot be skipped")
    global _origin  # noqa: PLW0603  # as in start
    _origin = replace(_origin, wall=_origin.wall + timedelta(seconds=seconds))


def real_seconds(seconds: float) -> float:
    """Return the real seconds in which `seconds` embedded seconds pass, never below 0."""
    return max(0.0, seconds) / _origin.speed


def sleep(seconds: float) -> None:
    """Block for `seconds` embedded seconds."""
    time.sleep(real_seconds(seconds))


def wait_until(moment: datetime, stopped: Callable[[], bool], *, step: float = 0.05) -> bool:
    """Block until the embedded time reaches `moment`; return False when `stopped` said so before.

    `stopped` is asked at least every `step` real seconds.
    """
    while (left := (moment - now()).total_seconds()) > 0:
        if stopped():
            return False
        time.sleep(min(step, real_seconds(left)))
    return not stopped()
