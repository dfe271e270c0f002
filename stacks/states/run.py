"""The whole run, from the input to the notification.

    Begin run → is the input valid? → resolve input → data.states() → solutions → manifest → notify
    any failure → failure.states()

``${Name}`` in a definition is filled in by CloudFormation with what the stacks made.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spec import names
from spec.batch import batch_plans
from spec.limits import MAX_BATCH_JOBS_IN_PROGRESS
from stacks.states import data, failure, retries
from stacks.states.asl import State, States, catch_all, jsonata, machine, sdk
from stacks.states.job import caught
from stacks.states.solution import solutions_map

if TYPE_CHECKING:
    from spec.pipeline import Pipeline

_FUNCTIONS_SECONDS = 3 * 3600
"""Transform and publishing with all their retries."""

_COMMENTS = ("comment", "Comment")
"""Keys of the input that say nothing to the run; the console offers the second one."""


def definition(pipeline: Pipeline, stage: str, *, spec_hash: str) -> dict[str, Any]:
    """Return the state machine of a pipeline.

    Args:
        pipeline: the pipeline file.
        stage: part of every name.
        spec_hash: hash of the pipeline, for the manifest.
    """
    timeouts = pipeline.timeouts
    states: States = {
        **_input_states(pipeline, stage),
        **data.states(pipeline, next_state="Solutions", on_failure="Run failed", on_failures=failure.FIRST_STATE),
        "Solutions": solutions_map(timeouts, next_state="Write manifest", on_failure="Run failed"),
        "Write manifest": _manifest(spec_hash),
        **_end_states(),
        **failure.states(),
    }
    comment = f"{pipeline.description or pipeline.name}. Start it with {{}}."
    return machine(states, start="Begin run", comment=comment, timeout_seconds=_whole_timeout(pipeline))


def _whole_timeout(pipeline: Pipeline) -> int:
    """Return seconds above the sum of all parts, so that a job's own timeout, which explains itself, comes first."""
    timeouts = pipeline.timeouts
    batch = max(timeouts.batch_inference, timeouts.batch_segment)
    waves = max(math.ceil(len(batch_plans(solution)) / MAX_BATCH_JOBS_IN_PROGRESS) for solution in pipeline.solutions)
    jobs = [timeouts.import_, timeouts.solution, timeouts.training, *([batch] * waves)]
    waits = sum(job.total_seconds() for job in jobs) + len(jobs) * retries.LONGEST_CREATE
    return int(waits) + _FUNCTIONS_SECONDS


def _input_states(pipeline: Pipeline, stage: str) -> States:
    known = [solution.name for solution in pipeline.solutions]
    allowed = ["solutions", *_COMMENTS]
    run_id = (
        "$replace($substring($states.context.Execution.StartTime, 0, 19), /[-:]/, '')"
        " & '-' & $substring($hash($states.context.Execution.Name, 'SHA-256'), 0, 6)"
    )
    unknown_keys = f"$keys($states.input)[$not($ in {allowed})]"
    unknown_solutions = f"$states.input.solutions[$not($ in {known})]"
    return {
        "Begin run": {
            "Type": "Pass",
            "Comment": "The run id: start time and a few characters of the execution's name. Every name carries it.",
            "Assign": {"run": jsonata(run_id), "known": _plans(pipeline, stage)},
            "Next": "Is the input valid?",
        },
        "Is the input valid?": {
            "Type": "Choice",
            "Comment": f"{{}} runs everything; {{'solutions': […]}} runs some of {', '.join(known)}.",
            "Choices": [
                _refuse("$type($states.input) != 'object'", "'The input is not an object'"),
                _refuse(f"$exists({unknown_keys})", f"'Unknown in the input: ' & $join({unknown_keys}, ', ')"),
                _refuse(
                    f"$exists({unknown_solutions})",
                    f"'Unknown solutions: ' & $join([{unknown_solutions}.$string()], ', ')",
                ),
                _refuse(
                    "$exists($states.input.solutions) and $count($states.input.solutions) = 0",
                    "'The list of solutions is empty'",
                ),
            ],
            "Default": "Resolve input",
        },
        "Input refused": {
            "Type": "Pass",
            "Comment": "Say what is allowed.",
            "Assign": {
                "failure": {
                    "state": "Is the input valid?",
                    "error": "InvalidInput",
                    "reason": jsonata(f"$refusal & '. Allowed: {{}}, or solutions with some of {', '.join(known)}'"),
                }
            },
            "Next": "Run failed",
        },
        "Resolve input": {
            "Type": "Pass",
            "Comment": "The solutions of this run.",
            "Assign": {
                "plans": jsonata(
                    "$exists($states.input.solutions) ? [$known[name in $states.input.solutions]] : $known"
                )
            },
            "Next": data.FIRST_STATE,
        },
    }


