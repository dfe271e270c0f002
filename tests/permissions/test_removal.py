"""A run that lacks one statement of a role tells what is missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.documents import shop
from tests.permissions.explained import explanation
from tests.permissions.policies import altered, without
from tests.permissions.recording import statements
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Run

FULL = {"import": "full", "training": "full"}
REFUSED = {"solutions": ["nobody"]}
"""Only a run that fails answers its own task token."""


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
