"""Versions and aliases of state machines: what they are made from, and what starting one runs.

Sources: Step Functions developer guide, pages concepts-state-machine-version and -alias; API reference,
CreateStateMachineAlias; recordings of the service for what it refuses.
"""

import json
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import moto.stepfunctions.models as moto_models
from moto.core.exceptions import AWSError
from moto.stepfunctions.exceptions import ValidationException
from moto.stepfunctions.models import StateMachine, StateMachineVersion

from embedded_aws.patches import replaces

_ALIAS_NAME: Final = re.compile(r"(?=.*[a-zA-Z_\-.])[a-zA-Z0-9_\-.]+")


class ConflictException(AWSError):  # noqa: N818  # the service's code
    """Another alias has the name."""

    TYPE = "ConflictException"
    STATUS = 400

    def __init__(self) -> None:
        super().__init__(
            "Failed to create alias because an alias with the same name and a different routing configuration already "
            "exists."
        )


@replaces(moto_models, "StateMachineVersion")
class Version(StateMachineVersion):
    """A version of a state machine.

    moto: cannot be started. AWS: its executions are among those of its state machine.
    """

    executions: list[Any]

    def __init__(self, source: Any, version: int, description: str | None) -> None:
        super().__init__(source, version, description)
        self.executions = source.executions
        self.backend = source.backend

    _handle_name_input_idempotency: Any = StateMachine._handle_name_input_idempotency  # noqa: SLF001  # moto's


def check_alias(name: str, routes: Sequence[Mapping[str, Any]], machines: Sequence[Any]) -> None:
    """Check what an alias is to be made of.

    Raises:
        ValidationException: name, versions or weights are not what the service takes.
    """
    if not _ALIAS_NAME.fullmatch(name):
        raise ValidationException(
            f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must satisfy "
            r"regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$"
        )
    check_routes(routes, machines)


def check_routes(routes: Sequence[Mapping[str, Any]], machines: Sequence[Any]) -> None:
    """Check the versions and weights of an alias (see check_alias)."""
    arns, weights = [route["stateMachineVersionArn"] for route in routes], [int(route["weight"]) for route in routes]
    shown = f"[{', '.join(arns)}]"
    if not 1 <= len(routes) <= 2:  # noqa: PLR2004  # the service's limit
        raise ValidationException("Routing configuration must contain 1 or 2 state machine versions.")
    if len(set(arns)) < len(arns):
        raise ValidationException(
            f"Routing configuration must contain distinct state machine version ARNs. Received: {shown}"
        )
    if sum(weights) != 100:  # noqa: PLR2004  # per cent
        raise ValidationException(
            f"Sum of routing configuration weights must equal 100. Received: {json.dumps(weights)}"
        )
    known = {version.arn for machine in machines for version in machine.versions.values()}
    if not known.issuperset(arns) or len({arn.rpartition(":")[0] for arn in arns}) > 1:
        raise ValidationException(f"Routing configuration must contain state machine version ARNs. Received: {shown}")


def chosen_version(arn: str, machines: Sequence[Any]) -> str | None:
    """Return the ARN of the version that an alias sends an execution to; None if the ARN is not one of an alias."""
    aliases = (alias for machine in machines for alias in machine.aliases.values())
    routes = next((alias.routing_configuration for alias in aliases if alias.arn == arn), None)
    if routes is None:
        return None
    weights = [int(route["weight"]) for route in routes]
    [chosen] = random.choices(routes, weights)  # noqa: S311  # traffic, not a secret
    return str(chosen["stateMachineVersionArn"])
