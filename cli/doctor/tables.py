"""Checks of the tables that queries read: whether they are there, and their data where the pipeline file says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cli.doctor.findings import failure, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.doctor.examination import Examination
    from cli.doctor.findings import Finding
    from definition.file.source import Source
    from definition.mapping.query import Table

_CHECK = "raw data"


def queried(examination: Examination, name: str, source: Source) -> Iterator[Finding]:
    """Look for each table of a source, as far as the caller may: runs have a role of their own."""
    for table in source.tables:
        yield _table(examination, name, table, source.locations)


def _table(examination: Examination, name: str, table: Table, locations: list[str]) -> Finding:
    told = f"{name}: table {table.database}.{table.name}"
    try:
        found = examination.client("glue").get_table(DatabaseName=table.database, Name=table.name)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "EntityNotFoundException":
            return failure(_CHECK, f"{told} is not in the Glue Data Catalog", "Make it, or correct its name")
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return warning(
            _CHECK, f"{told}: you may not look at it; whether a run may is another question", "Ask its owner"
        )
    if target := found.get("TargetTable"):
        other = f"{target.get('DatabaseName')}.{target.get('Name')}"
        return warning(_CHECK, f"{told} is a link to {other}, which no grant names", "Read the table itself")
    location = re.sub("^s3[an]://", "s3://", str(found.get("StorageDescriptor", {}).get("Location", "")))
    if location and not f"{location.rstrip('/')}/".startswith(tuple(locations)):
        seen = f"{told} has its data at {location}, which none of locations holds: runs may not read there"
        return failure(_CHECK, seen, f"Add {location.rstrip('/')}/ to locations, and deploy")
    return ok(_CHECK, f"{told}, {location or 'a view'}")
