"""The expressions of batch segment jobs by item attributes: `ITEMS.genres = "Comedy" AND ITEMS.genres = "Action"`.

Rules: Developer Guide, prepare-input-data-user-segment: only `=` and `AND`, no textual columns.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, VisitError

from embedded_aws.personalize.exceptions import InvalidInputException
from embedded_aws.personalize.filters.matching import Bound, View
from embedded_aws.personalize.filters.parsing import LITERALS, ExpressionError, explain, unquote
from embedded_aws.personalize.filters.tree import Condition, Conditions, Expression, Filter, Target
from embedded_aws.personalize.recipes.base import Metadata
from embedded_aws.personalize.recipes.interactions import Mask
from embedded_aws.personalize.schemas import Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

_GRAMMAR: Final = rf"""
    attributes: condition ("AND"i condition)*
    condition: NAME "." NAME "=" (TEXT | NUMBER)
    NAME: /[a-z_][a-z0-9_]*/i
    {LITERALS}
"""


@dataclass(frozen=True)
class Attributes:
    """Item attributes that must all be there."""

    filter: Filter

    def matching(self, items: Metadata) -> Mask:
        """Return, per item of the catalogue, whether it has them all.

        Raises:
            InvalidInputException: the items dataset lacks a field, or it is textual or of another type.
        """
        schemas: Mapping[str, Schema] = {"ITEMS": Schema("ITEMS", items.fields)} if items.fields else {}
        self.filter.check(schemas)
        ids = [""] * items.rows.height
        where = self.filter.expressions[0].where
        return Bound(self.filter.expressions).holds(where, View(ids, Target.ITEM, schemas, items.rows), items.rows)


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    def attributes(self, *conditions: Condition) -> Attributes:
        return Attributes(Filter((Expression(True, Target.ITEM, Conditions((conditions,))),)))  # noqa: FBT003

    def condition(self, dataset: Token, name: Token, value: Token) -> Condition:
        if dataset.upper() != "ITEMS":
            raise ExpressionError(f"{dataset} is not ITEMS", dataset)
        return Condition("ITEMS", str(name), "=", (unquote(value) if value.type == "TEXT" else float(value),))


@lru_cache(maxsize=256)
def parse_attributes(text: str) -> Attributes:
    """Return the attributes in an expression.

    Raises:
        InvalidInputException: it is none; the text says where and what was expected.
    """
    try:
        found: Attributes = _Builder().transform(_ATTRIBUTES.parse(text))
    except VisitError as error:
        raise InvalidInputException(f"Invalid itemAttributes, {error.orig_exc}") from error
    except UnexpectedInput as error:
        raise InvalidInputException(f"Invalid itemAttributes, {explain(error, text)}") from error
    return found


_ATTRIBUTES: Final = Lark(_GRAMMAR, start="attributes", parser="lalr")
