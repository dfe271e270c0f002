"""Every grant has a run that needs it, in two pipelines whose names begin alike; neither reaches into the other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from embedded_aws.policies import Decision, Request, decide
from tests.permissions.explained import explanation
from tests.permissions.exploring import explore
from tests.permissions.recording import Grant

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS
    from tests.permissions.exploring import Explored

NAMES = ("whole", "whole-test")


@pytest.fixture(scope="module")
def both(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Explored]:
    """Two pipelines to which everything has happened, by their names."""
    return {name: explore(aws, name, tmp_path_factory.mktemp("file")) for name in NAMES}


@pytest.fixture(params=NAMES)
def explored(both: dict[str, Explored], request: pytest.FixtureRequest) -> Explored:
    """One of them."""
    return both[request.param]


def test_nothing_was_denied(explored: Explored) -> None:
    """No role of the pipeline was refused anything."""
    assert {} == explored.denied


def test_every_statement_is_needed(explored: Explored) -> None:
    """Each statement alone allowed some call, which without it is denied; the others are explained."""
    assert [] == explored.idle_statements


def test_every_grant_is_needed(explored: Explored) -> None:
    """Each action on each resource pattern was needed by a call; the others are explained."""
    assert [] == explored.idle_grants


def test_explanations_excuse_nothing_else() -> None:
    """What runs need is explained by nobody: listing, telling, metrics, starting executions of itself."""
    home, role = "arn:aws:states:us-east-1:123456789012", "whole-test-workflow-StateMachineRoleB840431D-X"
    needed = {
        "s3:ListBucket": "arn:aws:s3:::bucket",
        "sns:Publish": "arn:aws:sns:us-east-1:123456789012:whole-test-runs",
        "cloudwatch:PutMetricData": "*",
        "states:StartExecution": f"{home}:stateMachine:whole-test",
        "states:DescribeExecution": f"{home}:execution:whole-test:*",
        "personalize:CreateSolution": "arn:aws:personalize:us-east-1:123456789012:solution/whole-test--*",
    }
    assert [] == [action for action, arn in needed.items() if explanation(Grant(role, action, arn)) is not None]


@pytest.mark.parametrize(("name", "neighbour"), [("whole", "whole-test"), ("whole-test", "whole")])
def test_no_role_reaches_a_neighbour(both: dict[str, Explored], name: str, neighbour: str) -> None:
    """No role may do to what another pipeline has what that pipeline's roles do, though its name begins alike.

    What knows no resource, such as lists, is granted on all of them by the service's own rule.
    """
    granted = [{**json.loads(each.text), "Condition": {}} for each in both[name].statements]
    policy = {"Statement": [each for each in granted if each["Resource"] != "*"]}
    asked = {ask for of_role in both[neighbour].recording.asked.values() for ask in of_role}
    own = {(action, resource) for action, resource in asked if f"{neighbour}-test" in resource}
    kinds = {action.split(":")[0] for action, _ in own}
    assert {"personalize", "s3", "states", "sns", "lambda", "iam"} <= kinds

    reached = [ask for ask in sorted(own) if decide(policy, Request(*ask)) is Decision.ALLOW]
    assert [] == reached
