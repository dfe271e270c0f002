"""The values of a request: `"horror","comedy"` or `20`."""

from functools import lru_cache
from typing import Any, Final

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput

from embedded_aws.personalize.exceptions import InvalidInputException
from embedded_aws.personalize.filters.parsing import LITERALS, explain, unquote

_GRAMMAR: Final = rf"""
    values: _value ("," _value)*
    _value: TEXT | NUMBER
    {LITERALS}
"""


class _Builder(Transformer[Token, Any]):
    def values(self, tokens: list[Token]) -> tuple[str | float, ...]:
        return tuple(unquote(token) if token.type == "TEXT" else float(token) for token in tokens)


@lru_cache(maxsize=4096)
def parse_values(name: str, text: str) -> tuple[str | float, ...]:
    """Return the values in a text of `filterValues`: quoted texts and numbers, separated by commas.

    Raises:
        InvalidInputException: it is nothing of the kind; the text names the parameter.
    """
    try:
        values: tuple[str | float, ...] = _Builder().transform(_VALUES.parse(text))
    except UnexpectedInput as error:
        raise InvalidInputException(f"filterValues: {name}, {explain(error, text)}") from error
    return values


_VALUES: Final = Lark(_GRAMMAR, start="values", parser="lalr")
