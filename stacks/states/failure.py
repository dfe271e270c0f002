"""The one place where every failure ends: written down, told, and the cause of the execution's end.

Nothing in it can hide the failure that led here: if writing or telling fails, the execution still fails for the first
reason.

The last state fails by answering its own task token. A Fail state would be entered again by a redrive and fail again;
this one, redriven, resumes the run.
Sources: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html and
https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition import layout
from definition.contract.manifest import FailureRecord
from stacks.states import events, report
from stacks.states.asl import REDRIVES, State, States, catch_all, document, jsonata, sdk
from stacks.states.calls import console_link, notify, write_json
from stacks.states.retries import OUT_OF_BOUNDS

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

FIRST_STATE = "Collect failures"

_GO_ON = "GoOn"

_SENTENCE = (
    "$map($failures, function($f) {"
    " $f.state & ($exists($f.solution) ? ' (' & $f.solution & ($exists($f.job) ? '/' & $f.job : '') & ')' : '')"
    " & ': ' & $f.error & ': ' & $f.reason & ($exists($f.arn) ? ' [' & $f.arn & ']' : '') })"
)
"""One sentence per failure: state, solution and job, error, the service's reason, ARN."""

_KEY = jsonata(layout.FAILURE.jsonata(run="$run"))
"""Of the record."""

_NO_MEMORY = (
    "The function had too little memory or time for the raw data, as for an object that unpacks to many times its "
    "size, or one line or value of hundreds of megabytes. Look at the objects that came last and replace what should "
    "not be so; for data that is so large, set engine: glue in the pipeline file and deploy. Then start with the id of "
    "this run."
)
_REMEDIES = {
    "InvalidInput": "Start again with an allowed input.",
    "DataRefused": "Mend the raw data or its mapping, then redrive this execution: it is read again.",
    "QualityMissed": "Look at the data report for what changed, or lower the floors of quality in the pipeline file.",
    "JobTimedOut": "If the job still makes progress, wait for its end and redrive this execution: it is taken over.",
    "ExceedToleratedFailureThreshold": "A child execution broke off without a result: it stands under the Map Run of "
    "that state in the console, with its error. Mend that, then redrive.",
    "NameTaken": "Start a new run without run: its versions bear another name.",
    "SourceEmptyError": "Upload raw data under the path that the reason names; until then every start, also one of the "
    "schedule, ends like this, and nothing is paid. Then redrive this execution, or wait for the schedule.",
    "BucketMissingError": "Make the bucket, then redrive this execution; or correct the path of the source, deploy, "
    "and start anew.",
    "SourceRefusedError": "Let the role read the source in the other bucket, as the reason says; then redrive this "
    "execution.",
    **dict.fromkeys((f"{error} datasets" for error in OUT_OF_BOUNDS), _NO_MEMORY),
    "Personalize.LimitExceededException": "Wait until fewer jobs are in progress, or ask for a higher quota, then "
    "redrive.",
    "Personalize.LimitExceededException solution": "Delete a solution of the dataset group that nothing needs, or ask "
    "for a higher quota; solutions that neither the file names nor a published version needs were deleted already. "
    "Then redrive.",
    "Personalize.LimitExceededException campaign": "Delete a campaign that no pipeline file names, or ask for a higher "
    "quota, then redrive.",
    "Personalize.LimitExceededException recommender": "Delete a recommender that no pipeline file names, or ask for a "
    "higher quota, then redrive.",
    "Personalize.InvalidInputException campaign": "If the solution is another than before, the service may refuse to "
    "move its campaign to it: delete the campaign, then redrive, and the run makes it anew under the same ARN; until "
    "then nothing answers there. Otherwise mend what the reason names.",
    "Personalize.InvalidInputException solution": "Mend what the reason names in the pipeline file, deploy it, then "
    "start with the id of this run.",
}
"""By error, or by error and kind of resource, which comes first."""

COST_REFUSED = "CostRefused"
_TOO_DEAR = {
    COST_REFUSED: "Make it cheaper as the reason says, or raise max_cost in the pipeline file; deploy it, then start "
    "with the id of this run."
}
"""What only a file with max_cost is told."""

_UNCOMPARED = {
    "MetricMissing": "Name a metric in by that the reason lists, or leave the recipe out of best_of; deploy the file, "
    "then start with the id of this run."
}
"""What only a file with best_of is told."""

_UNDELIVERED = {
    "ListTooLargeError": "Lower num_results of the job as the reason says, or leave deliver out and let the "
    "application load the Parquet table, which is published; deploy the file, then start a new run.",
    "NewerDeliveryError": "Nothing is to be mended: the DynamoDB table has lists of a newer run. Start a new run.",
    "NewerListsError": "A newer run wrote there meanwhile: start a new run, which writes all that differs.",
    "DeliveryThrottled": "Look in CloudWatch for what else writes to the DynamoDB table, or for the quota of the "
    "account, then redrive this execution: it writes what is missing.",
}
"""What only a file with deliver is told."""

