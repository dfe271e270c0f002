"""An account of AWS in place of the embedded one: `pytest emulator/tests --aws` asks it what the emulation claims.

Only tests marked `aws` run then: they cost cents, name what they make by `unique`, and need no clock that runs fast.
The account is that of the environment's credentials (AWS_PROFILE, AWS_REGION). What the tests make there is deleted at
the end.
"""

import contextlib
import json
import os
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.tests.support import ROLE, ended, unique

_ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"})
_HOME = "us-east-1"


class Account:
    """A context manager with the one method that tests use of the embedded AWS, `client`."""

    def __init__(self) -> None:
        # boto3 reads AWS_DEFAULT_REGION only; every other SDK reads AWS_REGION first.
        self._session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        self._clients: dict[str, Any] = {}
        self._buckets: list[str] = []
        self._roles: list[str] = []
        self._machines: list[str] = []
        self.role = ""
        events = self._session.events
        events.register("before-parameter-build.s3.CreateBucket", self._bucket)
        events.register("before-parameter-build.iam.CreateRole", self._remember_role)
        events.register("before-parameter-build.sfn.CreateStateMachine", self._give_a_role)
        events.register("after-call.sfn.CreateStateMachine", self._remember_machine)

    def __enter__(self) -> Self:
        try:
            self._make_role()
        except BaseException:
            self._delete_everything()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._delete_everything()

    def client(self, service: str) -> Any:
        """Return the client of `service`, which shows every error at once."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, config=_ONCE)
        return self._clients[service]

    def _bucket(self, params: dict[str, Any], **_: Any) -> None:
        self._buckets.append(params["Bucket"])
        if self._session.region_name != _HOME:
            params["CreateBucketConfiguration"] = {"LocationConstraint": self._session.region_name}

    def _remember_role(self, params: dict[str, Any], **_: Any) -> None:
        self._roles.append(params["RoleName"])

    def _give_a_role(self, params: dict[str, Any], **_: Any) -> None:
        if params["roleArn"] == ROLE:
            params["roleArn"] = self.role

    def _remember_machine(self, parsed: dict[str, Any], **_: Any) -> None:
        if "stateMachineArn" in parsed:
            self._machines.append(parsed["stateMachineArn"])

    def _make_role(self) -> None:
        """Make the role of the tests' state machines, and wait until Step Functions knows it."""
        iam, name = self.client("iam"), unique("role")
        trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
        self.role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"]
        # What the tests' states do, with what `unique` has named; a list of buckets knows no resource.
        objects = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:*:s3:::bucket-*/*"}
        buckets = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:*:s3:::bucket-*"}
        others = {
            "Effect": "Allow",
            "Action": ["states:DescribeStateMachine", "states:DescribeExecution", "states:ListExecutions"],
            "Resource": "arn:*:states:*:*:*:machine-*",
        }
        listing = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
        policy = _document(objects, buckets, others, listing)
        iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=policy)
        retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "MaxAttempts": 10, "BackoffRate": 1}
        state = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:listBuckets", "Retry": [retry], "End": True}
        definition = {"QueryLanguage": "JSONata", "StartAt": "R", "States": {"R": state}}
        stepfunctions = self.client("stepfunctions")
        machine = stepfunctions.create_state_machine(
            name=unique("machine"), definition=json.dumps(definition), roleArn=self.role
        )["stateMachineArn"]
        done = ended(self, stepfunctions.start_execution(stateMachineArn=machine)["executionArn"])  # type: ignore[arg-type]  # has what it needs
        if done["status"] != "SUCCEEDED":
            raise RuntimeError(f"a state machine with the role of the tests failed: {done.get('cause')}")

    def _delete_everything(self) -> None:
        """Delete what was made; what cannot be deleted holds up nothing else, and its name says whose it is."""
        s3, iam, stepfunctions = self.client("s3"), self.client("iam"), self.client("stepfunctions")
        for machine in self._machines:
            with contextlib.suppress(ClientError):
                stepfunctions.delete_state_machine(stateMachineArn=machine)
        for bucket in self._buckets:
            with contextlib.suppress(ClientError):
                for item in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
                    s3.delete_object(Bucket=bucket, Key=item["Key"])
                s3.delete_bucket(Bucket=bucket)
        for role in self._roles:
            with contextlib.suppress(ClientError):
                for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
                    iam.delete_role_policy(RoleName=role, PolicyName=policy)
                iam.delete_role(RoleName=role)


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
