"""Words of the Amazon States Language that every fragment uses.

Fragments are plain dictionaries from state name to state, in the order in which they are drawn.
Source: https://states-language.net/ and https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

State = dict[str, Any]
States = dict[str, State]

MAX_NAME_LENGTH = 80

REDRIVES = "($exists($states.context.Execution.RedriveCount) ? $states.context.Execution.RedriveCount : 0)"
"""JSONata of how often the execution was redriven."""


def jsonata(expression: str) -> str:
    """Mark text as a JSONata expression."""
    return f"{{% {expression} %}}"


def inlined(value: Any) -> str:
    """Return what a state would be given as a JSON value, as one JSONata expression."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{inlined(key)}: {inlined(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(inlined(item) for item in value) + "]"
    if isinstance(value, str) and value.startswith("{%"):
        return value.removeprefix("{%").removesuffix("%}").strip()
    return json.dumps(value, ensure_ascii=False)


def document(model: type[BaseModel], **fields: Any) -> dict[str, Any]:
    """Return a document that a state makes, each field as a value or JSONata.

    Raises:
        TypeError: the fields are not those of the model: what reads the document would refuse it.
    """
    known = model.model_fields
    unknown = fields.keys() - known.keys()
    missing = {name for name, field in known.items() if field.is_required()} - fields.keys()
    if unknown or missing:
        raise TypeError(f"{model.__name__} knows no {sorted(unknown)}, and needs {sorted(missing)}")
    return fields


def sdk(service: str, action: str) -> str:
    """Return the resource of an SDK integration; ``action`` is written as IAM writes it, ``CreateSolution``."""
    return f"arn:aws:states:::aws-sdk:{service}:{action[0].lower()}{action[1:]}"


def when(label: str, condition: str, go_to: str, **assign: Any) -> State:
    """Return a rule of a Choice.

    Args:
        label: a few words; the console and our drawings show them beside the arrow.
        condition: JSONata of a boolean.
        go_to: the state after it.
        assign: variables, as values or marked JSONata.
    """
    rule: State = {"Comment": label, "Condition": jsonata(condition)}
    return rule | ({"Assign": assign} if assign else {}) | {"Next": go_to}


def machine(states: States, *, start: str, comment: str, timeout_seconds: int) -> dict[str, Any]:
    """Return a whole definition."""
    return {
        "Comment": comment,
        "QueryLanguage": "JSONata",
        "StartAt": start,
        "TimeoutSeconds": timeout_seconds,
        "States": states,
    }


def merged(*fragments: States) -> States:
    """Return all states of some fragments.

    Raises:
        ValueError: two of them have a state of the same name, of which one would silently be lost.
    """
    states: States = {}
    for fragment in fragments:
        if twice := states.keys() & fragment.keys():
            raise ValueError(f"Two fragments have states of the same name: {', '.join(sorted(twice))}")
        states |= fragment
    return states


def catch_all(go_to: str, *, assign: dict[str, Any] | None = None) -> list[State]:
    """Return a Catch for every error that Retry did not mend."""
    catcher: State = {"ErrorEquals": ["States.ALL"], "Output": {}, "Next": go_to}
    return [catcher | ({"Assign": assign} if assign else {})]
