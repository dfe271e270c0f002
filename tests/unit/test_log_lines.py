"""Lines of logs as the operator's command takes them."""

from __future__ import annotations

import json

import pytest

from cli.operate.logs import line_of


@pytest.mark.parametrize(
    ("text", "level", "message", "platform"),
    [
        ('{"level":"INFO","message":"Begin","run":"r"}', "INFO", "Begin", False),
        ('{"level":"ERROR","message":"Broken","exception_name":"ValueError"}', "ERROR", "Broken (ValueError)", False),
        ('{"_aws": {}}', "", '{"_aws": {}}', False),
        ('{"_aws":{"CloudWatchMetrics":[]},"message":"m"}', "", None, True),
        ('  {"level":"warning","message":"m"}', "WARNING", "m", False),
        ("RequestId: x Error: Runtime exited with error: signal: killed", "ERROR", None, False),
        ('{"message": ', "", '{"message": ', False),
        ("[1]", "", "[1]", False),
        ("26/11/29 03:00:01 WARN TaskSetManager: lost", "WARN", "26/11/29 03:00:01 WARN TaskSetManager: lost", False),
        ("nothing of an ERROR" + " far" * 20 + " behind INFO", "ERROR", None, False),
        ("x" * 90 + " ERROR", "", None, False),
        ("2026-11-29T03:00:00 1234 Task timed out after 900.00 seconds", "ERROR", None, False),
        ("REPORT RequestId: 1\tDuration: 1 ms\tStatus: timeout", "ERROR", None, True),
        ("START RequestId: 1 Version: $LATEST\n", "", "START RequestId: 1 Version: $LATEST", True),
        ("[ERROR] Runtime.ImportModuleError: no module", "ERROR", None, False),
        ("", "", "", False),
    ],
)
def test_a_line_is_taken_apart(
    text: str,
    level: str,
    message: str | None,
    platform: bool,  # noqa: FBT001  # a case
) -> None:
    """JSON with a message gives its fields; of other text the level is what stands near its beginning."""
    line = line_of("transform", {"timestamp": 1_700_000_000_123, "message": text})

    assert (level, platform) == (line.level, line.platform)
    assert line.message == (text if message is None else message)
    assert "2023-11-14T22:13:20.123000+00:00" == line.time.isoformat()


def test_other_fields_stay() -> None:
    """What is neither level nor message can be asked for."""
    event = {"timestamp": 0, "message": json.dumps({"message": "m", "report": {"rows_in": 3}})}

    assert {"report": {"rows_in": 3}} == line_of("transform", event).fields
