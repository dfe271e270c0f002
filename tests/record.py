"""Whether what a suite depends on is what it passed with: `make test` leaves the suite out then.

`python -m tests.record SUITE` exits with 1, and says so, if a file of its inputs or a package's pin changed. `--now`
prints the fingerprint of the inputs before the suite runs, and `--passed FINGERPRINT` writes it down afterwards, if
they are still the same; the record is committed with the change. `make test-all` runs every suite, whatever changed.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.glue import spark

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent

_TRANSFORM = ("definition", "jobs", "lambdas", "pricing", "transform", "emulator/src")
_HELPERS = ("tests/__init__.py", "tests/corpus", "tests/documents.py", "tests/unit/raw.py", "emulator/tests/support.py")
_RIG = [f"tests/pipeline/{name}.py" for name in ("conftest", "data", "guarding", "rig")]
_DEPLOYED = ("app.py", "cdk.json", "stacks", "tests/synthesis.py", "tests/functions/handlers.py", *_RIG)
_GRANTS = ("tests/permissions/policies.py", "tests/permissions/recording.py")
_COMMAND = ("cli", "drafting", "pipelines", "samples", "docs/policies", "docs/manifest.schema.json")
SUITES = {
    # uses.json holds what pipelines ask of AWS; a test of the stacks keeps it up to date.
    "emulator/tests": ("emulator",),
    "tests/parity": (*_TRANSFORM, *_HELPERS, "stacks/code.py", "tests/parity"),
    "tests/pipeline": (
        *(*_TRANSFORM, *_HELPERS, *_DEPLOYED, *_GRANTS, *_COMMAND),
        *("emulator/tests/iam", "tests/browser.py", "tests/functions/reporting.py"),
        *("tests/delivered.py", "tests/history.py", "tests/manifests.py"),
        "tests/pipeline",
    ),
    # The command line is no input of these: deployments and runs by it are what the pipeline suite is about.
    "tests/spark": (*_TRANSFORM, *_HELPERS, *_DEPLOYED, *_GRANTS, "tests/spark"),
    "tests/permissions": (*_TRANSFORM, *_HELPERS, *_DEPLOYED, "tests/permissions"),
}
"""The suites that are left out where nothing changed, and the files and folders that each depends on."""

_PINS = ["requirements-dev.txt", "requirements-spark.txt", "package-lock.json"]
_RECORD = "passed.sha256"


def inputs(suite: str) -> Iterator[Path]:
    """Yield the files that a suite depends on, always in the same order.

    Raises:
        FileNotFoundError: one that the table names is no longer there.
    """
    for name in (*SUITES[suite], *_PINS):
        place = ROOT / name
        if not place.exists():
            raise FileNotFoundError(place)
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file() and file.name != _RECORD and not any(map(_is_made, file.relative_to(ROOT).parts)):
                yield file


def fingerprint(suite: str) -> str:
    """Return the SHA-256 of everything that a suite depends on."""
    digest = hashlib.sha256()
    for file in inputs(suite):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(ROOT).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _is_made(part: str) -> bool:
    return part in {"__pycache__", "build", "dist"} or part.startswith(".") or ".egg-info" in part


def main(arguments: list[str]) -> int:
    """Write the record of a suite, or compare with it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.record", description=__doc__)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--now", action="store_true", help="print the fingerprint of the inputs")
    parser.add_argument("--passed", metavar="FINGERPRINT", help="the suite has passed with these inputs: record it")
    given = parser.parse_args(arguments)
    record, now = ROOT / given.suite / _RECORD, fingerprint(given.suite)
    if given.now:
        print(now)  # noqa: T201  # a command
        return 0
    if given.passed and given.passed != now:
        print(f"{given.suite}: not recorded, for its inputs changed while it ran")  # noqa: T201  # a command
        return 0
    if given.passed and (lacking := spark.missing()):
        print(f"{given.suite}: not recorded, for tests of Spark were left out: {lacking}")  # noqa: T201  # a command
        return 0
    if given.passed:
        record.write_text(f"{now}\n", encoding="utf-8")
        return 0
    unchanged = record.exists() and record.read_text(encoding="utf-8").strip() == now
    said = "left out, it passed with what is here; make test-all runs it" if unchanged else "its inputs changed"
    print(f"{given.suite}: {said}")  # noqa: T201  # a command
    return 0 if unchanged else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
