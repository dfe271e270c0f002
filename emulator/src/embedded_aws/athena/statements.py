"""A query's text: one statement, of which kind, and what an UNLOAD asks for.

Only words and parentheses are looked at here; `translation` reads what is selected. What is blanked out is replaced by
spaces, so that every place in what remains is the place in the text that was given.

Sources: Athena user guide, pages unload and querying-with-prepared-statements; the service's own answers to two
statements, none and a syntax error.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from embedded_aws.athena.exceptions import InvalidRequest, QueryFailedError

LONGEST: Final = 262144
_LONGEST_PARAMETER: Final = 1024
_SELECTS: Final = {"SELECT", "WITH", "VALUES", "("}
_OTHERS: Final = {
    "ALTER", "ANALYZE", "CREATE", "DEALLOCATE", "DELETE", "DESCRIBE", "DROP", "EXECUTE", "EXPLAIN", "INSERT", "MERGE",
    "MSCK", "OPTIMIZE", "PREPARE", "SHOW", "UPDATE", "USING", "VACUUM", "TABLE", "REFRESH", "DESC", "TRUNCATE",
}  # fmt: skip
_COMPRESSIONS: Final = {"SNAPPY": "snappy", "GZIP": "gzip", "ZSTD": "zstd", "NONE": "uncompressed"}
_FORMATS: Final = {"ORC", "AVRO", "JSON", "TEXTFILE"}
_LOCATION: Final = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<prefix>.*)")


@dataclass(frozen=True)
class Unload:
    """Where to and how an UNLOAD writes; `prefix` ends with a slash, `compression` is DuckDB's word."""

    bucket: str
    prefix: str
    compression: str


@dataclass(frozen=True)
class Statement:
    """One statement.

    Attributes:
        query: the text of what is selected, at its own place.
        unload: what an UNLOAD does with it, None for a plain SELECT.
        parameters: SQL texts in place of the question marks, None if none were given.
    """

    query: str
    unload: Unload | None = None
    parameters: Sequence[str] | None = field(default=None)

    @property
    def kind(self) -> str:
        """The SubstatementType."""
        return "SELECT" if self.unload is None else "UNLOAD"


def statement(text: str, parameters: Sequence[str] | None = None) -> Statement:
    """Return the one statement of a query's text.

    Raises:
        InvalidRequest: there is none, or more than one, or it is no SQL.
        NotImplementedError: it is none that is emulated.
    """
    if len(text.encode()) > LONGEST:
        raise InvalidRequest(
            "1 validation error detected: Value at 'queryString' failed to satisfy constraint: Member must have length "
            f"less than or equal to {LONGEST}"
        )
    for parameter in parameters or ():
        if len(parameter) > _LONGEST_PARAMETER:
            raise InvalidRequest(
                "1 validation error detected: Value at 'executionParameters' failed to satisfy constraint: Member must "
                f"have length less than or equal to {_LONGEST_PARAMETER}"
            )
    given, tokens = text.strip(), _tokens(text)
    while tokens and tokens[-1].text == ";":
        text = _blanked(text, tokens[-1].start, tokens[-1].end)
        tokens = tokens[:-1]
    if not tokens:
        raise InvalidRequest(f"Empty sql statement: {given}", "MALFORMED_QUERY")
    if any(_is(token, ";") for token in tokens):
        raise InvalidRequest(f"Only one sql statement is allowed. Got: {given}", "MALFORMED_QUERY")
    first = tokens[0].text.upper()
    if first in _SELECTS:
        return Statement(text, None, parameters)
    if first == "UNLOAD":
        query, unload = _unload(text, tokens)
        return Statement(query, unload, parameters)
    if first in _OTHERS:
        raise NotImplementedError(f"of statements SELECT, WITH, VALUES and UNLOAD are, not {first}")
    raise InvalidRequest(f"{place(text, tokens[0].start)}: mismatched input '{tokens[0].text}'.", "MALFORMED_QUERY")


def place(text: str, offset: int) -> str:
    """Return a place in a query's text as Trino tells it."""
    before = text[:offset]
    return f"line {before.count(chr(10)) + 1}:{offset - (before.rfind(chr(10)) + 1) + 1}"


