"""How many events the history of each execution comes to at the most, reckoned from the pipeline file.

A history ends at 25,000 events, and the execution with it
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). What makes a history long is waiting: each
look at a job is three states. A state that calls a service leaves five events, one that does not leaves two, and each
repetition of a call three (page concepts-view-execution-history).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from definition.plan.names import MAX_ATTEMPT
from definition.service.limits import MAX_BATCH_JOBS_IN_PROGRESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.file.pipeline import Pipeline

MAX_EVENTS = 25_000

FIRST_WAIT = 30
LONGEST_WAIT = 300
WAITS_PER_DURATION = 40
"""A job is looked at every 30 s, from 20 minutes on every 40th of its age, up to 300 s: of a long one at most 2.5 % is
idle, and ten hours of training stay below 3,000 events of history (``python -m bench orchestration``)."""

TASK, OTHER, REPETITION = 5, 2, 3
"""Events of a state that calls a service, of any other, and of a call that is repeated."""

_LOOK = OTHER + TASK + OTHER
"""Wait, describe, choose."""

_ITERATION = 2
"""Events of an iteration of a Map within a history: started and succeeded."""

QUOTA_FIRST, QUOTA_LONGEST, QUOTA_RATE = 60, 600, 1.5
"""Seconds between attempts while a quota is used up."""

_REPEATED_CALLS = 60 + 6
"""Attempts while what is needed is in use, and while calls are throttled (stacks/states/retries.py)."""

_TABLES_TOLD_AT_ONCE = 10

_AROUND_RUN = 64 * TASK
"""States of a run beside its Maps, each entered once; a redrive enters some of them again."""

_AROUND_SOLUTION = 100 * TASK
"""States of a solution beside its jobs, with making room and looking again for a version whose answer was lost."""

_AROUND_JOB = 20 * TASK
"""States of a batch job beside the job itself: publishing and its parts."""


@dataclass(frozen=True)
class History:
    """The longest history that an execution can have.

    Attributes:
        whose: what the execution is, for people.
        events: how many.
        path: key of the pipeline file that makes it long.
        remedy: what to change there.
    """

    whose: str
    events: int
    path: tuple[str | int, ...]
    remedy: str


def looks(timeout: timedelta) -> int:
    """Return how often a job is looked at before it is given up, by the rule of the waits."""
    age, count = 0.0, 0
    while age <= timeout.total_seconds() and age < LONGEST_WAIT * WAITS_PER_DURATION:
        age += max(FIRST_WAIT, min(LONGEST_WAIT, age // WAITS_PER_DURATION))
        count += 1
    return count + max(0, math.ceil((timeout.total_seconds() - age) / LONGEST_WAIT))


def quota_attempts(wait: timedelta) -> int:
    """Return how many repetitions of a call outlast a time in which a quota is used up."""
    waited, pause, attempts = 0.0, float(QUOTA_FIRST), 0
    while waited < wait.total_seconds() and pause < QUOTA_LONGEST:
        waited += pause
        pause = min(QUOTA_LONGEST, pause * QUOTA_RATE)
        attempts += 1
    return attempts + max(0, math.ceil((wait.total_seconds() - waited) / QUOTA_LONGEST))


def quota_wait(pipeline: Pipeline) -> timedelta:
    """Return how long a batch job may have to wait for its turn: until all others of the run have had their time."""
    timeouts = pipeline.timeouts
    turns = math.ceil(sum(len(solution.jobs) for solution in pipeline.solutions) / MAX_BATCH_JOBS_IN_PROGRESS)
    return max(timeouts.batch_inference, timeouts.batch_segment) * max(1, turns)


def job_events(timeout: timedelta, *, quota: timedelta = timedelta()) -> int:
    """Return the events of making one thing and waiting for it.

    Args:
        timeout: after which it is given up.
        quota: how long its create call may be repeated for a quota that is used up.
    """
    repeated = REPETITION * (_REPEATED_CALLS + quota_attempts(quota))
    # What failed before is made anew, each time after one look.
    again = MAX_ATTEMPT * (2 * TASK + 2 * OTHER)
    return repeated + again + 2 * TASK + _LOOK * looks(timeout)


def too_long(pipeline: Pipeline) -> Iterator[History]:
    """Yield the histories that cannot be, each kind of execution once."""
    seen: set[str] = set()
    for history in histories(pipeline):
        if history.events > MAX_EVENTS and history.whose not in seen:
            seen.add(history.whose)
            yield history


def histories(pipeline: Pipeline) -> Iterator[History]:
    """Yield the longest history of each kind of execution of a run."""
    timeouts = pipeline.timeouts
    every = [job for solution in pipeline.solutions for job in solution.jobs]
    imports = len(pipeline.datasets.by_name()) * (
        _ITERATION + 4 * OTHER + job_events(timeouts.import_, quota=timeouts.import_)
    )
    # A pointer for each table and each version, and a row of the data catalog.
    pointers = (len(every) + len(pipeline.solutions)) * (_ITERATION + 2 * TASK + 3 * OTHER)
    pointers += math.ceil(len(every) / _TABLES_TOLD_AT_ONCE) * (_ITERATION + TASK)
    yield History("the run", _AROUND_RUN + imports, ("timeouts", "import"), "Wait for less time")
    told = "Declare fewer batch jobs, or divide them among several pipelines"
    yield History("the run", _AROUND_RUN + imports + pointers, ("solutions",), told)
    # A solution is asked for again once room was made.
    trained = 2 * job_events(timeouts.solution) + job_events(timeouts.training, quota=timeouts.training)
    live = job_events(timeouts.campaign) if any(solution.campaign for solution in pipeline.solutions) else 0
    if pipeline.compares:
        yield History("a recipe", _AROUND_SOLUTION + trained, ("timeouts", "training"), "Wait for less time")
        trained = 0
    yield History("a solution", _AROUND_SOLUTION + trained + live, ("timeouts", "training"), "Wait for less time")
    if pipeline.recommenders:
        events = _AROUND_JOB + job_events(timeouts.recommender)
        yield History("a recommender", events, ("timeouts", "recommender"), "Wait for less time")
    for key in ("batch_inference", "batch_segment"):
        if any(getattr(solution, key) for solution in pipeline.solutions):
            events = _AROUND_JOB + job_events(getattr(timeouts, key), quota=quota_wait(pipeline))
            remedy = "Wait for less time, or declare fewer batch jobs: they wait for each other"
            yield History("a batch job", events, ("timeouts", key), remedy)
