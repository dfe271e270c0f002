"""The Glue Data Catalog of an embedded AWS, from what the AWS CLI has written down of the real one.

FOLDER/glue/DATABASE/TABLE.json is what `aws glue get-table` answers, and TABLE.partitions.json, for a table that has
some, what `aws glue get-partitions` does.
"""

from __future__ import annotations

import contextlib
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ParamValidationError

from cli.errors import CommandError
from cli.folders import relative
from definition.plan.queries import source_queries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from definition.file.pipeline import Pipeline
    from definition.mapping.query import Table

FOLDER = "glue"
_KINDS: dict[str, type] = {"Table": dict, "Partitions": list}
_AT_ONCE = 100
"""Partitions of a call (API page BatchCreatePartition)."""


def lay_out(pipeline: Pipeline, glue: Any, folder: Path) -> list[str]:
    """Make the tables that a pipeline's queries read; say in a line each where they came from.

    Args:
        pipeline: the pipeline file.
        glue: a boto3 Glue client of an embedded AWS.
        folder: with raw data.

    Raises:
        CommandError: a table is not described there.
    """
    tables = sorted({table for query in source_queries(pipeline) for table in query.tables})
    return [_make(glue, table, folder / FOLDER / table.database) for table in tables]


def _make(glue: Any, table: Table, folder: Path) -> str:
    file, parts = folder / f"{table.name}.json", folder / f"{table.name}.partitions.json"
    described = _read(file, "Table", f"get-table --database-name {table.database} --name {table.name}")
    with contextlib.suppress(glue.exceptions.AlreadyExistsException):
        glue.create_database(DatabaseInput={"Name": table.database})
    place = {"DatabaseName": table.database}
    with contextlib.suppress(glue.exceptions.EntityNotFoundException):
        glue.delete_table(**place, Name=table.name)
    shapes = glue.meta.service_model.shape_for
    input_of = {**_known(shapes("TableInput"), described), "Name": table.name}
    _told(file, partial(glue.create_table, **place, TableInput=input_of))
    found: list[Any] = []
    if parts.exists() or described.get("PartitionKeys"):
        asked = f"get-partitions --database-name {table.database} --table-name {table.name}"
        found = _read(parts, "Partitions", asked)
        inputs = [_known(shapes("PartitionInput"), each) for each in found]
        for first in range(0, len(inputs), _AT_ONCE):
            some = inputs[first : first + _AT_ONCE]
            given = {**place, "TableName": table.name, "PartitionInputList": some}
            _told(parts, partial(glue.batch_create_partition, **given))
    more = f", with {len(found)} partitions" if found else ""
    return f"table {table.database}.{table.name} from {relative(file)}{more}"


def _read(file: Path, key: str, asked: str) -> Any:
    """Return what stands under a key of a JSON file.

    Raises:
        CommandError: it cannot be read.
    """
    remedy = f"In the account with the table: aws glue {asked} > {relative(file)}"
    try:
        found = _checked(json.loads(file.read_text("utf-8"))[key], _KINDS[key])
    except OSError as error:
        raise CommandError(f"{relative(file)} cannot be read ({error.strerror})", remedy=remedy) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CommandError(
            f"{relative(file)} is no answer of aws glue {asked.split(maxsplit=1)[0]}", remedy=remedy
        ) from error
    return found


def _checked(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(kind)
    if isinstance(value, list) and not all(isinstance(each, dict) for each in value):
        raise TypeError(dict)
    return value


def _told(file: Path, call: Callable[[], Any]) -> None:
    """Make a call of what a file describes.

    Raises:
        CommandError: it describes nothing that the call takes.
    """
    try:
        call()
    except (ParamValidationError, ClientError) as error:
        raise CommandError(
            f"{relative(file)} describes no table: {' '.join(str(error).split())[:300]}",
            remedy="Let aws glue write it, and leave it as it is",
        ) from error


def _known(shape: Any, described: Any) -> Any:
    """Return of a description what a request of this botocore takes, at every depth."""
    if shape.type_name == "structure" and isinstance(described, dict):
        members = shape.members
        return {key: _known(members[key], value) for key, value in described.items() if key in members}
    if shape.type_name == "list" and isinstance(described, list):
        return [_known(shape.member, each) for each in described]
    return described
