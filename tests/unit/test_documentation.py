"""The documentation of the pipeline file against the types that read it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

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
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "emulator").glob("**/*.md"))]


def keys_of(schema: dict[str, Any]) -> set[str]:
    """Return the keys of all mappings of a JSON Schema."""
    return {key for part in (schema, *schema.get("$defs", {}).values()) for key in part.get("properties", {})}


@pytest.mark.parametrize("key", sorted(keys_of(json_schema())))
def test_the_guide_explains_every_key(key: str) -> None:
    """Each key that the JSON Schema knows stands as code in docs/pipeline-file.md."""
    assert any(re.search(rf"(?<![\w-]){key}(?![\w-])", code) for code in INLINE)


@pytest.mark.parametrize("document", ["pipeline", "manifest", "prices"])
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
