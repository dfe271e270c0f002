"""Findings for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.markup import escape

from cli.doctor.findings import Level
from cli.tables import FittedTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from cli.doctor.examination import Examination
    from cli.doctor.findings import Finding

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILURE: "red"}


def table(examination: Examination, findings: Sequence[Finding]) -> FittedTable:
    """Return the findings as a table; whatever its width, texts are wrapped and never cut."""
    where = f"{examination.prefix} in {examination.region}" if examination.region else examination.prefix
    made = FittedTable(f"Doctor: {where}", show_lines=True).ids("")
    made.add_column("check", overflow="fold", max_width=20)
    made.text("what was seen, and what to do")
    for finding in findings:
        colour = _COLOURS[finding.level]
        remedy = f"\n[bold]→[/bold] {escape(finding.remedy)}" if finding.remedy else ""
        made.add_row(
            f"[{colour}]{finding.level.value}[/{colour}]",
            escape(finding.check),
            f"{escape(finding.seen)}{remedy}",
        )
    return made


def show(examination: Examination, findings: Sequence[Finding], console: Console) -> None:
    """Print the table and what it comes to."""
    console.print(table(examination, findings), highlight=False)
    console.print(summary(findings), highlight=False, soft_wrap=True)


def summary(findings: Sequence[Finding]) -> str:
    """Return one line: how many of each level."""
    count = {level: sum(finding.level is level for finding in findings) for level in Level}
    warnings, failures = (_counted(count[level], level.value) for level in (Level.WARNING, Level.FAILURE))
    told = f"{count[Level.OK]} OK, {warnings}, {failures}"
    return f"{told}. Nothing was written." if count[Level.FAILURE] else f"{told}: ready. Nothing was written."


def as_json(examination: Examination, findings: Sequence[Finding]) -> str:
    """Return the findings as JSON: pipeline, stage, region, and a list of check, level, seen and remedy."""
    document = {
        "pipeline": examination.pipeline.name,
        "stage": examination.stage,
        "region": examination.region,
        "findings": [
            {
                "check": finding.check,
                "level": finding.level.value,
                "seen": finding.seen,
                "remedy": finding.remedy,
            }
            for finding in findings
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
