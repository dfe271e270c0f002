"""Deciding about a request by a policy document, with its conditions.

This is IAM's evaluation of one document (user guide, page reference_policies_evaluation-logic). An operator that is
not known here fails closed: its Allow does not match, its Deny does.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any, Final


class Decision(Enum):
    """What a document says about a request; without a matching statement it says nothing."""

    ALLOW = "Allow"
    DENY = "Deny"
    SILENT = "Silent"


@dataclass(frozen=True)
class Request:
    """Who wants to do what.

    `resource` is an ARN, or None for a trust policy, whose statements have no resource; `service` and `arn` are the
    principal's, `context` the condition keys with their values.
    """

    action: str
    resource: str | None = None
    service: str | None = None
    arn: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)


def decide(document: Mapping[str, Any], request: Request) -> Decision:
    """Return what one policy document says; an explicit Deny wins."""
    effects = {statement["Effect"] for statement in _listed(document["Statement"]) if _matches(statement, request)}
    if "Deny" in effects:
        return Decision.DENY
    return Decision.ALLOW if "Allow" in effects else Decision.SILENT


def combine(decisions: Iterable[Decision]) -> bool:
    """Return whether several documents together allow: one allows and none denies."""
    found = set(decisions)
    return Decision.ALLOW in found and Decision.DENY not in found


def _matches(statement: Mapping[str, Any], request: Request) -> bool:
    return (
        _action(statement, request.action)
        and _resource(statement, request.resource)
        and _principal(statement, request)
        and _conditions(statement, request.context)
    )


def _action(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not _any_like(statement["NotAction"], action, re.IGNORECASE)
    return _any_like(statement["Action"], action, re.IGNORECASE)


def _resource(statement: Mapping[str, Any], resource: str | None) -> bool:
    if resource is None:
        return True
    if "NotResource" in statement:
        return not _any_like(statement["NotResource"], resource)
    return _any_like(statement.get("Resource", []), resource)


def _principal(statement: Mapping[str, Any], request: Request) -> bool:
    if "NotPrincipal" in statement:
        return not _is_principal(statement["NotPrincipal"], request)
    return _is_principal(statement["Principal"], request) if "Principal" in statement else True


def _is_principal(principal: Any, request: Request) -> bool:
    if principal == "*":
        return True
    for kind, names in principal.items():
        for name in _listed(names):
            if name == "*" and kind == "AWS":
                return True
            if kind == "Service" and name == request.service:
                return True
            if kind == "AWS" and request.arn is not None and _is_aws_principal(name, request.arn):
                return True
    return False


def _is_aws_principal(name: str, arn: str) -> bool:
    account = arn.split(":")[4]
    return name in {arn, account} or re.fullmatch(rf"arn:[^:]+:iam::{account}:root", name) is not None


def _conditions(statement: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    present = {key.lower(): value for key, value in context.items()}
    return all(
        _condition(operator, _listed(wanted), present.get(key.lower()), statement["Effect"])
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def _condition(operator: str, wanted: list[Any], actual: str | None, effect: str) -> bool:
    name = operator.rpartition(":")[2]  # ForAllValues: and ForAnyValue: are the same for the single values here
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if name == "Null":
        return any((actual is None) == (str(value).lower() == "true") for value in wanted)
    negated = name.replace("Not", "", 1) in _OPERATORS and "Not" in name
    test = _OPERATORS.get(name.replace("Not", "", 1) if negated else name)
    if test is None:
        return effect == "Deny"
    if actual is None:
        return if_exists or negated
    return negated != any(test(str(value), actual) for value in wanted)


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda wanted, actual: compare(float(actual), float(wanted))


def _arn_like(wanted: str, actual: str) -> bool:
    """Compare part by part: a wildcard does not reach over a colon, except in the last part."""
    patterns, parts = wanted.split(":", 5), actual.split(":", 5)
    return len(patterns) == len(parts) and all(map(_like, patterns, parts))


def _like(pattern: str, text: str) -> bool:
    return _pattern(pattern, 0).fullmatch(text) is not None


_OPERATORS: Final[dict[str, Callable[[str, str], bool]]] = {
    "StringEquals": lambda wanted, actual: wanted == actual,
    "StringEqualsIgnoreCase": lambda wanted, actual: wanted.lower() == actual.lower(),
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda wanted, actual: wanted.lower() == actual.lower(),
    "NumericEquals": _number(lambda actual, wanted: actual == wanted),
    "NumericLessThan": _number(lambda actual, wanted: actual < wanted),
    "NumericLessThanEquals": _number(lambda actual, wanted: actual <= wanted),
    "NumericGreaterThan": _number(lambda actual, wanted: actual > wanted),
    "NumericGreaterThanEquals": _number(lambda actual, wanted: actual >= wanted),
}


def _any_like(patterns: Any, text: str, flags: int = 0) -> bool:
    return any(_pattern(pattern, flags).fullmatch(text) for pattern in _listed(patterns))


@lru_cache(maxsize=1024)
def _pattern(pattern: str, flags: int) -> re.Pattern[str]:
    """Return the expression of a policy's wildcards, `*` and `?`."""
    text = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.compile(text, flags | re.DOTALL)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
