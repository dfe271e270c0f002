"""Conditions on counts, answered with numbers: what ``transform.meaning`` says of rows, for one row of numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from definition.mapping import expressions as sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from definition.mapping.expressions import Condition, Value


def holds(condition: Condition, counts: Mapping[str, float | None]) -> bool | None:
    """Return whether a condition is true of counts; None where it is neither true nor false.

    Args:
        condition: what ``definition.mapping.sql.parse_counts`` returns.
        counts: each count that the condition names; None where it is not known.
    """
    if isinstance(condition, sql.Logical):
        found = [holds(operand, counts) for operand in condition.operands]
        decided = condition.node == "or"
        return decided if decided in found else None if None in found else not decided
    if isinstance(condition, sql.Not):
        inner = holds(condition.operand, counts)
        return None if inner is None else not inner
    if isinstance(condition, sql.Comparison):
        left, right = number(condition.left, counts), number(condition.right, counts)
        return None if left is None or right is None else bool(sql.COMPARISONS[condition.operator](left, right))
    if isinstance(condition, sql.IsNull):
        return number(condition.operand, counts) is None
    assert isinstance(condition, sql.Membership), "conditions on counts hold no text"
    value = number(condition.operand, counts)
    return None if value is None else value in condition.values


def number(value: Value, counts: Mapping[str, float | None]) -> float | None:
    """Return a number that is made of counts; None for one that is not known or not finite."""
    if isinstance(value, sql.RawColumn):
        return counts[value.name]
    if isinstance(value, sql.Number):
        return value.value
    if isinstance(value, sql.Coalesce):
        return next((found for each in value.operands if (found := number(each, counts)) is not None), None)
    if isinstance(value, sql.Case):
        taken = next((each.value for each in value.branches if holds(each.condition, counts)), value.otherwise)
        return None if taken is None else number(taken, counts)
    if isinstance(value, sql.Arithmetic):
        left, right = number(value.left, counts), number(value.right, counts)
        if left is None or right is None or (value.operator == "/" and right == 0):
            return None
        return _finite(left / right if value.operator == "/" else sql.ARITHMETIC[value.operator](left, right))
    assert isinstance(value, sql.Call), "conditions on counts hold no text"
    return _called(value, counts)


def _called(call: sql.Call, counts: Mapping[str, float | None]) -> float | None:
    given, *options = (number(each, counts) for each in call.arguments)
    if given is None:
        return None
    match call.function:
        case "abs":
            return abs(given)
        case "floor":
            return float(math.floor(given))
        case "ceil":
            return float(math.ceil(given))
    scale = 10.0 ** int(options[0] or 0)
    return _finite(math.floor(given * scale + 0.5) / scale)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
