"""What `pipelines doctor` says of an account and a deployment, and that it only reads."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from typer.testing import CliRunner

from cli.doctor.examination import Examination
from cli.doctor.examine import examine
from cli.main import app
from definition.load import load
from definition.plan import names
from emulator.tests.support import eventually, trust
from tests.documents import parsed, shop
from tests.pipeline.rig import GROUPS, allow_groups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Rig

READS = re.compile(r"Get|List|Describe|Head")
NIGHT = shop(name="night")
"""A pipeline with a schedule, of which the tests make the parts that they look at."""


def invoke(*arguments: str, **environment: str | None) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200", **environment})


@pytest.fixture
def night(tmp_path: Path) -> str:
    """The path of the pipeline file."""
    file = tmp_path / "night.yaml"
    file.write_text(json.dumps(NIGHT))
    return str(file)


def found(
    aws: EmbeddedAWS, file: str, *, stage: str = "test", region: str = "us-east-1"
) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """Return the exit code of the command and its findings by check."""
    environment = {**aws.environment(), "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    done = invoke("doctor", file, "--stage", stage, "--json", **environment)
    findings: dict[str, list[dict[str, str]]] = {}
    for finding in json.loads(done.stdout)["findings"]:
        findings.setdefault(finding["check"], []).append(finding)
    return done.exit_code, findings


def levels(findings: dict[str, list[dict[str, str]]], check: str) -> list[str]:
    """Return the levels of what a check found."""
    return [finding["level"] for finding in findings[check]]


def stack(aws: EmbeddedAWS, name: str, resources: dict[str, Any], **outputs: Any) -> None:
    """Make a stack with outputs."""
    template = {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in outputs.items()}}
    aws.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))


@pytest.fixture
def standing(aws: EmbeddedAWS) -> Iterator[dict[str, str]]:
    """What the stacks of the night would be, without data, runs and subscribers: a topic, a queue, a schedule."""
    # No name of the pipeline's: the doctor would ask whose it is.
    trusting = trust("states.amazonaws.com", "scheduler.amazonaws.com")
    role = aws.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument=trusting)["Role"]["Arn"]
    definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
    machine = {"StateMachineName": "night-test", "RoleArn": role, "DefinitionString": json.dumps(definition)}
    target = {"Arn": {"Ref": "Machine"}, "RoleArn": role, "Input": "{}"}
    window, expression = {"Mode": "OFF"}, "cron(0 3 * * ? *)"
    timer = {"Name": "night-test", "ScheduleExpression": expression, "FlexibleTimeWindow": window, "Target": target}
    stack(aws, "night-test-storage", {"B": {"Type": "AWS::S3::Bucket"}}, BucketName={"Ref": "B"})
    stack(aws, "night-test-personalize", {"T": {"Type": "AWS::SNS::Topic"}})
    stack(
        aws,
        "night-test-workflow",
        {
            "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine},
            "Topic": {"Type": "AWS::SNS::Topic"},
            "ScheduleDeadLetters": {"Type": "AWS::SQS::Queue"},
            "EndAlertsDeadLetters": {"Type": "AWS::SQS::Queue"},
            "Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": timer},
        },
        StateMachineArn={"Ref": "Machine"},
        TopicArn={"Ref": "Topic"},
        Queue={"Ref": "ScheduleDeadLetters"},
        AlertQueue={"Ref": "EndAlertsDeadLetters"},
    )
    client = aws.client("cloudformation")
    outputs = [
        output
        for part in ("storage", "workflow")
        for output in client.describe_stacks(StackName=f"night-test-{part}")["Stacks"][0]["Outputs"]
    ]
    values = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    yield values
    for item in aws.client("s3").list_objects_v2(Bucket=values["BucketName"]).get("Contents", ()):
        aws.client("s3").delete_object(Bucket=values["BucketName"], Key=item["Key"])
    for part in ("workflow", "personalize", "storage"):
        client.delete_stack(StackName=f"night-test-{part}")
    aws.client("iam").delete_role(RoleName="any")


def test_nothing_is_written(deployed: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a whole deployment, every call that is made is one that reads."""
    for name, value in deployed.aws.environment().items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "shop.yaml"
    file.write_text(json.dumps(shop(engine="auto")))
    session, calls = boto3.Session(), list[str]()
    session.events.register("before-call", lambda model, **_: calls.append(model.name))
    findings = list(examine(Examination(load(file), file, "test", session)))

    assert {"GetCallerIdentity", "ListDatasetGroups", "ListObjectsV2", "GetJob", "DescribeStacks"} <= set(calls)
    assert [] == [call for call in calls if not READS.match(call)]
    assert {"deployment", "Glue", "dataset groups", "subscribers"} <= {finding.check for finding in findings}


