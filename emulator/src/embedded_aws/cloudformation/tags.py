"""The tags of a resource in a template."""

from collections.abc import Mapping
from typing import Any


def tags_of(properties: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags among a resource's properties, by their keys."""
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
