"""Requests checked against botocore's service model, with the error texts of AWS's own front ends."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from embedded_aws.personalize.exceptions import SerializationException, ValidationException

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "float": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float, str),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}

_JAVA_CLASSES = {r"\p{ASCII}": r"[\x00-\x7f]", r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s"}
"""The Unicode classes in the model's patterns, in Python's nearest terms."""


def validate(params: dict[str, Any], shape: StructureShape) -> None:
    """Check a request.

    Raises:
        SerializationException: a value has another JSON type than the model says.
        ValidationException: constraints are broken; the text counts and names them all.
    """
    problems = list(_problems(params, shape, ""))
    if problems:
        noun = "error" if len(problems) == 1 else "errors"
        raise ValidationException(f"{len(problems)} validation {noun} detected: {'; '.join(problems)}")


def _problems(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if not _has_type(value, _JSON_TYPES[shape.type_name]):
        raise SerializationException(f"Value of {path or 'the request'} is not a {shape.type_name}")
    match shape:
        case StructureShape():
            yield from _structure_problems(value, shape, path)
        case ListShape():
            yield from _size_problems(value, len(value), shape, path)
            for index, member in enumerate(value, start=1):
                yield from _problems(member, shape.member, f"{path}.{index}.member")
        case MapShape():
            yield from _size_problems(value, len(value), shape, path)
            for key, member in value.items():
                yield from _problems(key, shape.key, path)
                yield from _problems(member, shape.value, f"{path}.{key}.member")
        case _:
            yield from _scalar_problems(value, shape, path)


def _has_type(value: Any, expected: tuple[type, ...]) -> bool:
    return isinstance(value, expected) and (bool in expected or not isinstance(value, bool))


def _structure_problems(value: dict[str, Any], shape: StructureShape, path: str) -> Iterator[str]:
    for name in shape.metadata.get("required", ()):
        if value.get(name) is None:
            yield f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
    for name, member_shape in shape.members.items():
        if value.get(name) is not None:
            yield from _problems(value[name], member_shape, _join(path, name))


def _scalar_problems(value: Any, shape: Shape, path: str) -> Iterator[str]:
    rules = shape.metadata
    if shape.type_name != "string":
        if shape.type_name in {"integer", "long", "double", "float"}:
            yield from _range_problems(value, shape, path)
        return
    yield from _size_problems(value, len(value), shape, path)
    if "pattern" in rules and not _pattern(rules["pattern"]).fullmatch(value):
        yield _broken(value, path, f"Member must satisfy regular expression pattern: {rules['pattern']}")
    if "enum" in rules and value not in rules["enum"]:
        yield _broken(value, path, f"Member must satisfy enum value set: [{', '.join(rules['enum'])}]")


def _size_problems(value: Any, size: int, shape: Shape, path: str) -> Iterator[str]:
    rules = shape.metadata
    if "max" in rules and size > rules["max"]:
        yield _broken(value, path, f"Member must have length less than or equal to {rules['max']}")
    if "min" in rules and size < rules["min"]:
        yield _broken(value, path, f"Member must have length greater than or equal to {rules['min']}")


def _range_problems(value: float, shape: Shape, path: str) -> Iterator[str]:
    rules = shape.metadata
    if "max" in rules and value > rules["max"]:
        yield _broken(value, path, f"Member must have value less than or equal to {rules['max']}")
    if "min" in rules and value < rules["min"]:
        yield _broken(value, path, f"Member must have value greater than or equal to {rules['min']}")


def _broken(value: Any, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@cache
def _pattern(java_pattern: str) -> re.Pattern[str]:
    pattern = java_pattern
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)
