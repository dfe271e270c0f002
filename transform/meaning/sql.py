"""Compile expressions on raw columns."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, Generic

from definition.mapping import expressions as sql
from transform.meaning.engine import Expr
from transform.meaning.names import number, raw

if TYPE_CHECKING:
    from definition.service.dataset_types import AvroType
    from transform.meaning.engine import Engine


class Sql(Generic[Expr]):
    """The expressions of ``definition.mapping.expressions`` as an engine's."""

    def __init__(self, engine: Engine[Expr, Any]) -> None:
        self._engine = engine
        self._simple = {
            "lower": engine.lower,
            "upper": engine.upper,
            "abs": engine.absolute,
            "floor": engine.floor,
            "ceil": engine.ceil,
        }

    def condition(self, node: sql.Condition) -> Expr:
        """Compile a condition; it is null where it is neither true nor false."""
        if isinstance(node, sql.Logical):
            return functools.reduce(sql.CONNECTIVES[node.node], [self.condition(operand) for operand in node.operands])
        if isinstance(node, sql.Not):
            return ~self.condition(node.operand)
        if isinstance(node, sql.Comparison):
            compared: Expr = sql.COMPARISONS[node.operator](self.value(node.left), self.value(node.right))
            return compared
        operand = self.value(node.operand)
        if isinstance(node, sql.IsNull):
            return self._engine.is_null(operand)
        if isinstance(node, sql.Like):
            return self._engine.has(operand, node.regex)
        assert isinstance(node, sql.Membership), "the last of the conditions"
        return self._engine.is_in(operand, node.values)

    def value(self, node: sql.Value) -> Expr:
        """Compile a value: a text, or a number in double precision."""
        if isinstance(node, sql.RawColumn):
            return self._engine.column(number(node.name) if node.kind == "number" else raw(node.name))
        if isinstance(node, sql.Text):
            return self._engine.constant(node.value)
        if isinstance(node, sql.Number):
            return self._engine.constant(float(node.value))
        if isinstance(node, sql.Arithmetic):
            return self._arithmetic(node)
        if isinstance(node, sql.Coalesce):
            return self._engine.first_of(*map(self.value, node.operands))
        if isinstance(node, sql.Case):
            kind: AvroType = "string" if sql.kind_of(node) == "text" else "double"
            nothing = self._engine.constant(None, kind)
            branches = [
                (self.condition(branch.condition), nothing if branch.value is None else self.value(branch.value))
                for branch in node.branches
            ]
            return self._engine.cases(*branches, otherwise=self.value(node.otherwise) if node.otherwise else None)
        return self._call(node)

    def _arithmetic(self, node: sql.Arithmetic) -> Expr:
        left, right = self.value(node.left), self.value(node.right)
        if node.operator == "/":
            return self._finite(self._engine.cases((right != 0, left / right)))
        return self._finite(sql.ARITHMETIC[node.operator](left, right))

    def _finite(self, number: Expr) -> Expr:
        return self._engine.cases((self._engine.absolute(number) < math.inf, number))

    def _call(self, node: sql.Call) -> Expr:
        first, *others = node.arguments
        options = [other.value for other in others if isinstance(other, sql.Text | sql.Number)]
        given = self.value(first)
        match node.function:
            case "trim":
                return self._engine.trimmed(given, " ")
            case "length":
                # Numbers are doubles.
                return self._engine.length(given) * 1.0
            case "concat":
                return self._engine.joined(given, *map(self.value, others))
            case "substr":
                return self._engine.cut(given, int(options[0]), int(options[1]))
            case "replace":
                return self._engine.replaced(given, str(options[0]), str(options[1]))
            case "split_part":
                return self._engine.split(given, str(options[0]), int(options[1]))
            case "round":
                scale = 10.0 ** int(options[0])
                return self._finite(self._engine.floor(given * scale + 0.5) / scale)
            case simple:
                return self._simple[simple](given)
