"""What the tests of kept accounts share: code that runs in processes of its own, as one holds only one embedded AWS."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from coverage import Coverage

_BEFORE = """
import json, os, sys, time
sys.path.insert(0, os.getcwd())
from embedded_aws import EmbeddedAWS, KeepError
folder, told = sys.argv[1], {}
"""
_AFTER = "\nprint(json.dumps(told, default=str))"


def in_process(code: str, folder: Path) -> dict[str, Any]:
    """Run code that knows `folder` and notes what it finds in `told`; return that."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "of_a_test.py")
        file.write_text(_BEFORE + code + _AFTER)
        return answer("-W", "error", of=[str(file), str(folder)])


def answer(*options: str, of: list[str]) -> dict[str, Any]:
    """Run Python on a file, or with -m on a module, and its arguments; return the JSON that it prints."""
    command = [sys.executable, *options, *_measured(), *of]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def files(folder: Path) -> dict[str, bytes]:
    """Return everything in a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _measured() -> list[str]:
    """Return how a process is measured as this one is; empty where it is not."""
    measured = Coverage.current()
    if measured is None:
        return []
    settings = [f"--rcfile={measured.config.config_file}", f"--data-file={measured.config.data_file}"]
    return ["-m", "coverage", "run", "--parallel-mode", *settings]
