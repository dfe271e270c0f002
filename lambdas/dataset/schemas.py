"""What Personalize accepts as a dataset's new schema, told before it is asked.

Every old field must stay with its type and attributes, and a new one must be nullable
(https://docs.aws.amazon.com/personalize/latest/dg/updating-dataset-schema.html).
"""

from __future__ import annotations

import json
from typing import Any


def refused_changes(before: str, after: str) -> list[str]:
    """Return what keeps a dataset from taking another schema, a phrase for each field; nothing if it can.

    Args:
        before: the schema document (Avro as JSON) that the dataset has.
        after: the one that it shall get. The order of fields and of the types in a union does not matter.
    """
    old, new = _fields(before), _fields(after)
    problems = []
    for name, definition in old.items():
        if name not in new:
            problems.append(f"field {name} is no longer there")
        elif new[name] != definition:
            problems.append(f"field {name} was {_told(definition)} and is now {_told(new[name])}")
    problems += [
        f"field {name} is new and not nullable"
        for name, definition in new.items()
        if name not in old and "null" not in definition["type"]
    ]
    return problems


def _fields(schema: str) -> dict[str, dict[str, Any]]:
    """Return definitions by field name, with the types as a set and without attributes that say nothing."""
    found = {}
    for field in json.loads(schema)["fields"]:
        types = field["type"] if isinstance(field["type"], list) else [field["type"]]
        # The service takes attributes as truth values and as texts.
        attributes = {key: str(value).lower() for key, value in field.items() if key not in {"name", "type"}}
        said = {key: value for key, value in attributes.items() if value != "false"}
        found[field["name"]] = {"type": frozenset(types), **said}
    return found


def _told(definition: dict[str, Any]) -> str:
    types = " or ".join(sorted(definition["type"], key=lambda one: (one == "null", one)))
    return " ".join([*sorted(key for key in definition if key != "type"), types])
