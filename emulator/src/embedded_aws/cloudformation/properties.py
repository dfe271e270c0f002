"""Properties of a resource in a template that many types have, or write alike."""

from collections.abc import Mapping
from typing import Any


def tags_of(properties: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags among a resource's properties, by their keys."""
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}


def is_true(value: Any) -> bool:
    """Say whether a value means true: in a template truths may be texts."""
    return str(value).lower() == "true"
