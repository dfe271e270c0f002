"""What a first contact has seen, and the report that it leaves."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cli.first_contact.points import LeftOut, Point

NO_ANSWER = "no answer"
NOT_EMULATED = "not emulated"
_TOOLS = ("personalize-pipelines", "boto3", "botocore", "aws-cdk-lib")
_AWS = re.compile(r"\.(amazonaws\.com(\.cn)?|api\.aws)$")
_EMULATION = ": **an emulation, whose answers say nothing about AWS**"
_LONGEST = 2000


@dataclass(frozen=True)
class StepRecord:
    """A step that was done.

    Attributes:
        name: what it is called.
        why: what it is for.
        seconds: how long it took.
        outcome: what was seen, or the error.
        done: whether it succeeded.
    """

    name: str
    why: str
    seconds: float
    outcome: str
    done: bool


@dataclass(frozen=True)
class Asked:
    """A point with what AWS answered.

    Attributes:
        point: the question.
        said: the answer in AWS's words, or why there is none.
        verdict: what it means.
    """

    point: Point
    said: str
    verdict: str


@dataclass
class Journal:
    """Everything that goes into the report.

    Attributes:
        account: id of the account.
        region: its region.
        stage: part of every name.
        endpoint: where Personalize's calls went.
        started: when it began.
    """

    account: str
    region: str
    stage: str
    endpoint: str
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    steps: list[StepRecord] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    @property
    def _is_aws(self) -> bool:
        return bool(_AWS.search(self.endpoint))

    @property
    def succeeded(self) -> bool:
        """Whether every step was done."""
        return all(step.done for step in self.steps)

    def write(self, file: Path, left_out: Iterable[LeftOut], *, show_account: bool, unasked: Iterable[Point]) -> None:
        """Write the report as Markdown.

        Args:
            file: where to; its folder is made.
            left_out: points that are not tried, with the reason.
            show_account: whether the account's id stands in it; else it is masked wherever it occurs.
            unasked: points that the first contact did not come to.
        """
        text = "\n".join([*self._head(), *self._steps(), *self._points(unasked), *_left_out(left_out)])
        if not show_account:
            text = text.replace(self.account, _masked(self.account))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n", encoding="utf-8")

    def _head(self) -> list[str]:
        tools = ", ".join(f"{tool} {version(tool)}" for tool in _TOOLS)
        outcome = "Every step was done." if self.succeeded else "**It stopped before the end**: see the last step."
        answered = sum(NO_ANSWER not in asked.verdict and NOT_EMULATED not in asked.verdict for asked in self.asked)
        return [
            "# First contact",
            "",
            "Deployed the bundled films to an account of AWS, ran them, and asked AWS what its documents leave open.",
            f"{outcome} {answered} of {len(self.asked)} questions were answered.",
            "",
            "| | |",
            "|---|---|",
            f"| date | {self.started:%Y-%m-%d %H:%M} UTC |",
            f"| account | {self.account} |",
            f"| region | {self.region} |",
            f"| endpoint | {self.endpoint}{'' if self._is_aws else _EMULATION} |",
            f"| stage | {self.stage} |",
            f"| versions | Python {platform.python_version()}, {tools} |",
            "",
        ]

    def _steps(self) -> list[str]:
        rows = [
            f"| {number} | {step.name} | {step.why} | {step.seconds:.0f} | {_cell(step.outcome)} |"
            for number, step in enumerate(self.steps, 1)
        ]
        return [
            "## Steps",
            "",
            "| | step | what it is for | seconds | what was seen |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]

    def _points(self, unasked: Iterable[Point]) -> list[str]:
        lines = ["## Questions that the documents leave open", ""]
        for asked in self.asked:
            lines += [
                f"### {asked.point.question}",
                "",
                f"- Why it matters: {asked.point.why}",
                f"- Tried: {asked.point.tried}",
                f"- AWS answered: `{_code(asked.said)}`",
                f"- Verdict: **{asked.verdict}**",
                f"- What hangs on it: {asked.point.where}",
                "",
            ]
        missed = [f"- {point.question}" for point in unasked]
        return [*lines, *(["Not come to:", "", *missed, ""] if missed else [])]


def _left_out(left_out: Iterable[LeftOut]) -> list[str]:
    rows = [f"- {each.question} {each.reason}" for each in left_out]
    return ["## Left out", "", "Open as well, and not tried:", "", *rows]


def _masked(account: str) -> str:
    return f"{'*' * 8}{account[-4:]}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")[:_LONGEST]


def _code(text: str) -> str:
    return " ".join(text.split()).replace("`", "'")[:_LONGEST]
