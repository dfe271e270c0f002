"""The sample policies of docs/policies: each lets a role do its job on a deployed pipeline, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from cli.deployment import deploy
from cli.follow import Follower
from cli.main import app
from definition.paths import ROOT
from definition.plan import names
from embedded_aws.environment import ACCOUNT_ID, REGION
from emulator.tests.iam.support import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Rig

POLICIES = ROOT / "docs" / "policies"
DENIED = {"AccessDenied", "AccessDeniedException", "403"}


class Person(Role):
    """A role that has one of the sample policies, made out for the rig's pipeline."""

    def __init__(self, rig: Rig, policy: str) -> None:
        text = (POLICIES / f"{policy}.json").read_text()
        for sample, own in (("movielens-dev", "shop-test"), ("BUCKET", rig.deployment.bucket)):
            text = text.replace(sample, own)
        super().__init__(rig.aws, *json.loads(text)["Statement"])
        self.rig = rig

    def environment(self) -> dict[str, str]:
        """Return the variables with which programs call as this person."""
        keys = self.keys()
        return self.rig.aws.environment() | {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }


def refused(person: Person, *but: str) -> None:
    """Check that a person may do none of these, but for those that are named."""
    rig, bucket = person.rig, person.rig.deployment.bucket
    machine = rig.deployment.state_machine_arn
    s3, states = person.client("s3"), person.client("stepfunctions")
    execution = f"{machine.replace(':stateMachine:', ':execution:')}:any"
    calls = {
        "put raw": lambda: s3.put_object(Bucket=bucket, Key="raw/elsewhere/x", Body=b""),
        "get raw": lambda: s3.get_object(Bucket=bucket, Key="raw/events/part.csv"),
        "put curated": lambda: s3.put_object(Bucket=bucket, Key="curated/x", Body=b""),
        "get curated": lambda: s3.get_object(Bucket=bucket, Key="curated/table"),
        "get rejects": lambda: s3.get_object(Bucket=bucket, Key="rejects/x"),
        "put run": lambda: s3.put_object(Bucket=bucket, Key="runs/elsewhere.json", Body=b""),
        "delete raw": lambda: s3.delete_object(Bucket=bucket, Key="raw/events/part.csv"),
        "list": lambda: s3.list_objects_v2(Bucket=bucket),
        "list raw": lambda: s3.list_objects_v2(Bucket=bucket, Prefix="raw/"),
        "list curated": lambda: s3.list_objects_v2(Bucket=bucket, Prefix="curated/"),
        "start": lambda: states.start_execution(stateMachineArn=machine, input="[]"),
        "start alert": lambda: states.start_execution(stateMachineArn=names.alert_name(machine)),
        "stop": lambda: states.stop_execution(executionArn=execution),
        "update": lambda: states.update_state_machine(stateMachineArn=machine, definition="{}"),
        "personalize": lambda: person.client("personalize").list_solutions(),
        "invoke": lambda: person.client("lambda").invoke(FunctionName="shop-test-transform"),
        "stacks": lambda: person.client("cloudformation").describe_stacks(StackName="shop-test-workflow"),
        "delete stack": lambda: person.client("cloudformation").delete_stack(StackName="shop-test-workflow"),
        "assume": lambda: person.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/cdk-hnb659fds-deploy-role-{ACCOUNT_ID}-{REGION}",
            RoleSessionName="me",
        ),
    }
    assert set(but) == {name for name, call in calls.items() if allowed(call)}


