"""What a target of a rule is given: the event, a part of it, a fixed text, or what an InputTransformer makes of it.

Sources: EventBridge user guide, page eb-transform-target-input; recordings of the service: a template that is a text
arrives with its quotes, and a variable whose path finds nothing is empty.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from jsonpath_ng.ext.parser import parse

_TOKEN: Final = re.compile(r'"(?:\\.|[^"\\])*"|<[^<>"]+>')
_PLACEHOLDER: Final = re.compile(r"<([^<>]+)>")


def shown(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as rules' targets see it: its time, which moto holds in seconds, is a text."""
    return {name: _moment(value) if name == "time" else value for name, value in event.items() if name != _INGESTED}


def target_input(rule: Any, target: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """Return the JSON text that a target is given for an event.

    Args:
        rule: moto's, for the variables that name it.
        target: with at most one of Input, InputPath and InputTransformer.
        event: moto's, with `ingestion-time`.
    """
    if "Input" in target:
        return str(target["Input"])
    seen = shown(event)
    if "InputPath" in target:
        return json.dumps(_found(target["InputPath"], seen), ensure_ascii=False)
    transformer = target.get("InputTransformer")
    if not transformer:
        return json.dumps(seen, ensure_ascii=False)
    values = {name: _found(path, seen) for name, path in transformer.get("InputPathsMap", {}).items()}
    values |= {
        "aws.events.rule-arn": rule.arn,
        "aws.events.rule-name": rule.name,
        "aws.events.event.ingestion-time": _moment(event[_INGESTED]),
        "aws.events.event.json": seen,
        "aws.events.event": {name: value for name, value in seen.items() if name != "detail"},
    }
    return _TOKEN.sub(lambda token: _filled(token[0], values), transformer["InputTemplate"])


_INGESTED: Final = "ingestion-time"


def _moment(value: Any) -> str:
    return f"{datetime.fromtimestamp(float(value), UTC):%Y-%m-%dT%H:%M:%SZ}"


def _found(path: str, event: Mapping[str, Any]) -> Any:
    matches = parse(path).find(event)
    return matches[0].value if matches else ""


def _filled(token: str, values: Mapping[str, Any]) -> str:
    """Return a string of a template with its variables as text, or a variable that stands alone as JSON."""

    def text(placeholder: re.Match[str]) -> str:
        value = values.get(placeholder[1], placeholder[0])
        return json.dumps(value if isinstance(value, str) else json.dumps(value), ensure_ascii=False)[1:-1]

    if token.startswith('"'):
        return _PLACEHOLDER.sub(text, token)
    return json.dumps(values[token[1:-1]], ensure_ascii=False) if token[1:-1] in values else token
