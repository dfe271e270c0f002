"""Raw data to Personalize's datasets: transform, look at what came of it, import.

    Read imports → is the run new? → queries.states() → transform → Data gate → imports.states() → next

A resumed run has its data report, and so its datasets and batch inputs, unless it failed before that
or for its data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.states import imports, queries, transform
from stacks.states.asl import States, jsonata, merged, when
from stacks.states.failure import COST_REFUSED

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

FIRST_STATE = imports.FIRST_STATE


def states(pipeline: Pipeline, stage: str, *, next_state: str, on_failure: str, on_failures: str) -> States:
    """Return the fragment.

    Args:
        pipeline: the pipeline file.
        stage: part of every name.
        next_state: the state after it, which reads ``$report`` and ``$imports``, dataset and ARN of each import job.
        on_failure: the state after a failure, which reads ``$failure``.
        on_failures: the state after several failures, which reads ``$failures``.
    """
    queried = queries.states(pipeline, next_state=transform.FIRST_STATE, on_failure=on_failure)
    first = queries.FIRST_STATE if queried else transform.FIRST_STATE
    begin: States = {
        FIRST_STATE: imports.read_imports(pipeline, stage, next_state="Is the run new?", on_failure=on_failure),
        "Is the run new?": {
            "Type": "Choice",
            "Comment": "A resumed run may have been transformed already.",
            "Choices": [when("resumed", "$resumed", "Read earlier report")],
            "Default": first,
        },
        "Read earlier report": transform.read_report(
            next_state="Data gate", on_failure=on_failure, fresh=False, missing=first
        ),
    }
    transformed = transform.states(pipeline, next_state="Data gate", on_failure=on_failure)
    imported = imports.states(pipeline, stage, next_state=next_state, on_failure=on_failure, on_failures=on_failures)
    gate = _gate(first, next_state, on_failure, has_max_cost=pipeline.max_cost is not None)
    return merged(begin, queried, transformed, gate, imported)


def _gate(first: str, next_state: str, on_failure: str, *, has_max_cost: bool) -> States:
    too_dear = f"$report.cost.refused and $count($report.refusals) = 1 ? '{COST_REFUSED}' : 'DataRefused'"
    refused = "$count($report.refusals) > 0"
    # A report of an earlier release says nothing of refusals: it is made again.
    unknown = "$not($exists($report.refusals))"
    return {
        "Data gate": {
            "Type": "Choice",
            "Comment": "Nothing is paid for data that Personalize would refuse, or of which too much was rejected.",
            "Choices": [
                # It stopped an earlier attempt; the raw data may have been mended since.
                when("refused earlier", f"({refused} or {unknown}) and $not($fresh)", first),
                when("refused", refused, "Data refused"),
                when("import: skip", "$importMode = 'skip'", next_state, imports=[]),
            ],
            "Default": imports.FORGET,
        },
        "Data refused": {
            "Type": "Pass",
            "Comment": "Say why the data is refused; earlier results stay as they are.",
            "Assign": {
                "failure": {
                    "state": "Data gate",
                    "error": jsonata(too_dear) if has_max_cost else "DataRefused",
                    "reason": jsonata("$join($report.refusals, '; ')"),
                }
            },
            "Next": on_failure,
        },
    }