def test_an_account_without_the_pipeline_is_ready(aws: EmbeddedAWS, night: str) -> None:
    """Nothing is deployed, nothing is in the way, and what this AWS does not answer is a warning with its action."""
    # A region where no other test leaves dataset groups, which is bootstrapped for all that the doctor may know.
    region = "eu-west-1"
    with aws.in_environment():
        ssm = boto3.client("ssm", region)
    ssm.put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="21", Type="String", Overwrite=True)
    code, findings = found(aws, night, stage="else", region=region)

    assert 0 == code, findings
    assert "123456789012" in findings["credentials"][0]["seen"]
    assert [region] == [finding["seen"] for finding in findings["region"]]
    assert ["OK"] == levels(findings, "CDK bootstrap") == levels(findings, "names") == levels(findings, "deployment")
    assert "make deploy PIPELINE=night STAGE=else" in findings["deployment"][0]["seen"]
    assert ["warning"] == levels(findings, "Lambda concurrency")
    assert "lambda:GetAccountSettings" in findings["Lambda concurrency"][0]["remedy"]
    assert "0 of 50 used, 1 more needed" == findings["dataset groups"][0]["seen"]
    assert "raw data" not in findings


def test_names_that_are_taken_are_told(aws: EmbeddedAWS, night: str) -> None:
    """Log groups, schemas and state machines that no stack owns would break a deployment: each is named."""
    pipeline = parsed(name="night")
    schema = names.schema_name(pipeline, "left", "interactions")
    document = names.schema_document(pipeline, "interactions")
    aws.client("personalize").create_schema(name=schema, schema=document)
    aws.client("logs").create_log_group(logGroupName="/aws/lambda/night-left-publish")
    code, findings = found(aws, night, stage="left")

    assert 1 == code
    assert ["failure"] == levels(findings, "names")
    assert f"schema {schema}, log group /aws/lambda/night-left-publish" in findings["names"][0]["seen"]
    assert "STAGE" in findings["names"][0]["remedy"]


def test_a_full_account_is_told(aws: EmbeddedAWS, night: str) -> None:
    """Where dataset groups are used up the next deployment would fail; with one more granted it would not."""
    client = aws.client("personalize")
    describe = client.describe_dataset_group
    made = [client.create_dataset_group(name=f"filler-{number}")["datasetGroupArn"] for number in range(5)]
    pages = client.get_paginator("list_dataset_groups").paginate()
    used = sum(len(page["datasetGroups"]) for page in pages)
    told = {}
    for granted in (used, used + 1):
        allow_groups(aws, granted)
        told[granted] = found(aws, night, stage="full")
    allow_groups(aws, GROUPS)
    eventually(lambda: all(describe(datasetGroupArn=arn)["datasetGroup"]["status"] == "ACTIVE" for arn in made))
    for arn in made:
        client.delete_dataset_group(datasetGroupArn=arn)
    (full,), (free,) = (findings["dataset groups"] for _, findings in told.values())

    assert 1 == told[used][0]
    assert ("failure", f"{used} of {used} used, 1 more needed") == (full["level"], full["seen"])
    assert "Service Quotas" in full["remedy"]
    assert ("OK", f"{used} of {used + 1} used, 1 more needed") == (free["level"], free["seen"])


@pytest.mark.usefixtures("standing")
def test_a_deployment_that_waits_for_data(aws: EmbeddedAWS, night: str) -> None:
    """Without raw data a run would fail: where to upload is told; nobody subscribed is a warning."""
    code, findings = found(aws, night)

    assert 1 == code
    assert ["failure"] == levels(findings, "raw data")
    assert re.search(r"s3 cp --recursive <your folder> s3://\S+/raw/events/", findings["raw data"][0]["remedy"])
    assert ["warning"] == levels(findings, "subscribers")
    assert "aws sns subscribe --topic-arn arn:aws:sns:" in findings["subscribers"][0]["remedy"]
    for check, seen in (
        ("deployment", "workflow CREATE_COMPLETE"),
        ("schedule", "cron(0 3 * * ? *) UTC, ENABLED"),
        ("last run", "none yet"),
        ("dead letters", "none"),
    ):
        assert [("OK", True)] == [(each["level"], seen in each["seen"]) for each in findings[check]]


