"""Raw data to Personalize's datasets: transform, look at what came of it, import.

    Read imports → is the run new? → transform → Data gate → is the data good? → imports.states() → next

A run that is gone on with has its data report, and so its datasets and batch inputs, unless it failed before that
or for its data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition.plan.mappings import dataset_mapping
from definition.service.limits import (
    MAX_EVENT_TYPES_AND_METADATA,
    MIN_INTERACTIONS,
    MIN_SHARE_OF_USERS_WITH_TWO,
    MIN_USERS_WITH_TWO,
)
from stacks.states import imports, transform
from stacks.states.asl import States, jsonata, merged

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

FIRST_STATE = imports.FIRST_STATE


def states(pipeline: Pipeline, stage: str, *, next_state: str, on_failure: str, on_failures: str) -> States:
    """Return the fragment.

    Args:
        pipeline: the pipeline file.
        stage: part of every name.
        next_state: goes on with ``$report``, and with ``$imports``: dataset and ARN of each import job.
        on_failure: goes on with ``$failure``.
        on_failures: goes on with ``$failures``.
    """
    begin: States = {
        FIRST_STATE: imports.read_imports(pipeline, stage, next_state="Is the run new?", on_failure=on_failure),
        "Is the run new?": {
            "Type": "Choice",
            "Comment": "A run that is gone on with may have been transformed already.",
            "Choices": [{"Condition": jsonata("$resumed"), "Next": "Read earlier report"}],
            "Default": transform.FIRST_STATE,
        },
        "Read earlier report": transform.read_report(
            next_state="Data gate", on_failure=on_failure, fresh=False, missing=transform.FIRST_STATE
        ),
    }
    transformed = transform.states(pipeline, next_state="Data gate", on_failure=on_failure)
    imported = imports.states(pipeline, stage, next_state=next_state, on_failure=on_failure, on_failures=on_failures)
    return merged(begin, transformed, _gate(pipeline, next_state, on_failure), imported)


def _gate(pipeline: Pipeline, next_state: str, on_failure: str) -> States:
    interactions = _of_interactions(dataset_mapping(pipeline, "interactions").counted_columns)
    empty = "$report.batch_inputs[lines = 0].('nobody and nothing is selected for ' & prefix)"
    findings = f"$append([$report.datasets.({_of_each(pipeline.max_rejected)})], [{interactions}, {empty}])"
    return {
        "Data gate": {
            "Type": "Pass",
            "Comment": "What Personalize would refuse, and too many rejects, are found before anything is paid.",
            "Assign": {"gate": jsonata(findings)},
            "Next": "Is the data good?",
        },
        "Is the data good?": {
            "Type": "Choice",
            "Comment": "Nothing is imported unless every check holds.",
            "Choices": [
                # It stopped an earlier attempt; the raw data may have been mended since.
                {"Condition": jsonata("$count($gate) > 0 and $not($fresh)"), "Next": transform.FIRST_STATE},
                {"Condition": jsonata("$count($gate) > 0"), "Next": "Data refused"},
                {"Condition": jsonata("$importMode = 'skip'"), "Assign": {"imports": []}, "Next": next_state},
            ],
            "Default": imports.FORGET,
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
            "Next": on_failure,
        },
    }


def _of_each(max_rejected: float) -> str:
    """Return JSONata of what is wrong with the dataset in the context."""
    share = "rows_rejected / rows_in"
    too_many = (
        "$string(rows_rejected) & ' of ' & $string(rows_in) & ' rows of ' & dataset & ' (' "
        f"& $string($round(100 * {share}, 1)) & ' %) were rejected, more than the {100 * max_rejected:g} % of "
        "max_rejected; most frequent reason: ' & reasons[0].reason & ' (' & $string(reasons[0].rows) & "
        "' rows); see the objects ' & dataset & '*.jsonl in ' & rejects"
    )
    nothing = "'nothing of ' & dataset & ' remains of ' & $string(rows_in) & ' rows'"
    return (
        f"rows_in = 0 ? ('the raw data of ' & dataset & ' holds no rows') : "
        f"{share} > {max_rejected} ? ({too_many}) : records = 0 ? ({nothing})"
    )


def _of_interactions(counted_columns: int) -> str:
    """Return JSONata of a list of what Personalize would refuse in the interactions."""
    dataset = "$report.datasets[dataset = 'interactions']"
    two = f"{dataset}.interactions.users_with_two"
    remain = f"$string({dataset}.records) & ' interactions remain of ' & $string({dataset}.rows_in) & ' rows"
    findings = [
        f"{dataset}.records < {MIN_INTERACTIONS} ? {remain}, but Personalize needs {MIN_INTERACTIONS}'",
        (
            f"{two} < {MIN_USERS_WITH_TWO} ? $string({two}) & "
            f"' users have two interactions or more, but Personalize needs {MIN_USERS_WITH_TWO}'"
        ),
        (
            f"{two} < {MIN_SHARE_OF_USERS_WITH_TWO} * {dataset}.interactions.per_user.count ? "
            f"'fewer than {100 * MIN_SHARE_OF_USERS_WITH_TWO:g} % of the users have two interactions or more'"
        ),
    ]
    kinds = f"{dataset}.interactions.event_type_count"
    findings.append(
        f"{kinds} + {counted_columns} > {MAX_EVENT_TYPES_AND_METADATA} ? $string({kinds}) & ' event types and "
        f"{counted_columns} optional columns are more than the {MAX_EVENT_TYPES_AND_METADATA} that Personalize allows "
        "together: map EVENT_TYPE to fewer'"
    )
    return ", ".join(f"({finding})" for finding in findings)
