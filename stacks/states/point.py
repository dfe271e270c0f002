"""The end of a run's work: what it has made becomes what readers see, all at once."""

from __future__ import annotations

from typing import Any

from definition import layout
from definition.contract.pointers import LatestTable, LatestVersion
from stacks.states import retries, training
from stacks.states.asl import State, States, document, inlined, jsonata, sdk, when
from stacks.states.calls import write_json
from stacks.states.job import caught
from stacks.states.program import program

_NOT_UPDATED = (
    "'The table ' & $states.input.table.Name & ' of the data catalog still shows the run before: ' & "
    "$states.errorOutput.Error & ($exists($states.errorOutput.Cause) ? ': ' & $states.errorOutput.Cause : '')"
)


_COMPARISON = "$plans[name = $trained.name].comparison"


def tables(*, with_catalog: bool, next_state: str, on_failure: str, compares: bool = False) -> State:
    """Return the Map that makes the run's tables the newest ones, all at its end: no reader sees half a run.

    Args:
        with_catalog: tables stand in the data catalog, too.
        next_state: the state after it, which reads ``$remarks``, sentences about tables that the catalog did not take.
        on_failure: the state after a failure, which reads ``$failure``.
        compares: whether recipes of some solution are compared.
    """
    table_key = layout.LATEST_TABLE.jsonata(solution="$trained.name", job="$scored.name")
    version_key = layout.LATEST_VERSION.jsonata(solution="$trained.name")
    table = document(LatestTable, run=jsonata("$run"), location=jsonata("$scored.published.location"))
    newest = program(
        "newest_tables",
        tableKey=f"function($trained, $scored) {{ {table_key} }}",
        tableBody=f"function($scored) {{ {inlined(table)} }}",
        versionKey=f"function($trained) {{ {version_key} }}",
        versionBody=f"function($trained) {{ {inlined(_version(compares=compares))} }}",
    )
    written = {"Next": "Is it a table?"} if with_catalog else {"End": True}
    pointer = write_json(
        jsonata("$states.input.key"),
        jsonata("$states.input.body"),
        comment="Readers go by latest.json: from here on they see this run.",
        **written,
    )
    if with_catalog:
        pointer["Output"] = jsonata("$states.input")
    return {
        "Type": "Map",
        "Comment": "The run is complete: let each latest.json name its new table or version.",
        "Items": jsonata(newest),
        "MaxConcurrency": 10,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Point to table",
            "States": {"Point to table": pointer, **(_catalog() if with_catalog else {})},
        },
        "Catch": caught("latest.json", go_to=on_failure),
        "Assign": {"remarks": jsonata("[$remarks, $states.result.remark]")},
        "Output": {},
        "Next": next_state,
    }


def _version(*, compares: bool) -> dict[str, Any]:
    """Return what names a version that is published."""
    return document(
        LatestVersion,
        run=jsonata("$run"),
        solution_arn=jsonata("$trained.arn"),
        version_arn=jsonata("$trained.version_arn"),
        metrics=jsonata("$trained.metrics"),
        data=jsonata(training.data()),
        **({"recipe": jsonata("$trained.recipe"), "comparison": jsonata(_COMPARISON)} if compares else {}),
    )


def _catalog() -> States:
    return {
        "Is it a table?": {
            "Type": "Choice",
            "Comment": "Tables stand in the data catalog too; versions of solutions do not.",
            "Choices": [when("yes", "$exists($states.input.table)", "Update table")],
            "Default": "Pointed",
        },
        "Update table": {
            "Type": "Task",
            "Comment": "Who asks Athena for the newest results sees this run too.",
            "Resource": sdk("glue", "UpdateTable"),
            "Arguments": {"DatabaseName": "${Database}", "TableInput": jsonata("$states.input.table")},
            "Retry": retries.AWS_CALL,
            # The bucket has the table, and latest.json names it: only SQL sees the one before.
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Output": {"remark": jsonata(_NOT_UPDATED)},
                    "Next": "Table not updated",
                }
            ],
            "Output": {},
            "Next": "Pointed",
        },
        "Table not updated": {
            "Type": "Pass",
            "Comment": "A table that the data catalog does not take fails no run: it is told where the run ends.",
            "End": True,
        },
        "Pointed": {"Type": "Pass", "Comment": "Readers see this run.", "Output": {}, "End": True},
    }
