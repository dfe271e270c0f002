"""The SQL subset of the pipeline file."""

from __future__ import annotations

import pytest

from definition.mapping.expressions import (
    Arithmetic,
    Call,
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
    numbers_read,
    raw_columns,
)
from definition.mapping.sql import UnsupportedSqlError, parse_condition, parse_value


def text(name: str) -> RawColumn:
    """Return a raw column read as text."""
    return RawColumn(name=name)


def number(name: str) -> RawColumn:
    """Return a raw column read as a number."""
    return RawColumn(name=name, kind="number")


def test_comparisons() -> None:
    """A column beside a number is read as one; a column may stand on either side, or on both."""
    assert Comparison(left=number("rating"), operator=">=", right=Number(value=3.5)) == parse_condition("rating >= 3.5")
    assert Comparison(left=Number(value=-1), operator="<", right=number("rating")) == parse_condition("-1 < rating")
    quoted = parse_condition("\"a b\" <> 'x''y'")
    assert Comparison(left=text("a b"), operator="!=", right=Text(value="x'y")) == quoted
    assert Comparison(left=text("a"), operator="=", right=text("b.c")) == parse_condition("a = b.c")


def test_lists_ranges_patterns_and_nulls() -> None:
    """IN, BETWEEN, LIKE and IS NULL become plain nodes, and NOT wraps them."""
    assert Membership(operand=text("c"), values=["PT", "ES"]) == parse_condition("c IN ('PT', 'ES')")
    assert Not(operand=IsNull(operand=text("c"))) == parse_condition("c IS NOT NULL")
    assert Not(operand=Like(operand=text("c"), pattern="C%")) == parse_condition("c NOT LIKE 'C%'")
    low, high = (
        Comparison(left=number("n"), operator=op, right=Number(value=v)) for op, v in ((">=", 1.0), ("<=", 2.0))
    )
    assert Logical(node="and", operands=[low, high]) == parse_condition("n BETWEEN 1 AND 2")


def test_and_binds_tighter_than_or() -> None:
    """Precedence is SQL's, and parentheses change it."""
    flat = parse_condition("a = 1 OR b = 1 AND c = 1")
    grouped = parse_condition("(a = 1 OR b = 1) AND c = 1")

    assert isinstance(flat, Logical)
    assert isinstance(grouped, Logical)
    assert ("or", "and") == (flat.node, grouped.node)
    assert ["a", "b", "c"] == [column.name for column in raw_columns(flat)]


def test_values() -> None:
    """Arithmetic reads numbers, functions of text read texts, and precedence is SQL's."""
    product = Arithmetic(operator="*", left=number("price"), right=number("quantity"))
    assert Arithmetic(operator="+", left=Number(value=1), right=product) == parse_value("1 + price * quantity")
    assert Call(function="lower", arguments=[text("sku")]) == parse_value("LOWER(sku)")
    rounded = Call(function="round", arguments=[product, Number(value=2)])
    assert rounded == parse_value("round(price * quantity, 2)")


@pytest.mark.parametrize(
    ("sql", "kind", "numbers"),
    [
        ("a", "text", []),
        ("a || '-' || b", "text", []),
        ("coalesce(a, 0)", "number", ["a"]),
        ("coalesce(a, b)", "text", []),
        ("coalesce(CASE WHEN c > 1 THEN a ELSE b END, 0)", "number", ["c", "a", "b"]),
        ("CASE WHEN n >= 10 THEN 'many' WHEN n > 0 THEN few END", "text", ["n"]),
        ("IF(n >= 10, 'many', few)", "text", ["n"]),
        ("if(a = 'x', n, 0) + 1", "number", ["n"]),
        ("nullif(price, 0)", "number", ["price"]),
        ("length(trim(a)) / 2", "number", []),
        ("split_part(path, '/', 2)", "text", []),
        ("-a", "number", ["a"]),
        ("substr(a, 1, 3)", "text", []),
        ("replace(a, ',', '.')", "text", []),
    ],
)
def test_kinds_follow_from_what_stands_beside(sql: str, kind: str, numbers: list[str]) -> None:
    """A column is read as a number where its place asks for one, and a value is of the kind of its parts."""
    value = parse_value(sql)

    assert kind == kind_of(value)
    assert numbers == numbers_read(value)


@pytest.mark.parametrize(
    "sql",
    ["1 = 1", "SELECT 1", "a = 1; DROP TABLE b", "a >=", "a IN (SELECT 1)", "a IN ('x', 1)", "a IN (b)", "a",
     "IF(a = 1, b, c) > IF(a = 2, d, e)", "COALESCE(a, b) < c", "(a) > b",
     "a + 'x' > 2", "a = TRUE", "a LIKE b", "a > b", "a BETWEEN 1 AND 'b'",
     "a BETWEEN SYMMETRIC 3 AND 1",
     "lower(a) = 1", "a ~ 'x'", "a ILIKE 'x'", "a LIKE ANY ('x')",
     "a LIKE 'x' ESCAPE 'y'",
     "EXISTS (SELECT 1)"],
)  # fmt: skip
def test_conditions_outside_the_subset_are_refused(sql: str) -> None:
    """Nothing outside the documented subset reaches an engine."""
    with pytest.raises(UnsupportedSqlError):
        parse_condition(sql)


@pytest.mark.parametrize(
    "sql",
    ["CAST(a AS INT)", "a > 1", "concat_ws('-', a, b)", "substr(a, 0)", "substr(a, b)", "round(a, 7)", "now()",
     "round(a, 2, 'x')", "replace(a, '', 'b')", "split_part(a, '/', 0)", "CASE a WHEN 1 THEN 2 END",
     "coalesce(1, 'a')", "trim('x' FROM a)", "a % 2", "a || 1", "lower(a + 1)", "sum(a)", "random()",
     "CASE WHEN a > 1 THEN 1 ELSE 'x' END", "IF(a > 1)", "IF(a, 1, 2)", "IF(a > 1, 1, 'x')", "IF(a > 1, NULL, NULL)"],
)  # fmt: skip
def test_values_outside_the_subset_are_refused(sql: str) -> None:
    """What engines would reckon differently, or not at all, is refused with what there is instead."""
    with pytest.raises(UnsupportedSqlError):
        parse_value(sql)
