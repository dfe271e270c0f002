"""Types of a check and of its finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.doctor.examination import Examination


class Level(Enum):
    """How bad it is."""

    OK = "OK"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """One row of the answer.

    Attributes:
        check: what was looked at.
        level: a failure would stop a deployment or a run.
        seen: what is so.
        remedy: how to mend it; empty where nothing needs mending.
    """

    check: str
    level: Level
    seen: str
    remedy: str = ""


Look = Callable[["Examination"], Iterable[Finding]]


@dataclass(frozen=True)
class Check:
    """One thing to look at, through calls that read only.

    Attributes:
        name: what is looked at; stands in the finding if the look itself fails.
        look: yields findings; a call that fails is told as a warning by whoever calls it.
        essential: after a failure of it no later check can say anything.
    """

    name: str
    look: Look
    essential: bool = False


def ok(check: str, seen: str) -> Finding:
    """Return a finding with nothing to mend."""
    return Finding(check, Level.OK, seen)


def warning(check: str, seen: str, remedy: str) -> Finding:
    """Return a finding that stops neither deployment nor run."""
    return Finding(check, Level.WARNING, seen, remedy)


def failure(check: str, seen: str, remedy: str) -> Finding:
    """Return a finding that stops a deployment or a run."""
    return Finding(check, Level.FAILURE, seen, remedy)
