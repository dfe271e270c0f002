"""Execution events in the state machine's log group, as its LoggingConfiguration says (page cw-logs)."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from zlib import crc32

from moto.logs.models import logs_backends
from moto.stepfunctions.parser.asl.eval.event.logging import is_logging_enabled_for

from embedded_aws import clock
from embedded_aws.stepfunctions.exceptions import InvalidLoggingConfiguration

_ONE = "Must specify exactly one Log Destination."


class LogSession:
    """Writes one execution's events; the interpreter asks it before each."""

    def __init__(self, execution_arn: str, logging: Mapping[str, Any]) -> None:
        self.execution_arn = execution_arn
        self.redrive_count = 0
        self.configuration = SimpleNamespace(include_execution_data=bool(logging.get("includeExecutionData")))
        self._level = logging["level"]
        destination = _destination(logging)
        assert destination is not None, "checked when the state machine was made"
        account, region, self._group = destination
        # A look-up takes a lock that a reset holds while it waits for the writer of the event.
        self._backend = logs_backends[account][region]
        # As on AWS all executions of a state machine share a stream; here a day long.
        machine = execution_arn.split(":")[6].partition("/")[0]
        day = clock.now().strftime("%Y-%m-%d-00-00")
        self._stream = f"states/{machine}/{day}/{crc32(machine.encode()):08x}"

    def log_level_filter(self, history_event_type: Any) -> bool:
        """Return whether the level wants an event of this type."""
        return bool(is_logging_enabled_for(self._level, history_event_type))

    def publish_history_log(self, history_log: Mapping[str, Any]) -> None:
        """Write one event, unless the log group is gone by now."""
        if self._group not in self._backend.groups:
            return
        self._backend.ensure_log_stream(self._group, self._stream)
        now = clock.milliseconds()
        event = {**history_log, "event_timestamp": str(now), "redrive_count": str(self.redrive_count)}
        message = json.dumps(event, default=str, ensure_ascii=False)
        self._backend.put_log_events(self._group, self._stream, [{"timestamp": now, "message": message}])


def check_destination(logging: Mapping[str, Any] | None) -> None:
    """Check where a state machine is to log.

    Raises:
        InvalidLoggingConfiguration: two destinations, or a level without a log group that exists.
    """
    if len((logging or {}).get("destinations", ())) > 1:
        raise InvalidLoggingConfiguration(_ONE)
    if not logging or logging.get("level", "OFF") == "OFF":
        return
    destination = _destination(logging)
    if destination is None:
        raise InvalidLoggingConfiguration(_ONE)
    account, region, group = destination
    if group not in logs_backends[account][region].groups:
        raise InvalidLoggingConfiguration(f"the log group {group} does not exist")


def log_session(execution_arn: str, logging: Mapping[str, Any]) -> LogSession | None:
    """Return what writes an execution's events to its log group, or None if its state machine does not log."""
    return None if logging.get("level", "OFF") == "OFF" else LogSession(execution_arn, logging)


def _destination(logging: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Return (account, region, group) of the log group that is named."""
    for destination in logging.get("destinations", []):
        parts = destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "").split(":")
        if len(parts) > 6:  # noqa: PLR2004  # arn:aws:logs:region:account:log-group:name[:*]
            return parts[4], parts[3], parts[6]
    return None
