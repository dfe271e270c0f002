"""The CDK app: pipeline files in, stacks out. It reads no network, no credentials, no git and no clock.

Context:
    pipeline   a pipeline's name or the path of its file; left out: every file in pipelines/
    stage      part of every name, default dev
    keep_data  "false" lets `cdk destroy` delete the bucket, if it is empty
"""

from __future__ import annotations

import gc
import os
import re
import sys
from pathlib import Path

# jsii takes the first Node on the PATH: the one that this environment brings.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

from aws_cdk import App

from definition.load import load
from definition.paths import PIPELINES, find
from definition.plan.names import STAGE_PATTERN
from definition.problems import SpecError
from pricing.tables.load import PricesError
from stacks.app import add_stacks
from stacks.function import LayerMissingError


def main() -> None:
    """Synthesize the stacks of the pipelines that the context names."""
    # The collector takes a tenth of a synthesis, which ends long before memory does.
    gc.disable()
    app = App()
    stage = app.node.try_get_context("stage") or "dev"
    if not re.fullmatch(STAGE_PATTERN, stage):
        sys.exit(f"stage '{stage}' is wrong: use up to 8 small letters and digits, beginning with a letter")
    named = app.node.try_get_context("pipeline")
    keep_data = app.node.try_get_context("keep_data") not in {False, "false"}
    files = [find(named)] if named else sorted(PIPELINES.glob("*.yaml"))
    for file in files:
        add_stacks(app, load(file), stage=stage, keep_data=keep_data)
    app.synth()


if __name__ == "__main__":
    try:
        main()
    except (SpecError, LayerMissingError) as error:
        sys.exit(f"{error}")
    except PricesError as error:
        sys.exit(f"{error}\n{error.remedy}")
