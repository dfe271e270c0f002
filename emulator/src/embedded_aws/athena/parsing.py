"""Athena's SQL as a tree: Trino's grammar, with every function under the name that it has there.

sqlglot knows what many functions are in other dialects. That knowledge is left out here: `functions` says what is
emulated, and how.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import TokenType

from embedded_aws.athena.exceptions import InvalidRequest, QueryFailedError
from embedded_aws.athena.statements import Statement, place, too_few_parameters

_CALLS = {"CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING"}
_WORDS = {"ANY", "CASE"}


class EmbeddedAthena(Trino):
    """Trino's dialect without translations of functions; subscripts stay as they are written."""

    INDEX_OFFSET = 0

    class Parser(TrinoParser):
        """Trino's parser that leaves functions as they are."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS = {  # noqa: RUF012  # as above
            name: parser for name, parser in TrinoParser.FUNCTION_PARSERS.items() if name in _CALLS
        }
        NO_PAREN_FUNCTION_PARSERS = {  # noqa: RUF012  # as above
            name: parser for name, parser in TrinoParser.NO_PAREN_FUNCTION_PARSERS.items() if name in _WORDS
        }


def parsed(statement: Statement) -> exp.Query:
    """Return the tree of what a statement selects, its parameters in their places.

    Raises:
        InvalidRequest: it is no SQL.
        QueryFailedError: it has another number of question marks than parameters were given.
    """
    tree = _tree(_with_parameters(statement.query, statement.parameters))
    if not isinstance(tree, exp.Query):
        raise InvalidRequest("line 1:1: Queries of this type are not supported", "MALFORMED_QUERY")
    return tree


def _with_parameters(query: str, given: Sequence[str] | None) -> str:
    """Return a query with parameters in the places of its question marks; without any, parameters are ignored."""
    marks = [token.start for token in EmbeddedAthena().tokenize(query) if token.token_type is TokenType.PLACEHOLDER]
    if marks and len(marks) != len(given or ()):
        raise too_few_parameters(len(marks), len(given or ()))
    for start, text in reversed(list(zip(marks, given or (), strict=False))):
        query = query[:start] + _parameter(text) + query[start + 1 :]
    return query


def _tree(text: str) -> Any:
    dialect = EmbeddedAthena()
    try:
        trees = EmbeddedAthena.Parser(dialect=dialect).parse(dialect.tokenize(text), text)
    except ParseError as error:
        (first, *_) = error.errors or [{}]
        line, column = first.get("line") or 1, first.get("col") or 1
        shown = str(first.get("highlight") or "")
        where = f"line {line}:{max(1, column - len(shown) + 1)}"
        raise InvalidRequest(f"{where}: mismatched input '{shown or '<EOF>'}'", "MALFORMED_QUERY") from error
    except TokenError as error:
        raise InvalidRequest(f"line 1:1: {str(error).splitlines()[0]}", "MALFORMED_QUERY") from error
    except RecursionError as error:
        raise InvalidRequest("line 1:1: statement is too large (stack overflow while parsing)") from error
    return trees[0]


def _parameter(text: str) -> str:
    """Return what a parameter stands for: an expression without columns, or else the text itself (recorded)."""
    literal = exp.Literal.string(text).sql()
    try:
        value = _tree(f"SELECT {text}")
    except InvalidRequest:
        return literal
    others = {name for name, each in value.args.items() if each and name != "expressions"}
    if not isinstance(value, exp.Select) or others or len(value.expressions) != 1:
        return literal
    (only,) = value.expressions
    return literal if isinstance(only, exp.Alias) or only.find(exp.Column, exp.Star) else f"({text})"


def failed(reason: str, query: str, node: exp.Expr | None) -> QueryFailedError:
    """Return a failure at a node: `NAME: words` with the place between them, as Trino tells it."""
    name, _, words = reason.partition(": ")
    return QueryFailedError(f"{name}: {place(query, offset_of(node))}: {words}")


def offset_of(node: exp.Expr | None) -> int:
    """Return the place in the text at which a node begins, as far as its names tell it; 0 for none."""
    if node is None:
        return 0
    found = [int(part.meta["start"]) for part in node.walk() if "start" in part.meta]
    return min(found, default=0)
