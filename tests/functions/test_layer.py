"""What the functions carry: it fits, and nothing is loaded that they do not use."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from aws_cdk.assertions import Template

from definition.paths import ROOT
from lambdas.build_layer import PLATFORMS, fetch
from stacks import function
from stacks.function import ARCHITECTURE
from tests.documents import parsed
from tests.synthesis import app_of

if TYPE_CHECKING:
    from pathlib import Path

OURS = ("lambdas", "definition", "pricing", "transform")
LIMIT = 230 * 1000 * 1000
"""Lambda takes 250 MB unzipped (page gettingstarted-limits); the rest is for what packages grow by."""

IN_RUNTIME = {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"}


def test_another_archive_is_another_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The layer is named by its bytes: an archive that was changed or is stale is not deployed as if it were this."""

    def deployed() -> str:
        app = app_of(parsed(), tmp_path)
        workflow = Template.from_stack(app.node.find_child("shop-dev-workflow"))
        (layer,) = workflow.find_resources("AWS::Lambda::LayerVersion").values()
        return str(layer["Properties"]["Content"]["S3Key"])

    before = deployed()
    changed = tmp_path / "layer.zip"
    changed.write_bytes(function.LAYER.read_bytes() + b"\0")
    monkeypatch.setattr(function, "LAYER", changed)
    assert before != deployed()


@pytest.mark.parametrize("architecture", PLATFORMS)
def test_layer_and_code_fit_into_a_function(tmp_path: Path, architecture: str) -> None:
    """Unzipped, the layer from the pins and all functions' source stay below the limit; every binary is for it."""
    sizes = _archived() if architecture == ARCHITECTURE.name else _fetched(tmp_path, architecture)
    source = sum(file.stat().st_size for part in OURS for file in (ROOT / part).rglob("*.py"))

    assert sum(sizes.values()) + source < LIMIT
    machine = PLATFORMS[architecture].rpartition("2014_")[2]
    binaries = [name for name in sizes if ".cpython-" in name]
    assert binaries
    assert all(machine in name for name in binaries)


def _archived() -> dict[str, int]:
    with zipfile.ZipFile(ROOT / "build" / "layer.zip") as archive:
        entries = archive.infolist()
    assert {"python"} == {entry.filename.split("/")[0] for entry in entries}
    return {entry.filename: entry.file_size for entry in entries}


def _fetched(folder: Path, architecture: str) -> dict[str, int]:
    """Return the same of what is not packed: that would take eight seconds, and say nothing of another architecture."""
    return {str(file): file.stat().st_size for file in fetch(folder, architecture).rglob("*") if file.is_file()}


def test_a_cold_start_loads_what_the_handler_uses() -> None:
    """Beside the runtime's own, only the layer's packages are loaded: no SQL or YAML parser, no numpy, no CDK."""
    code = "import sys, lambdas.transform.handler; print(*{name.split('.')[0] for name in sys.modules})"
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*{name.split('.')[0] for name in sys.modules})"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(started.stdout.split()) - set(bare.stdout.split()) - set(sys.stdlib_module_names) - IN_RUNTIME
    carried = {"annotated_types", "aws_lambda_powertools", "aws_xray_sdk", "certifi", "polars", "pydantic",
               "pydantic_core", "typing_extensions", "typing_inspection", "wrapt"}  # fmt: skip

    assert {"polars", "pydantic", "aws_lambda_powertools"} <= loaded
    assert set() == {name for name in loaded if not name.startswith("_")} - carried - set(OURS)
