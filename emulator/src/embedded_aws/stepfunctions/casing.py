"""How Step Functions spells what an AWS SDK integration takes and gives (page supported-services-awssdk).

Names are those of the AWS SDK for Java 2, with a capital at the front: `jobName` is JobName, `DBInstance` is
DbInstance, the service DynamoDB is DynamoDb.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_LEADING_CAPITALS = re.compile(r"^[A-Z]+(?=[A-Z][a-z]|[0-9_]|$)|^[A-Z]")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|[0-9]+")


class UnknownFieldError(ValueError):
    """An argument that the API does not have, or not in this spelling."""


def member_name(name: str) -> str:
    """Return a member of the service's model as Step Functions spells it."""
    lowered = _LEADING_CAPITALS.sub(lambda match: match[0].lower(), name)
    return lowered[:1].upper() + lowered[1:]


def service_name(service_id: str) -> str:
    """Return the service's part of an error name, from the `serviceId` of its model."""
    return "".join(word.capitalize() for word in _WORDS.findall(service_id))


def to_request(value: Any, shape: Shape, path: str = "", *, plain: bool = False) -> Any:
    """Return boto3's form of an argument.

    A JSON value where the service wants text is written as its JSON text, and so is any value where it wants bytes: a
    text keeps its quotes there, as recordings of S3's PutObject show. A member that is null is none.

    Args:
        value: the argument.
        shape: what the service wants.
        path: where it stands, for errors.
        plain: whether a text that is wanted as bytes is taken without quotes (EventBridge Scheduler: user guide, page
            managing-targets-universal).

    Raises:
        UnknownFieldError: the shape has no such member.
    """
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        names = {member_name(name): name for name in shape.members}
        for key in value:
            if key not in names:
                raise UnknownFieldError(f"The field '{path}{key}' is not supported by Step Functions")
        return {
            names[key]: to_request(item, shape.members[names[key]], f"{path}{key}.", plain=plain)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [to_request(item, shape.member, path, plain=plain) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: to_request(item, shape.value, path, plain=plain) for key, item in value.items()}
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if shape.type_name == "string":
        return text
    if shape.type_name == "blob":
        return (text if plain or not isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode()
    return value


def from_response(value: Any, shape: Shape) -> Any:
    """Return the JSON value of a part of boto3's answer; times as ISO 8601, bodies as text."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            member_name(key): from_response(item, shape.members[key])
            for key, item in value.items()
            if key in shape.members
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [from_response(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: from_response(item, shape.value) for key, item in value.items()}
    if isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat(timespec="milliseconds" if value.microsecond else "seconds")
        return text.replace("+00:00", "Z")
    if hasattr(value, "read"):
        value = value.read()
    return value.decode() if isinstance(value, bytes) else value
