"""Synthesis within the test's process: the second one costs a tenth of what a process of its own would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_cdk import App

from definition.paths import ROOT
from stacks.app import add_stacks

if TYPE_CHECKING:
    from pathlib import Path

    from definition.file.pipeline import Pipeline

CONTEXT: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]


def app_of(pipeline: Pipeline, outdir: Path, *, stage: str = "dev") -> App:
    """Return the app with a pipeline's stacks, with the context of cdk.json as the command line gives it."""
    app = App(context=CONTEXT, outdir=str(outdir))
    add_stacks(app, pipeline, stage=stage, keep_data=True)
    return app


def synthesize(pipeline: Pipeline, outdir: Path, *, stage: str = "dev") -> str:
    """Write a pipeline's assembly to a folder; return its path."""
    app_of(pipeline, outdir, stage=stage).synth()
    return str(outdir)
