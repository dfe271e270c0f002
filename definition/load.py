"""Read a pipeline file and report every mistake in it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from definition.file.pipeline import Pipeline
from definition.file.schema import json_schema
from definition.problems import Problem, SpecError
from definition.rules.document import check, half_characters
from definition.rules.findings import Finding
from definition.rules.freshness import freshness
from definition.rules.sizes import sizes
from definition.sql_files import fill_in
from definition.suggestions import did_you_mean
from definition.yaml_text import MOST_CHARACTERS, NoPipelineFileError, read_yaml, scalar

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Collection, Iterator

    from pydantic_core import ErrorDetails
    from ruamel.yaml.nodes import Node

    from definition.rules.findings import Path


def load(path: pathlib.Path) -> Pipeline:
    """Read the pipeline file at ``path``.

    Raises:
        SpecError: the file cannot be read, is not YAML, or breaks rules; the error holds every problem.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        remedy = "Give the path of a pipeline file in UTF-8"
        raise SpecError(str(path), [Problem(0, "", f"cannot be read ({error})", remedy)]) from error
    return parse(text, source=str(path), folder=path.parent)


def parse(text: str, *, source: str = "pipeline", folder: pathlib.Path | None = None) -> Pipeline:
    """Parse the text of a pipeline file; ``source`` names it in errors, ``folder`` is where it lies.

    Raises:
        SpecError: as in ``load``.
    """
    try:
        root, document = read_yaml(text)
        if root is not None:
            _spell_keys(root, document)
        lines: dict[Path, int] = {}
        problems = list(_index(root, (), lines)) if root else []
    except NoPipelineFileError as error:
        raise SpecError(source, [Problem(error.line, "", error.what, error.remedy)]) from error
    except (RecursionError, ValueError) as error:
        what = (
            "nested too deep" if isinstance(error, RecursionError) else f"holds a value that cannot be read ({error})"
        )
        raise SpecError(source, [Problem(0, "", what, "Write plain keys, lists, texts and numbers")]) from error
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        what = error.problem if isinstance(error, MarkedYAMLError) else str(error)
        problem = Problem(mark.line + 1 if mark else 0, "", f"not YAML: {what}", "Mend the syntax there")
        raise SpecError(source, [problem]) from error
    if root is None or not isinstance(document, dict):
        remedy = "Write keys such as name, datasets and solutions"
        raise SpecError(source, [Problem(0, "", "holds no mapping at its top", remedy)])
    unread = list(fill_in(document, folder))
    pipeline, found = _validate(document)
    if unread:
        # Of the names of files the types say that they are no queries.
        named = {finding.path for finding in unread}
        found = [*unread, *(finding for finding in found if finding.path not in named)]
    if pipeline is not None and not (problems or found):
        found = [*sizes(pipeline), *freshness(pipeline)]
    problems += [Problem(_line(lines, place), _dotted(place), what, remedy) for place, what, remedy in found]
    if problems or pipeline is None:
        raise SpecError(source, problems)
    return pipeline


def _spell_keys(node: Node, value: Any) -> None:
    """Give the keys of value maps back as they are spelled: raw texts, where YAML reads 007 as 7 and true as a flag."""
    if isinstance(node, SequenceNode) and isinstance(value, list):
        for child, item in zip(node.value, value, strict=False):
            _spell_keys(child, item)
    if isinstance(node, MappingNode) and isinstance(value, dict):
        _spell_own_keys(node, value)
        for key, child in node.value:
            inner = value.get(key.value)
            if key.value == "map" and isinstance(child, MappingNode) and isinstance(inner, dict):
                spelled = [each.value for each, _ in child.value]
                if len(spelled) == len(inner):
                    value["map"] = dict(zip(spelled, inner.values(), strict=True))
                elif all(isinstance(each, ScalarNode) for _, each in child.value):
                    # NULL and null are one key to YAML. Keys that stand twice as they are spelled are told elsewhere.
                    value["map"] = {name: scalar(each) for name, (_, each) in zip(spelled, child.value, strict=True)}
            else:
                _spell_keys(child, inner)


def _spell_own_keys(node: MappingNode, value: dict[Any, Any]) -> None:
    """Give keys that YAML reads as numbers, flags or nothing back as they are spelled: no key of the file is one."""
    if all(isinstance(key, str) for key in value) or len(node.value) != len(value):
        return
    items = list(value.items())
    value.clear()
    for (key, _), (_, item) in zip(node.value, items, strict=True):
        value[key.value] = item


def _validate(document: dict[str, Any]) -> tuple[Pipeline | None, list[Finding]]:
    pipeline = None
    found: list[Finding] = []
    try:
        pipeline = Pipeline.model_validate(document)
    except ValidationError as errors:
        found = [_explain(error, document) for error in errors.errors()]
    except UnicodeEncodeError:
        if not (found := list(half_characters(document))):
            raise
    named = {finding.path for finding in found}
    found += [finding for finding in check(_readable(document, (), named)) if finding.path not in named]
    return pipeline, list(dict.fromkeys(found))


