"""Compile expressions on raw columns to Polars."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import polars as pl

from definition.mapping.expressions import (
    COMBINED,
    COMPARED,
    RECKONED,
    Arithmetic,
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
)
from lambdas.transform.columns import number, raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from definition.mapping.expressions import Condition, Value


def condition(node: Condition) -> pl.Expr:
    """Compile a condition; it is null where it is neither true nor false."""
    if isinstance(node, Logical):
        return functools.reduce(COMBINED[node.node], [condition(operand) for operand in node.operands])
    if isinstance(node, Not):
        return ~condition(node.operand)
    if isinstance(node, Comparison):
        compared: pl.Expr = COMPARED[node.operator](value(node.left), value(node.right))
        return compared
    operand = value(node.operand)
    if isinstance(node, IsNull):
        return operand.is_null()
    if isinstance(node, Like):
        return operand.str.contains(node.regex)
    assert isinstance(node, Membership), "the last of the conditions"
    return operand.is_in(node.values)


def value(node: Value) -> pl.Expr:
    """Compile a value: a text, or a number in double precision."""
    if isinstance(node, RawColumn):
        return pl.col(number(node.name) if node.kind == "number" else raw(node.name))
    if isinstance(node, Text):
        return pl.lit(node.value)
    if isinstance(node, Number):
        return pl.lit(float(node.value))
    if isinstance(node, Arithmetic):
        return _arithmetic(node)
    if isinstance(node, Coalesce):
        return pl.coalesce([value(operand) for operand in node.operands])
    if isinstance(node, Case):
        return _case(node)
    return _call(node)


def _arithmetic(node: Arithmetic) -> pl.Expr:
    left, right = value(node.left), value(node.right)
    if node.operator == "/":
        return _finite(pl.when(right != 0).then(left / right))
    return _finite(RECKONED[node.operator](left, right))


def _finite(result: pl.Expr) -> pl.Expr:
    return pl.when(result.is_finite()).then(result)


def _case(node: Case) -> pl.Expr:
    # A condition that is null is not true: the engine takes the next branch.
    chosen = value(node.otherwise) if node.otherwise else pl.lit(None)
    for branch in reversed(node.branches):
        chosen = pl.when(condition(branch.condition)).then(value(branch.value)).otherwise(chosen)
    return chosen


_SIMPLE: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "lower": lambda text: text.str.to_lowercase(),
    "upper": lambda text: text.str.to_uppercase(),
    "trim": lambda text: text.str.strip_chars(" "),
    "length": lambda text: text.str.len_chars().cast(pl.Float64),
    "abs": pl.Expr.abs,
    "floor": pl.Expr.floor,
    "ceil": pl.Expr.ceil,
}
"""Functions of one argument."""


def _call(node: Call) -> pl.Expr:
    first, *others = node.arguments
    given, options = value(first), [other.value for other in others if isinstance(other, Text | Number)]
    match node.function:
        case "concat":
            return pl.concat_str([given, *(value(other) for other in others)])
        case "substr":
            return given.str.slice(int(options[0]) - 1, int(options[1]))
        case "replace":
            return given.str.replace_all(str(options[0]), str(options[1]), literal=True)
        case "split_part":
            return given.str.split(str(options[0])).list.get(int(options[1]) - 1, null_on_oob=True)
        case "round":
            scale = 10.0 ** int(options[0])
            return _finite((given * scale + 0.5).floor() / scale)
        case _:
            return _SIMPLE[node.function](given)
