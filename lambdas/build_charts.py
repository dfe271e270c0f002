"""Build the charting library of reports, build/charts.js, from the packages of package-lock.json.

Vega and Vega-Lite come as one file each. They go into every report, so their licences, and those of the packages that
Vega has inside, go with them. The same pins give the same bytes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from definition.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

MODULES = ROOT / "node_modules"
TARGET = ROOT / "build" / "charts.js"
_FILES = ("vega/build/vega.min.js", "vega-lite/build/vega-lite.min.js")
_NOT_INSIDE = {"commander", "iconv-lite", "rw", "vega-typings", "yargs"}
"""What only the packages' own commands and types need."""


class LibraryError(Exception):
    """A package is not what is needed."""


def build(target: Path = TARGET) -> None:
    """Write the library.

    Raises:
        LibraryError: it holds what would end the element that it stands in.
    """
    code = [(MODULES / name).read_text("utf-8") for name in _FILES]
    # A map of the source would be looked for over the network.
    kept = [line for text in code for line in text.split("\n") if not line.startswith("//# sourceMappingURL")]
    text = "\n".join([_licences(), *kept]) + "\n"
    if "</script" in text.lower() or "<!--" in text:
        raise LibraryError("The charting library holds </script or <!--, which no page can have inside a script.")
    target.parent.mkdir(exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_text(text, "utf-8")
    partial.replace(target)


def inside() -> list[str]:
    """Return the packages that the library is made of: what package-lock.json names for Vega and Vega-Lite."""
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    found: set[str] = set()
    waiting = ["vega", "vega-lite"]
    while waiting:
        name = waiting.pop()
        if name not in found | _NOT_INSIDE and not name.startswith("@types/"):
            found.add(name)
            waiting += packages[f"node_modules/{name}"].get("dependencies", {})
    return sorted(found)


def _licences() -> str:
    """Return a comment with the licence of each package that has JavaScript inside; equal ones stand there once."""
    named: dict[str, list[str]] = {}
    for name in inside():
        folder = MODULES / name
        text = next((file.read_text("utf-8") for file in sorted(folder.glob("[Ll][Ii][Cc][Ee][Nn][SsCc][Ee]*"))), "")
        about = json.loads((folder / "package.json").read_text("utf-8"))
        named.setdefault(text.strip(), []).append(f"{name} {about['version']} ({about.get('license')})")
    parts = [f"{', '.join(names)}\n\n{text}" for text, names in named.items()]
    return "/*!\n" + "\n\n---\n\n".join(parts).replace("*/", "* /") + "\n*/"


if __name__ == "__main__":
    build()
