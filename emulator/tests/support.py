"""What several tests of the embedded AWS need."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from embedded_aws.server import EmbeddedAWS

ROLE = "arn:aws:iam::123456789012:role/any"
"""A role of state machines and rules that may do everything: for tests about something else than permissions."""

_Found = TypeVar("_Found")


def unique(prefix: str) -> str:
    """Return a name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def eventually(question: Callable[[], _Found | None], *, deadline: float = 60) -> _Found:
    """Ask until the answer is true; fail after `deadline` real seconds."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"nothing came within {deadline} s")


def make_administrator(aws: EmbeddedAWS) -> None:
    """Create the role ROLE."""
    iam = aws.client("iam")
    iam.create_role(RoleName="any", AssumeRolePolicyDocument=trust("states.amazonaws.com", "events.amazonaws.com"))
    iam.attach_role_policy(RoleName="any", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def administrator(aws: EmbeddedAWS, service: str) -> str:
    """Create a role that a service may assume and that may do everything; return its ARN."""
    arn = role(aws, service)
    policy = "arn:aws:iam::aws:policy/AdministratorAccess"
    aws.client("iam").attach_role_policy(RoleName=arn.rpartition("/")[2], PolicyArn=policy)
    return arn


def admit(aws: EmbeddedAWS, queue_url: str, service: str) -> str:
    """Let a service send to a queue; return the queue's ARN."""
    sqs = aws.client("sqs")
    arn = str(sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])
    allow = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": policy})
    return arn


def trust(*services: str) -> str:
    """Return a trust policy that lets services assume a role."""
    allow = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def role(aws: EmbeddedAWS, service: str) -> str:
    """Create a role that `service` may assume; return its ARN."""
    created = aws.client("iam").create_role(RoleName=unique("role"), AssumeRolePolicyDocument=trust(service))
    return str(created["Role"]["Arn"])


def machine(aws: EmbeddedAWS, states: Mapping[str, Any], **fields: Any) -> str:
    """Create a JSONata state machine that starts at its first state; return its ARN."""
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **fields}
    created = aws.client("stepfunctions").create_state_machine(
        name=unique("machine"), definition=json.dumps(definition), roleArn=ROLE
    )
    return str(created["stateMachineArn"])


def ended(aws: EmbeddedAWS, execution_arn: str) -> dict[str, Any]:
    """Wait for an execution's end and return its description, with the output parsed."""
    client = aws.client("stepfunctions")

    def finished() -> dict[str, Any] | None:
        description: dict[str, Any] = client.describe_execution(executionArn=execution_arn)
        return None if description["status"] == "RUNNING" else description

    description = eventually(finished)
    if "output" in description:
        description["output"] = json.loads(description["output"])
    return description


def run(aws: EmbeddedAWS, states: Mapping[str, Any], value: Any = None, **fields: Any) -> dict[str, Any]:
    """Run a machine of these states on an input and return the ended execution's description."""
    execution = aws.client("stepfunctions").start_execution(
        stateMachineArn=machine(aws, states, **fields), input=json.dumps({} if value is None else value)
    )
    return ended(aws, execution["executionArn"])


def output(aws: EmbeddedAWS, states: Mapping[str, Any], value: Any = None, **fields: Any) -> Any:
    """Run a machine that must succeed and return its output."""
    description = run(aws, states, value, **fields)
    assert description["status"] == "SUCCEEDED", description
    return description["output"]