def _tokens(text: str) -> list[Any]:
    from sqlglot.dialects.trino import Trino  # noqa: PLC0415  # needed by who queries alone
    from sqlglot.errors import TokenError  # noqa: PLC0415  # as above

    try:
        return list(Trino().tokenize(text))
    except TokenError as error:
        raise InvalidRequest(f"line 1:1: {str(error).splitlines()[0]}", "MALFORMED_QUERY") from error


def _is(token: Any, text: str) -> bool:
    """Say whether a token is a mark or word, and not a text that looks like one."""
    return token.text.upper() == text and token.token_type.name not in {"STRING", "IDENTIFIER"}


def _blanked(text: str, start: int, end: int) -> str:
    """Return a text with spaces in the place of what lies from one character to another; lines stay lines."""
    return text[:start] + re.sub(r"[^\n]", " ", text[start : end + 1]) + text[end + 1 :]


def _unload(text: str, tokens: Sequence[Any]) -> tuple[str, Unload]:
    """Return what an UNLOAD selects, in place, and what it does with it."""
    depth, close = 0, None
    for at, token in enumerate(tokens[1:], 1):
        depth += _is(token, "(") - _is(token, ")")
        if depth == 0:
            close = at
            break
    if close is None or close == 1 or not _is(tokens[1], "("):
        raise _malformed(text, tokens[min(1, len(tokens) - 1)])
    rest = tokens[close + 1 :]
    if len(rest) < 2 or not _is(rest[0], "TO") or rest[1].token_type.name != "STRING":  # noqa: PLR2004  # TO 'where'
        raise _malformed(text, rest[0] if rest else tokens[close])
    query = _blanked(text, 0, tokens[1].end)
    query = _blanked(query, tokens[close].start, len(text) - 1)
    return query, _target(rest[1].text, _options(text, rest[2:]))


def _malformed(text: str, token: Any) -> InvalidRequest:
    return InvalidRequest(
        f"{place(text, token.start)}: mismatched input '{token.text}'. Expecting: "
        "UNLOAD (query) TO 's3://bucket/prefix/' WITH (format = '...')",
        "MALFORMED_QUERY",
    )


def _options(text: str, tokens: Sequence[Any]) -> dict[str, str]:
    """Return what stands in WITH ( … ), by names in small letters; a value that is no text as its words."""
    if not tokens:
        return {}
    if len(tokens) < 2 or not _is(tokens[0], "WITH") or not _is(tokens[1], "(") or not _is(tokens[-1], ")"):  # noqa: PLR2004  # WITH (
        raise _malformed(text, tokens[0])
    found: dict[str, str] = {}
    inner = list(tokens[2:-1])
    while inner:
        if len(inner) < 3 or not _is(inner[1], "="):  # noqa: PLR2004  # name = value
            raise _malformed(text, inner[0])
        depth, end = 0, len(inner)
        for at, token in enumerate(inner):
            depth += (_is(token, "(") or _is(token, "[")) - (_is(token, ")") or _is(token, "]"))
            if depth == 0 and _is(token, ","):
                end = at
                break
        found[inner[0].text.lower()] = " ".join(token.text for token in inner[2:end])
        inner = inner[end + 1 :]
    return found


def _target(location: str, options: Mapping[str, str]) -> Unload:
    found = _LOCATION.fullmatch(location)
    if found is None:
        raise InvalidRequest(f"UNLOAD takes a location of the form s3://bucket/prefix/, not {location}")
    unknown = sorted(set(options) - {"format", "compression"})
    if unknown:
        raise NotImplementedError(f"UNLOAD with {', '.join(unknown)}; format and compression are")
    kind = options.get("format", "").upper()
    if kind in _FORMATS:
        raise NotImplementedError(f"UNLOAD with the format {kind}; PARQUET is")
    if kind != "PARQUET":
        raise InvalidRequest(f"UNLOAD needs a format, such as WITH (format = 'PARQUET'), not '{kind}'")
    compression = options.get("compression", "GZIP").upper()
    if compression not in _COMPRESSIONS:
        raise NotImplementedError(f"UNLOAD with the compression {compression}; {', '.join(_COMPRESSIONS)} are")
    prefix = found["prefix"] if not found["prefix"] or found["prefix"].endswith("/") else found["prefix"] + "/"
    return Unload(found["bucket"], prefix, _COMPRESSIONS[compression])


def too_few_parameters(expected: int, found: int) -> QueryFailedError:
    """Return the failure of a query with another number of question marks than parameters."""
    return QueryFailedError(
        f"INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected {expected} but found {found}"
    )
