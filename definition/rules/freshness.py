"""Whether the age of tables that a pipeline file allows can be kept at all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from definition.file.schedule import RATE
from definition.file.values import duration_text
from definition.rules.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.file.pipeline import Pipeline


def freshness(pipeline: Pipeline) -> Iterator[Finding]:
    """Find an age that no table has, or that the rate of a schedule cannot keep; what a cron keeps is not looked at."""
    if pipeline.freshness is None:
        return
    if not any(solution.jobs for solution in pipeline.solutions):
        what = "watches the tables of batch jobs, and no solution has any"
        yield Finding(("freshness",), what, "Leave it out, or declare batch_inference or batch_segment")
    rate = RATE.fullmatch(pipeline.schedule.expression) if pipeline.schedule else None
    if rate is None:
        return
    pause = timedelta(**{f"{rate[2].removesuffix('s')}s": int(rate[1])})
    if pause >= pipeline.freshness:
        given, between = duration_text(pipeline.freshness), duration_text(pause)
        what = f"is {given}, and a run starts every {between}: an alarm would ring between any two"
        yield Finding(("freshness",), what, "Allow more than the time from one table to the next, or start more often")
