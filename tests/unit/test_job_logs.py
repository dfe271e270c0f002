"""Where the lines of the Spark job are looked for: log groups that Glue names, with and without a key."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from cli.operate.logs import read

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PLAIN = ["/aws-glue/jobs/output", "/aws-glue/jobs/error"]
GUIDE = ["/aws-glue/jobs/shop-dev-transform-role/worker/output", "/aws-glue/jobs/shop-dev-transform-role/worker/error"]
REFERENCE = ["/aws-glue/jobs-worker-shop-dev-transform"]
"""Names of encrypted groups as the guide shows them, and as the API reference does (page JobRun)."""


class Account:
    """An account with one run of the job, and groups that each have one line, their own name."""

    def __init__(self, groups: list[str], **run: str) -> None:
        job = {"ResourceType": "AWS::Glue::Job", "PhysicalResourceId": "shop-dev-transform"}
        self._pages: dict[str, Any] = {
            "list_stack_resources": {"StackResourceSummaries": [job]},
            "get_job_runs": {"JobRuns": [{"Id": "jr_1", "StartedOn": NOW, **run}]},
            "describe_log_groups": {"logGroups": [{"logGroupName": each} for each in [*PLAIN, *groups]]},
        }

    def client(self, _: str) -> Any:
        """Return the client of any service."""
        return self

    def get_paginator(self, operation: str) -> Any:
        """Return something that gives the one page."""
        return SimpleNamespace(paginate=lambda **asked: [self._page(operation, asked)])

    def _page(self, operation: str, asked: dict[str, Any]) -> Any:
        if operation != "filter_log_events":
            return self._pages[operation]
        assert "jr_1" == asked["logStreamNamePrefix"]
        return {"events": [{"timestamp": NOW.timestamp() * 1000, "message": asked["logGroupName"]}]}


@pytest.mark.parametrize(
    ("groups", "run", "looked"),
    [
        (GUIDE, {}, PLAIN),
        (GUIDE, {"SecurityConfiguration": "shop-dev-transform"}, GUIDE),
        (REFERENCE, {"SecurityConfiguration": "shop-dev-transform"}, REFERENCE),
    ],
)
def test_lines_are_found_where_glue_writes_them(groups: list[str], run: dict[str, str], looked: list[str]) -> None:
    """Under a security configuration, in groups of its name, however the rest of them is named."""
    lines = read(Account(groups, **run), "shop", "dev", (NOW, None))  # type: ignore[arg-type]

    assert looked == [line.message for line in lines]
