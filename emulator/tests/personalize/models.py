"""Requests made from a service model, and responses held against it, without any code of the emulation."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StructureShape

SERVICES: Final = ("personalize", "personalize-runtime", "personalize-events")
_MODELS: Final = {name: botocore.session.Session().get_service_model(name) for name in SERVICES}

OPERATIONS: Final = [(service, name) for service in SERVICES for name in _MODELS[service].operation_names]

Values = Mapping[str, Callable[[], Any]]
_JSON: Final = {
    "string": str,
    "integer": int,
    "long": int,
    "double": float | int,
    "float": float | int,
    "boolean": bool,
    "timestamp": float | int,
    "list": list,
    "map": dict,
    "structure": dict,
}


def shape_of(service: str, operation: str) -> StructureShape:
    """Return the shape of an operation's request."""
    return _MODELS[service].operation_model(operation).input_shape


def request(service: str, operation: str, values: Values, *, full: bool) -> dict[str, Any]:
    """Return a request with the required members, or with all of them.

    Args:
        service: its name.
        operation: its name.
        values: what makes a value, by the operation and the path (`CreateCampaign.campaignConfig.rankingInfluence`), by
            the operation and the member's name, or by the member's name alone; `None` leaves the member out.
        full: all members.
    """
    return dict(_built(shape_of(service, operation), operation, values, full=full))


def _built(shape: Shape, path: str, values: Values, *, full: bool) -> Any:
    operation, _, _ = path.partition(".")
    name = path.rpartition(".")[2]
    for key in (path, f"{operation}:{name}", name):
        if key in values:
            return values[key]()
    match shape:
        case StructureShape():
            required = shape.metadata.get("required", ())
            wanted = [member for member in shape.members if full or member in required]
            built = {member: _built(shape.members[member], f"{path}.{member}", values, full=full) for member in wanted}
            return {member: value for member, value in built.items() if value is not None}
        case ListShape():
            return [_built(shape.member, f"{path}.member", values, full=full)]
        case MapShape():
            raise KeyError(f"{path} needs a value")
        case _:
            return _scalar(shape, path)


def _scalar(shape: Shape, path: str) -> Any:
    rules = shape.metadata
    if "enum" in rules:
        return rules["enum"][0]
    if shape.type_name in {"integer", "long"}:
        return max(1, rules.get("min", 1))
    if shape.type_name == "boolean":
        return False
    raise KeyError(f"{path} needs a value")


def members(value: Any, shape: Shape, path: str) -> Iterator[tuple[str, Any, Shape]]:
    """Yield every member in a request, with its path and shape."""
    match shape:
        case StructureShape():
            for name in value:
                yield f"{path}{name}", value[name], shape.members[name]
                yield from members(value[name], shape.members[name], f"{path}{name}.")
        case ListShape():
            for one in value:
                yield from members(one, shape.member, f"{path}1.member.")
        case _:
            return


def broken(service: str, operation: str, valid: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield requests that break one rule of the model each, with the member that breaks it."""
    shape = shape_of(service, operation)
    for name in shape.metadata.get("required", ()):
        yield name, {member: value for member, value in valid.items() if member != name}
    for name, value in valid.items():
        rules = shape.members[name].metadata
        wrong: list[Any] = []
        if isinstance(value, str):
            wrong += ["x" * (rules["max"] + 1)] if "max" in rules else []
            wrong += ["no such value"] if "enum" in rules else []
            wrong += ["é!"] if "pattern" in rules and not re.fullmatch(_python(rules["pattern"]), "é!") else []
        elif isinstance(value, int) and not isinstance(value, bool):
            wrong += [rules["min"] - 1] if "min" in rules else []
            wrong += [rules["max"] + 1] if "max" in rules else []
        elif isinstance(value, list) and value and "max" in rules:
            wrong += [value[:1] * (rules["max"] + 1)]
        for one in wrong:
            yield name, {**valid, name: one}


def violations(body: Any, service: str, operation: str) -> list[str]:
    """Return what in a response the service model does not allow."""
    shape = _MODELS[service].operation_model(operation).output_shape
    return [] if shape is None else list(_violations(body, shape, operation))


def errors_of(service: str, operation: str) -> set[str]:
    """Return the errors that an operation's model names."""
    return {shape.name for shape in _MODELS[service].operation_model(operation).error_shapes}


def _violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if not isinstance(value, _JSON[shape.type_name]):
        yield f"{path} is {value!r}, not a {shape.type_name}"
        return
    match shape:
        case StructureShape():
            missing = set(shape.metadata.get("required", ())) - value.keys()
            yield from (f"{path}.{name} is missing" for name in sorted(missing))
            yield from (f"{path}.{name} is unknown" for name in sorted(value.keys() - shape.members.keys()))
            for name in value.keys() & shape.members.keys():
                yield from _violations(value[name], shape.members[name], f"{path}.{name}")
        case ListShape():
            for one in value:
                yield from _violations(one, shape.member, f"{path}[]")
        case MapShape():
            for one in value.values():
                yield from _violations(one, shape.value, f"{path}{{}}")
    yield from _broken_rules(value, shape, path)


def _broken_rules(value: Any, shape: Shape, path: str) -> Iterator[str]:
    rules = shape.metadata
    size = len(value) if isinstance(value, str | list | dict) else value
    if "min" in rules and size < rules["min"]:
        yield f"{path} is {value!r}, below {rules['min']}"
    if "max" in rules and size > rules["max"]:
        yield f"{path} is {value!r}, above {rules['max']}"
    if "enum" in rules and value not in rules["enum"]:
        yield f"{path} is {value!r}, not one of {rules['enum']}"
    if "pattern" in rules and not re.search(_python(rules["pattern"]), value):
        yield f"{path} is {value!r}, which does not match {rules['pattern']}"


def _python(pattern: str) -> str:
    return (
        pattern.replace(r"\p{ASCII}", r"[\x00-\x7f]")
        .replace(r"\p{L}", r"\w")
        .replace(r"\p{N}", r"\d")
        .replace(r"\p{Z}", r"\s")
    )
