"""The page: one file of HTML with the report, the script that shows it, and the charting library inside.

Nothing of the report is ever markup. It stands in the page as JSON without a character that could end its element, and
the script puts texts into nodes of text. The page's own policy lets no other script run and nothing be fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from definition.paths import ROOT

if TYPE_CHECKING:
    from definition.contract.report import Report

CHARTS = ROOT / "build" / "charts.js"
"""The charting library, as ``make setup`` builds it."""

MOST_BYTES = 1_900_000
"""A page that a person opens on a phone stays below two megabytes."""

_OWN = Path(__file__).parent
_SCRIPTS = ("look.js", "parts.js", "charts.js", "people.js", "main.js")
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def fitted(report: Report) -> str:
    """Return the page of a report, with fewer samples, and then fewer phases and rows, where it would be too large."""
    page = render(report)
    while len(page.encode()) > MOST_BYTES and (
        report.samples or report.items or report.phases or len(report.history) > 1
    ):
        report = _fewer(report)
        page = render(report)
    return page


def render(report: Report) -> str:
    """Return the page of a report."""
    template = (_OWN / "page.html").read_text("utf-8")
    library, script = _library(), _script()
    scripts = f"'unsafe-eval' {_hash(library)} {_hash(script)}"
    policy = f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'; script-src {scripts}"
    pieces = {
        "policy": policy,
        "style": (_OWN / "page.css").read_text("utf-8"),
        "report": _embedded(report),
        "library": library,
        "script": script,
    }
    # Split, not replaced one after the other: what a report says is looked at by nobody.
    first, *rest = template.split("{{")
    return first + "".join(pieces[name] + text for name, _, text in (part.partition("}}") for part in rest))


def _fewer(report: Report) -> Report:
    samples = [each.model_copy(update={"lines": each.lines[: len(each.lines) // 2]}) for each in report.samples]
    users = {line.key for each in samples for line in each.lines}
    items = report.items[: len(report.items) // 2]
    histories = [each for each in report.histories if each.user in users]
    named = {each.item for each in items}
    named |= {item for each in samples for line in each.lines for item in (line.key, *line.found)}
    named |= {each.item for history in histories for each in history.latest}
    return report.model_copy(
        update={
            "samples": [each for each in samples if each.lines],
            "histories": histories,
            "items": items,
            "labels": {item: label for item, label in report.labels.items() if item in named},
            # The last row is this run's, and stays.
            "history": report.history[len(report.history) // 2 :] if not users else report.history,
            "phases": report.phases[: len(report.phases) // 2] if not users else report.phases,
        }
    )


def _embedded(report: Report) -> str:
    text = json.dumps(report.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))
    return escaped(text)


def escaped(text: str) -> str:
    """Return JSON without a character that could end the element in which it stands."""
    return "".join(_ESCAPED.get(character, character) for character in text)


@cache
def _library() -> str:
    return CHARTS.read_text("utf-8")


@cache
def _script() -> str:
    return "\n".join((_OWN / name).read_text("utf-8") for name in _SCRIPTS)


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
