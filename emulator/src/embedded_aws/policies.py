"""Deciding about a request by a policy document, with its conditions.

This is IAM's evaluation of one document (user guide, pages reference_policies_evaluation-logic,
reference_policies_elements_condition_operators and reference_policies_condition-single-vs-multi-valued-context-keys).
An operator that is not known here fails closed: its Allow does not match, its Deny does.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
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
    principal's, `session` is the ARN of its session if it is a role; `context` has the condition keys with their
    values, one or, for keys with several, a list.
    """

    action: str
    resource: str | None = None
    service: str | None = None
    arn: str | None = None
    session: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """A statement that matches a request: its place in the document, and the patterns that match.

    `direct` says that a resource's policy names the principal itself, and not only its account.
    """

    effect: str
    index: int
    action: str
    resource: str
    direct: bool = False


def matches(document: Mapping[str, Any], request: Request) -> Iterator[Match]:
    """Yield the statements of a document that match a request."""
    for index, statement in enumerate(_listed(document.get("Statement", []))):
        # Where a template takes a statement out (AWS::NoValue), moto leaves a null.
        if statement is not None and _matches(statement, request):
            yield Match(
                statement["Effect"],
                index,
                _first_like(statement.get("Action", ()), request.action, re.IGNORECASE),
                _first_like(statement.get("Resource", ()), request.resource or ""),
                direct=_is_direct(statement.get("Principal"), request),
            )


def decide(document: Mapping[str, Any], request: Request) -> Decision:
    """Return what one policy document says; an explicit Deny wins."""
    effects = {match.effect for match in matches(document, request)}
    if "Deny" in effects:
        return Decision.DENY
    return Decision.ALLOW if "Allow" in effects else Decision.SILENT


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
            if kind == "AWS" and request.arn is not None and _is_aws_principal(name, request):
                return True
    return False


def _is_direct(principal: Any, request: Request) -> bool:
    """Say whether a principal element names the caller itself: the account alone leaves it to the caller's policies."""
    if not isinstance(principal, Mapping):
        return bool(principal == "*")
    named = _listed(principal.get("AWS", []))
    return "*" in named or request.arn in named or request.session in named or "Service" in principal


def _is_aws_principal(name: str, request: Request) -> bool:
    assert request.arn is not None
    account = request.arn.split(":")[4]
    if name in {request.arn, request.session, account}:
        return True
    return re.fullmatch(rf"arn:[^:]+:iam::{account}:root", name) is not None


def _conditions(statement: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
    present = {key.lower(): value for key, value in context.items()}
    return all(
        _condition(operator, _listed(wanted), present.get(key.lower()), statement["Effect"])
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def _condition(operator: str, wanted: list[Any], actual: Any, effect: str) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if name == "Null":
        return any((actual is None) == (str(value).lower() == "true") for value in wanted)
    negated = name.replace("Not", "", 1) in _OPERATORS and "Not" in name
    test = _OPERATORS.get(name.replace("Not", "", 1) if negated else name)
    if test is None:
        return effect == "Deny"
    if actual is None:
        return if_exists or negated or quantifier == "ForAllValues"
    fits = [negated != any(test(str(value), str(each)) for value in wanted) for each in _listed(actual)]
    return any(fits) if quantifier == "ForAnyValue" else all(fits)


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda wanted, actual: compare(float(actual), float(wanted))


def _arn_like(wanted: str, actual: str) -> bool:
    """Compare part by part: a wildcard does not reach over a colon, except in the last part."""
    patterns, parts = wanted.split(":", 5), actual.split(":", 5)
    return len(patterns) == len(parts) and all(map(_like, patterns, parts))


def _in_network(wanted: str, actual: str) -> bool:
    return ipaddress.ip_address(actual) in ipaddress.ip_network(wanted, strict=False)


def _like(pattern: str, text: str) -> bool:
    return _pattern(pattern, 0).fullmatch(text) is not None


_OPERATORS: Final[dict[str, Callable[[str, str], bool]]] = {
    "StringEquals": lambda wanted, actual: wanted == actual,
    "StringEqualsIgnoreCase": lambda wanted, actual: wanted.lower() == actual.lower(),
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda wanted, actual: wanted.lower() == actual.lower(),
    "IpAddress": _in_network,
    "NumericEquals": _number(lambda actual, wanted: actual == wanted),
    "NumericLessThan": _number(lambda actual, wanted: actual < wanted),
    "NumericLessThanEquals": _number(lambda actual, wanted: actual <= wanted),
    "NumericGreaterThan": _number(lambda actual, wanted: actual > wanted),
    "NumericGreaterThanEquals": _number(lambda actual, wanted: actual >= wanted),
}


def _any_like(patterns: Any, text: str, flags: int = 0) -> bool:
    return any(_pattern(pattern, flags).fullmatch(text) for pattern in _listed(patterns))


def _first_like(patterns: Any, text: str, flags: int = 0) -> str:
    """Return the pattern that matches, or the empty text where a NotAction or NotResource does."""
    return next((each for each in _listed(patterns) if _pattern(each, flags).fullmatch(text)), "")


@lru_cache(maxsize=1024)
def _pattern(pattern: str, flags: int) -> re.Pattern[str]:
    """Return the expression of a policy's wildcards, `*` and `?`."""
    text = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.compile(text, flags | re.DOTALL)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
