"""What messages tell of the content of raw objects."""

from __future__ import annotations

import pytest

from transform.raw.told import fields_told, without_values

WANTED = ["user", "about.item", "at"]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (["user", "thing", "at"], "has user, thing, at"),
        (["User ", "thing"], "has User , thing"),
        (["about", "order date", "größe", "标题"], "has about, order date, größe, 标题"),
        (["user", "carla@example.com", "+351 912", "7", ""], "has user and 4 fields more"),
        (["user", "a\x1b[2J", "x" * 65], "has user and 2 fields more"),
        (["at", *(f"c{number}" for number in range(30))], f"has at, {', '.join(f'c{n}' for n in range(19))} and 11"),
        (["carla", "lisbon", "1700000000"], "has 3 fields, of which none is a column of the pipeline file"),
        (["user;item;at"], "has 1 field, of which none is a column of the pipeline file"),
        (["-", "carla"], "has 2 fields, of which none is"),
        ([], "has 0 fields, of which none is"),
    ],
)
def test_fields_are_named_where_they_are_a_header(found: list[str], words: str) -> None:
    """Without a wanted column fields are counted only, and what is no name never stands in a message."""
    assert fields_told(found, WANTED).startswith(words)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ('conversion from `str` to `i64` failed in column \'x\' for 2 values: ["carla", "li]sbon"]', "carla"),
        ("could not parse `carla` as dtype `i64` at column 'x'", "carla"),
        ("[CAST_INVALID_INPUT] The value 'car'la' of the type \"STRING\" cannot be cast", "la'"),
        ("ValueError: invalid literal for int() with base 10: 'carla'", "carla"),
        ("a.parquet is not a Parquet file. Expected magic number at tail, but found [49, 48, 51, 10]", "49"),
    ],
)
def test_no_engine_quotes_values(message: str, told: str) -> None:
    """Values and bytes are left out, the words around them stay."""
    assert told in message
    assert told not in without_values(message)
    assert message[:12].strip("[") in without_values(message)


def test_paths_and_codes_are_no_values() -> None:
    """Addresses, types and what stands in brackets for other reasons are told."""
    message = "[PATH_NOT_FOUND] s3a://b/raw/a[1].csv: Illegal Parquet type: INT64 (TIME(NANOS,true)), 'x' holds List"

    assert message.replace("[1]", "…") == without_values(message)
