"""The SQL subset of `keep`."""

from __future__ import annotations

import pytest

from spec.expressions import Comparison, IsNull, Logical, Membership, Not, columns_of
from spec.sql import UnsupportedSqlError, parse_condition


def test_comparisons_and_their_mirror() -> None:
    """A column may stand on either side; a literal on the left turns the operator round."""
    assert Comparison(column="rating", operator=">=", value=3.5) == parse_condition("rating >= 3.5")
    assert Comparison(column="rating", operator=">", value=-1.0) == parse_condition("-1 < rating")
    assert Comparison(column="a b", operator="!=", value="x'y") == parse_condition("\"a b\" <> 'x''y'")


def test_lists_ranges_and_nulls() -> None:
    """IN, BETWEEN and IS NULL become plain nodes, and NOT wraps them."""
    assert Membership(column="c", values=["PT", "ES"]) == parse_condition("c IN ('PT', 'ES')")
    assert Not(operand=IsNull(column="c")) == parse_condition("c IS NOT NULL")
    low, high = (Comparison(column="n", operator=op, value=v) for op, v in ((">=", 1.0), ("<=", 2.0)))
    assert Logical(node="and", operands=[low, high]) == parse_condition("n BETWEEN 1 AND 2")


def test_and_binds_tighter_than_or() -> None:
    """Precedence is SQL's, and parentheses change it."""
    flat = parse_condition("a = 1 OR b = 1 AND c = 1")
    grouped = parse_condition("(a = 1 OR b = 1) AND c = 1")

    assert isinstance(flat, Logical)
    assert isinstance(grouped, Logical)
    assert ("or", "and") == (flat.node, grouped.node)
    assert ["a", "b", "c"] == columns_of(flat)


@pytest.mark.parametrize(
    "text",
    ["a = b", "1 = 1", "lower(a) = 'x'", "a LIKE 'x%'", "SELECT 1", "a = 1; DROP TABLE b", "a >=", "t.a = 1",
     "a IN (SELECT 1)", "a IN ('x', 1)", "a", "a + 1 > 2", "a = TRUE"],
)  # fmt: skip
def test_what_is_outside_the_subset_is_refused(text: str) -> None:
    """Nothing outside the documented subset reaches an engine."""
    with pytest.raises(UnsupportedSqlError):
        parse_condition(text)