_NOTIFY = "Notify failure"
_REMEDY = "Mend what the reason names, then redrive this execution: what exists is taken over, nothing is paid twice."


def states(pipeline: Pipeline, *, go_on_at: str) -> States:
    """Return the fragment; it reads ``$failures``, a list of what ``job.caught`` and ``Job`` put together.

    A redriven execution sets ``$resumed`` and enters ``go_on_at``.
    """
    told = _REMEDIES | (_TOO_DEAR if pipeline.max_cost else {}) | (_UNCOMPARED if pipeline.compares else {})
    told |= _UNDELIVERED if pipeline.delivers else {}
    remedies = ", ".join(f"'{error}': '{text}'" for error, text in told.items())
    return {
        FIRST_STATE: {
            "Type": "Pass",
            "Comment": "Put the reasons of all failures into one text.",
            "Assign": {
                "cause": jsonata(f"'Run ' & $run & ' failed. ' & $join([{_SENTENCE}], '; ')"),
                # Names that begin so belong to the language; an execution must not end with one.
                "error": jsonata(
                    "$replace($exists($failures[0].error) ? $failures[0].error : 'Unknown', /^States[.]/, '')"
                ),
                "remedy": jsonata(
                    f"($all := {{{remedies}}}; $first := $failures[0]; "
                    "$of := $lookup($all, $first.error & ' ' & $first.resource); "
                    "$any := $lookup($all, $first.error); "
                    f"$exists($of) ? $of : $exists($any) ? $any : '{_REMEDY}')"
                ),
                "redrives": jsonata(REDRIVES),
            },
            "Next": "Record failure",
        },
        "Record failure": record("$states.context.Execution.Id", next_state=report.PAGE_OF_FAILURE),
        **report.states(pipeline, report.PAGE_OF_FAILURE, "FAILED", next_state=report.first_told(pipeline, _NOTIFY)),
        **report.told(pipeline, _NOTIFY, _notify()),
        "Tell bus of failure": events.of_run("FAILED", next_state="Failed", record=_KEY, error=jsonata("$error")),
        "Failed": _fail(),
        "Go on with the run": {
            "Type": "Pass",
            "Comment": "The execution was redriven: take over what exists, make what is missing.",
            "Assign": {"resumed": True, "target": jsonata("$run"), "claims": 0},
            "Next": go_on_at,
        },
    }


def _fail() -> State:
    return {
        "Type": "Task",
        "Comment": "End as failed; the cause holds what failed and the service's reason. A redrive goes on from here.",
        "Resource": f"{sdk('sfn', 'SendTaskFailure')}.waitForTaskToken",
        "Arguments": {
            "TaskToken": jsonata("$states.context.Task.Token"),
            "Error": jsonata(f"{REDRIVES} > $redrives ? '{_GO_ON}' : $substring($error, 0, 256)"),
            "Cause": jsonata("$substring($cause, 0, 32000)"),
        },
        "TimeoutSeconds": 300,
        "Catch": [{"ErrorEquals": [_GO_ON], "Output": {}, "Next": "Go on with the run"}],
        "Next": "Go on with the run",
    }


def record(execution: str, *, next_state: str) -> State:
    """Return the state that writes down ``$run``, ``$cause``, ``$remedy`` and ``$failures``.

    Args:
        execution: JSONata of the ARN of the execution that ends.
        next_state: goes on, written or not.
    """
    body = document(
        FailureRecord,
        run=jsonata("$run"),
        pipeline="${Pipeline}",
        stage="${Stage}",
        execution=jsonata(execution),
        cause=jsonata("$cause"),
        remedy=jsonata("$remedy"),
        failures=jsonata("[$failures]"),
    )
    return write_json(
        _KEY,
        body,
        comment="Write runs/<run>/failure.json.",
        catch=catch_all(next_state),
        Next=next_state,
    )


def _notify() -> State:
    link = console_link("$states.context.Execution.Id")
    record = layout.FAILURE.jsonata(before="\\nRecord: s3://${Bucket}/", run="$run")
    return notify(
        "failed",
        "$substring($cause, 0, 200000) & '\\n\\n' & $remedy & '\\n\\nExecution: ' & "
        f"{link} & {record} & $join([$remarks, $reported].('\\n\\n' & $))",
        comment="Tell the on-call person, with the reason and the way to the execution.",
        next_state="Tell bus of failure",
    )
