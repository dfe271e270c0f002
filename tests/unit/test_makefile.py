"""What make asks the CDK for, told by make itself without doing it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from definition.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACE = {"CDK_DEFAULT_ACCOUNT": "123456789012", "CDK_DEFAULT_REGION": "us-east-1"}


def dry_run(target: str, environment: Mapping[str, str], *given: str) -> str:
    """Return the commands that make would run for a target and its variables, set-up aside."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MAKE", "MFLAGS"))}
    command = ["make", "--dry-run", "--no-print-directory", "--assume-old=setup", target, *given]
    done = subprocess.run(
        command, cwd=ROOT, env={**clean, **environment}, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


@pytest.mark.parametrize(("given", "passed"), [((), "broadening"), (("APPROVE=never",), "never")])
def test_a_deployment_to_an_account_asks_about_permissions(given: tuple[str, ...], passed: str) -> None:
    """Unless the caller says that nobody is there to answer; and no account is bootstrapped for its owner."""
    endpoint = "https://vpce-1.personalize.us-east-1.vpce.amazonaws.com"
    told = dry_run("deploy", {**PLACE, "AWS_ENDPOINT_URL": endpoint}, *given)

    assert "bootstrap" not in told
    assert f"cdk deploy --all --require-approval {passed}" in told


def test_a_deployment_to_this_machine_needs_no_step_before() -> None:
    """The embedded AWS is bootstrapped on the way, and nobody is asked: its permissions are nobody's worry."""
    told = dry_run("deploy", {**PLACE, "AWS_ENDPOINT_URL": "http://localhost:4566"})

    assert told.index('cdk bootstrap "aws://123456789012/us-east-1"') < told.index("cdk deploy --all")
    assert "--require-approval never" in told
