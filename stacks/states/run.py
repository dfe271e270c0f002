"""The whole run, from the input to the notification.

    Begin run → is the input valid? → resolve input → transform → data gate → import → solutions → manifest → notify
    any failure → failure.states()

``${Name}`` in a definition is filled in by CloudFormation with what the stacks made.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spec import names
from spec.compiler import interactions_mapping
from spec.limits import MAX_BATCH_JOBS_IN_PROGRESS, MIN_INTERACTIONS, MIN_SHARE_OF_USERS_WITH_TWO, MIN_USERS_WITH_TWO
from spec.resources import DATASET_IMPORT_JOB
from stacks.states import failure, retries
from stacks.states.asl import State, States, catch_all, jsonata, machine, sdk
from stacks.states.job import Job, caught
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
        **_transform_states(pipeline),
        **_gate_states(pipeline.max_rejected),
        **_import_job(pipeline).states(),
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
    waves = max(
        math.ceil(len(solution.batch_inference) / MAX_BATCH_JOBS_IN_PROGRESS) for solution in pipeline.solutions
    )
    jobs = [timeouts.import_, timeouts.solution, timeouts.training, *([timeouts.batch_inference] * waves)]
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
            "Next": "Transform",
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
            "batch_inference": [{"name": job.name, "num_results": job.num_results} for job in solution.batch_inference],
        }
        for solution in pipeline.solutions
    ]


def _transform_states(pipeline: Pipeline) -> States:
    inputs = "[$plans.($p := $; $p.batch_inference.('batch/' & $run & '/' & $p.name & '/' & name & '/input/'))]"
    mapping = interactions_mapping(pipeline.datasets.interactions)
    return {
        "Transform": {
            "Type": "Task",
            "Comment": "Raw data to interactions and batch input; every row is out, filtered or rejected.",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {
                "FunctionName": "${TransformFunctionArn}",
                "Payload": {
                    "bucket": "${Bucket}",
                    "run": jsonata("$run"),
                    "mapping": mapping.model_dump(mode="json"),
                    "batch_inputs": jsonata(inputs),
                },
            },
            "Retry": retries.INVOKE,
            "Catch": caught("interactions", go_to="Run failed"),
            "Assign": {"report": jsonata("$states.result.Payload")},
            "Output": jsonata("$states.result.Payload"),
            "Next": "Data gate",
        },
    }


def _gate_states(max_rejected: float) -> States:
    report = "$report"
    share = f"{report}.rows_rejected / {report}.rows_in"
    findings = [
        f"{report}.rows_in = 0 ? 'the raw data holds no rows'",
        (
            f"{report}.rows_in > 0 and {share} > {max_rejected} ? "
            f"$string({report}.rows_rejected) & ' of ' & $string({report}.rows_in) & ' rows (' "
            f"& $string($round(100 * {share}, 1)) & ' %) were rejected, more than the {100 * max_rejected:g} % of "
            f"max_rejected; most frequent reason: ' & {report}.reasons[0].reason & ' (' "
            f"& $string({report}.reasons[0].rows) & ' rows); see ' & {report}.rejects"
        ),
        (
            f"{report}.rows_out < {MIN_INTERACTIONS} ? $string({report}.rows_out) & ' interactions remain of ' "
            f"& $string({report}.rows_in) & ' rows, but Personalize needs {MIN_INTERACTIONS}'"
        ),
        (
            f"{report}.users_with_two < {MIN_USERS_WITH_TWO} ? $string({report}.users_with_two) & "
            f"' users have two interactions or more, but Personalize needs {MIN_USERS_WITH_TWO}'"
        ),
        (
            f"{report}.users_with_two < {MIN_SHARE_OF_USERS_WITH_TWO} * {report}.users ? "
            f"'fewer than {100 * MIN_SHARE_OF_USERS_WITH_TWO:g} % of the users have two interactions or more'"
        ),
    ]
    importing = f"Create {DATASET_IMPORT_JOB.label}"
    return {
        "Data gate": {
            "Type": "Pass",
            "Comment": "What Personalize would refuse, and too many rejects, are found before anything is paid.",
            "Assign": {"gate": jsonata("[" + ", ".join(f"({finding})" for finding in findings) + "]")},
            "Next": "Is the data good?",
        },
        "Is the data good?": {
            "Type": "Choice",
            "Comment": "Nothing is imported unless every check holds.",
            "Choices": [{"Condition": jsonata("$count($gate) > 0"), "Next": "Data refused"}],
            "Default": importing,
        },
        "Data refused": {
            "Type": "Pass",
            "Comment": "Say which checks failed; earlier results stay as they are.",
            "Assign": {
                "failure": {
                    "state": "Data gate",
                    "error": "DataRefused",
                    "reason": jsonata("$join($gate, '; ')"),
                }
            },
            "Next": "Run failed",
        },
    }


def _import_job(pipeline: Pipeline) -> Job:
    return Job(
        kind=DATASET_IMPORT_JOB,
        name="'${Prefix}-interactions-' & $run",
        arguments={
            "DatasetArn": "${DatasetArn}",
            "DataSource": {"DataLocation": jsonata("$report.location")},
            "RoleArn": "${ServiceRoleArn}",
            "ImportMode": "FULL",
        },
        timeout=pipeline.timeouts.import_,
        next="Solutions",
        on_failure="Run failed",
    )


def _manifest(spec_hash: str) -> State:
    body = {
        "run": jsonata("$run"),
        "pipeline": "${Pipeline}",
        "stage": "${Stage}",
        "spec_hash": spec_hash,
        "execution": jsonata("$states.context.Execution.Id"),
        "status": jsonata("'FAILED' in $solutions.status ? 'FAILED' : 'SUCCEEDED'"),
        "started": jsonata("$states.context.Execution.StartTime"),
        "finished": jsonata("$now()"),
        "datasets": [jsonata("$merge([$report, {'import_job_arn': $datasetImportJob.arn}])")],
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
            "Assign": {"failures": jsonata("[$solutions.failure, $solutions.batch_inference.failure]")},
            "Next": failure.FIRST_STATE,
        },
        "Run failed": {
            "Type": "Pass",
            "Comment": "A failure before or after the solutions.",
            "Assign": {"failures": [jsonata("$failure")]},
            "Next": failure.FIRST_STATE,
        },
    }
