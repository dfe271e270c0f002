"""The mapping of the raw file, compiled beforehand as for the function, which never sees the pipeline file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from definition.load import parse
from definition.plan.mappings import dataset_mapping

if TYPE_CHECKING:
    from pathlib import Path

PIPELINE = {
    "name": "bench",
    "datasets": {
        "interactions": {
            "source": {"path": "raw.tsv", "delimiter": "\t", "quote": "none"},
            "keep": "rating >= 3.5",
            "columns": {
                "USER_ID": "userID",
                "ITEM_ID": "movieID",
                "TIMESTAMP": {"from": "timestamp", "unit": "ms"},
                "EVENT_TYPE": {"value": "watch"},
            },
        }
    },
    "solutions": [{"name": "s", "recipe": "aws-popularity-count", "batch_inference": [{"name": "j"}]}],
}


def write_mapping(file: Path, *, quoted: bool = False) -> None:
    """Write the mapping as JSON; by it fields may stand in quotes, or quotes are text."""
    mapping = dataset_mapping(parse(json.dumps(PIPELINE)), "interactions")
    file.write_text(mapping.model_copy(update={"quote": '"' if quoted else None}).model_dump_json())