def allowed(call: Callable[[], Any]) -> bool:
    """Make a call; say whether its caller was allowed it, whatever else came of it."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"] not in DENIED
    return True


@pytest.fixture
def filled(rig: Rig) -> Rig:
    """The deployed shop, with an object of raw data and one among the tables."""
    rig.put_raw("events/part.csv", "user,item,at\n")
    rig.aws.client("s3").put_object(Bucket=rig.deployment.bucket, Key="curated/table", Body=b"rows")
    return rig


def test_an_uploader_puts_raw_data(filled: Rig, tmp_path: Path) -> None:
    """Small objects, and large ones in parts."""
    person = Person(filled, "uploader")
    large = tmp_path / "large"
    large.write_bytes(b"x" * (9 << 20))
    person.client("s3").upload_file(str(large), filled.deployment.bucket, "raw/elsewhere/large")

    assert ["raw/elsewhere/large"] == filled.keys("raw/elsewhere/")
    refused(person, "put raw")


def test_a_reader_reads_tables(filled: Rig) -> None:
    """Tables are listed and read, nothing else is."""
    person = Person(filled, "reader")
    s3, bucket = person.client("s3"), filled.deployment.bucket
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="curated/")["Contents"]

    assert "curated/table" in {item["Key"] for item in listed}
    assert b"rows" == s3.get_object(Bucket=bucket, Key="curated/table")["Body"].read()
    refused(person, "get curated", "list curated")


def test_a_starter_starts_follows_and_goes_on(filled: Rig) -> None:
    """A run that fails is started, followed by its history, and redriven; no other machine is."""
    person = Person(filled, "starter")
    states, machine = person.client("stepfunctions"), filled.deployment.state_machine_arn
    arn = states.start_execution(stateMachineArn=machine)["executionArn"]
    follower = Follower(states, arn)
    filled.wait_until(lambda: follower.finished() is not None)

    assert "Transform" in {progress.state for progress in follower.progress()}
    assert arn in {each["executionArn"] for each in states.list_executions(stateMachineArn=machine)["executions"]}
    states.redrive_execution(executionArn=arn)
    filled.wait_until(lambda: states.describe_execution(executionArn=arn)["status"] == "FAILED")
    refused(person, "start", "stacks")


def test_a_deployer_deploys(filled: Rig, aws: EmbeddedAWS, tmp_path: Path) -> None:
    """The CDK's own command line, which takes seconds, works in the bootstrap's roles; the keys alone may little."""
    person = Person(filled, "deployer")
    file, said = tmp_path / "shop.yaml", []
    file.write_text(json.dumps(_document(filled)))
    deploy(file, "test", environment=person.environment(), say=said.append)

    assert [line for line in said if "shop-test-workflow" in line and "✅" in line], said
    assert [role["RoleName"] for role in aws.client("iam").list_roles()["Roles"] if "cdk-hnb659fds" in role["RoleName"]]
    refused(person, "stacks", "assume")


def test_an_eraser_erases(filled: Rig) -> None:
    """The whole command works under the policy, raw data included; nobody else's objects are written or deleted."""
    person = Person(filled, "eraser")
    filled.put_raw("events/part.csv", "user,item,at\nu1,A,1700000000\nu2,A,1700000000\n")
    s3, bucket = filled.aws.client("s3"), filled.deployment.bucket
    s3.put_object(Bucket=bucket, Key="batch/r/s/j/input/users-00000.json", Body=b'{"userId":"u1"}\n')
    file = Path(filled.assembly).parent / f"{filled.pipeline.name}.yaml"
    arguments = ["forget", str(file), "u1", "--stage", "test", "--raw", "--yes"]
    done = CliRunner().invoke(app, arguments, env=person.environment())

    assert 0 == done.exit_code, done.output
    assert b"user,item,at\nu2,A,1700000000\n" == filled.read("raw/events/part.csv")
    assert b"" == filled.read("batch/r/s/j/input/users-00000.json")
    reads = ("get raw", "get curated", "get rejects", "list", "list raw", "list curated")
    refused(person, *reads, "put raw", "delete raw", "put curated", "put run", "stacks")


def _document(rig: Rig) -> dict[str, Any]:
    """Return the shop's file with another description; durations are spelled as files spell them."""
    document: dict[str, Any] = rig.pipeline.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return document | {"timeouts": dict.fromkeys(document["timeouts"], "30m"), "description": "Deployed by a deployer"}
