"""The tables that batch jobs are published as: their columns, and how a data catalog describes them.

Sources: https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html and
https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from definition.service.recipes import BatchInput, SegmentInput

TableKind = Literal["newest", "runs", "changes"]
"""The table of the newest run; those of all runs; what changed from run to run."""

USER = "user_id"
"""Column of tables that names a user."""

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


class Columns(NamedTuple):
    """How the columns of a job's table come from Personalize's lines.

    Attributes:
        key: key of the line's input.
        named: column of what the line names.
        found: column of what was found for it.
        themed: whether lines have a theme, what was found being of it.
    """

    key: str
    named: str
    found: str
    themed: bool = False

    @property
    def results(self) -> dict[str, str]:
        """Columns of the table of results, with Athena's types."""
        theme = {"theme": "string"} if self.themed else {}
        return {self.named: "string", "rank": "int", self.found: "string", "score": "double", **theme}

    @property
    def changes(self) -> dict[str, str]:
        """Columns of the table of changes, with Athena's types."""
        return {self.named: "string", self.found: "string", "change": "string", "rank": "int", "rank_before": "int"}


_COLUMNS: dict[tuple[str, BatchInput | SegmentInput], Columns] = {
    ("inference", "user"): Columns("userId", USER, "item_id"),
    ("inference", "ranking"): Columns("userId", USER, "item_id"),
    ("inference", "item"): Columns("itemId", "item_id", "related_item_id"),
    ("segment", "item"): Columns("itemId", "item_id", USER),
    ("segment", "attributes"): Columns("itemAttributes", "item_attributes", USER),
}
"""By kind of job and what a line of its input names."""


def columns(kind: str, line: BatchInput | SegmentInput, *, themed: bool = False) -> Columns:
    """Return the columns of a job's tables by its kind and what a line of its input names."""
    return _COLUMNS[kind, line]._replace(themed=themed)


def database_name(prefix: str) -> str:
    """Return the name of a pipeline's database; Athena's names have no hyphens."""
    return prefix.replace("-", "_")


def table_name(solution: str, job: str, kind: TableKind = "newest") -> str:
    """Return the name of a job's table."""
    suffix = "" if kind == "newest" else f"__{kind}"
    return f"{solution}_{job}".replace("-", "_") + suffix


def table_input(solution: str, job: str, kind: TableKind, columns: Columns, *, folder: str) -> dict[str, Any]:
    """Return the description of a table, as the API and CloudFormation write it.

    A table of runs has the partition ``run``, which a query must name: no catalog has to be told of a run.

    Args:
        solution: name of the solution.
        job: name of the job.
        kind: which of its tables.
        columns: of the job's tables.
        folder: S3 URL of what the table holds; of runs without the part ``run=…``.
    """
    described = columns.changes if kind == "changes" else columns.results
    runs = {
        "PartitionKeys": [{"Name": "run", "Type": "string"}],
        "Parameters": {
            "classification": "parquet",
            "projection.enabled": "true",
            "projection.run.type": "injected",
            "storage.location.template": f"{folder}run=${{run}}/",
        },
    }
    return {
        "Name": table_name(solution, job, kind),
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet"},
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": given} for name, given in described.items()],
            "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
            "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe"},
            "Location": folder,
        },
        **(runs if kind != "newest" else {}),
    }