def _refuse(condition: str, text: str) -> dict[str, Any]:
    return {"Condition": jsonata(condition), "Assign": {"refusal": jsonata(text)}, "Next": "Input refused"}


def _plans(pipeline: Pipeline, stage: str) -> list[dict[str, Any]]:
    return [
        {
            "name": solution.name,
            "resource": names.solution_name(pipeline.name, stage, solution),
            "config": names.solution_config(solution),
            "jobs": batch_plans(solution),
        }
        for solution in pipeline.solutions
    ]


def _manifest(spec_hash: str) -> State:
    arn = "{'import_job_arn': import_job_arn}"
    body = {
        "run": jsonata("$run"),
        "pipeline": "${Pipeline}",
        "stage": "${Stage}",
        "spec_hash": spec_hash,
        "execution": jsonata("$states.context.Execution.Id"),
        "status": jsonata("'FAILED' in $solutions.status ? 'FAILED' : 'SUCCEEDED'"),
        "started": jsonata("$states.context.Execution.StartTime"),
        "finished": jsonata("$now()"),
        "engine": jsonata("$report.engine"),
        "warnings": jsonata("$report.warnings"),
        "datasets": jsonata(f"[$report.datasets.($name := dataset; $merge([$, $imports[dataset = $name].{arn}]))]"),
        "batch_inputs": jsonata("$report.batch_inputs"),
        "solutions": jsonata("$solutions"),
    }
    return {
        "Type": "Task",
        "Comment": "Write runs/<run>/manifest.json: what went in, what was made of it, where the results are.",
        "Resource": sdk("s3", "PutObject"),
        "Arguments": {
            "Bucket": "${Bucket}",
            "Key": jsonata("'runs/' & $run & '/manifest.json'"),
            "ContentType": "application/json",
            "Body": body,
        },
        "Retry": retries.AWS_CALL,
        "Catch": caught("manifest", go_to="Run failed"),
        "Output": {},
        "Next": "Did everything succeed?",
    }


def _end_states() -> States:
    return {
        "Did everything succeed?": {
            "Type": "Choice",
            "Comment": "One failed job makes the run fail, with what succeeded published.",
            "Choices": [{"Condition": jsonata("'FAILED' in $solutions.status"), "Next": "Solutions failed"}],
            "Default": "Notify success",
        },
        "Notify success": {
            "Type": "Task",
            "Comment": "Tell who subscribed to the topic.",
            "Resource": "arn:aws:states:::sns:publish",
            "Arguments": {
                "TopicArn": "${TopicArn}",
                "Subject": jsonata("$substring('${Prefix}: run ' & $run & ' succeeded', 0, 100)"),
                "Message": jsonata("'Manifest: s3://${Bucket}/runs/' & $run & '/manifest.json'"),
            },
            "Retry": retries.AWS_CALL,
            "Catch": catch_all("Succeeded"),
            "Next": "Succeeded",
        },
        "Succeeded": {
            "Type": "Succeed",
            "Comment": "The results are in the bucket.",
            "Output": {
                "run": jsonata("$run"),
                "manifest": jsonata("'s3://${Bucket}/runs/' & $run & '/manifest.json'"),
            },
        },
        "Solutions failed": {
            "Type": "Pass",
            "Comment": "Collect the failures of all solutions and jobs.",
            "Assign": {
                "failures": jsonata(
                    "[$solutions.failure, $solutions.batch_inference.failure, $solutions.batch_segment.failure]"
                )
            },
            "Next": failure.FIRST_STATE,
        },
        "Run failed": {
            "Type": "Pass",
            "Comment": "A failure before or after the solutions.",
            "Assign": {"failures": [jsonata("$failure")]},
            "Next": failure.FIRST_STATE,
        },
    }
