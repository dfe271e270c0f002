"""DuckDB's errors in Athena's words: the name of Trino's error, where in the query, and what is wrong.

Source: Trino's StandardErrorCode; words that the service itself has used, as recorded by other projects.
"""

import re
from typing import Final

import duckdb

from embedded_aws.athena.exceptions import QueryFailedError
from embedded_aws.athena.statements import place
from embedded_aws.athena.translation import Translated

_NAMED: Final = re.compile(r"^[A-Z][A-Z_]+: ")
_MISSING: Final = (
    re.compile(r'Referenced column "(?P<name>[^"]+)"'),
    re.compile(r'"(?P<table>[^"]+)" does not have a column named "(?P<name>[^"]+)"'),
    re.compile(r'Referenced table "(?P<table>[^"]+)" not found'),
    re.compile(r'column "(?P<name>[^"]+)" must appear in the GROUP BY clause or be used in an aggregate'),
)
_GROUPED: Final = re.compile(r'column "?(?P<name>[^"]+?)"? must appear in the GROUP BY clause or must be')
_AMBIGUOUS: Final = re.compile(r'Ambiguous reference to column name "(?P<name>[^"]+)"')


def told(error: duckdb.Error, query: Translated | None = None, given: str = "") -> QueryFailedError:
    """Return a query's failure for an error of DuckDB's.

    Args:
        error: what DuckDB says.
        query: what ran, None for what is not the query's own doing.
        given: the query's text as it came.
    """
    words = re.sub(r"^[A-Za-z ]*Error: ", "", str(error)).split("\n\nLINE ")[0].strip()
    first = words.splitlines()[0] if words else "unknown"
    if _NAMED.match(first):
        return QueryFailedError(first)
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException) and query:
        return _unbound(first, query, given)
    if "INT128" in first:
        return QueryFailedError("NUMERIC_VALUE_OUT_OF_RANGE: bigint overflow")
    for kind, name in _KINDS:
        if isinstance(error, kind):
            return QueryFailedError(f"{name}: {first}")
    if "ivision by zero" in first:
        return QueryFailedError("DIVISION_BY_ZERO: Division by zero")
    return QueryFailedError(f"GENERIC_INTERNAL_ERROR: {first}")


def not_found(name: str, given: str, offset: int) -> QueryFailedError:
    """Return the failure of a query that names a column which is not there."""
    reason = f"Column '{name}' cannot be resolved or requester is not authorized to access requested resources"
    return QueryFailedError(f"COLUMN_NOT_FOUND: {place(given, offset)}: {reason}")


_KINDS: Final[tuple[tuple[type[duckdb.Error], str], ...]] = (
    (duckdb.OutOfRangeException, "NUMERIC_VALUE_OUT_OF_RANGE"),
    (duckdb.ConversionException, "INVALID_CAST_ARGUMENT"),
    (duckdb.OutOfMemoryException, "EXCEEDED_LOCAL_MEMORY_LIMIT"),
    (duckdb.PermissionException, "NOT_SUPPORTED"),
)


def _unbound(words: str, query: Translated, given: str) -> QueryFailedError:
    """Return the failure of a query that does not fit its tables."""
    for pattern in _MISSING:
        if (found := pattern.search(words)) is not None:
            named = found.groupdict()
            name = ".".join(part for part in (named.get("table"), named.get("name")) if part)
            return not_found(name, given, _offset(query, named.get("name") or ""))
    if (found := _GROUPED.search(words)) is not None:
        where = place(given, _offset(query, found["name"]))
        reason = f"'{found['name']}' must be an aggregate expression or appear in GROUP BY clause"
        return QueryFailedError(f"EXPRESSION_NOT_AGGREGATE: {where}: {reason}")
    if (found := _AMBIGUOUS.search(words)) is not None:
        where = place(given, _offset(query, found["name"]))
        return QueryFailedError(f"AMBIGUOUS_NAME: {where}: Column '{found['name']}' is ambiguous")
    mismatch = any(each in words for each in ("No function matches", "Could not choose", "Cannot", "cast"))
    return QueryFailedError(f"{'TYPE_MISMATCH' if mismatch else 'SYNTAX_ERROR'}: line 1:1: {words}")


def _offset(query: Translated, name: str) -> int:
    """Return where a column is first named in a query."""
    return min((offset for known, offset in query.columns if known == name), default=0)
