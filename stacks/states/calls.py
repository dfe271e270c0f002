"""Calls of other services that several fragments make: JSON in the bucket, and messages on the topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stacks.states import retries
from stacks.states.asl import State, catch_all, jsonata, sdk
from stacks.states.job import caught

if TYPE_CHECKING:
    from collections.abc import Mapping

_ABSENT = "S3.NoSuchKeyException"


@dataclass(frozen=True)
class Absent:
    """Where a read goes on if there is no such object yet, and which variables it sets."""

    next: str
    assign: Mapping[str, Any] | None = None


def read_json(
    key: str,
    *,
    comment: str,
    resource: str,
    assign: Mapping[str, Any],
    next_state: str,
    on_failure: str,
    failure_variable: str = "failure",
    absent: Absent | None = None,
) -> State:
    """Return a state that reads an object of the bucket; it passes nothing on but variables.

    Args:
        key: the object's key, or JSONata of it.
        comment: of the state.
        resource: what the object is called in a failure.
        assign: variables; the text is ``$states.result.Body``.
        next_state: the state after it, which reads the variables.
        on_failure: the state after a failure, which reads ``failure_variable``.
        failure_variable: variable of what went wrong.
        absent: what to do without the object; left out: that is a failure.
    """
    # To ask again would find nothing again.
    retry = [{"ErrorEquals": [_ABSENT], "MaxAttempts": 0}] if absent else []
    catch = [{"ErrorEquals": [_ABSENT], **_assign(absent.assign), "Output": {}, "Next": absent.next}] if absent else []
    return {
        "Type": "Task",
        "Comment": comment,
        "Resource": sdk("s3", "GetObject"),
        "Arguments": {"Bucket": "${Bucket}", "Key": key},
        "Retry": [*retry, *retries.AWS_CALL],
        "Catch": [*catch, *caught(resource, go_to=on_failure, variable=failure_variable)],
        "Assign": dict(assign),
        "Output": {},
        "Next": next_state,
    }


def write_json(key: str, body: Any, *, comment: str, catch: list[State] | None = None, **end: Any) -> State:
    """Return a state that writes an object to the bucket and passes nothing on.

    Args:
        key: the object's key, or JSONata of it.
        body: its content; parts of it may be JSONata.
        comment: of the state.
        catch: what to do if it cannot be written.
        end: ``Next`` or ``End``.
    """
    return {
        "Type": "Task",
        "Comment": comment,
        "Resource": sdk("s3", "PutObject"),
        "Arguments": {"Bucket": "${Bucket}", "Key": key, "ContentType": "application/json", "Body": body},
        "Retry": retries.AWS_CALL,
        **({"Catch": catch} if catch else {}),
        "Output": {},
        **end,
    }


def notify(what: str, message: str, *, comment: str, next_state: str) -> State:
    """Return a state that tells the topic's subscribers; a message that cannot be sent changes nothing.

    Args:
        what: what became of the run, for the subject.
        message: JSONata of the text.
        comment: of the state.
        next_state: goes on, told or not.
    """
    return {
        "Type": "Task",
        "Comment": comment,
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {
            "TopicArn": "${TopicArn}",
            "Subject": jsonata(f"$substring('${{Prefix}}: run ' & $run & ' {what}', 0, 100)"),
            "Message": jsonata(message),
        },
        "Retry": retries.AWS_CALL,
        "Catch": catch_all(next_state),
        "Output": {},
        "Next": next_state,
    }


def console_link(execution: str) -> str:
    """Return JSONata of the console's page of an execution; ``execution`` is JSONata of its ARN."""
    page = "https://${Region}.console.aws.amazon.com/states/home?region=${Region}#/v2/executions/details/"
    return f"'{page}' & {execution}"


def _assign(variables: Mapping[str, Any] | None) -> State:
    return {"Assign": dict(variables)} if variables else {}
