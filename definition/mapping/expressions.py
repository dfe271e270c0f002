"""SQL on raw columns as plain data: what `keep`, `when` and `expression` become, and what engines compile from.

The tree is small on purpose: every node has a meaning that Polars and Spark share, and it travels as JSON. An empty
field is null. Logic is three-valued as in SQL: a comparison with null is neither true nor false, and only rows for
which a whole condition is true are taken. Everything else of null is null.

    texts      characters are Unicode code points; positions begin at 1
    numbers    double precision; what is divided by 0, and what is not finite, is null
    ROUND      halves go up: floor(x * 10^n + 0.5) / 10^n
    TRIM       takes blanks only
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Operator = Literal["=", "!=", "<", "<=", ">", ">="]
Kind = Literal["text", "number"]
FiniteNumber = Annotated[float, Field(allow_inf_nan=False)]
TextFunction = Literal["lower", "upper", "trim", "substr", "replace", "split_part", "concat"]
NumberFunction = Literal["abs", "floor", "ceil", "round", "length"]

COMPARISONS: dict[Operator, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""What the operators of ``Comparison`` are on an engine's expressions, and those of ``Logical`` below."""

CONNECTIVES: dict[Literal["and", "or"], Callable[[Any, Any], Any]] = {"and": operator.and_, "or": operator.or_}

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
"""What the operators of ``Arithmetic`` are but division, which gives null where engines give infinity."""

MAX_DECIMALS = 6
"""Most decimals that ROUND keeps: beyond, doubles and powers of ten part."""


class _Node(BaseModel):
    # Deferred: a command needs few of the validators, and building all of them takes longer than what it does.
    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, strict=True)


class RawColumn(_Node):
    """A raw column, read as text or as a number.

    A row whose field is not empty and no number is rejected if a condition or a column reads it as a number,
    whichever way the expression would go.
    """

    node: Literal["column"] = "column"
    name: str
    kind: Kind = "text"


class Text(_Node):
    """A text in single quotes."""

    node: Literal["text"] = "text"
    value: str


class Number(_Node):
    """A number."""

    node: Literal["number"] = "number"
    value: FiniteNumber


class Arithmetic(_Node):
    """``left + right`` and its like, of two numbers."""

    node: Literal["arithmetic"] = "arithmetic"
    operator: Literal["+", "-", "*", "/"]
    left: Value
    right: Value


class Call(_Node):
    """A function that gives a text or a number.

    ==========  ===========================================  =====================================================
    lower       text                                         small letters
    upper       text                                         capital letters
    trim        text                                         without blanks at both ends
    substr      text, start >= 1, characters >= 0            part of a text
    replace     text, literal, literal                       every occurrence of the second replaced by the third
    split_part  text, literal, n >= 1                        n-th part between occurrences of the second, or null
    concat      texts                                        joined; null if one is null
    abs         number
    floor       number
    ceil        number
    round       number, decimals from 0 to ``MAX_DECIMALS``
    length      text                                         its characters
    ==========  ===========================================  =====================================================
    """

    node: Literal["call"] = "call"
    function: TextFunction | NumberFunction
    arguments: list[Value]


class Coalesce(_Node):
    """The first of its operands that is not null."""

    node: Literal["coalesce"] = "coalesce"
    operands: list[Value]


class Case(_Node):
    """``CASE WHEN condition THEN value … ELSE otherwise END``; null without a true condition and without ELSE."""

    node: Literal["case"] = "case"
    branches: list[Branch]
    otherwise: Value | None = None


class Branch(_Node):
    """``WHEN condition THEN value``; None for NULL."""

    condition: Condition
    value: Value | None = None


class Comparison(_Node):
    """``left operator right``; both are texts, compared by code points, or both numbers."""

    node: Literal["comparison"] = "comparison"
    left: Value
    operator: Operator
    right: Value


class Membership(_Node):
    """``operand IN (values)``; all are texts or all are numbers."""

    node: Literal["in"] = "in"
    operand: Value
    values: list[str] | list[FiniteNumber]


class Like(_Node):
    """``operand LIKE pattern``; % stands for any characters, _ for one, a backslash takes their meaning away."""

    node: Literal["like"] = "like"
    operand: Value
    pattern: str

    @property
    def regex(self) -> str:
        """The regular expression that a text matches where the condition holds, for Rust and Java alike."""
        pieces = re.findall(r"\\.|[^\\]|\\", self.pattern, flags=re.DOTALL)
        wild = {"%": ".*", "_": "."}
        return f"(?s)^{''.join(wild.get(piece) or re.escape(piece[-1]) for piece in pieces)}\\z"


class IsNull(_Node):
    """``operand IS NULL``."""

    node: Literal["is_null"] = "is_null"
    operand: Value


class Not(_Node):
    """``NOT operand``."""

    node: Literal["not"] = "not"
    operand: Condition


class Logical(_Node):
    """``operands[0] AND|OR operands[1] …``."""

    node: Literal["and", "or"]
    operands: list[Condition]


Value = Annotated[RawColumn | Text | Number | Arithmetic | Call | Coalesce | Case, Field(discriminator="node")]
Condition = Annotated[Comparison | Membership | Like | IsNull | Not | Logical, Field(discriminator="node")]


def kind_of(value: Value) -> Kind:
    """Return whether a value is a text or a number."""
    if isinstance(value, RawColumn):
        return value.kind
    if isinstance(value, Coalesce):
        return kind_of(value.operands[0])
    if isinstance(value, Case):
        given = [*(branch.value for branch in value.branches), value.otherwise]
        return next(kind_of(each) for each in given if each is not None)
    if isinstance(value, Call):
        return "number" if value.function in {"abs", "floor", "ceil", "round", "length"} else "text"
    return "text" if isinstance(value, Text) else "number"


def gives_null(value: Value) -> bool:
    """Say whether THEN NULL of a value is what the whole value may be."""
    if not isinstance(value, Case):
        return False
    given = [branch.value for branch in value.branches]
    others = [*given, *([value.otherwise] if value.otherwise else [])]
    return None in given or any(gives_null(each) for each in others if each is not None)


def raw_columns(node: Value | Condition) -> list[RawColumn]:
    """Return the raw columns that an expression reads, each once by name and kind, from left to right."""
    return list(dict.fromkeys(leaf for leaf in _leaves(node)))


def numbers_read(node: Value | Condition | None) -> list[str]:
    """Return the names of the raw columns that an expression reads as numbers, each once."""
    return [leaf.name for leaf in raw_columns(node) if leaf.kind == "number"] if node else []


def _leaves(node: _Node) -> Iterator[RawColumn]:
    if isinstance(node, RawColumn):
        yield node
    for name in type(node).model_fields:
        part = getattr(node, name)
        for child in part if isinstance(part, list) else [part]:
            if isinstance(child, _Node):
                yield from _leaves(child)
