"""The documentation of the pipeline file against the types that read it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator, validate
from pydantic import TypeAdapter
from ruamel.yaml import YAML
from typer.testing import CliRunner

from cli.main import app
from definition.file.datasets import Datasets, Interactions
from definition.file.pipeline import Pipeline
from definition.file.schema import json_schema
from definition.file.values import Duration, duration_text
from definition.load import parse
from definition.paths import PIPELINES, ROOT
from tests.documents import shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GUIDE = (ROOT / "docs" / "pipeline-file.md").read_text("utf-8")
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", GUIDE, flags=re.DOTALL))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md")), *sorted((ROOT / "emulator").glob("**/*.md"))]


SECTIONS = {
    "Top level": {"Pipeline"},
    "Datasets": {"Dataset", "Interactions"},
    "Source": {"Source"},
    "Look-ups": {"Lookup"},
    "Solutions": {"Solution"},
    "The best of several recipes": {"BestOf"},
    "Checks": {"Check"},
    "Batch jobs": {"BatchInferenceJob", "BatchSegmentJob"},
    "Quality": {"Quality"},
    "Campaigns": {"Campaign"},
    "Recommenders": {"Recommender"},
    "Start where data arrives": {"Trigger"},
    "Encryption": {"Encryption"},
    "Events of the application": {"MetricAttribution"},
    "Filters": {"Filter"},
}
"""Whose keys the tables of a section of the guide explain, row by row."""

FORMS = {"Columns": {"Column"}, "Duplicates": {"Duplicates"}, "Lists of records": {"Explode"}, "Events": {"Event"}}
"""Whose keys a section shows in use."""


class Row(NamedTuple):
    """A row of a table of keys: the section it stands in, the keys that it is about, and its text."""

    section: str
    keys: frozenset[str]
    line: str


def rows_of(guide: str) -> list[Row]:
    """Return the rows of all tables of keys."""
    section, in_keys, found = "", False, []
    for line in guide.splitlines():
        if line.startswith("#"):
            section = line.lstrip("#").strip()
        in_keys = line.startswith("| key |") or (in_keys and line.startswith("|"))
        if in_keys and line.startswith("| `"):
            found.append(Row(section, frozenset(re.findall(r"`(\w+)`", line.split(" | ")[0])), line))
    return found


def words(text: str) -> set[str]:
    """Return the words of all inline code of a text."""
    return set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", text))))


def unexplained(guide: str, schema: dict[str, Any]) -> set[tuple[str, str]]:
    """Return mappings of a JSON Schema with those of their keys that the guide does not explain.

    A key has a row of its own in the section of its mapping, or stands in the row of the key that the mapping is the
    value of; those of columns and the like are shown in use.
    """
    rows = rows_of(guide)
    parts = {"Pipeline": schema, **schema["$defs"]}
    rowed = {(part, key) for row in rows for part in SECTIONS.get(row.section, ()) for key in row.keys}
    prose = re.sub(r"```.*?```", "", guide, flags=re.DOTALL)
    texts = dict(re.findall(r"(?ms)^#+ (.+?)$(.*?)(?=^#|\Z)", prose))
    shown = {(part, word) for section, names in FORMS.items() for part in names for word in words(texts[section])}
    within = {
        (inner.rpartition("/")[2], word)
        for name, part in parts.items()
        for key, described in part.get("properties", {}).items()
        for inner in re.findall(r"#/\$defs/\w+", json.dumps(described))
        for row in rows
        if key in row.keys and (name in SECTIONS.get(row.section, {name}))
        for word in words(row.line)
    }
    own = set().union(*SECTIONS.values())
    return {
        (name, key)
        for name, part in parts.items()
        for key in part.get("properties", {})
        if (name, key) not in (rowed if name in own else within | shown)
    }


def test_the_guide_explains_every_key() -> None:
    """Each key that the JSON Schema knows has its place in docs/pipeline-file.md."""
    assert set() == unexplained(GUIDE, json_schema())


@pytest.mark.parametrize("row", rows_of(GUIDE), ids=lambda row: f"{row.section}: {', '.join(sorted(row.keys))}")
def test_no_row_of_the_guide_can_go(row: Row) -> None:
    """Without any of its rows the guide leaves a key unexplained."""
    assert unexplained(GUIDE.replace(f"{row.line}\n", "", 1), json_schema())


@pytest.mark.parametrize("document", ["pipeline", "manifest", "events", "prices"])
def test_the_committed_schemas_are_the_printed_ones(document: str) -> None:
    """What editors and programs read is what `pipelines schema` prints; written by `pipelines schema NAME > file`."""
    printed = CliRunner().invoke(app, ["schema", document]).output

    assert (ROOT / "docs" / f"{document}.schema.json").read_text("utf-8") == printed


def defaults(node: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield the name, the default and the schema of each property that has a default."""
    if isinstance(node, dict):
        for name, described in node.get("properties", {}).items():
            if "default" in described:
                yield name, described["default"], described
        for inner in node.values():
            yield from defaults(inner)


