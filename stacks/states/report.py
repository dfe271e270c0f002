"""What a run used, and its page for people.

    solutions → Reckon usage → Write manifest
    everything succeeded → Clean up → Write report → Notify success
    any failure → Record failure → Write report of failure → Notify failure

Neither can make a run fail, or hide why one has failed: what goes wrong with them is told where the run ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from definition import layout
from definition.contract.report import MessageRequest, PageRequest, ReportedJob, UsageRequest
from definition.plan.mappings import dataset_mappings
from pricing.forecast.spent import themed_jobs
from stacks.states import metrics, retries
from stacks.states.asl import REDRIVES, State, States, catch_all, document, inlined, jsonata, when
from stacks.states.program import program
from stacks.states.rates import rates
from transform.raw.lineage import mapping_digest

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

USAGE = "Reckon usage"
PAGE = "Write report"
PAGE_OF_FAILURE = "Write report of failure"
_OF_MONTH = {
    PAGE: ("Is the cost of the month known?", "Send cost of month"),
    PAGE_OF_FAILURE: ("Is the cost of the month known after all?", "Send cost of month with failure"),
}


@dataclass(frozen=True)
class Ended:
    """JSONata of what a page is about.

    Attributes:
        execution: ARN of the execution that ends.
        started: when it began (ISO 8601).
        redrives: how often it was redriven.
        jobs: ``ReportedJob`` of each batch job that it was asked for.
    """

    execution: str
    started: str
    redrives: str
    jobs: str


DATASETS = (
    "[$report.datasets.($name := dataset; $merge([$, $imports[dataset = $name].{'import_job_arn': import_job_arn}]))]"
)
"""JSONata of the datasets as the manifest has them."""


def usage(pipeline: Pipeline, *, next_state: str) -> State:
    """Return the state that reckons ``$usage``, which is null where that failed."""
    payload = document(
        UsageRequest,
        step="usage",
        run=jsonata("$run"),
        region="${Region}",
        rates=rates(pipeline),
        workers=pipeline.workers,
        themed=themed_jobs(pipeline),
        engine=jsonata("$report.engine"),
        unchanged_since=jsonata("$report.unchanged_since"),
        datasets=jsonata(DATASETS),
        batch_inputs=jsonata("$report.batch_inputs"),
        solutions=jsonata("$solutions"),
        **({"deliveries": jsonata("$deliveries")} if pipeline.delivers else {}),
    )
    told = f"'What the run used was not reckoned: ' & ({program('reason')})"
    return {
        "Type": "Task",
        "Comment": "What was imported, trained and scored, and what that costs.",
        **_invoke(payload),
        "Catch": catch_all(next_state, assign={"usage": None, "remarks": jsonata(f"$append($remarks, [{told}])")}),
        "Assign": {"usage": jsonata("$states.result.Payload")},
        "Output": {},
        "Next": next_state,
    }


def states(pipeline: Pipeline, name: str, status: str, *, next_state: str, ended: Ended | None = None) -> States:
    """Return the state that makes the page, and with a budget those that tell what the month's runs have cost.

    ``$reported`` is what people should hear of it.

    Args:
        pipeline: the pipeline file.
        name: of the first state, ``PAGE`` or ``PAGE_OF_FAILURE``.
        status: as the run ends.
        next_state: goes on, with a page or without.
        ended: what the page is about; left out: the execution that makes it.
    """
    ended = ended or _own()
    if pipeline.budget_usd is None:
        return {name: _page(pipeline, status, ended, next_state=next_state)}
    known, send = _OF_MONTH[name]
    return {
        name: _page(pipeline, status, ended, next_state=known),
        known: {
            "Type": "Choice",
            "Comment": "Where nothing is known of the cost there is nothing to send; the message says so.",
            "Choices": [when("something is known", "$type($month.usd) = 'number'", send)],
            "Default": next_state,
        },
        send: metrics.of_month(next_state=next_state),
    }


def told(pipeline: Pipeline, name: str, notify: State) -> States:
    """Return the state that tells the topic, and one before it if the file asks for a link to the page.

    The function that signs the link sends it: what it returned would stand in the execution's history and logs. If it
    cannot, the message goes without a link.

    Args:
        pipeline: the pipeline file.
        name: of the state.
        notify: the state, as ``calls.notify`` returns it.
    """
    if pipeline.report_link is None:
        return {name: notify}
    payload = document(
        MessageRequest,
        step="message",
        bucket="${Bucket}",
        run=jsonata("$run"),
        topic=notify["Arguments"]["TopicArn"],
        subject=notify["Arguments"]["Subject"],
        message=notify["Arguments"]["Message"],
        seconds=int(pipeline.report_link.total_seconds()),
    )
    linked = {
        "Type": "Task",
        "Comment": f"{notify['Comment'].rstrip('.')}; the function that signs the link to the report sends it.",
        **_invoke(payload),
        "Catch": catch_all(name),
        "Output": {},
        "Next": notify["Next"],
    }
    return {first_told(pipeline, name): linked, name: notify}


def first_told(pipeline: Pipeline, name: str) -> str:
    """Return the first state of ``told``."""
    return name if pipeline.report_link is None else f"{name} with link"


def _own() -> Ended:
    job = document(
        ReportedJob,
        solution=jsonata("$plan.name"),
        job=jsonata("$job.name"),
        kind=jsonata("$job.kind"),
        line=jsonata("$job.input.line"),
    )
    return Ended(
        execution="$states.context.Execution.Id",
        started="$states.context.Execution.StartTime",
        redrives=REDRIVES,
        jobs=f"[$plans.($plan := $; $plan.jobs.($job := $; {inlined(job)}))]",
    )


def _page(pipeline: Pipeline, status: str, ended: Ended, *, next_state: str) -> State:
    payload = document(
        PageRequest,
        step="page",
        bucket="${Bucket}",
        run=jsonata("$run"),
        pipeline="${Pipeline}",
        stage="${Stage}",
        execution=jsonata(ended.execution),
        status=status,
        started=jsonata(ended.started),
        redrives=jsonata(ended.redrives),
        made=jsonata("$states.context.State.EnteredTime"),
        mappings={each.dataset: mapping_digest(each) for each in dataset_mappings(pipeline)},
        jobs=jsonata(ended.jobs),
        **_labels(pipeline),
        **({} if pipeline.budget_usd is None else {"budget": str(pipeline.budget_usd)}),
    )
    lacks = "$states.result.Payload.notes"
    differs = "$states.result.Payload.anomalies.('Anomaly: ' & $)"
    made = f"['Report: ' & $states.result.Payload.report, {differs}, {lacks}.('The report lacks something. ' & $)]"
    unknown: dict[str, Any] = {}
    month: dict[str, Any] = {}
    if pipeline.budget_usd is not None:
        unknown, month = {"month": None}, {"month": jsonata("$states.result.Payload.month")}
        made = f"$append({made}, [$states.result.Payload.month.told])"
    failed = f"['The report of this run could not be made: ' & $substring({program('reason')}, 0, 1000)]"
    return {
        "Type": "Task",
        "Comment": f"Write {layout.REPORT.template.replace('{run}', '<run>')} for people, and the row of the run.",
        **_invoke(payload),
        "Catch": catch_all(next_state, assign={"reported": jsonata(failed), **unknown}),
        "Assign": {"reported": jsonata(made), **month},
        "Output": {},
        "Next": next_state,
    }


def _labels(pipeline: Pipeline) -> dict[str, Any]:
    """Return the fields of a request that say where labels are, none where the file names none."""
    given = pipeline.item_labels
    if isinstance(given, str):
        return {"label_column": given}
    return {} if given is None else {"labels": given.model_dump(mode="json", exclude_none=True)}


def _invoke(payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "${ReportFunctionArn}", "Payload": payload},
        "Retry": retries.INVOKE,
    }
