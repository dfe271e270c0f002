"""How much of a pipeline file the state machine can carry.

A definition has at most 1 MB, and what its variables hold at once 10 MiB, each of them 256 KiB; a history has
at most 25,000 events (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from definition.plan.batch_jobs import batch_plans
from definition.plan.history import MAX_EVENTS, too_long
from definition.plan.mappings import dataset_mappings
from definition.plan.queries import source_queries
from definition.rules.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.file.pipeline import Pipeline

MOST_BYTES = 100_000
"""Bytes of JSON that datasets, and batch jobs, may come to: both travel together, with room for keys and counts."""


MOST_JOBS = 300
"""Batch jobs of a pipeline: what a run tells of each goes to CloudWatch in one call, which takes 1,000 metrics (API
reference, page API_PutMetricData)."""


def sizes(pipeline: Pipeline) -> Iterator[Finding]:
    """Find what is too large to travel through the state machine."""
    mappings = [mapping.model_dump(mode="json", exclude_none=True) for mapping in dataset_mappings(pipeline)]
    plans = [[job.document() for job in batch_plans(pipeline, solution)] for solution in pipeline.solutions]
    for place, document, remedy in (
        ("datasets", mappings, "Shorten value maps and conditions"),
        ("datasets", [query.sql for query in source_queries(pipeline)], "Make views of long queries, and read those"),
        ("solutions", plans, "Put long lists of ids into a file: {file: ids.csv, column: id}"),
    ):
        size = len(json.dumps(document).encode())
        if size > MOST_BYTES:
            what = f"comes to {size:,} bytes for the state machine, which takes {MOST_BYTES:,}"
            yield Finding((place,), what, remedy)
    if (jobs := sum(map(len, plans))) > MOST_JOBS:
        what = f"have {jobs} batch jobs together, and a run can tell CloudWatch of {MOST_JOBS}"
        yield Finding(("solutions",), what, "Divide them among several pipelines")
    for history in too_long(pipeline):
        what = f"lets {history.whose} come to {history.events:,} events of history, and one ends at {MAX_EVENTS:,}"
        yield Finding(history.path, what, history.remedy)
