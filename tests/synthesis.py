"""Synthesis within the test's process: the second one costs a tenth of what a process of its own would."""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING, Any

from aws_cdk import App
from aws_cdk.assertions import Template

from definition.paths import ROOT
from stacks.app import add_stacks

if TYPE_CHECKING:
    from pathlib import Path

    from definition.file.pipeline import Pipeline

CONTEXT: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
PARTS = ("storage", "personalize", "workflow")
"""The stacks of a pipeline."""

_MADE: dict[tuple[str, bool], dict[str, Template]] = {}

# The layer alone has 53 MB: to copy it takes longer than all else of a synthesis.
_UNCOPIED = {**CONTEXT, "aws:cdk:disable-asset-staging": True}


def new_app(outdir: Path) -> App:
    """Return an app with the context of cdk.json whose assembly names its assets where they lie, without copies."""
    return App(context=_UNCOPIED, outdir=str(outdir))


def app_of(pipeline: Pipeline, outdir: Path) -> App:
    """Return such an app with a pipeline's stacks."""
    app = new_app(outdir)
    add_stacks(app, pipeline, stage="dev", keep_data=True)
    return app


def templates_of(pipeline: Pipeline, *, keep_data: bool = True) -> dict[str, Template]:
    """Return the templates of a pipeline's stacks by part; those of equal pipelines are made once."""
    key = (pipeline.model_dump_json(), keep_data)
    if key not in _MADE:
        with tempfile.TemporaryDirectory() as folder:
            # The CDK's own rules take longer than a template, and are asked where findings are read: by nag's tests.
            app = App(context=_UNCOPIED, outdir=folder, builtin_cloud_formation_validation=False, tree_metadata=False)
            add_stacks(app, pipeline, stage="dev", keep_data=keep_data)
            stacks = {part: app.node.find_child(f"{pipeline.name}-dev-{part}") for part in PARTS}
            _MADE[key] = {part: Template.from_stack(stack) for part, stack in stacks.items()}
    return _MADE[key]


def templates_in(folder: Path, prefix: str) -> dict[str, dict[str, Any]]:
    """Return the templates of an assembly by part; `prefix` is the pipeline's name and stage."""
    return {part: json.loads((folder / f"{prefix}-{part}.template.json").read_text()) for part in PARTS}


def synthesize(pipeline: Pipeline, outdir: Path, *, stage: str = "dev") -> str:
    """Write a pipeline's assembly to a folder, complete for a deployment; return its path."""
    app = App(context=CONTEXT, outdir=str(outdir))
    add_stacks(app, pipeline, stage=stage, keep_data=True)
    app.synth()
    return str(outdir)
