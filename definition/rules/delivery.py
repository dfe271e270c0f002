"""Whether the lists of a batch job fit into items of DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.plan.tables import columns
from definition.rules.findings import Finding, items, mapping
from definition.service.dynamodb import MAX_ITEM_BYTES, MAX_KEY_BYTES, most_results
from definition.service.limits import MAX_ID_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.rules.findings import Path

MAX_DELIVERED = 50
"""Jobs of a pipeline with a DynamoDB table: a role names each of them, and policies have room for so many."""


def check_delivery(path: Path, job: dict[str, Any], kind: str, line: Any) -> Iterator[Finding]:
    """Yield why lists of a job may not fit.

    Args:
        path: of the job.
        job: as the document has it.
        kind: ``inference`` or ``segment``.
        line: what a line of its input names.
    """
    if job.get("deliver") is None:
        return
    of_table = columns(kind, line)
    wanted, most = job.get("num_results"), most_results(of_table.named, of_table.found)
    if isinstance(wanted, int) and wanted > most:
        what = (
            f"{wanted:,} results may not fit into an item of DynamoDB, which has at most {MAX_ITEM_BYTES // 1024} KB, "
            f"if each id has the {MAX_ID_LENGTH} characters that Personalize allows"
        )
        remedy = (
            f"Ask for up to {most:,}; or leave deliver out, and let the application load the Parquet table or formats"
        )
        yield Finding((*path, "num_results"), what, remedy)
    for index, query in enumerate(items(job.get("attributes"))):
        if len(str(query).encode(errors="replace")) > MAX_KEY_BYTES:
            what = f"is the key of its segment in DynamoDB, and has more than the {MAX_KEY_BYTES:,} bytes of one"
            yield Finding((*path, "attributes", index), what, "Shorten the query, or leave deliver out")


def check_count(solutions: list[dict[str, Any]]) -> Iterator[Finding]:
    """Find more jobs with a DynamoDB table than a pipeline can have."""
    delivered = [
        ("solutions", index, kind, number, "deliver")
        for index, solution in enumerate(solutions)
        for kind in ("batch_inference", "batch_segment")
        for number, job in enumerate(map(mapping, items(solution.get(kind))))
        if job.get("deliver") is not None
    ]
    if len(delivered) > MAX_DELIVERED:
        what = f"is one of {len(delivered)} jobs with a DynamoDB table, and a pipeline has at most {MAX_DELIVERED}"
        yield Finding(delivered[MAX_DELIVERED], what, "Deliver fewer, or divide them among several pipelines")
