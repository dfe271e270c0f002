"""Requests to Personalize, built from the service's model with hostile values: an answer, or an error of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import ListShape, MapShape, Shape, StructureShape

from emulator.tests.personalize.models import OPERATIONS, errors_of, shape_of
from tests.fuzz.ground import NUMBERS, TEXTS, value

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.ground import Ground

_ANY_OPERATION = {"ValidationException", "SerializationException", "ThrottlingException"}
_KINDS = [
    "dataset-group/x",
    "solution/x",
    "solution/x/0a1b2c3d",
    "campaign/x",
    "recipe/aws-sims",
    "schema/x",
    "filter/x",
]


def case(chance: Random, ground: Ground) -> None:
    """Send one request."""
    service, operation = chance.choice(OPERATIONS)
    parameters = _built(chance, shape_of(service, operation), 0)
    environment = ground.aws.environment()
    client: Any = boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        config=Config(parameter_validation=False, retries={"max_attempts": 0}),
    )
    try:
        client._make_api_call(operation, parameters)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"]["Code"]
        assert status < 500, f"{operation} {parameters}: {status} {error}"
        assert code in errors_of(service, operation) | _ANY_OPERATION, f"{operation} {parameters}: {code} {error}"
        assert error.response["Error"]["Message"], f"{operation} {parameters}: {code} without words"
    except (ParamValidationError, AttributeError, KeyError, OverflowError, RuntimeError, TypeError, ValueError):
        return  # botocore itself cannot write it


def _built(chance: Random, shape: Shape, depth: int) -> Any:
    if chance.random() < 0.05 and depth:
        return value(chance)
    match shape:
        case StructureShape():
            required = shape.metadata.get("required", ())
            chosen = [
                name for name in shape.members if chance.random() < (0.95 if name in required else 0.3) and depth < 6
            ]
            return {name: _built(chance, shape.members[name], depth + 1) for name in chosen}
        case ListShape():
            return [_built(chance, shape.member, depth + 1) for _ in range(chance.randrange(3))]
        case MapShape():
            return {chance.choice(TEXTS): _built(chance, shape.value, depth + 1) for _ in range(chance.randrange(3))}
        case _:
            return _scalar(chance, shape)


def _scalar(chance: Random, shape: Shape) -> Any:
    rules = shape.metadata
    if shape.type_name in {"integer", "long", "float", "double", "timestamp"}:
        return chance.choice(NUMBERS)
    if shape.type_name == "boolean":
        return chance.random() < 0.5
    if "enum" in rules and chance.random() < 0.8:
        return chance.choice(rules["enum"])
    if shape.name.endswith("Arn") and chance.random() < 0.7:
        kind = chance.choice(_KINDS)
        account = "" if kind.startswith("recipe") else "us-east-1:123456789012"
        return f"arn:aws:personalize:{account or ':'}:{kind}"
    return chance.choice(["name", *TEXTS])
