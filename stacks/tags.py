"""The tags by which a bill tells pipelines apart: of what the deployment makes, and of what runs make in Personalize.

Personalize bills by tag what carries one. ``pipeline`` and ``stage`` are on everything, ``run`` on what a run makes for
itself; the pipeline file adds others. Types that CloudFormation would replace for another tag have none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Tags

from stacks.states.asl import jsonata

if TYPE_CHECKING:
    from constructs import Construct

    from definition.file.pipeline import Pipeline

REPLACED = (
    "AWS::Personalize::Dataset",
    "AWS::Personalize::DatasetGroup",
    "AWS::Personalize::Schema",
    "AWS::Personalize::Solution",
)
"""Types that another tag replaces, their data and versions with them (the types' registry schemas)."""

_STACK = "aws:cdk:stack"
"""A stack's own tags would be handed to everything in it, those types among it."""


def tag(scope: Construct, pipeline: Pipeline, stage: str) -> None:
    """Put the tags on everything in a scope that can have them and keeps what it holds."""
    for key, value in {**pipeline.tags, "pipeline": pipeline.name, "stage": stage}.items():
        Tags.of(scope).add(key, value, exclude_resource_types=[_STACK, *REPLACED])


def of_job(pipeline: Pipeline, run: str | None = None) -> list[dict[str, str]]:
    """Return the tags of a create call of Personalize.

    Args:
        pipeline: the pipeline file.
        run: JSONata of the run's id; None for what outlives the run.
    """
    tags = {"pipeline": "${Pipeline}", "stage": "${Stage}", **({"run": jsonata(run)} if run else {}), **pipeline.tags}
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def keys(pipeline: Pipeline) -> list[str]:
    """Return the keys of all tags that runs set."""
    return ["pipeline", "stage", "run", *pipeline.tags]
