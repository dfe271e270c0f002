"""Texts of a table's files as values: what each SerDe makes of a text for a type, as expressions of DuckDB.

LazySimpleSerDe makes NULL of what is no value of the type; the others fail (Athena user guide, pages
lazy-simple-serde, csv-serde; HIVE_BAD_DATA in page troubleshooting-athena).
"""

from typing import Final

from embedded_aws.athena.catalog import Column
from embedded_aws.athena.exceptions import not_emulated
from embedded_aws.athena.hive import INTEGERS, is_nested, quoted

_INTEGER: Final = "[+-]?[0-9]+"
_DATE: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIMESTAMP: Final = rf"{_DATE}[ T][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}([.][0-9]+)?Z?"


def value(serde: str, column: Column, at: int) -> str:
    """Return the expression that makes a column's value of its text, which is in a column of the same name.

    Args:
        serde: of the table.
        column: which.
        at: its place among the columns, which errors tell.

    Raises:
        QueryFailedError: the SerDe's way with the type is not emulated.
    """
    name, kind = quoted(column.name), column.kind
    if kind == "VARCHAR":
        return name
    if is_nested(kind):
        if serde in {"csv", "text"}:
            raise not_emulated(f"the type {kind} of the column {column.name} in a file of texts")
        return f"CAST(CAST({name} AS JSON) AS {kind})"
    if kind == "BLOB" or (serde == "csv" and kind not in {*INTEGERS, "BOOLEAN", "DOUBLE", "DATE", "TIMESTAMP"}):
        raise not_emulated(f"the type {kind} of the column {column.name} with this SerDe")
    made = _since_1970(name, kind) if serde == "csv" and kind in {"DATE", "TIMESTAMP"} else _parsed(name, kind)
    if serde == "text":
        return made
    told = f"'HIVE_BAD_DATA: Error parsing field value ''' || {name} || ''' for field {at}: For input string: \"' || "
    return f"CASE WHEN {name} IS NOT NULL AND {made} IS NULL THEN error({told}{name} || '\"') ELSE {made} END"


def _parsed(name: str, kind: str) -> str:
    """Return the value of a text, NULL of what is none."""
    if kind in INTEGERS:
        return f"CASE WHEN regexp_full_match({name}, '{_INTEGER}') THEN TRY_CAST({name} AS {kind}) END"
    if kind == "BOOLEAN":
        return f"CASE lower({name}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    if kind == "DATE":
        return f"CASE WHEN regexp_full_match({name}, '{_DATE}') THEN TRY_CAST({name} AS DATE) END"
    if kind == "TIMESTAMP":
        made = f"date_trunc('milliseconds', TRY_CAST({name} AS TIMESTAMP))"
        return f"CASE WHEN regexp_full_match({name}, '{_TIMESTAMP}') THEN {made} END"
    return f"TRY_CAST({name} AS {kind})"


def _since_1970(name: str, kind: str) -> str:
    """Return the value of days or milliseconds since 1970, as the CSV SerDe has them."""
    number = f"CASE WHEN regexp_full_match({name}, '{_INTEGER}') THEN TRY_CAST({name} AS BIGINT) END"
    if kind == "DATE":
        return f"CAST(DATE '1970-01-01' + to_days(CAST({number} AS INTEGER)) AS DATE)"
    return f"make_timestamp(({number}) * 1000)"
