"""The cases of `make fuzz`, which nobody runs every day, still run."""

from __future__ import annotations

import re
import subprocess
import sys

from definition.paths import ROOT


def test_each_kind_of_case_runs() -> None:
    """A case of each kind gets to its end; ten seconds of the processor, for an AWS of its own, once a session."""
    command = [sys.executable, "-m", "tests.fuzz", "--minutes", "0.01"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    rows = re.findall(r"│ ([\w-]+) +│ ([\d,]+) +│ (\d+) +│", done.stdout)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert 7 == len(rows)
    assert all(cases != "0" for _, cases, _ in rows)