def test_what_went_wrong_since_is_told(aws: EmbeddedAWS, night: str, standing: dict[str, str]) -> None:
    """A disabled schedule, dead letters and a run that failed are warnings; data and a subscriber are seen."""
    aws.client("s3").put_object(Bucket=standing["BucketName"], Key="raw/events/1.csv", Body=b"user")
    aws.client("sqs").send_message(QueueUrl=standing["Queue"], MessageBody="{}")
    for _ in range(2):
        aws.client("sqs").send_message(QueueUrl=standing["AlertQueue"], MessageBody="{}")
    queue = aws.client("sqs").get_queue_attributes(QueueUrl=standing["Queue"], AttributeNames=["QueueArn"])
    aws.client("sns").subscribe(TopicArn=standing["TopicArn"], Protocol="sqs", Endpoint=queue["Attributes"]["QueueArn"])
    timer = aws.client("scheduler").get_schedule(Name="night-test")
    kept = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    aws.client("scheduler").update_schedule(State="DISABLED", **{key: timer[key] for key in kept})
    stepfunctions = aws.client("stepfunctions")
    failing = {"StartAt": "End", "States": {"End": {"Type": "Fail", "Error": "Mine"}}}
    stepfunctions.update_state_machine(stateMachineArn=standing["StateMachineArn"], definition=json.dumps(failing))
    run = stepfunctions.start_execution(stateMachineArn=standing["StateMachineArn"])["executionArn"]
    while "RUNNING" == stepfunctions.describe_execution(executionArn=run)["status"]:
        pass
    _, findings = found(aws, night)

    # Whether the account is bootstrapped, and how many dataset groups it has, depends on the tests before.
    failed = {check for check in findings if "failure" in levels(findings, check)}
    assert failed <= {"CDK bootstrap", "dataset groups"}
    assert ["OK"] == levels(findings, "raw data") == levels(findings, "subscribers")
    assert ["warning"] == levels(findings, "schedule") == levels(findings, "dead letters")
    assert "DISABLED" in findings["schedule"][0]["seen"]
    told = findings["dead letters"][0]["seen"]
    assert f"1 starts of the schedule failed: {standing['Queue']}" in told
    assert f"2 alerts of runs that were stopped or ran out of time failed: {standing['AlertQueue']}" in told
    (last,) = findings["last run"]
    assert ("warning", True) == (last["level"], last["seen"].startswith("FAILED, started 20"))
    assert run in last["seen"]


def test_a_deployment_that_was_not_finished_is_told(aws: EmbeddedAWS, night: str) -> None:
    """Where only the first stack is there, the missing ones are named."""
    stack(aws, "night-half-storage", {"T": {"Type": "AWS::SNS::Topic"}})
    code, findings = found(aws, night, stage="half")
    aws.client("cloudformation").delete_stack(StackName="night-half-storage")

    assert 1 == code
    assert "night-half-personalize, night-half-workflow not there" in findings["deployment"][0]["seen"]


def test_an_endpoint_that_does_not_answer_is_one_error(night: str) -> None:
    """Nothing listens: one line says so, names the variable, and no traceback follows."""
    done = invoke(
        "doctor", night, AWS_ENDPOINT_URL="http://localhost:1", AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x",
        AWS_REGION="eu-west-1", AWS_DEFAULT_REGION=None, AWS_PROFILE=None,
    )  # fmt: skip

    assert 1 == done.exit_code
    assert "AWS cannot be reached" in done.output
    assert "AWS_ENDPOINT_URL is http://localhost:1" in done.output
    assert "Traceback" not in done.output


def test_a_region_is_asked_for(night: str) -> None:
    """Without any region nothing else is looked at, and the variable to set is named."""
    done = invoke("doctor", night, "--json", AWS_REGION=None, AWS_DEFAULT_REGION=None, AWS_CONFIG_FILE="/nowhere")

    assert 1 == done.exit_code
    assert [("region", "failure")] == [
        (finding["check"], finding["level"]) for finding in json.loads(done.stdout)["findings"]
    ]
    assert "AWS_REGION" in done.stdout


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_either_variable_of_the_region_counts(aws: EmbeddedAWS, night: str, variable: str) -> None:
    """`doctor` and `run` take the region from AWS_REGION and from AWS_DEFAULT_REGION."""
    both = {"AWS_REGION": None, "AWS_DEFAULT_REGION": None, variable: "eu-central-1"}
    environment = {**aws.environment(), **both}
    examined = json.loads(invoke("doctor", night, "--json", **environment).stdout)
    run = invoke("run", night, "--stage", "nowhere", **environment)

    assert "eu-central-1" == examined["region"]
    assert "stack night-nowhere-storage cannot be read" in run.output


def test_a_stage_that_cannot_be_is_wrong_usage(night: str) -> None:
    """The exit code is 2, and the option is named."""
    done = invoke("doctor", night, "--stage", "Much-too-long")

    assert 2 == done.exit_code
    assert "--stage" in done.output


def test_the_table_ends_with_what_it_comes_to(aws: EmbeddedAWS, night: str) -> None:
    """For people there is a table, and a last line that counts."""
    done = invoke("doctor", night, "--stage", "else", **aws.environment())

    assert "Doctor: night-else in us-east-1" in done.output
    assert re.fullmatch(r"\d+ OK, \d+ warnings?, \d failures?.* Nothing was written\.", done.output.splitlines()[-1])
