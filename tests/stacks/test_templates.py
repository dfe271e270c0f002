"""What the stacks make."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk.assertions import Match, Template

from cli.doctor.account_checks import BOOTSTRAP_PARAMETER, BOOTSTRAP_VERSION
from definition.load import load
from definition.paths import PIPELINES
from definition.plan import names
from tests.documents import parsed
from tests.synthesis import synthesize, templates_of

if TYPE_CHECKING:
    from pathlib import Path

Templates = dict[str, dict[str, Any]]

SNAPSHOT = {
    "storage": {"AWS::S3::Bucket": 1, "AWS::S3::BucketPolicy": 1},
    "personalize": {
        "AWS::IAM::Policy": 2,
        "AWS::IAM::Role": 2,
        "AWS::Lambda::Function": 1,
        "AWS::Logs::LogGroup": 1,
        "AWS::Personalize::Dataset": 1,
        "AWS::Personalize::DatasetGroup": 1,
        "AWS::Personalize::Schema": 1,
        "Custom::PersonalizeTeardown": 1,
    },
    "workflow": {
        "AWS::CloudWatch::Alarm": 13,
        "AWS::CloudWatch::Dashboard": 1,
        "AWS::Glue::Database": 1,
        "AWS::Glue::Table": 4,
        "AWS::Events::Rule": 1,
        "AWS::IAM::Policy": 8,
        "AWS::IAM::Role": 8,
        "AWS::KMS::Key": 1,
        "AWS::Lambda::Function": 4,
        "AWS::Lambda::LayerVersion": 1,
        "AWS::Logs::LogGroup": 6,
        "AWS::SNS::Topic": 1,
        "AWS::SNS::TopicPolicy": 1,
        "AWS::SQS::Queue": 2,
        "AWS::SQS::QueuePolicy": 2,
        "AWS::Scheduler::Schedule": 1,
        "AWS::StepFunctions::StateMachine": 2,
    },
}
"""Resources by type and stack: whoever adds or loses one says so here."""


@pytest.mark.parametrize("part", SNAPSHOT)
def test_each_stack_holds_these_resources(templates: Templates, part: str) -> None:
    """A resource that appears or disappears is a decision, not an accident."""
    found: dict[str, int] = {}
    for resource in templates[part]["Resources"].values():
        found[resource["Type"]] = found.get(resource["Type"], 0) + 1

    assert SNAPSHOT[part] == dict(sorted(found.items()))


def test_synth_twice_gives_the_same_bytes(assembly: Path, tmp_path: Path) -> None:
    """Templates and assets are the same in every synthesis: no clock, no random, no machine in them."""
    synthesize(load(PIPELINES / "movielens.yaml"), tmp_path / "again")
    first = {file.name: file.read_bytes() for file in assembly.glob("*.template.json")}
    second = {file.name: file.read_bytes() for file in (tmp_path / "again").glob("*.template.json")}

    assert first
    assert first == second
    assert sorted(f.name for f in assembly.glob("asset.*")) == sorted(
        f.name for f in (tmp_path / "again").glob("asset.*")
    )


def test_the_doctor_knows_the_bootstrap_version(templates: Templates) -> None:
    """What the doctor calls too old is what the templates' own rule refuses."""
    for template in templates.values():
        rule = template["Rules"]["CheckBootstrapVersion"]["Assertions"][0]["Assert"]
        refused, _ = rule["Fn::Not"][0]["Fn::Contains"]
        assert list(range(1, BOOTSTRAP_VERSION)) == sorted(int(version) for version in refused)
        assert BOOTSTRAP_PARAMETER == template["Parameters"]["BootstrapVersion"]["Default"]


def test_the_schema_follows_the_columns(templates: Templates) -> None:
    """The Avro fields have the order of the pipeline file, and the name carries the schema's hash."""
    schema = next(
        r["Properties"]
        for r in templates["personalize"]["Resources"].values()
        if r["Type"] == "AWS::Personalize::Schema"
    )
    document = json.loads(schema["Schema"])

    assert ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"] == [field["name"] for field in document["fields"]]
    assert "Interactions" == document["name"]
    assert "com.amazonaws.personalize.schema" == document["namespace"]
    assert schema["Name"].startswith("movielens-dev--interactions-")


def test_a_changed_schema_gets_another_name() -> None:
    """CloudFormation can only replace a schema; it needs a name that is not taken."""
    before = names.schema_name(parsed(), "dev", "interactions")
    after = names.schema_name(parsed(datasets__interactions__columns__EVENT_VALUE={"value": 1}), "dev", "interactions")

    assert before != after


def test_the_schedule_keeps_zone_retries_and_dead_letters(templates: Templates) -> None:
    """The nightly start is in the file's time zone, is retried, and what fails for good is kept."""
    Template.from_json(templates["workflow"]).has_resource_properties(
        "AWS::Scheduler::Schedule",
        {
            "ScheduleExpression": "cron(0 3 * * ? *)",
            "ScheduleExpressionTimezone": "Europe/Lisbon",
            "Target": {
                "Input": "{}",
                "RetryPolicy": {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 3600},
                "DeadLetterConfig": {"Arn": Match.any_value()},
            },
        },
    )


def test_no_schedule_without_one_in_the_file() -> None:
    """A pipeline without a schedule starts by hand only."""
    templates_of(parsed(schedule=...))["workflow"].resource_count_is("AWS::Scheduler::Schedule", 0)


def test_the_bucket_goes_with_its_stack_only_if_told() -> None:
    """keep_data=false makes the bucket deletable."""
    storage = templates_of(parsed(), keep_data=False)["storage"]

    storage.has_resource("AWS::S3::Bucket", {"DeletionPolicy": "Delete"})


def test_functions_have_powertools_and_x_ray(templates: Templates) -> None:
    """All functions run on arm64 with tracing, a service name, and at least two engine threads."""
    functions = [
        r["Properties"] for r in templates["workflow"]["Resources"].values() if r["Type"] == "AWS::Lambda::Function"
    ]

    for function in functions:
        assert ["arm64"] == function["Architectures"]
        assert {"Mode": "Active"} == function["TracingConfig"]
        variables = function["Environment"]["Variables"]
        assert variables["POWERTOOLS_SERVICE_NAME"] in {"transform", "publish", "cleanup", "report"}
        assert int(variables["POLARS_MAX_THREADS"]) >= 2
