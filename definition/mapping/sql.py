"""Parse the SQL subset of the pipeline file into expressions.

Conditions: ``= != <> < <= > >=``, ``[NOT] IN (…)``, ``[NOT] BETWEEN … AND …``, ``[NOT] LIKE '…'``, ``IS [NOT] NULL``,
``AND``, ``OR``, ``NOT``, parentheses. Values: raw columns, numbers, texts in single quotes, ``+ - * /``, ``||``,
``CASE WHEN``, ``IF``, and the functions of ``expressions.Call`` with COALESCE and NULLIF. The text is parsed by sqlglot
and rebuilt as data: it never reaches an engine as text.

A raw column is read as a number where its place asks for one: in arithmetic, as an argument that is a number, beside a
number in a comparison. Elsewhere it is text.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import sqlglot
from sqlglot import expressions as sql
from sqlglot.errors import SqlglotError

from definition.mapping.expressions import (
    MAX_DECIMALS,
    Arithmetic,
    Branch,
    Call,
    Case,
    Coalesce,
    Comparison,
    IsNull,
    Like,
    Logical,
    Membership,
    Not,
    Number,
    RawColumn,
    Text,
    kind_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from definition.mapping.expressions import Condition, Kind, NumberFunction, Operator, TextFunction, Value

_Parsed = TypeVar("_Parsed")

_DEEPEST = 60
"""Nodes that may stand above each other: what reads them as JSON again has limits."""

_TOO_DEEP = "the expression is nested too deep; write it with fewer parts"

_COUNT = "count"
"""What the names of counts are marked with in the tree: they are numbers wherever they stand."""

_OPERATORS: dict[type[sql.Expr], Operator] = {
    sql.EQ: "=",
    sql.NEQ: "!=",
    sql.LT: "<",
    sql.LTE: "<=",
    sql.GT: ">",
    sql.GTE: ">=",
}
_ARITHMETIC: dict[type[sql.Expr], str] = {sql.Add: "+", sql.Sub: "-", sql.Mul: "*", sql.Div: "/"}
_OF_TEXT: dict[type[sql.Expr], TextFunction | NumberFunction] = {
    sql.Lower: "lower",
    sql.Upper: "upper",
    sql.Length: "length",
}
_OF_NUMBER: dict[type[sql.Expr], NumberFunction] = {sql.Abs: "abs", sql.Floor: "floor", sql.Ceil: "ceil"}

_TEXTS = frozenset({sql.Lower, sql.Upper, sql.Trim, sql.Substring, sql.Replace, sql.SplitPart, sql.DPipe, sql.Concat})

_PARTS: dict[type[sql.Expr], frozenset[str]] = {
    sql.Like: frozenset({"this", "expression", "negate"}),
    sql.In: frozenset({"this", "expressions"}),
    sql.Between: frozenset({"this", "low", "high"}),
    sql.Case: frozenset({"this", "ifs", "default"}),
    sql.If: frozenset({"this", "true", "false"}),
    sql.Coalesce: frozenset({"this", "expressions"}),
    sql.Concat: frozenset({"expressions", "safe"}),
    sql.Round: frozenset({"this", "decimals"}),
    sql.Substring: frozenset({"this", "start", "length"}),
    sql.Replace: frozenset({"this", "expression", "replacement"}),
    sql.SplitPart: frozenset({"this", "delimiter", "part_index"}),
    sql.Column: frozenset({"this", "table", "db", "catalog"}),
    sql.Literal: frozenset({"this", "is_string"}),
}
"""What is read of a node; more than that has a meaning that must not be lost."""

_CONDITIONS = "compare with = != < <= > >=, IN, BETWEEN, LIKE or IS NULL, joined by AND, OR, NOT"
_VALUES = (
    "use raw columns, numbers, texts in single quotes, + - * / ||, CASE, IF, COALESCE, NULLIF, LOWER, UPPER, TRIM, "
    "SUBSTR, REPLACE, SPLIT_PART, LENGTH, ABS, FLOOR, CEIL, ROUND"
)


class UnsupportedSqlError(ValueError):
    """The text is not an expression of the supported subset."""


def parse_condition(text: str) -> Condition:
    """Parse a condition such as ``rating >= 3.5 AND country IN ('PT', 'ES')``.

    Raises:
        UnsupportedSqlError: the text does not parse, or uses what is outside the subset.
    """
    return _parsed(text, _condition, f"condition; {_CONDITIONS}")


def parse_value(text: str, wanted: Kind | None = None) -> Value:
    """Parse a value such as ``price * quantity`` or ``LOWER(sku)``.

    Args:
        text: the SQL text.
        wanted: what the value must be; a raw column that stands alone is read as that.

    Raises:
        UnsupportedSqlError: the text does not parse, uses what is outside the subset, or gives the other kind.
    """
    return _parsed(text, lambda tree: _value(tree, wanted), f"expression; {_VALUES}")


def parse_counts(text: str) -> Condition:
    """Parse a condition on counts such as ``rows_out >= 0.9 * rows_in``, where every name is a number.

    Raises:
        UnsupportedSqlError: the text does not parse, uses what is outside the subset, or holds a text.
    """

    def convert(tree: sql.Expr) -> Condition:
        for column in tree.find_all(sql.Column):
            column.meta[_COUNT] = True
        if given := next((each for each in tree.find_all(sql.Literal) if each.is_string), None):
            raise UnsupportedSqlError(f"{given.sql()} is a text; compare counts with numbers")
        return _condition(tree)

    return _parsed(text, convert, f"condition; {_CONDITIONS}")


def _parsed(text: str, convert: Callable[[sql.Expr], _Parsed], what: str) -> _Parsed:
    try:
        tree = sqlglot.parse_one(text)
        converted = convert(tree)
    except SqlglotError as error:
        raise UnsupportedSqlError(f"'{text}' is not a SQL {what}") from error
    except RecursionError as error:
        raise UnsupportedSqlError(_TOO_DEEP) from error
    if _depth(tree) > _DEEPEST:
        raise UnsupportedSqlError(_TOO_DEEP)
    return converted


def _depth(tree: sql.Expr) -> int:
    """Return how many nodes stand above each other; chains of AND or OR count once."""
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        for child in node.iter_expressions():
            chained = isinstance(node, sql.And | sql.Or) and type(child) is type(node)
            waiting.append((child, depth if chained else depth + 1))
    return deepest


def _check_parts(tree: sql.Expr) -> None:
    read = _PARTS.get(type(tree), {"this", "expression", "safe"})
    if any(part for name, part in tree.args.items() if name not in read):
        raise UnsupportedSqlError(f"'{tree.sql()}' is not supported; {_VALUES}")


def _condition(tree: sql.Expr) -> Condition:
    _check_parts(tree)
    if isinstance(tree, sql.Paren):
        return _condition(tree.this)
    if isinstance(tree, sql.Not):
        return Not(operand=_condition(tree.this))
    if isinstance(tree, sql.And | sql.Or):
        operands = [_condition(part) for part in tree.flatten(unnest=False)]
        return Logical(node="and" if isinstance(tree, sql.And) else "or", operands=operands)
    if isinstance(tree, sql.Is) and isinstance(tree.expression, sql.Null):
        return IsNull(operand=_value(tree.this))
    if isinstance(tree, sql.In):
        return _membership(tree)
    if isinstance(tree, sql.Between):
        bounds: tuple[tuple[Operator, str], ...] = ((">=", "low"), ("<=", "high"))
        _alike([tree.this, *(tree.args[bound] for _, bound in bounds)])
        compared = [_compared(tree, tree.this, operator, tree.args[bound]) for operator, bound in bounds]
        return Logical(node="and", operands=list(compared))
    if type(tree) is sql.Like:
        if not (isinstance(tree.expression, sql.Literal) and tree.expression.is_string):
            raise UnsupportedSqlError(f"'{tree.sql()}' has no pattern; write LIKE 'abc%'")
        like = Like(operand=_value(tree.this, "text"), pattern=tree.expression.name)
        return Not(operand=like) if tree.args.get("negate") else like
    if type(tree) in _OPERATORS:
        return _compared(tree, tree.this, _OPERATORS[type(tree)], tree.expression)
    raise UnsupportedSqlError(f"'{tree.sql()}' is not supported; {_CONDITIONS}")


def _compared(tree: sql.Expr, left: sql.Expr, operator: Operator, right: sql.Expr) -> Comparison:
    first, second = _alike([left, right])
    if kind_of(first) != kind_of(second):
        raise UnsupportedSqlError(f"'{tree.sql()}' compares a number with a text; write texts in single quotes")
    if isinstance(first, Text | Number) and isinstance(second, Text | Number):
        raise UnsupportedSqlError(f"'{tree.sql()}' reads no raw column; put a column on one side")
    if _kind(left) is None and _kind(right) is None and operator not in {"=", "!="}:
        told = f"'{tree.sql()}' says not whether it compares numbers or texts"
        raise UnsupportedSqlError(f"{told}; add 0 to one side for numbers, or || '' for texts")
    return Comparison(left=first, operator=operator, right=second)


def _membership(tree: sql.In) -> Membership:
    if not tree.expressions:
        raise UnsupportedSqlError(f"'{tree.sql()}' lists no values; write IN ('a', 'b')")
    literals = [_value(value) for value in tree.expressions]
    texts = [value.value for value in literals if isinstance(value, Text)]
    numbers = [value.value for value in literals if isinstance(value, Number)]
    if len(texts) + len(numbers) != len(literals) or (texts and numbers):
        raise UnsupportedSqlError(f"'{tree.sql()}' mixes numbers and texts; use one kind, and no columns")
    return Membership(operand=_value(tree.this, "text" if texts else "number"), values=texts or numbers)


def _value(tree: sql.Expr, wanted: Kind | None = None) -> Value:
    value = _convert(tree, wanted)
    if wanted and kind_of(value) != wanted:
        other = "a number" if wanted == "text" else "a text"
        raise UnsupportedSqlError(f"'{tree.sql()}' is {other}, but a {wanted} is needed there; {_VALUES}")
    return value


def _convert(tree: sql.Expr, wanted: Kind | None) -> Value:
    _check_parts(tree)
    if isinstance(tree, sql.Paren):
        return _convert(tree.this, wanted)
    if isinstance(tree, sql.Literal):
        return Text(value=tree.name) if tree.is_string else Number(value=_finite(tree))
    if isinstance(tree, sql.Column):
        return RawColumn(name=_name(tree), kind=_kind(tree) or wanted or "text")
    if isinstance(tree, sql.Neg):
        operand = _value(tree.this, "number")
        if isinstance(operand, Number):
            return Number(value=-operand.value)
        return Arithmetic(operator="-", left=Number(value=0), right=operand)
    if type(tree) in _ARITHMETIC:
        left, right = _value(tree.this, "number"), _value(tree.expression, "number")
        return Arithmetic.model_validate({"operator": _ARITHMETIC[type(tree)], "left": left, "right": right})
    if isinstance(tree, sql.Case | sql.If):
        return _case(_as_case(tree), wanted)
    if isinstance(tree, sql.Coalesce):
        return Coalesce(operands=_alike([tree.this, *tree.expressions], wanted))
    if isinstance(tree, sql.Nullif):
        first, second = _alike([tree.this, tree.expression], wanted)
        differs = Not(operand=Comparison(left=first, operator="=", right=second))
        kept = Logical(node="or", operands=[IsNull(operand=second), differs])
        return Case(branches=[Branch(condition=kept, value=first)])
    return _call(tree)


def _as_case(tree: sql.Case | sql.If) -> sql.Case:
    """Return IF(c, a, b) as CASE WHEN c THEN a ELSE b END."""
    if isinstance(tree, sql.Case):
        return tree
    if not tree.args.get("true"):
        raise UnsupportedSqlError("IF takes a condition, a value, and if you like a value for all else: IF(c, a, b)")
    whole = sql.Case(ifs=[sql.If(this=tree.this.copy(), true=tree.args["true"].copy())])
    if tree.args.get("false"):
        whole.set("default", tree.args["false"].copy())
    return whole


def _case(tree: sql.Case, wanted: Kind | None) -> Case:
    if tree.this is not None:
        raise UnsupportedSqlError("CASE takes no operand; write CASE WHEN column = value THEN …")
    given = _case_values(tree)
    if not given:
        raise UnsupportedSqlError(f"'{tree.sql()}' gives nothing but NULL; give a value in one branch")
    values = iter(_alike(given, wanted))
    branches = [
        Branch(
            condition=_condition(branch.this),
            value=None if isinstance(branch.args["true"], sql.Null) else next(values),
        )
        for branch in tree.args["ifs"]
    ]
    return Case(branches=branches, otherwise=next(values, None))


def _call(tree: sql.Expr) -> Value:
    if type(tree) in _OF_TEXT:
        return Call(function=_OF_TEXT[type(tree)], arguments=[_value(tree.this, "text")])
    if type(tree) in _OF_NUMBER:
        return Call(function=_OF_NUMBER[type(tree)], arguments=[_value(tree.this, "number")])
    if isinstance(tree, sql.Trim) and not (tree.expression or tree.args.get("position")):
        return Call(function="trim", arguments=[_value(tree.this, "text")])
    if type(tree) in {sql.DPipe, sql.Concat}:
        parts = [tree.this, tree.expression] if isinstance(tree, sql.DPipe) else tree.expressions
        return Call(function="concat", arguments=[_value(part, "text") for part in parts])
    if isinstance(tree, sql.Round):
        decimals = _whole(tree, tree.args.get("decimals"), 0, MAX_DECIMALS, 0)
        return Call(function="round", arguments=[_value(tree.this, "number"), decimals])
    if isinstance(tree, sql.Substring):
        start = _whole(tree, tree.args.get("start"), 1, 2**31 - 1, 1)
        length = _whole(tree, tree.args.get("length"), 0, 2**31 - 1, 2**31 - 1)
        return Call(function="substr", arguments=[_value(tree.this, "text"), start, length])
    if isinstance(tree, sql.Replace):
        old, new = _literal(tree, tree.expression), _literal(tree, tree.args.get("replacement"), empty=True)
        return Call(function="replace", arguments=[_value(tree.this, "text"), old, new])
    if isinstance(tree, sql.SplitPart):
        number = _whole(tree, tree.args.get("part_index"), 1, 2**31 - 1, 1)
        delimiter = _literal(tree, tree.args.get("delimiter"))
        return Call(function="split_part", arguments=[_value(tree.this, "text"), delimiter, number])
    raise UnsupportedSqlError(f"'{tree.sql()}' is not supported; {_VALUES}")


def _alike(trees: Sequence[sql.Expr], wanted: Kind | None = None) -> list[Value]:
    """Return values of one kind: columns that stand alone are read as what the others are."""
    kinds = {kind for tree in trees if (kind := _kind(tree))} | ({wanted} if wanted else set())
    if len(kinds) > 1:
        told = " and ".join(f"'{tree.sql()}'" for tree in trees)
        raise UnsupportedSqlError(f"{told} are numbers and texts; write texts in single quotes, and use one kind")
    return [_value(tree, next(iter(kinds), None)) for tree in trees]


def _kind(tree: sql.Expr) -> Kind | None:
    """Return whether a tree gives a text or a number; None where that is up to its place, as for a column alone."""
    if isinstance(tree, sql.Paren):
        return _kind(tree.this)
    if isinstance(tree, sql.Case | sql.If):
        return _first(_case_values(_as_case(tree)))
    if isinstance(tree, sql.Coalesce):
        return _first([tree.this, *tree.expressions])
    if isinstance(tree, sql.Nullif):
        return _first([tree.this, tree.expression])
    if isinstance(tree, sql.Column):
        return "number" if tree.meta.get(_COUNT) else None
    if isinstance(tree, sql.Literal):
        return "text" if tree.is_string else "number"
    if type(tree) in {*_ARITHMETIC, *_OF_NUMBER, sql.Neg, sql.Round, sql.Length}:
        return "number"
    if type(tree) in _TEXTS:
        return "text"
    raise UnsupportedSqlError(f"'{tree.sql()}' is not supported; {_VALUES}")


def _first(trees: Sequence[sql.Expr]) -> Kind | None:
    return next((kind for tree in trees if (kind := _kind(tree))), None)


def _case_values(tree: sql.Case) -> list[sql.Expr]:
    """Return what a CASE can give, ELSE last, but for NULL; ELSE NULL is no ELSE."""
    given = [*(branch.args["true"] for branch in tree.args["ifs"]), tree.args.get("default")]
    return [each for each in given if each is not None and not isinstance(each, sql.Null)]


def _name(tree: sql.Column) -> str:
    """Return a column's name; what is written with dots is a path into nested fields."""
    if not all(isinstance(part, sql.Identifier) for part in tree.parts):
        raise UnsupportedSqlError(f"'{tree.sql()}' is not the name of a raw column")
    return ".".join(part.name for part in tree.parts)


def _whole(tree: sql.Expr, given: sql.Expr | None, least: int, most: int, default: int) -> Number:
    if given is None:
        return Number(value=default)
    if isinstance(given, sql.Literal) and not given.is_string and given.name.isdigit():
        value = int(given.name)
        if least <= value <= most:
            return Number(value=value)
    raise UnsupportedSqlError(f"'{tree.sql()}' has {given.sql()} where a whole number from {least} to {most} must be")


def _literal(tree: sql.Expr, given: sql.Expr | None, *, empty: bool = False) -> Text:
    if isinstance(given, sql.Literal) and given.is_string and (given.name or empty):
        return Text(value=given.name)
    raise UnsupportedSqlError(f"'{tree.sql()}' needs a text in single quotes there")


def _finite(tree: sql.Literal) -> float:
    value = float(tree.name)
    if not math.isfinite(value):
        raise UnsupportedSqlError(f"{tree.name} is beyond what numbers can hold; write a smaller one")
    return value
