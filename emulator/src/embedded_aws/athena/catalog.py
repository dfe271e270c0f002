"""Tables of the Glue Data Catalog as a query reads them, and those that are refused.

Sources: Athena user guide, pages supported-serdes, lazy-simple-serde, csv-serde, json-serde-about, parquet-serde,
partitions and partition-projection; what a query asks of Glue, and on which resources: page
fine-grained-access-to-glue-resources.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from embedded_aws.athena.exceptions import QueryFailedError, not_emulated, not_permitted
from embedded_aws.athena.hive import duckdb_type
from embedded_aws.athena.statements import place
from embedded_aws.athena.storage import Caller, place_of
from embedded_aws.athena.translation import Source

_SERDES: Final = {
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe": "parquet",
    "org.apache.hadoop.hive.serde2.OpenCSVSerde": "csv",
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe": "text",
    "org.openx.data.jsonserde.JsonSerDe": "openx",
    "org.apache.hive.hcatalog.data.JsonSerDe": "hcatalog",
    "org.apache.hadoop.hive.serde2.JsonSerDe": "hcatalog",
}
_INPUTS: Final = {
    "parquet": {"org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"},
    "text": {"org.apache.hadoop.mapred.TextInputFormat"},
}
_NO_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"
_OWN_FORMATS: Final = {"table_type", "spark.sql.sources.provider"}
_MISSING: Final = "EntityNotFoundException"


@dataclass(frozen=True)
class Column:
    """A column: its name in small letters and its type in DuckDB."""

    name: str
    kind: str


@dataclass(frozen=True)
class Part:
    """What lies in one place: a table without partitions, or a partition with the texts of its values."""

    location: str
    serde: str
    settings: Mapping[str, str]
    values: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table, its own columns first and then those of its partitions."""

    source: Source
    columns: tuple[Column, ...]
    keys: tuple[Column, ...]
    parts: tuple[Part, ...]


class Catalog:
    """The Data Catalog for one query, with the permissions of who started it."""

    def __init__(self, caller: Caller, query: str) -> None:
        self._glue = caller.client("glue")
        self._query = query

    def table(self, source: Source) -> Table:
        """Return a table.

        Raises:
            QueryFailedError: there is none, the caller may not see it, or it is of a kind that is not emulated.
        """
        where = place(self._query, source.offset)
        found = self._found(source, where)
        name = f"{source.database}.{source.table}"
        _check_kind(name, found)
        descriptor = found.get("StorageDescriptor") or {}
        columns = tuple(_columns(name, descriptor.get("Columns") or ()))
        keys = tuple(_columns(name, found.get("PartitionKeys") or ()))
        if not columns:
            raise not_emulated(f"the table {name} without columns")
        parameters = found.get("Parameters") or {}
        if keys:
            parts = tuple(self._partitions(source, descriptor, parameters))
        else:
            parts = (_part(name, descriptor, parameters),)
        return Table(source, columns, keys, parts)

    def _found(self, source: Source, where: str) -> Mapping[str, Any]:
        """Ask for database and table."""
        database, table = source.database, source.table
        try:
            self._glue.get_database(Name=database)
        except ClientError as error:
            if error.response["Error"]["Code"] == _MISSING:
                raise QueryFailedError(f"SCHEMA_NOT_FOUND: {where}: Schema '{database}' does not exist") from error
            raise _denied(error) from error
        try:
            found: Mapping[str, Any] = self._glue.get_table(DatabaseName=database, Name=table)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _MISSING:
                reason = f"TABLE_NOT_FOUND: {where}: Table 'awsdatacatalog.{database}.{table}' does not exist"
                raise QueryFailedError(reason) from error
            raise _denied(error) from error
        return found

    def _partitions(
        self, source: Source, descriptor: Mapping[str, Any], parameters: Mapping[str, str]
    ) -> Iterator[Part]:
        try:
            pages = self._glue.get_paginator("get_partitions").paginate(
                DatabaseName=source.database, TableName=source.table
            )
            found = [each for page in pages for each in page["Partitions"]]
        except ClientError as error:
            raise _denied(error) from error
        for each in found:
            own = {**descriptor, **(each.get("StorageDescriptor") or {})}
            name = f"{source.database}.{source.table}"
            if not _begins(descriptor.get("Columns") or (), own.get("Columns") or ()):
                raise not_emulated(f"the partition {each['Values']} of the table {name} with other columns than it has")
            values = tuple(None if value == _NO_VALUE else value for value in each["Values"])
            yield _part(name, own, {**parameters, **(each.get("Parameters") or {})}, values)


def _begins(table: Sequence[Mapping[str, str]], partition: Sequence[Mapping[str, str]]) -> bool:
    """Say whether a table has the columns of a partition, and at most more after them."""
    known = [(each["Name"].lower(), str(each.get("Type")).lower()) for each in table]
    return known[: len(partition)] == [(each["Name"].lower(), str(each.get("Type")).lower()) for each in partition]


def _denied(error: ClientError) -> QueryFailedError:
    return not_permitted(f"Insufficient permissions to execute the query. {error.response['Error']['Message']}")


def _columns(table: str, described: Iterable[Mapping[str, str]]) -> Iterator[Column]:
    for each in described:
        try:
            yield Column(each["Name"].lower(), duckdb_type(each.get("Type") or ""))
        except QueryFailedError as error:
            raise not_emulated(
                f"{error.args[0].split(' is not emulated')[0].partition(': ')[2]} {table}.{each['Name']}"
            ) from error


def _check_kind(name: str, table: Mapping[str, Any]) -> None:
    """Refuse what is no table of files that are read here."""
    parameters = {key.lower(): str(value) for key, value in (table.get("Parameters") or {}).items()}
    kind = str(table.get("TableType") or "")
    if kind == "VIRTUAL_VIEW":
        raise not_emulated(f"the view {name}")
    if kind == "MANAGED_TABLE":
        raise not_emulated(f"the managed table {name}")
    for parameter in _OWN_FORMATS & parameters.keys():
        if parameters[parameter].lower() not in {"parquet", "csv", "json"}:
            raise not_emulated(f"the table {name}, which is of the format {parameters[parameter]},")
    if parameters.get("projection.enabled", "").lower() == "true":
        raise not_emulated(f"the partition projection of the table {name}")
    if table.get("IsRegisteredWithLakeFormation"):
        raise not_emulated(f"the table {name}, which Lake Formation governs,")
    if table.get("TargetTable"):
        raise not_emulated(f"the table {name}, a link to another,")


def _part(
    table: str, descriptor: Mapping[str, Any], parameters: Mapping[str, str], values: tuple[str | None, ...] = ()
) -> Part:
    location = str(descriptor.get("Location") or "")
    try:
        place_of(location)
    except ValueError as error:
        raise not_emulated(f"the table {table} with the location '{location}', which is not in S3,") from error
    described = descriptor.get("SerdeInfo") or {}
    library = str(described.get("SerializationLibrary") or "")
    serde = _SERDES.get(library)
    if serde is None:
        raise not_emulated(f"the table {table} with the SerDe '{library}'")
    form = str(descriptor.get("InputFormat") or "")
    if form not in _INPUTS["parquet" if serde == "parquet" else "text"]:
        raise not_emulated(f"the table {table} with the InputFormat '{form}' beside the SerDe '{library}'")
    settings = {**parameters, **(described.get("Parameters") or {})}
    return Part(location, serde, settings, values)
