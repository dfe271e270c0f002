"""Graphviz: its language's words, and its rendering as WebAssembly in the Node that `make setup` installs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

from definition.paths import ROOT

HEAD = """digraph {
compound=true; bgcolor=white; pad=0.2; fontname="Helvetica"; fontsize=12;
node [fontname="Helvetica", fontsize=11, color="#5a6b7b", margin="0.12,0.06"];
node [shape=box, style="rounded,filled", fillcolor=white];
edge [fontname="Helvetica", fontsize=9, color="#5a6b7b", fontcolor="#5a6b7b", arrowsize=0.7];"""

BLUE, YELLOW, VIOLET, GREEN, RED, GREY = "#dbe9f6", "#fdf1cf", "#e9e4f5", "#d9efdc", "#f8d9d6", "#eeeeee"

_WIDTH = 24

_RENDER = """
import { instance } from "@viz-js/viz";
import { readFileSync } from "node:fs";
const viz = await instance();
const drawings = Object.entries(JSON.parse(readFileSync(0, "utf8")));
const drawn = drawings.map(([name, dot]) => [name, viz.renderString(dot, { format: "svg" })]);
process.stdout.write(JSON.stringify(Object.fromEntries(drawn)));
"""


def quoted(text: str) -> str:
    """Return a text as an identifier or label of Graphviz's language; a line break in it stays one."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def wrapped(text: str) -> str:
    """Return a text in lines that fit a node."""
    return "\n".join(line for part in text.split("\n") for line in textwrap.wrap(part, _WIDTH, break_on_hyphens=False))


def rendered(drawings: dict[str, str]) -> dict[str, str]:
    """Return each drawing, by its name, as SVG.

    Raises:
        subprocess.CalledProcessError: Graphviz failed, or `make setup` has not installed it.
    """
    own = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    ended = subprocess.run(  # noqa: S603  # our own program, which reads the drawings as data
        ["node", "--input-type=module", "--eval", _RENDER],  # noqa: S607  # that of set-up stands first on the path
        cwd=ROOT,
        env={**os.environ, "PATH": own},
        input=json.dumps(drawings),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    drawn: dict[str, str] = json.loads(ended.stdout)
    return drawn
