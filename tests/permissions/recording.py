"""What roles asked for while something ran, and which of their grants nobody needed."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.iam.authorization import listening
from local.policies import Decision, Request, decide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from local.iam.authorization import Verdict
    from local.server import EmbeddedAWS


@dataclass(frozen=True)
class Grant:
    """One action on one resource pattern that a statement of a role's policy allows."""

    role: str
    policy: str
    statement: int
    action: str
    resource: str


@dataclass
class Recording:
    """Every verdict about roles while it listens, each kind once.

    Attributes:
        calls: how often each role asked for each action.
        used: grants that matched a call that was allowed.
        sole: statements that were the only one to allow some call: without it that call is denied.
        denied: messages of what was refused, by role.
    """

    calls: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    used: set[Grant] = field(default_factory=set)
    sole: dict[tuple[str, str, int], Verdict] = field(default_factory=dict)
    denied: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def listen(self) -> AbstractContextManager[None]:
        """Hear of every verdict while the context lasts."""
        heard: AbstractContextManager[None] = listening(self._hear)
        return heard

    def _hear(self, verdict: Verdict) -> None:
        role = verdict.principal.arn.rpartition("/")[2]
        self.calls[role][verdict.ask.action] += 1
        if not verdict.allowed:
            self.denied[role].add(f"{verdict.ask.action} on {verdict.ask.resource}")
        places = {(grant.policy, grant.statement) for grant in verdict.grants}
        for grant in verdict.grants:
            self.used.add(Grant(role, grant.policy, grant.statement, grant.action, grant.resource))
        if len(places) == 1:
            policy, statement = next(iter(places))
            self.sole.setdefault((role, policy, statement), verdict)


def grants(aws: EmbeddedAWS, prefix: str) -> Iterator[Grant]:
    """Yield what every role of a pipeline may, by its inline policies."""
    for role, policy, index, statement in statements(aws, prefix):
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield Grant(role, policy, index, action, resource)


def statements(aws: EmbeddedAWS, prefix: str) -> Iterator[tuple[str, str, int, dict[str, Any]]]:
    """Yield role, policy, place and content of every statement that allows something to a pipeline's roles."""
    iam = aws.client("iam")
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            name = role["RoleName"]
            if not name.startswith(f"{prefix}-"):
                continue
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                for index, statement in enumerate(listed(document["Statement"])):
                    if statement["Effect"] == "Allow":
                        yield name, policy, index, statement


def denied_without(verdict: Verdict, policy: str, statement: int) -> bool:
    """Say whether a call would be denied if its principal's policy had not one statement."""
    ask, principal = verdict.ask, verdict.principal
    request = Request(ask.action, ask.resource, arn=principal.arn, context=dict(ask.context))
    rest = {
        name: {
            "Statement": [
                each for at, each in enumerate(listed(document["Statement"])) if (name, at) != (policy, statement)
            ]
        }
        for name, document in principal.policies.items()
    }
    return all(decide(document, request) is not Decision.ALLOW for document in rest.values())


def listed(value: Any) -> list[Any]:
    """Return a policy's element as a list."""
    return value if isinstance(value, list) else [value]


# What CloudFormation puts behind the names that it makes.
_MADE = re.compile(r"(?:[0-9A-F]{8})?-[A-Z0-9]{8,}$")


def short(role: str, prefix: str) -> str:
    """Return a role's name without the pipeline's and without what CloudFormation puts behind it."""
    return _MADE.sub("", role.removeprefix(f"{prefix}-"))