def _readable(value: Any, path: Path, wrong: Collection[Path]) -> Any:
    """Return what rules read of a value: nothing in the places of lists and mappings that the types have reported.

    Rules look texts up in tables, where a list or a mapping cannot stand.
    """
    if path and path in wrong and isinstance(value, list | dict):
        return None
    if isinstance(value, dict):
        return {key: _readable(child, (*path, key), wrong) for key, child in value.items()}
    if isinstance(value, list):
        return [_readable(child, (*path, index), wrong) for index, child in enumerate(value)]
    return value


def _explain(error: ErrorDetails, document: dict[str, Any]) -> Finding:
    """Turn a pydantic error into place, what and remedy; the branches of a union are no places."""
    place = _place(error["loc"], document, missing=error["type"] == "missing")
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return Finding(place, "unknown key", _similar(str(place[-1]), place[:-1]))
    if kind == "missing":
        return Finding(place, "is missing", "Add it")
    if kind == "value_error":
        message = str(context["error"])
        what, _, remedy = message.rpartition("; ") if "; " in message else (message, "", "")
        return Finding(place, what, (remedy[:1].upper() + remedy[1:]) or "See `pipelines schema`")
    if kind == "string_pattern_mismatch":
        what = f"'{error['input']}' has other characters than a name may have"
        return Finding(
            place, what, "Use small letters, digits and single hyphens between them, beginning with a letter"
        )
    if kind == "model_type":
        allowed = _keys_at(place)
        remedy = f"Write its keys below it: {', '.join(allowed)}"
        if not any(form.get("required") for form in _forms(_node_at(place), json_schema())):
            remedy = f"Write {place[-1]}: {{}}, or with some of its keys: {', '.join(allowed)}"
        return Finding(place, f"'{error['input']}' is no mapping of keys to values", remedy)
    if kind == "too_short":
        least, there = context["min_length"], context["actual_length"]
        what = f"has {there}, and {least} are needed" if there else "is empty"
        return Finding(place, what, f"Give at least {'one' if least == 1 else least}")
    if {"str", "int", "float"} & set(error["loc"]) - set(place):
        return Finding(
            place,
            f"'{error['input']}' is neither text nor a number",
            "Write true and false in quotes if they are texts",
        )
    if len(place) < len(error["loc"]):
        told = str(_node_at(place).get("description") or "see `pipelines schema`")
        return Finding(place, "is in none of the forms that it can have", told[:1].upper() + told[1:])
    message = error["msg"].removeprefix("Input ")
    return Finding(place, f"'{error['input']}' is not possible here", message[:1].upper() + message[1:])


def _place(location: Path, document: Any, *, missing: bool) -> Path:
    """Return the parts of a location that lead through the document, and the key that is missing at its end."""
    place: list[str | int] = []
    node: Any = document
    for index, part in enumerate(location):
        last_is_missing = missing and index == len(location) - 1
        if (isinstance(node, dict) and part in node) or (isinstance(node, list) and type(part) is int):
            node = node[cast("Any", part)]
            place.append(part)
        elif last_is_missing:
            place.append(part)
    return tuple(place)


def _similar(key: str, parent: Path) -> str:
    allowed = _keys_at(parent)
    return f"{did_you_mean(key, allowed)}Known here: {', '.join(allowed)}"


def _keys_at(place: Path) -> list[str]:
    """Return the keys known at a place, those of all forms that its value can have."""
    schema = json_schema()
    return [key for form in _forms(_node_at(place), schema) for key in form.get("properties", ())]


def _node_at(place: Path) -> dict[str, Any]:
    """Return the part of the file's JSON Schema that describes a place."""
    schema = json_schema()
    node: dict[str, Any] = schema
    for part in place:
        forms = _forms(node, schema)
        if isinstance(part, int):
            node = next((form["items"] for form in forms if "items" in form), {})
        else:
            inner = (form.get("properties", {}).get(part) or form.get("additionalProperties") for form in forms)
            node = next((form for form in inner if form), {})
    return node


def _forms(node: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the forms that a value can have: the options of a union, with references looked up."""
    if "$ref" in node:
        return [schema["$defs"][node["$ref"].rsplit("/", 1)[1]]]
    options = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    return [node, *(form for option in options for form in _forms(option, schema))]


def _index(node: Node, place: Path, lines: dict[Path, int]) -> Iterator[Problem]:
    """Fill ``lines`` with the line of every place; yield keys that stand twice, which YAML would let pass."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _index(item, (*place, index), lines)
    if isinstance(node, MappingNode):
        for key, value in node.value:
            inner = (*place, key.value)
            if inner in lines:
                yield Problem(key.start_mark.line + 1, _dotted(inner), "stands twice", "Keep one of them")
            lines[inner] = key.start_mark.line + 1
            yield from _index(value, inner, lines)


def _line(lines: dict[Path, int], place: Path) -> int:
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 0)


def _dotted(place: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
