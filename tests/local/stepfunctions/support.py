"""What the tests of Step Functions need."""

from typing import Any

from local.server import EmbeddedAWS
from tests.local.support import unique

SDK = "arn:aws:states:::aws-sdk:"
NASTY = '\N{GRINNING FACE}a "quote", a \\backslash\\, a\nnewline and {% braces %}'


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
