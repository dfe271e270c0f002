"""How a resource passes from status to status, by the progression that is set for its kind.

The setting is moto's own (`/moto-api/state-manager/set-transition`), with the model name `personalize::` and the
kind, such as `personalize::SolutionVersion`:

    {"progression": "immediate"}                 a status is over at once
    {"progression": "manual", "times": 3}        a status is over when it has been shown that many times
    {"progression": "time", "seconds": 1200}     the last status is reached so many embedded seconds after the call

Where nothing is set, or what is set makes no sense, a status is over when it has been shown, at the latest after 30
embedded seconds: whoever polls sees every status once, and whoever does not is not kept waiting for good. What works in
the background is as far as its work then; and in no progression is work overtaken.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from moto.moto_api import state_manager

from embedded_aws import clock
from embedded_aws.personalize.kinds import KINDS, PAUSE

LONGEST: Final = 366 * 24 * 3600
"""Embedded seconds that a progression or a delay can last: a year."""

_NATURAL: Final = {"progression": "natural"}
_MODEL: Final = "personalize::{}"


def register() -> None:
    """Make every kind known to moto's settings, and forget what was set for it."""
    for name in KINDS:
        state_manager.register_default_transition(_MODEL.format(name), _NATURAL)
        state_manager.unset_transition(_MODEL.format(name))


@dataclass
class Progress:
    """The statuses from the present one on, of a resource of the kind `model`. The backend's lock guards it.

    `works` says that background work decides what comes next: `advance` and `finish` tell it. `setting` overrules the
    progression that is set for the kind.
    """

    model: str
    path: Sequence[str]
    works: bool = False
    setting: dict[str, Any] | None = None
    _started: datetime = field(init=False)
    _entered: datetime = field(init=False)
    _shown: int = field(init=False)
    _worked: bool = field(init=False)
    _coming: list[tuple[datetime, str]] = field(init=False)

    def __post_init__(self) -> None:
        self._follow(self.path)

    @property
    def status(self) -> str:
        """The status at this moment of the embedded clock."""
        self._move()
        return self._coming[0][1]

    @property
    def entered(self) -> datetime:
        """When the present status began, in embedded time."""
        self._move()
        return self._entered

    def show(self) -> str:
        """Return the status, and count that somebody saw it."""
        status = self.status
        self._shown += 1
        return status

    def leave_for(self, path: Sequence[str]) -> None:
        """Leave the present status now, for the first of another path; work that is under way is forgotten."""
        self.works, self.setting = False, None
        self._follow(path)

    def advance(self, status: str) -> bool:
        """Take note that work has come to a status; return False when nobody waits for it any more."""
        if self.works:
            self._coming.append((clock.now(), status))
        return self.works

    def finish(self, status: str) -> bool:
        """Take note that work has come to its end; return False when nobody waits for it any more."""
        waited = self.advance(status)
        self.works = False
        return waited

    def _follow(self, path: Sequence[str]) -> None:
        self._worked = self.works
        self._started = clock.now()
        self._coming = [(self._started, status) for status in path]
        self._enter(self._started)

    def _enter(self, moment: datetime) -> None:
        self._entered, self._shown = moment, 0

    def _move(self) -> None:
        now = clock.now()
        while len(self._coming) > 1:
            begin = max(self._coming[1][0], self._end_of_present(now))
            if begin > now:
                return
            del self._coming[0]
            self._enter(begin)

    def _end_of_present(self, now: datetime) -> datetime:
        """Return when the progression lets the present status end; in the future where it does not yet."""
        setting = self.setting or state_manager.get_transition(_MODEL.format(self.model))
        match setting:
            case {"progression": "immediate"}:
                return self._entered
            case {"progression": "manual", "times": int(times)}:
                return now if self._shown >= times else now + PAUSE
            case {"progression": "time", "seconds": int(seconds) | float(seconds)} if 0 <= seconds <= LONGEST:
                whole = timedelta(seconds=seconds)
                final = len(self._coming) == 2 and not self.works  # noqa: PLR2004  # the present and the last
                return self._started + (whole if final else min(PAUSE, whole / 2))
            case _ if self._worked:
                return self._entered
            case _:
                return now if self._shown else self._entered + PAUSE
