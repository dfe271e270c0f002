"""The queries that a run lets Athena run before its transform, and what they read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from definition.mapping.query import Table, of_table, without_end
from definition.plan.mappings import dataset_mappings

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline
    from definition.mapping.source import SourceMapping


@dataclass(frozen=True)
class SourceQuery:
    """A query.

    Attributes:
        source: whose rows it finds, ``interactions`` or ``interactions.lookups.orders``.
        sql: a SELECT.
        tables: that it reads.
    """

    source: str
    sql: str
    tables: tuple[Table, ...]


def source_queries(pipeline: Pipeline) -> list[SourceQuery]:
    """Return the queries of a pipeline's sources, in the order of the transform."""
    owners: dict[str, SourceMapping] = {}
    for mapping in dataset_mappings(pipeline):
        owners |= {each.owner: each for each in (mapping, *mapping.lookups)}
    sources = pipeline.datasets.sources()
    found = []
    for owner, read in owners.items():
        source = sources[f"{owner}.source"]
        if source.query is not None:
            found.append(SourceQuery(owner, without_end(source.query), tuple(source.tables)))
        elif source.table is not None:
            (table,) = source.tables
            columns = sorted({name.partition(".")[0] for name in read.raw_columns()})
            found.append(SourceQuery(owner, of_table(table, columns, source.partitions), (table,)))
    return found
