"""JSON documents: what a writer wrote comes out of its text, and nothing within a value ever becomes a record."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generated import examples
from transform.errors import UndecodableError
from transform.raw.documents import batches

if TYPE_CHECKING:
    from transform.raw.records import Record

FORGED = {"user": "mallory"}
PIECES = ('{"user": "mallory"}', "}", "{", "}{", '"', "\\", "[", "]", ",", ":", "\n", "}\n{", "x", "é", "1")

TEXTS = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
VALUES = st.recursive(TEXTS | st.integers() | st.none() | st.just(FORGED), st.lists, max_leaves=4)
OBJECTS = st.lists(st.fixed_dictionaries({"note": VALUES, "more": VALUES}), min_size=1, max_size=8)
INDENTS = st.sampled_from([None, 0, 2, "\t"])


def read(text: str) -> list[Record]:
    """Return the records of a text."""
    found = list(batches("a.json", iter(io.StringIO(text, newline="\n"))))
    assert all(batch.texts for batch in found)
    return [record for batch in found for record in batch.records()]


def written(objects: list[dict[str, Any]], indent: Any) -> list[str]:
    """Return the JSON of each object, which has a number of its own in the place of a user."""
    return [json.dumps({"user": number, **each}, indent=indent) for number, each in enumerate(objects)]


@settings(max_examples=examples(300), deadline=None)
@given(OBJECTS, INDENTS, st.sampled_from(["", "\n", " ", ",", ",\r\n"]), st.sampled_from(["", "["]))
def test_what_is_written_is_read(objects: list[dict[str, Any]], indent: Any, between: str, begin: str) -> None:
    """Every object comes out as it was written and at its line, whatever stands between and around it."""
    texts = written(objects, indent)
    between = between if not begin or "," in between else "," + between
    found = read(begin + between.join(texts) + ("]" if begin else ""))

    assert [f"{text}\n" for text in texts] == [record.text for record in found]
    begins = [len(between.join([*texts[:at], ""]).split("\n")) for at in range(len(texts))]
    assert begins == [record.number for record in found]


@settings(max_examples=examples(600), deadline=None)
@given(OBJECTS, INDENTS, st.sampled_from(["", "\n"]), st.data())
def test_broken_objects_cost_their_neighbour_at_most(
    objects: list[dict[str, Any]], indent: Any, between: str, data: st.DataObject
) -> None:
    """Objects that end too early, or hold a line feed as it is, make no record; every line is there once."""
    texts = written([*objects, {}, {}], indent)
    place = data.draw(st.integers(0, len(objects) - 1))
    if data.draw(st.booleans()):
        broken = texts[place][: data.draw(st.integers(1, len(texts[place]) - 1))]
    else:
        broken = texts[place].replace("\\n", "\n")
    text = between.join([*texts[:place], broken, *texts[place + 1 :]])
    found = read(text)

    assert "".join(text.split()) == "".join("".join(record.text.split()) for record in found)
    made = [record.text.rstrip("\n") for record in found if not record.given_up and is_object(record.text)]
    assert set(made) <= {*texts, broken}
    assert set(texts[:place] + texts[place + 2 :]) <= set(made)


@pytest.mark.parametrize("inner", ["}{\n}", "}{\n", "}{\n}{", "} {\n \n}", "}\n{\n}", "x\n}{\n}{\n"])
def test_brackets_around_a_line_feed_in_a_text_make_no_record(inner: str) -> None:
    """A text that holds a line feed as it is, and brackets before it, ends an object at most: none begins in it."""
    text = f'{{"user": 0, "more": "{inner}", "note": 1}}{{"user": 1}}{{"user": 2}}\n{{"user": 3}}\n'
    found = read(text)

    made = [record.text.strip() for record in found if not record.given_up]
    assert {'{"user": 2}', '{"user": 3}'} <= set(made) <= {'{"user": 1}', '{"user": 2}', '{"user": 3}'}
    assert "".join(text.split()) == "".join("".join(record.text.split()) for record in found)


def test_an_object_over_several_lines_is_found_behind_a_broken_one() -> None:
    """Where the next object begins at a line's end, its first name on the next line that is not blank shows it."""
    found = read('{"user": 0, "more": "x\n}{\n\n  "user": 2\n}\n{"user": 3}\n')

    made = ["".join(record.text.split()) for record in found if not record.given_up]
    assert ['{"user":2}', '{"user":3}'] == made


def is_object(text: str) -> bool:
    """Say whether a text is JSON."""
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[{"a": 1}, {"b": 2', "is cut off at line 1"),
        ('{}\n[{"a": 1}', "is cut off at line 2"),
        ('[{"a": "x}]\n', "is broken at line 1"),
        ('[\n{"a": [1}]\n]', "is broken at line 2"),
        ('[\n1 "x"y]', "is broken at line 2"),
        ("[\n{}\n}", "is broken at line 3"),
        ('[{"a": {}\n{}]', "is broken at line 2"),
    ],
)
def test_broken_arrays_are_refused(text: str, what: str) -> None:
    """Of an array nothing is imported if no next object can be told: the message has the object, line and remedy."""
    with pytest.raises(UndecodableError, match=rf"^a\.json holds a JSON array that {what}: .*format: jsonl"):
        read(text)


def test_a_value_that_never_ends_is_given_up_in_time() -> None:
    """What is kept to find an end is bounded; each line is rejected, and reading goes on behind the next object."""
    lines = ['{"a": [', *["1," * 500_000] * 5, "{}}", '{"b": 1}']
    found = read("\n".join(lines))

    assert [*lines[:7], '{"b": 1}'] == [record.text.strip() for record in found]
    assert [*[True] * 7, False] == [record.given_up for record in found]
