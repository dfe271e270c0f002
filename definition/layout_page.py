"""The table of the bucket in docs/runs.md: ``python -m definition.layout_page`` writes it there."""

from __future__ import annotations

from definition.layout import LAYOUT
from definition.pages import filled
from definition.paths import ROOT

PAGE = ROOT / "docs" / "runs.md"
_BEGIN = "<!-- From definition/layout.py, by python -m definition.layout_page; a test compares it. -->\n"


def page(text: str) -> str:
    """Return the text of the page with the table as it is now.

    Raises:
        ValueError: the text has no place for it.
    """
    return filled(text, _BEGIN, _table())


def _table() -> str:
    lines = ["| key | what | written by | read by | kept |", "|---|---|---|---|---|"]
    for place in LAYOUT:
        key = place.template.replace("{", "<").replace("}", ">")
        folder = "…" if key.endswith("/") else ""
        kept = "" if place.days is None else f"{place.days} day{'' if place.days == 1 else 's'}"
        cells = (f"`{key}{folder}`", place.holds, ", ".join(place.written_by), ", ".join(place.read_by), kept)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
