"""Comparisons, which Trino makes of one type alone, where DuckDB reads a text as a number or a date.

DuckDB's `<` is strict between types, and its `=` is not. So beside each `=` stands a `<` of the same operands that is
never evaluated: types are looked at all the same, and what is left of it is true.
"""

from collections.abc import Sequence
from typing import Any

from sqlglot import exp


def compared(node: exp.Expr) -> exp.Expr:
    """Return a comparison of two operands."""
    for part in ("this", "expression"):
        node.set(part, _typed(node.args[part]))
    if isinstance(node, exp.LT | exp.LTE | exp.GT | exp.GTE) or _is_plain(node.this) or _is_plain(node.expression):
        return node
    return _checked(node, [(node.this, node.expression)])


def between(node: exp.Between) -> exp.Expr:
    """Return a BETWEEN."""
    for part in ("this", "low", "high"):
        node.set(part, _typed(node.args[part]))
    return node


def one_of(node: exp.In) -> exp.Expr:
    """Return an IN of a list; one of a query stays as it is."""
    node.set("this", _typed(node.this))
    if node.args.get("query") is not None:
        return node
    node.set("expressions", [_typed(each) for each in node.expressions])
    return _checked(node, [(node.this, each) for each in node.expressions if not _is_plain(each)])


def _typed(node: Any) -> exp.Expr:
    """Return an operand; a text as a varchar, which DuckDB does not read as anything else."""
    if isinstance(node, exp.Literal) and node.is_string:
        return exp.Cast(this=node.copy(), to=exp.DataType.build("VARCHAR"))
    operand: exp.Expr = node
    return operand


def _is_plain(node: exp.Expr) -> bool:
    """Say whether an operand is compared without a type of its own: NULL, rows, and queries with ANY or ALL."""
    return isinstance(node, exp.Null | exp.Tuple | exp.Any | exp.All | exp.Subquery)


def _checked(node: exp.Expr, pairs: Sequence[tuple[exp.Expr, exp.Expr]]) -> exp.Expr:
    case = exp.Case(
        ifs=[
            exp.If(this=exp.false(), true=exp.LT(this=exp.paren(left.copy()), expression=exp.paren(right.copy())))
            for left, right in pairs
        ],
        default=exp.true(),
    )
    if not case.args["ifs"]:
        return node
    return exp.paren(exp.And(this=exp.paren(node.copy()), expression=case))
