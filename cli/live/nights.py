"""Runs that end while a pipeline is up: those of its schedule, and those that other terminals start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.operate.runs import ACTIVE, of_execution
from cli.operate.show import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.operate.runs import Run

_MOST = 50


class Nights:
    """What a state machine has done since it was last looked at.

    Args:
        stepfunctions: a boto3 Step Functions client.
        state_machine_arn: of the pipeline; executions that have ended by now are known.
    """

    def __init__(self, stepfunctions: Any, state_machine_arn: str) -> None:
        self._stepfunctions = stepfunctions
        self._machine = state_machine_arn
        self._known = set(self._over())

    def ended(self) -> Iterator[Run]:
        """Yield the runs that have ended since the last call, the first one first."""
        for execution in reversed(self._over()):
            if execution not in self._known:
                self._known.add(execution)
                yield of_execution(self._stepfunctions.describe_execution(executionArn=execution))

    def _over(self) -> list[str]:
        listed = self._stepfunctions.list_executions(stateMachineArn=self._machine, maxResults=_MOST)["executions"]
        return [each["executionArn"] for each in listed if each["status"] not in ACTIVE]


def told(run: Run) -> str:
    """Return a run that has ended, in one line."""
    note = f": {run.note}" if run.note else ""
    return f"run {run.run} {run.status} after {duration(run.seconds)}{note}"
