"""Conditions on raw columns as plain data: what `keep` is compiled to, and what the engines compile from.

The tree is small on purpose: every node has a meaning that Polars and Spark share, and it travels as JSON.
Three-valued logic as in SQL: a comparison with an empty field is neither true nor false, and only rows for
which the whole condition is true are kept.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Operator = Literal["=", "!=", "<", "<=", ">", ">="]
Number = Annotated[float, Field(allow_inf_nan=False)]
Literals = str | Number


class _Node(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Comparison(_Node):
    """``column operator value``; with a number the column is read as a number, else as text."""

    node: Literal["comparison"] = "comparison"
    column: str
    operator: Operator
    value: Literals


class Membership(_Node):
    """``column IN (values)``; all values are numbers or all are text."""

    node: Literal["in"] = "in"
    column: str
    values: list[str] | list[Number]


class IsNull(_Node):
    """``column IS NULL``: the field is empty."""

    node: Literal["is_null"] = "is_null"
    column: str


class Not(_Node):
    """``NOT operand``."""

    node: Literal["not"] = "not"
    operand: Expression


class Logical(_Node):
    """``operands[0] AND|OR operands[1] …``."""

    node: Literal["and", "or"]
    operands: list[Expression]


Expression = Annotated[Comparison | Membership | IsNull | Not | Logical, Field(discriminator="node")]

Not.model_rebuild()
Logical.model_rebuild()


def leaves(expression: Expression) -> list[Comparison | Membership | IsNull]:
    """Return the conditions on single columns, from left to right."""
    if isinstance(expression, Not):
        return leaves(expression.operand)
    if isinstance(expression, Logical):
        return [leaf for operand in expression.operands for leaf in leaves(operand)]
    return [expression]


def columns_of(expression: Expression) -> list[str]:
    """Return the raw columns that a condition reads, each once, in order of appearance."""
    return list(dict.fromkeys(leaf.column for leaf in leaves(expression)))


def is_numeric(leaf: Comparison | Membership | IsNull) -> bool:
    """Tell whether the leaf reads its column as a number."""
    if isinstance(leaf, Comparison):
        return not isinstance(leaf.value, str)
    return isinstance(leaf, Membership) and not isinstance(leaf.values[0], str)
