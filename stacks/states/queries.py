"""What Athena reads of tables, as Parquet in the bucket, before the transform.

    Run queries ( Run query ) → transform.states()

Each attempt writes below a prefix of its own: Athena refuses one where something lies, and what a query left that broke
off must not be read (docs.aws.amazon.com/athena/latest/ug/unload.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition import layout
from definition.plan.queries import source_queries
from stacks.states import retries
from stacks.states.asl import REDRIVES, States, jsonata
from stacks.states.job import caught

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline
    from definition.mapping.mapping import DatasetMapping
    from definition.mapping.source import SourceMapping

FIRST_STATE = "Run queries"
_LOCATION = layout.QUERY_RESULT.jsonata(
    before="s3://${Bucket}/",
    run="$run",
    source="$states.input.source",
    # Names of executions may hold a quote.
    attempt=f"$substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 8) & '-' & {REDRIVES}",
)
MOST_AT_ONCE = 5
LONGEST_SECONDS = 5 * 3600
"""Of one query, with its time in Athena's queue; the quota of a query itself is four hours at the most
(docs.aws.amazon.com/athena/latest/ug/service-limits.html)."""


def states(pipeline: Pipeline, *, next_state: str, on_failure: str) -> States:
    """Return the fragment, empty where no source is queried; what was found lies at ``$queried``, prefix by source."""
    queries = source_queries(pipeline)
    if not queries:
        return {}
    return {
        FIRST_STATE: {
            "Type": "Map",
            "Comment": "What Athena reads of tables lies in the bucket as Parquet; the transform takes it from there.",
            "Items": [{"source": each.source, "sql": each.sql} for each in queries],
            "MaxConcurrency": MOST_AT_ONCE,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Run query",
                "States": {"Run query": _query()},
            },
            "Catch": caught("query", go_to=on_failure),
            "Assign": {"queried": jsonata("$merge($states.result)")},
            "Output": {},
            "Next": next_state,
        }
    }


def filled_in(mapping: DatasetMapping) -> dict[str, Any]:
    """Return the mapping of a dataset as the transform's request has it: with the paths of what Athena has found."""
    made: dict[str, Any] = mapping.model_dump(mode="json", exclude_none=True)
    for source, document in zip((mapping, *mapping.lookups), (made, *made.get("lookups", ())), strict=True):
        if source.queried:
            document["path"] = jsonata(_path(source))
    return made


def _path(source: SourceMapping) -> str:
    return f"$lookup($queried, '{source.owner}')"


def _query() -> dict[str, Any]:
    # A comment may end the query, so what follows begins on a line of its own.
    unload = (
        f'"UNLOAD (\\n" & $states.input.sql & "\\n) TO \'" & {_LOCATION}'
        " & \"' WITH (format = 'PARQUET', compression = 'SNAPPY')\""
    )
    return {
        "Type": "Task",
        "Comment": "Run it and wait; Athena reads with the role of this state machine.",
        "Resource": "arn:aws:states:::athena:startQueryExecution.sync",
        "Arguments": {
            "QueryString": jsonata(unload),
            "WorkGroup": "${WorkGroup}",
            # Counts where the workgroup lets its clients say where; the pipeline's own has the same.
            "ResultConfiguration": {"OutputLocation": f"s3://${{Bucket}}/{layout.QUERY_RECORDS.key()}"},
            # The same query at the same prefix is one query, however often it is asked for.
            "ClientRequestToken": jsonata(f"$hash({_LOCATION}, 'SHA-256')"),
        },
        "TimeoutSeconds": LONGEST_SECONDS,
        "Retry": retries.START_QUERY,
        "Output": jsonata(f"{{ $states.input.source: {_LOCATION} }}"),
        "End": True,
    }
