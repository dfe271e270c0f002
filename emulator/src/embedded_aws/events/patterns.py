"""Which event patterns EventBridge takes (user guide, page eb-create-pattern-operators).

What is refused, and in which words, are recordings of the service; that a pattern is too complex is not found out.
"""

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, Final

from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventPatternParser

from embedded_aws.patches import replaces

_OPERATORS: Final = ("=", "<", "<=", ">", ">=")
_BUT: Final = "Value of anything-but must be an array or single string/number value."


@replaces(EventPatternParser, "_validate_event_pattern")
def refuse_wrong_patterns(_self: Any, pattern: Any) -> None:
    """Check a pattern.

    moto: looks at no operator. AWS: refuses what is no pattern.

    Raises:
        InvalidEventPatternException: it is none.
    """
    _check(pattern)


def _check(pattern: Any) -> None:
    _require(isinstance(pattern, Mapping), "Filter is not an object")
    for name, value in pattern.items():
        if name == "$or" and isinstance(value, list) and all(isinstance(each, Mapping) for each in value):
            for each in value:
                _check(each)
        elif isinstance(value, Mapping):
            _check(value)
        else:
            _require(isinstance(value, list), f'"{name}" must be an object or an array')
            _require(value, "Empty arrays are not allowed")
            for each in value:
                if isinstance(each, Mapping):
                    _check_operators(each)


def _check_operators(match: Mapping[str, Any]) -> None:
    for name, value in match.items():
        _require(name in _CHECKS, f"Unrecognized match type {name}")
        _CHECKS[name](name, value)


def _text_or_ignoring_case(name: str, value: Any) -> None:
    if isinstance(value, Mapping) and set(value) == {"equals-ignore-case"}:
        value = value["equals-ignore-case"]
    _text(name, value)


def _text(name: str, value: Any) -> None:
    _require(isinstance(value, str), f"{name} match pattern must be a string")


def _wildcard(name: str, value: Any) -> None:
    _text(name, value)
    _require("**" not in value, f"Consecutive wildcard characters at pos {value.find('**') + 1}")


def _exists(_: str, value: Any) -> None:
    _require(isinstance(value, bool), "exists match pattern must be either true or false.")


def _cidr(_: str, value: Any) -> None:
    _require(isinstance(value, str), "prefix match pattern must be a string")
    _require(value.count("/") == 1, "Malformed CIDR, one '/' required")
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise InvalidEventPatternException(reason=f"Malformed CIDR, {error}") from error


def _numeric(_: str, value: Any) -> None:
    _require(isinstance(value, list) and value, "Value of numeric must be an array.")
    seen = ""
    for place in range(0, len(value), 2):
        operator, *number = value[place : place + 2]
        _require(operator in _OPERATORS, f"Unrecognized numeric range operator: {operator}")
        _require(operator[0] != seen, f"Bad numeric range operator: {operator}")
        told = number and isinstance(number[0], int | float) and not isinstance(number[0], bool)
        _require(told, f"Value of {operator} must be numeric")
        seen = operator[0]


def _anything_but(_: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        for each in value if isinstance(value, list) else [value]:
            _require(isinstance(each, str | int | float) and not isinstance(each, bool), _BUT)
        return
    for name, inner in value.items():
        _require(name in _INSIDE_ANYTHING_BUT, f"Unsupported anything-but pattern: {name}")
        _require(not isinstance(inner, Mapping), _BUT)
        for each in inner if isinstance(inner, list) else [inner]:
            _require(isinstance(each, str), _INSIDE_ANYTHING_BUT[name])
            _require(each or name not in {"prefix", "suffix"}, "Null prefix/suffix not allowed")
            if name == "wildcard":
                _wildcard(name, each)


_AFFIX: Final = "prefix/suffix match pattern must be a string"
_INSIDE_ANYTHING_BUT: Final = {
    "prefix": _AFFIX,
    "suffix": _AFFIX,
    "equals-ignore-case": ("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."),
    "wildcard": "wildcard match pattern must be a string",
}
_CHECKS: Final[dict[str, Callable[[str, Any], None]]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _text,
    "exists": _exists,
    "numeric": _numeric,
    "prefix": _text_or_ignoring_case,
    "suffix": _text_or_ignoring_case,
    "wildcard": _wildcard,
}


def _require(condition: Any, reason: str) -> None:
    if not condition:
        raise InvalidEventPatternException(reason=reason)
