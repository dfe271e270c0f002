"""How long a run may take as a whole."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from definition.plan.history import quota_wait
from definition.plan.kinds import kinds_of
from definition.plan.queries import source_queries
from definition.service.limits import MAX_BATCH_JOBS_IN_PROGRESS
from definition.service.resource_kinds import CAMPAIGN, RECOMMENDER
from stacks.states import deliver, queries, retries

if TYPE_CHECKING:
    from datetime import timedelta

    from definition.file.pipeline import Pipeline

_FUNCTIONS_SECONDS = 4 * 3600
"""Transform, publishing, clean-up and report with all their retries."""

_LONGEST_RUN = 365 * 24 * 3600
"""Where Step Functions ends every execution
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""


def whole_timeout(pipeline: Pipeline) -> int:
    """Return seconds above the sum of all parts, so that a job's own timeout, which explains itself, comes first."""
    timeouts, kinds = pipeline.timeouts, kinds_of(pipeline)
    batch = max(timeouts.batch_inference, timeouts.batch_segment)
    jobs = max((len(solution.jobs) for solution in pipeline.solutions), default=0)
    waves = math.ceil(jobs / MAX_BATCH_JOBS_IN_PROGRESS)
    # Each with the time in which a quota of its kind may be used up.
    waits: list[tuple[timedelta, timedelta | None]] = [
        (timeouts.import_, timeouts.import_),
        *([(timeouts.solution, None), (timeouts.training, timeouts.training)] if pipeline.solutions else []),
        *([(batch, quota_wait(pipeline))] * waves),
        *([(timeouts.campaign, None)] if CAMPAIGN in kinds else []),
        *([(timeouts.recommender, None)] if RECOMMENDER in kinds else []),
    ]
    whole = sum(timeout.total_seconds() + retries.longest(retries.create(quota)) for timeout, quota in waits)
    asked = math.ceil(len(source_queries(pipeline)) / queries.MOST_AT_ONCE) * queries.LONGEST_SECONDS
    once = int(whole) + _FUNCTIONS_SECONDS + asked + (deliver.LONGEST_SECONDS if pipeline.delivers else 0)
    if pipeline.trigger:
        # What arrives while a run is active waits for its end.
        once = 2 * once + int(pipeline.trigger.quiet.total_seconds())
    return min(once, _LONGEST_RUN)
