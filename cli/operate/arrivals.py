"""The rule that starts runs where raw data arrives: switch it off and on, or keep it quiet for a while."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from definition import layout
from definition.plan.names import arrival_name, prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.file.pipeline import Pipeline


def turn(events: Any, pipeline: Pipeline, stage: str, *, on: bool) -> bool:
    """Switch the rule of a pipeline with a trigger; return whether it has one.

    Args:
        events: a boto3 EventBridge client.
        pipeline: the pipeline file.
        stage: part of every name.
        on: whether arrivals start runs.
    """
    if pipeline.trigger is None:
        return False
    switch = events.enable_rule if on else events.disable_rule
    switch(Name=arrival_name(prefix(pipeline.name, stage)))
    return True


def told(events: Any, pipeline: Pipeline, stage: str) -> str | None:
    """Return what starts runs by its arrival, and whether that is switched off; None without a trigger."""
    if pipeline.trigger is None:
        return None
    state = events.describe_rule(Name=arrival_name(prefix(pipeline.name, stage)))["State"]
    arrival = layout.RAW.key(path=pipeline.trigger.arrival)
    return arrival if state == "ENABLED" else f"{arrival} (paused: pipelines resume)"


@contextmanager
def held(events: Any, pipeline: Pipeline, stage: str) -> Iterator[None]:
    """Let what arrives start no run: it is uploaded for a start by hand."""
    if not turn(events, pipeline, stage, on=False):
        yield
        return
    try:
        yield
    finally:
        turn(events, pipeline, stage, on=True)