def test_editors_offer_what_the_file_takes() -> None:
    """Every default of the schema is valid by it, and durations are written as the file writes them."""
    schema = json_schema()
    found = list(defaults(schema))
    for _, value, described in found:
        Draft202012Validator(described | {"$defs": schema["$defs"]}).validate(value)
    durations = [value for _, value, described in found if described.get("pattern", "").endswith("([mhd])$")]

    assert durations
    for value in durations:
        assert value == duration_text(TypeAdapter(Duration).validate_python(value))


@pytest.mark.parametrize("file", sorted(PIPELINES.glob("*.yaml")), ids=lambda file: file.name)
def test_the_bundled_files_are_right_by_the_schema_that_they_name(file: Path) -> None:
    """An editor that follows the first line of a bundled pipeline file marks nothing in it."""
    text = file.read_text("utf-8")
    named = re.match(r"# yaml-language-server: [$]schema=(\S+)\n", text)

    assert named
    validate(read(text), json.loads((file.parent / named[1]).read_text("utf-8")))


def read(text: str) -> Any:
    """Read YAML as pipeline files are read."""
    return YAML(typ="safe", pure=True).load(text)


def whole(part: dict[str, Any]) -> dict[str, Any]:
    """Return a part of a pipeline file as a whole one, with what is missing taken from a file that is right.

    The part is a whole file, some keys of its top, some datasets, keys of a dataset, or columns.
    """
    keys, document = set(part), shop()
    if keys <= set(Pipeline.model_fields):
        return document | part
    if keys <= set(Datasets.model_fields):
        return document | {"datasets": document["datasets"] | part}
    interactions = document["datasets"]["interactions"]
    if keys <= set(Interactions.model_fields):
        return document | {"datasets": {"interactions": interactions | part}}
    return document | {"datasets": {"interactions": interactions | {"columns": interactions["columns"] | part}}}


def load(part: dict[str, Any]) -> None:
    """Read a part of a pipeline file.

    Raises:
        SpecError: it breaks rules.
    """
    parse(json.dumps(whole(part), ensure_ascii=False))


BLOCKS = [
    pytest.param(block, id=f"{page.name} {number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL), 1)
]


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_is_right(block: str) -> None:
    """Each block of YAML in the documentation is a pipeline file, or the part of one, without a mistake."""
    load(read(block))


def spans(pattern: str) -> list[str]:
    """Return the inline code of the guide that matches, with bars as they are outside of tables."""
    found = [code.replace("\\|", "|") for code in INLINE]
    return [code for code in found if re.fullmatch(pattern, code)]


@pytest.mark.parametrize("form", spans(r"[A-Z_]{2,}: .+"))
def test_every_form_of_a_column_is_right(form: str) -> None:
    """Each column that the guide shows within a sentence or a table is read."""
    load(read(form))


@pytest.mark.parametrize("source", spans(r"\{path: .+"))
def test_every_form_of_a_source_is_right(source: str) -> None:
    """Each source that the guide shows within a table is read."""
    load({"source": read(source)})


@pytest.mark.parametrize("form", spans(r"duplicates: .+"))
def test_every_form_of_duplicates_is_right(form: str) -> None:
    """Each form of `duplicates` that the guide shows is read: of items where it names a column of theirs."""
    columns = {"ITEM_ID": "sku", "UPDATED": {"from": "at", "type": "long"}}
    items = {"source": {"path": "items/"}, "columns": columns, **read(form)}
    load({"items": items} if "order_by" in form else read(form))


@pytest.mark.parametrize("form", spans(r"explode: .+"))
def test_every_form_of_explode_is_right(form: str) -> None:
    """Each form of `explode` that the guide shows is read, with an item of an element."""
    given = read(form)
    path = given["explode"] if isinstance(given["explode"], str) else given["explode"]["from"]
    columns = {"USER_ID": "user", "ITEM_ID": path, "TIMESTAMP": {"from": "at", "unit": "s"}}
    load({"source": {"path": "orders/", "format": "jsonl", **given}, "columns": columns})


def test_enough_is_shown() -> None:
    """The patterns above find what the guide shows."""
    assert 8 <= len(spans(r"[A-Z_]{2,}: .+"))
    assert 4 <= len(spans(r"\{path: .+"))
    assert 3 <= len(spans(r"duplicates: .+"))
    assert 3 <= len(spans(r"explode: .+"))
    assert 3 <= len(BLOCKS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_prose_wraps(page: Path) -> None:
    """No line of text is longer than 120 characters, but for tables, code, and an address that is longer by itself."""
    prose = re.sub(r"^ *```.*?^ *```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    long = [line for line in prose.splitlines() if len(line) > 120 and not line.startswith("|")]

    assert [] == [line for line in long if len(max(line.split(), key=len)) <= 100]
