"""A row of the history as a run leaves it."""

from __future__ import annotations

from typing import Any

MAPPING = "0123456789abcdef"
"""Digest of how the pipeline file describes the interactions."""


def a_row(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return the row of an earlier run, or of this one: 9,000 records, 90 rejected rows, ten minutes.

    Args:
        number: how many days after the first of November it ran, 0 to 29.
        changes: fields, of which ``dataset`` and ``solution`` are of fields of the only ones.
    """
    of_dataset = {
        "dataset": "interactions",
        "mapping": MAPPING,
        "import_mode": "FULL",
        "rows_in": 10_000,
        "rows_out": 9_000,
        "rows_filtered": 910,
        "rows_rejected": 90,
        "records": 9_000,
        "columns": [{"name": "EVENT_TYPE", "empty": 900}],
        **changes.pop("dataset", {}),
    }
    of_solution = {
        "name": "for-you",
        "recipe": "aws-user-personalization-v2",
        "status": "SUCCEEDED",
        "version_arn": f"arn:solution/{number}",
        "training_hours": 0.5,
        "metrics": {"coverage": 0.5},
        "jobs": [{"name": "top", "kind": "inference", "status": "SUCCEEDED", "table_rows": 10, "lines_with_errors": 0}],
        **changes.pop("solution", {}),
    }
    unknown = ("spec_hash", "error", "unchanged_since", "rows_in", "rows_out", "rows_filtered", "rows_rejected")
    unknown += ("interactions", "items", "rows_imported", "training_hours", "lines_scored", "segment_lines", "usd")
    return {
        **dict.fromkeys(unknown),
        "run": f"202611{number + 1:02}T030000-aaaaaa",
        "pipeline": "shop",
        "stage": "dev",
        "execution": "arn:execution",
        "status": "SUCCEEDED",
        "resumed": False,
        "started": f"2026-11-{number + 1:02}T03:00:00.000Z",
        "finished": f"2026-11-{number + 1:02}T03:10:00+00:00",
        "duration_seconds": 600,
        "engine": "lambda",
        "users": 500,
        "warnings": [],
        "datasets": [of_dataset],
        "solutions": [of_solution],
        **changes,
    }
