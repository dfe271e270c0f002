"""The table ``runs`` of a pipeline's database: a row for each run, as Athena reads it from JSON.

Its columns are the fields of the rows, so no list of them has to be kept. Of the two libraries for JSON the AWS guide
says that OpenX's may give other rows than there are, and names Hive's instead; that one wants a document on one line.
Sources: https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html,
https://docs.aws.amazon.com/athena/latest/ug/hive-json-serde.html and
https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from definition.contract.history import RunRow
from definition.document import Contract

TABLE = "runs"
"""No table of a job has this name: theirs have the solution's and an underscore in them."""

_SCALARS = {str: "string", int: "bigint", float: "double", bool: "boolean"}


def columns() -> dict[str, str]:
    """Return the columns of the table with Athena's types."""
    return {name: _type(field.annotation) for name, field in RunRow.model_fields.items()}


def table_input(folder: str) -> dict[str, Any]:
    """Return the description of the table, as the API and CloudFormation write it.

    Args:
        folder: S3 URL of what holds a JSON object for each run.
    """
    return {
        "Name": TABLE,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "json"},
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": given} for name, given in columns().items()],
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hive.hcatalog.data.JsonSerDe"},
            "Location": folder,
        },
    }


def _type(annotation: Any) -> str:
    origin, given = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        (only,) = (each for each in given if each is not NoneType)
        return _type(only)
    if origin is Literal:
        return "string"
    if origin is list:
        return f"array<{_type(given[0])}>"
    if origin is dict:
        return f"map<{_type(given[0])},{_type(given[1])}>"
    if issubclass(annotation, Contract):
        fields = (f"{name}:{_type(field.annotation)}" for name, field in annotation.model_fields.items())
        return f"struct<{','.join(fields)}>"
    return _SCALARS[annotation]
