"""What the pipelines ask of AWS: `python -m tests.stacks.uses` writes it down for the embedded AWS's tests."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from definition.paths import ROOT
from tests.documents import LIVE, parsed
from tests.stacks.test_asl import RIGHT
from tests.synthesis import app_of

if TYPE_CHECKING:
    from collections.abc import Iterator

USES = ROOT / "emulator" / "tests" / "uses.json"
"""What pipelines ask of AWS: types of CloudFormation, and integrations of state machines."""


def uses() -> dict[str, list[str]]:
    """Return the types of resources in the templates, and the integrations of every state machine."""
    with tempfile.TemporaryDirectory() as folder:
        encrypted = {"encryption": {"kms_key": "create"}}
        for engine, more in (("lambda", {}), ("glue", encrypted)):
            deliver = {"solutions__0__batch_inference__0__deliver": "dynamodb"}
            app_of(parsed(**LIVE, **deliver, **more, engine=engine), Path(folder, engine)).synth()
        templates = [json.loads(file.read_text()) for file in Path(folder).glob("*/*.template.json")]
    types = {resource["Type"] for template in templates for resource in template["Resources"].values()}
    integrations = {found for machine in RIGHT.values() for found in _integrations(machine)}
    return {"integrations": sorted(integrations), "types": sorted(types)}


def _integrations(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(resource := value.get("Resource"), str) and resource.startswith("arn:"):
            yield resource.partition(":states:::")[2] or resource
        for each in value.values():
            yield from _integrations(each)
    elif isinstance(value, list):
        for each in value:
            yield from _integrations(each)


def text() -> str:
    """Return what the file holds."""
    return json.dumps(uses(), indent=2) + "\n"


if __name__ == "__main__":
    USES.write_text(text())
