"""What cdk-nag and cfn-lint find in the stacks of pipelines that have everything."""

from __future__ import annotations

import contextlib
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Stack, Validations
from aws_cdk.aws_s3 import Bucket
from aws_cdk.aws_sqs import Queue
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from tests.documents import LIVE, OTHER_BUCKETS, parsed
from tests.synthesis import app_of, new_app

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk import App

KIND = {"from": "kind", "type": "categorical"}
EVERYTHING: dict[str, Any] = {
    **LIVE,
    **OTHER_BUCKETS,
    "engine": "auto",
    "workers": 7,
    "trigger": {"arrival": "items/_SUCCESS"},
    "solutions__0__batch_inference__0__deliver": "dynamodb",
    "datasets__items": {
        "source": {"path": "items/"},
        "columns": {"ITEM_ID": "sku", "PRICE": "price", "CATEGORY_L1": "kind"},
    },
    "datasets__users": {
        "source": {"table": "crm.people", "locations": ["s3://crm-data/people/"]},
        "columns": {"USER_ID": "id", "SIDE": KIND},
    },
}
SHOPS: dict[str, dict[str, Any]] = {
    "batch": {},
    "everything": EVERYTHING,
    "encrypted": {**EVERYTHING, "encryption": {"kms_key": "create"}},
}
"""Changes to a shop: with the second, every kind of resource and every kind of grant is there."""


def nag_findings(app: App, outdir: Path) -> list[str]:
    """Synthesize an app with the rules of both packs and return what they found: rule and resource."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    with contextlib.suppress(RuntimeError):  # jsii's word for a synthesis that findings stopped
        app.synth()
    report = json.loads((outdir / "validation-report.json").read_text())
    return [
        f"{violation['ruleName']} {construct['constructPath']}"
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shops are synthesized, each in a folder of its own."""
    return tmp_path_factory.mktemp("shops")


@pytest.mark.slow
@pytest.mark.parametrize("shop", SHOPS)
def test_cdk_nag_reports_nothing(folder: Path, shop: str) -> None:
    """Every finding of AwsSolutions and Serverless is solved, or acknowledged on one resource with its reason."""
    outdir = folder / shop

    assert [] == nag_findings(app_of(parsed(**SHOPS[shop]), outdir), outdir)


@pytest.mark.slow
def test_cdk_nag_would_report(tmp_path: Path) -> None:
    """The check above can fail: a bare bucket and a bare queue in another stack are found, by one pack each."""
    app = new_app(tmp_path)
    other = Stack(app, "other")
    Bucket(other, "Bare")
    Queue(other, "Queue")
    found = nag_findings(app, tmp_path)

    assert "AwsSolutions-S10 other/Bare/Resource" in found
    assert "Serverless-SQSRedrivePolicy other/Queue/Resource" in found


@pytest.mark.slow
def test_cfn_lint_reports_nothing(tmp_path: Path) -> None:
    """The templates, the state machine's definition included, pass cfn-lint with warnings; all at once, it is slow."""
    for number, changes in enumerate(SHOPS.values()):
        app_of(parsed(**changes), tmp_path / str(number)).synth()
    files = sorted(str(file) for file in tmp_path.glob("*/*.template.json"))
    done = subprocess.run(["cfn-lint", *files], capture_output=True, text=True, check=False)

    assert 3 * len(SHOPS) == len(files)
    assert (0, "") == (done.returncode, done.stdout)
