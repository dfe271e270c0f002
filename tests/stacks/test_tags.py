"""Which tags what is deployed and what runs make has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from definition.service.resource_kinds import KINDS
from stacks.states.run import definition
from tests.documents import LIVE, parsed
from tests.stacks.evaluation import evaluated
from tests.synthesis import app_of, templates_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEAM = {"team": "shop floor", "cost-centre": "4711"}
EXPECTED = {"pipeline": "shop", "stage": "dev", **TEAM}
WITHOUT = {"Dataset", "DatasetGroup", "Schema", "MetricAttribution"}
"""Of Personalize: what another tag would replace, and what takes none."""
OUTLIVES = {"Solution", "Campaign", "Recommender"}
"""What is not made by each run anew."""


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assembly of a shop that answers in real time."""
    folder = tmp_path_factory.mktemp("tagged")
    app_of(parsed(**LIVE, tags=TEAM), folder).synth()
    return folder


@pytest.fixture(scope="module")
def resources(assembly: Path) -> list[dict[str, Any]]:
    """The resources of all its stacks."""
    templates = templates_in(assembly, "shop-dev").values()
    return [resource for template in templates for resource in template["Resources"].values()]


def tags_of(resource: dict[str, Any]) -> dict[str, str]:
    """Return the tags of a resource, empty where it has none."""
    given = resource.get("Properties", {}).get("Tags", [])
    if isinstance(given, dict):
        return given
    return {tag.get("Key", tag.get("TagKey")): tag.get("Value", tag.get("TagValue")) for tag in given}


def test_what_is_deployed_has_the_tags(resources: list[dict[str, Any]]) -> None:
    """Bucket, functions, roles, machines, topics, queues, alarms and logs have all of them, and nothing has others."""
    tagged = {each["Type"] for each in resources if tags_of(each)}

    assert {
        "AWS::S3::Bucket",
        "AWS::Lambda::Function",
        "AWS::IAM::Role",
        "AWS::StepFunctions::StateMachine",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::CloudWatch::Alarm",
        "AWS::Personalize::Filter",
        "AWS::Personalize::EventTracker",
    } <= tagged
    for each in resources:
        assert tags_of(each) in ({}, EXPECTED), each["Type"]


def test_what_another_tag_would_replace_has_none(resources: list[dict[str, Any]], assembly: Path) -> None:
    """Neither has a stack, which would hand its own to everything in it."""
    kinds = {each["Type"].rpartition(":")[2]: each for each in resources if "::Personalize::" in each["Type"]}
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"].values()
    stacks = [each for each in artifacts if each["type"] == "aws:cloudformation:stack"]

    assert WITHOUT == {kind for kind, each in kinds.items() if not tags_of(each)}
    assert [{}, {}, {}] == [each["properties"].get("tags", {}) for each in stacks]


def creates(states: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each create call of Personalize at any level, with its arguments."""
    for state in states.values():
        resource = state.get("Resource", "")
        if ":personalize:create" in resource:
            yield resource.rpartition(":create")[2], state["Arguments"]
        if "ItemProcessor" in state:
            yield from creates(state["ItemProcessor"]["States"])


RUN = {"run": "r", "solution": "s", "version": "v"}
KNOWN: dict[str, Any] = {
    **RUN,
    "given": RUN,
    "task": RUN,
    "job": {"name": "j", "num_results": 5},
    "dataset": {"dataset": "interactions", "imports": {}},
    "plan": {"resource": "p", "config": {}, "recipe": "a", "campaign": {"resource": "c", "request": {}}},
    "solution": {"arn": "arn:s"},
    "solutionVersion": {"arn": "arn:v"},
    **{kind.variable: {"arn": "a"} for kind in KINDS},
    "batchJob": {},
}
"""Variables that the arguments of create calls name."""


def asked(arguments: Any) -> dict[str, str]:
    """Return the tags of a create call, of the run r."""
    if isinstance(arguments, dict):
        arguments = {"Tags": arguments["Tags"]}
    return {tag["TagKey"]: tag["TagValue"] for tag in evaluated(arguments, **KNOWN)["Tags"]}


def test_what_runs_make_is_asked_for_with_tags() -> None:
    """Each create call carries them; the run is on what a run makes for itself, and not on what outlives it."""
    machine = definition(parsed(**LIVE, tags=TEAM), "dev", spec_hash="0")
    found = dict(creates(machine["States"]))

    assert {kind.name for kind in KINDS} == set(found)
    for name, arguments in found.items():
        of_run = {} if name in OUTLIVES else {"run": "r"}
        assert {"pipeline": "${Pipeline}", "stage": "${Stage}", **of_run, **TEAM} == asked(arguments), name
