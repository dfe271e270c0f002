"""What roles asked for while something ran, and which of their grants nobody needed."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded_aws.iam.authorization import listening
from embedded_aws.policies import Decision, Request, decide

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from embedded_aws.iam.authorization import Verdict
    from embedded_aws.server import EmbeddedAWS


@dataclass(frozen=True)
class Grant:
    """One action on one resource pattern that a role is allowed."""

    role: str
    action: str
    resource: str


@dataclass(frozen=True)
class Statement:
    """One statement of a role's inline policies that allows something; `text` is its JSON."""

    role: str
    policy: str
    text: str

    @property
    def grants(self) -> list[Grant]:
        """What it allows, action by action and resource by resource."""
        content = json.loads(self.text)
        return [
            Grant(self.role, action, resource)
            for action in listed(content["Action"])
            for resource in listed(content["Resource"])
        ]


@dataclass
class Recording:
    """Every verdict about roles while it listens, each kind once.

    Attributes:
        calls: how often each role asked for each action.
        used: what was allowed and needed.
        sole: statements that were the only one to allow some call, with that call: without them it is denied.
        denied: what was refused, by role.
        asked: action and resource of what each role asked for.
    """

    calls: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    used: set[Grant] = field(default_factory=set)
    sole: dict[Statement, Verdict] = field(default_factory=dict)
    denied: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    asked: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))

    def listen(self) -> AbstractContextManager[None]:
        """Hear of every verdict while the context lasts."""
        heard: AbstractContextManager[None] = listening(self._hear)
        return heard

    def _hear(self, verdict: Verdict) -> None:
        role = verdict.principal.arn.rpartition("/")[2]
        self.calls[role][verdict.ask.action] += 1
        self.asked[role].add((verdict.ask.action, verdict.ask.resource))
        if not verdict.allowed:
            self.denied[role].add(f"{verdict.ask.action} on {verdict.ask.resource}")
        for grant in verdict.grants:
            self.used.add(Grant(role, grant.action, grant.resource))
        places = {(grant.policy, grant.statement) for grant in verdict.grants}
        if len(places) == 1:
            ((policy, index),) = places
            if policy:
                content = listed(verdict.principal.policies[policy]["Statement"])[index]
                self.sole.setdefault(Statement(role, policy, _text(content)), verdict)


def statements(aws: EmbeddedAWS, prefix: str) -> list[Statement]:
    """Return every statement that allows something to a role of a pipeline."""
    iam = aws.client("iam")
    pages = iam.get_paginator("list_roles").paginate()
    roles = [role["RoleName"] for page in pages for role in page["Roles"]]
    found = []
    for role in sorted(name for name in roles if name.startswith(f"{prefix}-")):
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            allowing = [each for each in listed(document["Statement"]) if each["Effect"] == "Allow"]
            found += [Statement(role, policy, _text(each)) for each in allowing]
    return found


def denied_without(verdict: Verdict, statement: Statement) -> bool:
    """Say whether a call would be denied if its principal's policies had not one statement."""
    ask, principal = verdict.ask, verdict.principal
    request = Request(ask.action, ask.resource, arn=principal.arn, context=dict(ask.context))
    left = [
        each
        for name, document in principal.policies.items()
        for each in listed(document["Statement"])
        if (name, _text(each)) != (statement.policy, statement.text)
    ]
    return decide({"Statement": left}, request) is not Decision.ALLOW


def _text(content: Any) -> str:
    return json.dumps(content, sort_keys=True)


def listed(value: Any) -> list[Any]:
    """Return a policy's element as a list."""
    return value if isinstance(value, list) else [value]


# What CloudFormation puts behind the names that it makes.
_MADE = re.compile(r"(?:[0-9A-F]{8})?-[A-Z0-9]{8,}$")


def short(role: str, prefix: str) -> str:
    """Return a role's name without the pipeline's and without what CloudFormation puts behind it."""
    return _MADE.sub("", role.removeprefix(f"{prefix}-"))
