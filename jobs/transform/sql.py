"""Compile expressions on raw columns to Spark."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

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
from definition.mapping.mapping import EXACT
from jobs.transform.columns import col, number, raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from definition.mapping.expressions import Condition, Value


def condition(node: Condition) -> Column:
    """Compile a condition; it is null where it is neither true nor false."""
    if isinstance(node, Logical):
        return functools.reduce(COMBINED[node.node], [condition(operand) for operand in node.operands])
    if isinstance(node, Not):
        return ~condition(node.operand)
    if isinstance(node, Comparison):
        compared: Column = COMPARED[node.operator](value(node.left), value(node.right))
        return compared
    operand = value(node.operand)
    if isinstance(node, IsNull):
        return operand.isNull()
    if isinstance(node, Like):
        return operand.rlike(node.regex)
    assert isinstance(node, Membership), "the last of the conditions"
    if any(isinstance(each, str) for each in node.values):
        return operand.isin(node.values)
    # Sets of numbers tell -0.0 from 0.0; adding 0 makes them one.
    return (operand + 0.0).isin([float(each) + 0.0 for each in node.values])


def value(node: Value) -> Column:
    """Compile a value: a text, or a number in double precision."""
    if isinstance(node, RawColumn):
        return col(number(node.name) if node.kind == "number" else raw(node.name))
    if isinstance(node, Text):
        return F.lit(node.value)
    if isinstance(node, Number):
        return F.lit(float(node.value))
    if isinstance(node, Arithmetic):
        return _arithmetic(node)
    if isinstance(node, Coalesce):
        return F.coalesce(*[value(operand) for operand in node.operands])
    if isinstance(node, Case):
        return _case(node)
    return _call(node)


def finite(number: Column) -> Column:
    """Return a number, None where it is not finite."""
    return F.when((F.abs(number) < float("inf")) & ~F.isnan(number), number)


def floor(number: Column) -> Column:
    """Return the greatest whole number that is not greater; Spark's own is a long, which cannot hold all."""
    return F.when(F.abs(number) < EXACT, F.floor(number).cast("double")).otherwise(number)


def _ceil(number: Column) -> Column:
    return F.when(F.abs(number) < EXACT, F.ceil(number).cast("double")).otherwise(number)


def _arithmetic(node: Arithmetic) -> Column:
    left, right = value(node.left), value(node.right)
    if node.operator == "/":
        return finite(F.when(right != 0, left / right))
    return finite(RECKONED[node.operator](left, right))


def _case(node: Case) -> Column:
    # A condition that is null is not true: Spark takes the next branch.
    chosen = value(node.otherwise) if node.otherwise else F.lit(None)
    for branch in reversed(node.branches):
        chosen = F.when(condition(branch.condition), value(branch.value)).otherwise(chosen)
    return chosen


_SIMPLE: dict[str, Callable[[Column], Column]] = {
    "lower": F.lower,
    "upper": F.upper,
    "trim": F.trim,
    "length": lambda text: F.length(text).cast("double"),
    "abs": F.abs,
    "floor": floor,
    "ceil": _ceil,
}
"""Functions of one argument."""


def _call(node: Call) -> Column:
    first, *others = node.arguments
    given, options = value(first), [other.value for other in others if isinstance(other, Text | Number)]
    match node.function:
        case "concat":
            return F.concat(given, *(value(other) for other in others))
        case "substr":
            return F.substring(given, int(options[0]), int(options[1]))
        case "replace":
            return F.replace(given, F.lit(options[0]), F.lit(options[1]))
        case "split_part":
            return F.get(F.split(given, re.escape(str(options[0])), -1), int(options[1]) - 1)
        case "round":
            scale = 10.0 ** int(options[0])
            return finite(floor(given * scale + 0.5) / scale)
        case _:
            return _SIMPLE[node.function](given)
