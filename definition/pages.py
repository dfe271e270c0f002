"""Parts of documentation pages that are generated: each stands between a line of its own and one that ends it."""

from __future__ import annotations

END = "<!-- End of what is generated. -->\n"


def filled(text: str, begin: str, part: str) -> str:
    """Return the text of a page with a generated part as it is now.

    Args:
        text: of the page.
        begin: the line before the part.
        part: its lines.

    Raises:
        ValueError: the text has no place for it.
    """
    before, found, rest = text.partition(begin)
    _, end, after = rest.partition(END)
    if not found or not end:
        raise ValueError(f"the page lacks the lines {begin.strip()!r} and {END.strip()!r}, between which the table is")
    return f"{before}{begin}{part}{end}{after}"
