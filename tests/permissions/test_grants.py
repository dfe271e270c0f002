"""Every grant has a run that needs it, and a run that needs it fails without it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from local.glue import spark
from local.policies import Decision, Request, decide
from tests.documents import shop
from tests.permissions.explained import explanation
from tests.permissions.policies import altered, without
from tests.permissions.recording import Grant, Recording, denied_without, statements
from tests.permissions.scenario import DOCUMENTS, exercise
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.server import EmbeddedAWS
    from tests.permissions.recording import Statement
    from tests.pipeline.rig import Run

LACKING = spark.missing()
FULL = {"import": "full", "training": "full"}
REFUSED = {"solutions": ["nobody"]}
"""Only a run that fails answers its own task token."""


@dataclass(frozen=True)
class Explored:
    """What a pipeline's roles could do at its deployment, and what they did until it was destroyed."""

    statements: list[Statement]
    recording: Recording


@pytest.fixture(scope="module")
def explore(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Explored]:
    """Let everything happen to a pipeline, once."""

    @cache
    def explored(name: str) -> Explored:
        document, folder, recording = DOCUMENTS[name](), tmp_path_factory.mktemp("file"), Recording()
        with recording.listen():
            rig = Rig.deploy(aws, document, folder)
            found = statements(aws, f"{name}-test")
            exercise(rig, document, folder)
        return Explored(found, recording)

    return explored


@pytest.fixture(scope="module", params=list(DOCUMENTS))
def explored(explore: Callable[[str], Explored], request: pytest.FixtureRequest) -> Explored:
    """A pipeline to which everything has happened."""
    if request.param == "sparkling" and LACKING is not None:
        pytest.skip(LACKING)
    return explore(request.param)


def test_nothing_was_denied(explored: Explored) -> None:
    """No role of the pipeline was refused anything."""
    roles = {statement.role for statement in explored.statements}
    assert {} == {role: asked for role, asked in explored.recording.denied.items() if role in roles}


def test_every_statement_is_needed(explored: Explored) -> None:
    """Each statement alone allowed some call, which without it is denied; the others are explained."""
    sole = explored.recording.sole
    idle = [
        statement
        for statement in explored.statements
        if not (statement in sole and denied_without(sole[statement], statement))
    ]
    assert [] == [each for each in idle if any(explanation(grant) is None for grant in each.grants)]


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


def test_every_grant_is_needed(explored: Explored) -> None:
    """Each action on each resource pattern was needed by a call; the others are explained."""
    granted = {grant for statement in explored.statements for grant in statement.grants}
    left = sorted(granted - explored.recording.used, key=str)
    assert [] == [grant for grant in left if explanation(grant) is None]


@pytest.mark.parametrize(("name", "neighbour"), [("whole", "whole-test"), ("whole-test", "whole")])
def test_no_role_reaches_a_neighbour(explore: Callable[[str], Explored], name: str, neighbour: str) -> None:
    """No role may do to what another pipeline has what that pipeline's roles do, though its name begins alike.

    What knows no resource, such as lists, is granted on all of them by the service's own rule.
    """
    granted = [{**json.loads(each.text), "Condition": {}} for each in explore(name).statements]
    policy = {"Statement": [each for each in granted if each["Resource"] != "*"]}
    asked = {ask for of_role in explore(neighbour).recording.asked.values() for ask in of_role}
    own = {(action, resource) for action, resource in asked if f"{neighbour}-test" in resource}
    kinds = {action.split(":")[0] for action, _ in own}
    assert {"personalize", "s3", "states", "sns", "lambda", "iam"} <= kinds

    reached = [ask for ask in sorted(own) if decide(policy, Request(*ask)) is Decision.ALLOW]
    assert [] == reached


@pytest.fixture(scope="module")
def bare(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline with one solution that has run twice."""
    rig = Rig.deploy(aws, shop(name="bare", schedule=...), tmp_path_factory.mktemp("bare"))
    rig.put_raw("events/part.csv", csv(planted()))
    for _ in range(2):
        assert "SUCCEEDED" == rig.run(FULL).status
    return rig


def words(rig: Rig, run: Run) -> str:
    """Return all that an execution and its child executions say."""
    steps = rig.aws.client("stepfunctions")
    arns, texts = [run.execution["executionArn"]], [run.cause]
    for arn in arns:
        pages = steps.get_paginator("get_execution_history").paginate(executionArn=arn)
        texts += [json.dumps(event, default=str) for page in pages for event in page["events"]]
        for map_run in steps.list_map_runs(executionArn=arn)["mapRuns"]:
            children = steps.list_executions(mapRunArn=map_run["mapRunArn"])["executions"]
            arns += [child["executionArn"] for child in children]
    return "\n".join(texts)


ROLES = ("StateMachineRole", "TransformRole", "PublishRole", "ServiceRole")
"""Roles that work in every run; those of the schedule, the alert and the deployment are recorded above."""


def test_a_run_without_a_statement_tells_what_is_missing(bare: Rig) -> None:
    """Without any one statement of a role that runs work in, a run names the action that is denied.

    One deployment for all statements, each of which is put back before the next.
    """
    silent = []
    for statement in statements(bare.aws, "bare-test"):
        elsewhere = not any(role in statement.role for role in ROLES) or "EndAlerts" in statement.role
        if elsewhere or all(explanation(grant) is not None for grant in statement.grants):
            continue
        # SNS writes its own name in capitals.
        actions = {grant.action.replace("sns:", "SNS:") for grant in statement.grants}
        with without(bare.aws, statement):
            told = words(bare, bare.run(REFUSED if "states:SendTaskFailure" in actions else FULL))
        if not any(f"perform: {action} on resource" in told or f"allow {action} on" in told for action in actions):
            silent.append(statement)
    assert [] == silent


def test_a_prefix_condition_hides_what_is_absent(bare: Rig) -> None:
    """A run ends at its first read if ListBucket is granted under a condition on the prefix."""

    def under_a_condition(statement: dict[str, Any]) -> dict[str, Any]:
        if statement["Action"] != "s3:ListBucket":
            return statement
        return {**statement, "Condition": {"StringLike": {"s3:prefix": ["runs/*", "curated/*", "batch/*"]}}}

    bare.aws.client("s3").delete_object(Bucket=bare.deployment.bucket, Key="runs/newest.json")
    with altered(bare.aws, "bare-test", "StateMachineRole", under_a_condition):
        run = bare.run(FULL)

    assert "FAILED" == run.status
    assert "Read newest run: S3.S3Exception: User: " in run.cause
    assert "is not authorized to perform: s3:ListBucket on resource: " in run.cause


def test_a_solution_needs_its_recipe(bare: Rig) -> None:
    """A run fails at CreateSolution if the recipe is not among the resources."""

    def without_recipes(statement: dict[str, Any]) -> dict[str, Any]:
        if statement["Action"] != "personalize:CreateSolution":
            return statement
        return {**statement, "Resource": [arn for arn in statement["Resource"] if ":recipe/" not in arn]}

    personalize = bare.aws.client("personalize")
    arns = [
        each["solutionArn"] for each in personalize.list_solutions()["solutions"] if "/bare-" in each["solutionArn"]
    ]
    for arn in arns:
        personalize.delete_solution(solutionArn=arn)
    with altered(bare.aws, "bare-test", "StateMachineRole", without_recipes):
        run = bare.run(FULL)

    assert "FAILED" == run.status
    assert "Create solution (for-you): Personalize.PersonalizeException: User: " in run.cause
    recipe = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
    assert f"is not authorized to perform: personalize:CreateSolution on resource: {recipe}" in run.cause
