"""Make the stacks of pipelines."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from definition.plan import names
from stacks.personalize import PersonalizeStack
from stacks.storage import StorageStack
from stacks.tags import tag
from stacks.workflow import WorkflowStack

if TYPE_CHECKING:
    from constructs import Construct

    from definition.file.pipeline import Pipeline


def add_stacks(scope: Construct, pipeline: Pipeline, *, stage: str, keep_data: bool) -> WorkflowStack:
    """Add storage, personalize and workflow stack of one pipeline and stage.

    Args:
        scope: the CDK app.
        pipeline: the pipeline.
        stage: part of every name.
        keep_data: whether the bucket survives ``cdk destroy``.
    """
    prefix = names.prefix(pipeline.name, stage)
    attribution = pipeline.metric_attribution
    storage = StorageStack(
        scope,
        f"{prefix}-storage",
        keep_data=keep_data,
        attribution=attribution is not None and attribution.report is not None,
        tells_events=pipeline.trigger is not None,
        queries=any(source.is_queried for source in pipeline.datasets.sources().values()),
        description=f"Bucket of {pipeline.name} ({stage})",
        prefix=prefix,
        encryption=pipeline.encryption,
        spark=pipeline.engine != "lambda",
    )
    personalize = PersonalizeStack(scope, f"{prefix}-personalize", pipeline=pipeline, stage=stage, storage=storage)
    workflow = WorkflowStack(
        scope,
        f"{prefix}-workflow",
        pipeline=pipeline,
        stage=stage,
        spec_hash=hashlib.sha256(pipeline.model_dump_json(by_alias=True).encode()).hexdigest()[:12],
        storage=storage,
        personalize=personalize,
    )
    for stack in (storage, personalize, workflow):
        tag(stack, pipeline, stage)
    return workflow
