"""The one place where every failure ends: written down, told, and the cause of the execution's end.

Nothing in it can hide the failure that led here: if writing or telling fails, the execution still fails for the first
reason.
"""

from __future__ import annotations

from stacks.states import retries
from stacks.states.asl import State, States, catch_all, jsonata, sdk

FIRST_STATE = "Collect failures"

_SENTENCE = (
    "$map($failures, function($f) {"
    " $f.state & ($exists($f.solution) ? ' (' & $f.solution & ($exists($f.job) ? '/' & $f.job : '') & ')' : '')"
    " & ': ' & $f.error & ': ' & $f.reason & ($exists($f.arn) ? ' [' & $f.arn & ']' : '') })"
)
"""One sentence per failure: state, solution and job, error, the service's reason, ARN."""


def states() -> States:
    """Return the fragment; it reads ``$failures``, a list of what ``job.caught`` and ``Job`` put together."""
    return {
        FIRST_STATE: {
            "Type": "Pass",
            "Comment": "Put the reasons of all failures into one text.",
            "Assign": {
                "cause": jsonata(f"'Run ' & $run & ' failed. ' & $join([{_SENTENCE}], '; ')"),
                # Names that begin so belong to the language; an execution must not end with one.
                "error": jsonata("$replace($failures[0].error, /^States[.]/, '')"),
            },
            "Next": "Record failure",
        },
        "Record failure": _record(),
        "Notify failure": _notify(),
        "Failed": {
            "Type": "Fail",
            "Comment": "The cause holds what failed and the reason that the service gave.",
            "Error": jsonata("$error"),
            "Cause": jsonata("$substring($cause, 0, 32000)"),
        },
    }


def _record() -> State:
    return {
        "Type": "Task",
        "Comment": "Write runs/<run>/failure.json.",
        "Resource": sdk("s3", "PutObject"),
        "Arguments": {
            "Bucket": "${Bucket}",
            "Key": jsonata("'runs/' & $run & '/failure.json'"),
            "ContentType": "application/json",
            "Body": {
                "run": jsonata("$run"),
                "pipeline": "${Pipeline}",
                "stage": "${Stage}",
                "execution": jsonata("$states.context.Execution.Id"),
                "cause": jsonata("$cause"),
                "failures": jsonata("[$failures]"),
            },
        },
        "Retry": retries.AWS_CALL,
        "Catch": catch_all("Notify failure"),
        "Next": "Notify failure",
    }


def _notify() -> State:
    link = (
        "'https://${Region}.console.aws.amazon.com/states/home?region=${Region}#/v2/executions/details/' "
        "& $states.context.Execution.Id"
    )
    return {
        "Type": "Task",
        "Comment": "Tell the on-call person, with the reason and the way to the execution.",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {
            "TopicArn": "${TopicArn}",
            "Subject": jsonata("$substring('${Prefix}: run ' & $run & ' failed', 0, 100)"),
            "Message": jsonata(
                "$substring($cause, 0, 200000) & '\\n\\nExecution: ' & "
                f"{link} & '\\nRecord: s3://${{Bucket}}/runs/' & $run & '/failure.json'"
            ),
        },
        "Retry": retries.AWS_CALL,
        "Catch": catch_all("Failed"),
        "Next": "Failed",
    }
