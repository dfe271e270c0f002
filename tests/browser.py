"""A page as a browser shows it: Chromium without a window, without a network, without anything of an earlier start."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
"""Of Debian's package of that name."""

needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium")

_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    # The page is read once it has drawn its charts, however slow the machine is.
    "--virtual-time-budget=20000",
    "--dump-dom",
)


@dataclass(frozen=True)
class Shown:
    """What a page shows.

    Attributes:
        dom: its elements, once its scripts have run.
        console: what it said in the browser's console, line by line.
    """

    dom: str
    console: list[str]

    @property
    def numbers(self) -> dict[str, str]:
        """The numbers that it shows, by their names."""
        found = re.findall(r'data-number="([^"]*)" data-value="([^"]*)"', self.dom)
        return {html.unescape(name): html.unescape(value) for name, value in found}

    @property
    def text(self) -> str:
        """What a person reads, without the elements around it."""
        (page,) = re.findall(r"<main.*</main>", self.dom, re.DOTALL)
        return html.unescape(re.sub(r"<[^>]+>", " ", page))

    @property
    def charts(self) -> int:
        """How many charts were drawn."""
        return len(re.findall(r"<svg\b", self.dom))


def opened(file: Path, *, look: str = "", width: int = 400) -> Shown:
    """Open a page from the disk.

    Args:
        file: the page.
        look: what is looked up on it, in the form of a link.
        width: of the window in pixels.
    """
    profile = tempfile.mkdtemp(prefix="chromium-")
    try:
        asked = f"#look={look}" if look else ""
        command = [str(CHROMIUM), *_OPTIONS, f"--user-data-dir={profile}", f"--window-size={width},900"]
        done = subprocess.run(
            [*command, f"file://{file}{asked}"], capture_output=True, text=True, check=True, timeout=120
        )
    finally:
        shutil.rmtree(profile, ignore_errors=True)
    return Shown(done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE:" in line])
