"""Parse the SQL subset of `keep` into expressions.

Allowed: ``= != <> < <= > >=``, ``[NOT] IN (…)``, ``[NOT] BETWEEN … AND …``, ``IS [NOT] NULL``, ``AND``, ``OR``,
``NOT``,
parentheses; a column on one side and a number or a text in single quotes on the other. The text is parsed by
sqlglot and rebuilt as data: it never reaches an engine as text.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import expressions as sql
from sqlglot.errors import SqlglotError

from spec.expressions import Comparison, IsNull, Logical, Membership, Not

if TYPE_CHECKING:
    from spec.expressions import Expression, Literals, Operator

_OPERATORS: dict[type[sql.Expr], Operator] = {
    sql.EQ: "=",
    sql.NEQ: "!=",
    sql.LT: "<",
    sql.LTE: "<=",
    sql.GT: ">",
    sql.GTE: ">=",
}
_MIRRORED: dict[Operator, Operator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


_SUBSET = "compare raw columns with = != < <= > >=, IN, BETWEEN or IS NULL, joined by AND, OR, NOT"


class UnsupportedSqlError(ValueError):
    """The text is not a condition of the supported subset."""


def parse_condition(text: str) -> Expression:
    """Parse a condition such as ``rating >= 3.5 AND country IN ('PT', 'ES')``.

    Raises:
        UnsupportedSqlError: the text does not parse, or uses what is outside the subset.
    """
    try:
        return _convert(sqlglot.parse_one(text))
    except SqlglotError as error:
        raise UnsupportedSqlError(f"'{text}' is not a SQL condition; {_SUBSET}") from error
    except RecursionError as error:
        raise UnsupportedSqlError("the condition is nested too deep; write it with fewer parts") from error


def _convert(tree: sql.Expr) -> Expression:
    if isinstance(tree, sql.Paren):
        return _convert(tree.this)
    if isinstance(tree, sql.Not):
        return Not(operand=_convert(tree.this))
    if isinstance(tree, sql.And | sql.Or):
        operands = [_convert(tree.left), _convert(tree.right)]
        return Logical(node="and" if isinstance(tree, sql.And) else "or", operands=operands)
    if isinstance(tree, sql.Is) and isinstance(tree.expression, sql.Null):
        return IsNull(column=_column(tree.this))
    if isinstance(tree, sql.In):
        return Membership(column=_column(tree.this), values=_values(tree))
    if isinstance(tree, sql.Between):
        column = _column(tree.this)
        bounds: tuple[tuple[Operator, str], ...] = ((">=", "low"), ("<=", "high"))
        return Logical(
            node="and",
            operands=[
                Comparison(column=column, operator=operator, value=_literal(tree.args[bound]))
                for operator, bound in bounds
            ],
        )
    if type(tree) in _OPERATORS:
        return _comparison(tree, _OPERATORS[type(tree)])
    raise UnsupportedSqlError(f"'{tree.sql()}' is not supported; {_SUBSET}")


def _comparison(tree: sql.Expr, operator: Operator) -> Comparison:
    left, right = tree.this, tree.expression
    if isinstance(left, sql.Column):
        return Comparison(column=_column(left), operator=operator, value=_literal(right))
    return Comparison(column=_column(right), operator=_MIRRORED[operator], value=_literal(left))


def _column(tree: sql.Expr) -> str:
    if isinstance(tree, sql.Column) and not tree.table and isinstance(tree.this, sql.Identifier):
        return tree.name
    raise UnsupportedSqlError(f"'{tree.sql()}' is not the name of a raw column; put a column on one side")


def _values(tree: sql.In) -> list[str] | list[float]:
    values = [_literal(value) for value in tree.expressions]
    texts = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if not isinstance(value, str)]
    if texts and numbers:
        raise UnsupportedSqlError(f"'{tree.sql()}' mixes numbers and texts; use one kind")
    if not values:
        raise UnsupportedSqlError(f"'{tree.sql()}' lists no values; write IN ('a', 'b')")
    return texts or numbers


def _literal(tree: sql.Expr) -> Literals:
    if isinstance(tree, sql.Neg) and isinstance(tree.this, sql.Literal) and tree.this.is_number:
        return -_finite(tree.this)
    if isinstance(tree, sql.Literal):
        return tree.name if tree.is_string else _finite(tree)
    raise UnsupportedSqlError(f"'{tree.sql()}' is neither a number nor a text; write texts in single quotes")


def _finite(tree: sql.Literal) -> float:
    value = float(tree.name)
    if not math.isfinite(value):
        raise UnsupportedSqlError(f"{tree.name} is beyond what numbers can hold; write a smaller one")
    return value
