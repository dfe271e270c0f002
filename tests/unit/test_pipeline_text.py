"""The text of a pipeline file: keys, aliases, depth and size that YAML allows and a pipeline has not."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from definition.load import load, parse
from definition.problems import SpecError
from tests.documents import parsed, shop

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = "datasets__interactions__columns"


@pytest.mark.parametrize("key", ["12", "true", "null", "~", "1.5"])
def test_a_key_that_yaml_reads_as_no_text_is_told_as_it_is_spelled(key: str) -> None:
    """Numbers, flags and nothing are no column: the mistake stands at what was written."""
    text = json.dumps(shop(), indent=1).replace('"USER_ID":', f'{key}: "x",\n"USER_ID":')

    with pytest.raises(SpecError) as error:
        parse(text)
    (problem,) = error.value.problems
    assert (1 + text[: text.index(f"{key}: ")].count("\n"), f"{COLUMNS}.{key}".replace("__", ".")) == (
        problem.line,
        problem.place,
    )


@pytest.mark.parametrize("key", ["[x, y]", "{x: y}", "[]"])
def test_a_list_or_a_mapping_as_a_key_is_told(key: str) -> None:
    """Nothing could name the place of such a key, so its line says where it stands."""
    text = json.dumps(shop(), indent=1).replace('"USER_ID":', f'? {key}\n: "x",\n"USER_ID":')

    with pytest.raises(SpecError) as error:
        parse(text)
    (problem,) = error.value.problems
    assert ("has a list or a mapping as a key", 1 + text[: text.index(f"? {key}")].count("\n")) == (
        problem.what,
        problem.line,
    )


def test_a_key_that_stands_twice_is_told() -> None:
    """YAML would let the last of two equal keys win; here it is a mistake with its line."""
    with pytest.raises(SpecError, match=r"line 2: name: stands twice"):
        parse("name: shop\nname: shop\n")


@pytest.mark.parametrize("first", ["[x, x, x, x, x, x, x, x, x]", "{k: 1}"])
def test_aliases_stand_for_no_more_than_a_file_could_hold(first: str) -> None:
    """Aliases to aliases are refused before they are built, in lists and as merged keys."""
    form = "[{}]" if first.startswith("[") else "{{<<: [{}]}}"
    lines = [f"{after}: &{after} {form.format(', '.join([f'*{name}'] * 9))}" for name, after in pairwise("abcdef")]

    with pytest.raises(SpecError, match=r"aliases \(\*name\) that stand for more than 10,000 values. Use fewer"):
        parse("\n".join([f"a: &a {first}", *lines]))


def test_a_few_aliases_are_as_good_as_what_they_name() -> None:
    """A value that is named once and used twice is read."""
    columns = {f"{COLUMNS}__{name}": {"from": f"RAW {name}"} for name in ("ITEM_ID", "EVENT_TYPE")}
    text = json.dumps(shop(**columns)).replace('"RAW ITEM_ID"', "&raw item").replace('"RAW EVENT_TYPE"', "*raw ")

    assert parsed(**{name: {"from": "item"} for name in columns}) == parse(text)


def test_an_alias_within_what_it_names_is_told() -> None:
    """A text without end is refused."""
    with pytest.raises(SpecError, match="nested too deep"):
        parse("a: &a [*a]")


@pytest.mark.parametrize("text", ["[" * 60 + "]" * 60, "{a: " * 60 + "}" * 60, "- " * 10_000])
def test_depth_is_bounded(text: str) -> None:
    """More brackets within each other than any file needs are refused where the reader meets them."""
    with pytest.raises(SpecError, match="nested too deep"):
        parse(text)


def test_huge_files_are_not_read(tmp_path: Path) -> None:
    """A file that no pipeline could be is refused before it is looked at, and read no further than that."""
    file = tmp_path / "huge.yaml"
    file.write_text("[" * 500_001)

    with pytest.raises(SpecError, match="has more than 500,000 characters, which is no pipeline file"):
        load(file)


@pytest.mark.parametrize("text", ["", "- a\n", "name: [\n", "a: &a [*a]\n", "a: !!int abc\n", "[" * 1200])
def test_what_is_no_mapping_is_told(text: str) -> None:
    """Empty files, lists and broken YAML are mistakes, not tracebacks."""
    with pytest.raises(SpecError, match="1 mistake"):
        parse(text)


@pytest.mark.parametrize("text", ["Items for every user", "description", "USER_ID"])
def test_half_a_character_is_told(text: str) -> None:
    """An escape of a lone surrogate is no character, in a text or in a key: nothing could be sent to AWS with it."""
    document = json.dumps(shop(engine="lambda"))
    for half in ("\\ud83d", "\\ud83d\\ude00"):
        with pytest.raises(SpecError, match="half a character"):
            parse(document.replace(text, f"{text}{half}"))
