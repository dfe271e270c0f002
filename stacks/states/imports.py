"""Bring Personalize's datasets up to date, and remember what they hold.

    Forget imports → Import datasets (each: is there anything new? → create, wait) → is everything imported?
        → Remember imports → next

``runs/imports.json`` says which run each dataset was imported by. A dataset that is about to change is taken out of it
first: a run that is cut off must not leave behind a record that is no longer true. An entry counts for the dataset that
it was written for only, whose identity is its ARN's end, its schema's name and the id of the stack that made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition import layout
from definition.plan import names
from definition.service.resource_kinds import DATASET_IMPORT_JOB
from stacks import tags
from stacks.states.asl import State, States, jsonata, when
from stacks.states.calls import Absent, read_json, write_json
from stacks.states.job import Job, caught

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

FIRST_STATE = "Read imports"
FORGET = "Forget imports"

_FAILED = "Import failed"
_OF_DATASET = "[dataset = $dataset.dataset]"


def read_imports(pipeline: Pipeline, stage: str, *, next_state: str, on_failure: str) -> State:
    """Return the state that reads ``$imported``: dataset, run, and ARN of the import job of what is up to date."""
    known = list(_identities(pipeline, stage).values())
    return read_json(
        layout.IMPORTS.key(),
        comment="What Personalize holds: which run imported each dataset.",
        resource="record of imports",
        assign={"imported": jsonata(f"[$parse($states.result.Body).datasets[identity in {known}]]")},
        next_state=next_state,
        on_failure=on_failure,
        absent=Absent(next_state, {"imported": []}),
    )


def states(pipeline: Pipeline, stage: str, *, next_state: str, on_failure: str, on_failures: str) -> States:
    """Return the fragment.

    It reads ``$report`` and leaves ``$imports``: dataset, status and ARN of each import job.

    Args:
        pipeline: the pipeline file.
        stage: part of every name.
        next_state: goes on when Personalize holds the run's data.
        on_failure: the state after a failure, which reads ``$failure``.
        on_failures: the state after several failures, which reads ``$failures``.
    """
    unchanged = "$report.datasets[imports.mode = 'NONE'].dataset"
    identities = ", ".join(f"'{name}': '{identity}'" for name, identity in _identities(pipeline, stage).items())
    done = (
        f"[$imports.{{'dataset': dataset, 'identity': $lookup({{{identities}}}, dataset), 'run': $run, "
        "'import_job_arn': import_job_arn}]"
    )
    return {
        FORGET: write_json(
            layout.IMPORTS.key(),
            {"datasets": jsonata(f"[$imported[dataset in [{unchanged}]]]")},
            comment="From here on only what stays as it is is known to be up to date.",
            catch=caught("record of imports", go_to=on_failure),
            Next="Import datasets",
        ),
        "Import datasets": _import_map(pipeline, on_failure),
        "Is everything imported?": {
            "Type": "Choice",
            "Comment": "Nothing is trained on half of the data.",
            "Choices": [when("one failed", "'FAILED' in $imports.status", "Imports failed")],
            "Default": "Remember imports",
        },
        "Remember imports": write_json(
            layout.IMPORTS.key(),
            {"datasets": jsonata(done)},
            comment="Personalize holds the data of this run; the next one imports what has changed.",
            catch=caught("record of imports", go_to=on_failure),
            Next=next_state,
        ),
        "Imports failed": {
            "Type": "Pass",
            "Comment": "Collect the failures of all imports.",
            "Assign": {"failures": jsonata("[$imports.failure]")},
            "Next": on_failures,
        },
    }


def _identities(pipeline: Pipeline, stage: str) -> dict[str, str]:
    """Return what each dataset is told apart by from those before it, in another group or with another schema."""
    return {
        name: f"${{PersonalizeStackId}}/{names.dataset_path(pipeline, stage, name)}/"
        f"{names.schema_name(pipeline, stage, name)}"
        for name in pipeline.datasets.by_name()
    }


def _import_map(pipeline: Pipeline, on_failure: str) -> State:
    arns = ", ".join(f"'{name}': '${{{name.capitalize()}Arn}}'" for name in pipeline.datasets.by_name())
    job = Job(
        kind=DATASET_IMPORT_JOB,
        name="'${ResourcePrefix}' & $dataset.dataset & '-' & $run",
        arguments={
            "DatasetArn": jsonata(f"$lookup({{{arns}}}, $dataset.dataset)"),
            "DataSource": {"DataLocation": jsonata("$dataset.imports.location")},
            "RoleArn": "${ServiceRoleArn}",
            "ImportMode": jsonata("$dataset.imports.mode"),
            **_reported(pipeline),
        },
        tags=tags.of_job(pipeline, run="$run"),
        timeout=pipeline.timeouts.import_,
        quota=pipeline.timeouts.import_,
        next="Imported",
        on_failure=_FAILED,
        failure_variable="importFailure",
    )
    kept = jsonata(f"$imported{_OF_DATASET}.import_job_arn")
    arn = jsonata(f"${DATASET_IMPORT_JOB.variable}.arn")
    results = {
        "Nothing to import": _result("Personalize holds this dataset as it is.", "SUCCEEDED", import_job_arn=kept),
        "Imported": _result("What the manifest says of this import.", "SUCCEEDED", import_job_arn=arn),
        _FAILED: _result("The import's result is its failure.", "FAILED", failure=jsonata("$importFailure")),
    }
    return {
        "Type": "Map",
        "Comment": "Every dataset at once; one that fails lets the others end.",
        "Items": jsonata("$report.datasets"),
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Begin import",
            "States": {**_begin(job.first_state), **job.states(), **results},
        },
        "Catch": caught("imports", go_to=on_failure),
        "Assign": {"imports": jsonata("$states.result")},
        "Output": {},
        "Next": "Is everything imported?",
    }


def _reported(pipeline: Pipeline) -> dict[str, str]:
    """Return the argument by which an import of interactions is reported on, if the file asks for reports."""
    wanted = pipeline.metric_attribution
    if wanted is None or wanted.report is None:
        return {}
    return {"PublishAttributionMetricsToS3": jsonata("$dataset.dataset = 'interactions'")}


def _begin(first_state: str) -> States:
    return {
        "Begin import": {
            "Type": "Pass",
            "Comment": "The dataset, and where its CSV lies.",
            "Assign": {"dataset": jsonata("$states.input")},
            "Next": "Is there anything new?",
        },
        "Is there anything new?": {
            "Type": "Choice",
            "Comment": "The data report says what has changed since the last import, and what is to be imported.",
            "Choices": [when("no", "$dataset.imports.mode = 'NONE'", "Nothing to import")],
            "Default": first_state,
        },
    }


def _result(comment: str, status: str, **more: str) -> State:
    output = {"dataset": jsonata("$dataset.dataset"), "status": status, **more}
    return {"Type": "Pass", "Comment": comment, "Output": output, "End": True}
