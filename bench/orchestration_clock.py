"""Waits of state machines that pass at once, and jobs of Personalize that take what they are told to.

The embedded clock runs at the speed of the machine's, so calls take what they take; a wait is skipped to its end as
soon as the work behind every job has been done. Only one thing waits at a time here, so nothing is skipped over.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

from moto.moto_api import state_manager

from local import clock
from local.patches import replaces
from local.personalize.models import personalize_backends
from local.server import ACCOUNT_ID, REGION
from local.stepfunctions import timing

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOK = 0.01


@replaces(timing, "_pause")
def skip_the_wait(_env: Any, seconds: float) -> None:
    """Wait for the work of every job in real time, and let the rest of the seconds pass at once."""
    deadline = clock.now() + dt.timedelta(seconds=seconds)
    resources = personalize_backends[ACCOUNT_ID][REGION].resources
    while any(resource.progress.works for resource in list(resources.values())):
        time.sleep(_LOOK)
    clock.skip(max(0.0, (deadline - clock.now()).total_seconds()))


def set_durations(seconds: Mapping[str, float]) -> None:
    """Let each kind of resource be ACTIVE so many seconds after its creation, 0 for at once."""
    for kind, duration in seconds.items():
        timed = {"progression": "time", "seconds": duration}
        state_manager.set_transition(f"personalize::{kind}", timed if duration else {"progression": "immediate"})
