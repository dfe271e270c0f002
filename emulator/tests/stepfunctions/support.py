"""What the tests of Step Functions need."""

import json
from collections.abc import Mapping
from typing import Any

from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import ended, eventually, machine, unique

SDK = "arn:aws:states:::aws-sdk:"
NASTY = '\N{GRINNING FACE}a "quote", a \\backslash\\, a\nnewline and {% braces %}'
FAIL = {"F": {"Type": "Fail", "Error": "Mine", "Cause": "always"}}


def pass_state(**fields: Any) -> dict[str, Any]:
    """Return a last Pass state."""
    return {"Type": "Pass", "End": True} | fields


def task(resource: str, arguments: Any = None, **fields: Any) -> dict[str, Any]:
    """Return a Task state that calls an AWS SDK integration, the last one unless it has a Next."""
    return (
        {
            "Type": "Task",
            "Resource": SDK + resource,
            "Arguments": {} if arguments is None else arguments,
        }
        | ({"End": True} if "Next" not in fields else {})
        | fields
    )


def bucket(aws: EmbeddedAWS) -> str:
    """Create a bucket and return its name."""
    name = unique("bucket")
    aws.client("s3").create_bucket(Bucket=name)
    return name


def history(aws: EmbeddedAWS, execution_arn: str) -> list[dict[str, Any]]:
    """Return all events of an execution."""
    pages = aws.client("stepfunctions").get_paginator("get_execution_history")
    return [event for page in pages.paginate(executionArn=execution_arn) for event in page["events"]]


def queue(aws: EmbeddedAWS) -> str:
    """Create a queue, for what happened how often, and return its URL."""
    return str(aws.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"])


def send(queue_url: str, text: str, **fields: Any) -> dict[str, Any]:
    """Return a Task state that sends a message and passes its input on."""
    arguments = {"QueueUrl": queue_url, "MessageBody": text}
    return task("sqs:sendMessage", arguments, Output="{% $states.input %}", **fields)


def received(aws: EmbeddedAWS, queue_url: str) -> list[str]:
    """Take all messages out of a queue; return their texts, sorted."""
    sqs = aws.client("sqs")
    texts = []
    while messages := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            texts.append(message["Body"])
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(texts)


def only_after_a_redrive(**fields: Any) -> dict[str, Any]:
    """Return a Pass state that fails at first, and after a redrive passes its input on."""
    condition = "$states.context.Execution.RedriveCount > 0"
    output = f"{{% {condition} ? $states.input : $error('not yet') %}}"
    return {"Type": "Pass", "Output": output} | ({} if "Next" in fields else {"End": True}) | fields


def start(aws: EmbeddedAWS, states: Mapping[str, Any], value: Any = None, **fields: Any) -> str:
    """Start a machine of these states; return the execution's ARN."""
    arn = machine(aws, states, **fields)
    started = aws.client("stepfunctions").start_execution(stateMachineArn=arn, input=json.dumps(value or {}))
    return str(started["executionArn"])


def redriven(aws: EmbeddedAWS, execution_arn: str) -> dict[str, Any]:
    """Redrive an execution and return its description once it has ended again."""
    aws.client("stepfunctions").redrive_execution(executionArn=execution_arn)
    return ended(aws, execution_arn)


def entered(aws: EmbeddedAWS, execution_arn: str, event_type: str, *, times: int = 1) -> None:
    """Wait until an execution's history has so many events of a type."""
    eventually(lambda: [event["type"] for event in history(aws, execution_arn)].count(event_type) >= times)


def stopped(aws: EmbeddedAWS, execution_arn: str, *, after: str, times: int = 1) -> dict[str, Any]:
    """Stop an execution once its history has so many events of a type; return its description."""
    entered(aws, execution_arn, after, times=times)
    aws.client("stepfunctions").stop_execution(executionArn=execution_arn)
    return ended(aws, execution_arn)


def map_state(items: Any, states: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an inline Map state, the last one unless it has a Next; its iterations start at the first state."""
    processor = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": next(iter(states)), "States": states}
    end = {} if "Next" in fields else {"End": True}
    return {"Type": "Map", "Items": items, "ItemProcessor": processor, **end, **fields}


def parallel(*branches: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a Parallel state, the last one unless it has a Next; its branches start at their first state."""
    end = {} if "Next" in fields else {"End": True}
    listed = [{"StartAt": next(iter(states)), "States": states} for states in branches]
    return {"Type": "Parallel", "Branches": listed, **end, **fields}
