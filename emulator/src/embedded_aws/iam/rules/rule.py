"""One row of the table of permissions, and what it asks of a request."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from embedded_aws.iam.requests import ApiRequest

_FIELD: Final = re.compile(r"{(\w+)}")


class UnknownCallError(Exception):
    """A call that the table of permissions does not have; the message names it."""


@dataclass(frozen=True)
class Ask:
    """One permission that a request needs: an action on a resource, under condition keys.

    `refused_as` is the error code of a refusal where it is not the service's usual one.
    """

    action: str
    resource: str
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)
    refused_as: str | None = None


@dataclass(frozen=True)
class Rule:
    """An action, and the resources on which a request must be allowed it.

    Attributes:
        action: such as `states:StartExecution`.
        resources: ARNs with arguments of the request in braces, beside `region` and `account`; one whose arguments
            the request does not give is not asked for. Or a function that yields ARNs.
        context: condition keys by the arguments that they come from.
        fixed: condition keys with values that are always the same.
        refused_as: see `Ask`.
    """

    action: str
    resources: tuple[str, ...] | Callable[[ApiRequest, str], Iterator[str]] = ("*",)
    context: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    refused_as: str | None = None

    def asks(self, request: ApiRequest, account_id: str) -> Iterator[Ask]:
        """Yield what the row asks for."""
        context = dict(self.fixed)
        context |= {key: request.params[name] for key, name in self.context.items() if name in request.params}
        for arn in self._arns(request, account_id):
            yield Ask(self.action, arn, context, self.refused_as)

    def _arns(self, request: ApiRequest, account_id: str) -> Iterator[str]:
        if callable(self.resources):
            yield from self.resources(request, account_id)
            return
        known = {"region": request.region, "account": account_id, **request.params}
        for template in self.resources:
            if all(known.get(name) for name in _FIELD.findall(template)):
                yield _FIELD.sub(lambda found: str(known[found[1]]), template)


def passing(argument: str, service: str, *, refused_as: str | None = None) -> Rule:
    """Return what handing a service a role asks for (user guide, page id_roles_use_passrole).

    Args:
        argument: that holds the role's ARN.
        service: such as `personalize.amazonaws.com`.
        refused_as: see `Ask`.
    """
    return Rule("iam:PassRole", (f"{{{argument}}}",), fixed={"iam:PassedToService": service}, refused_as=refused_as)


def rows(
    service: str, prefix: str, operations: Mapping[str, tuple[str, ...]]
) -> dict[tuple[str, str], tuple[Rule, ...]]:
    """Return one row for each operation whose action has its name.

    Args:
        service: as boto3 calls it.
        prefix: of its actions.
        operations: resources by name.
    """
    return {(service, name): (Rule(f"{prefix}:{name}", resources),) for name, resources in operations.items()}
