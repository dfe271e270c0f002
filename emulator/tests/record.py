"""Whether the embedded AWS is the one that its tests passed with: `make test` leaves them out then.

`python -m emulator.tests.record` exits with 1, and says so, if anything changed that the tests depend on: a file of
`emulator/`, a package's pin, or what the pipelines ask of AWS (`uses.json`, which a test of the stacks holds up to
date). `--passed` writes the record, after the tests have passed. `make test-all` runs them whatever changed.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

EMULATOR = Path(__file__).resolve().parent.parent
RECORD = Path(__file__).with_name("passed.sha256")
USES = Path(__file__).with_name("uses.json")
"""What pipelines ask of AWS: types of CloudFormation, and integrations of state machines."""
PINS = [EMULATOR.parent / f"requirements-{name}.txt" for name in ("dev", "spark")]
_MADE = {"__pycache__", "build", "dist"}


def fingerprint() -> str:
    """Return the SHA-256 of everything that the tests depend on."""
    digest = hashlib.sha256()
    for file in [*_files(), *PINS]:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(EMULATOR.parent).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for file in sorted(EMULATOR.rglob("*")):
        made = any(
            part in _MADE or part.startswith(".") or ".egg-info" in part for part in file.relative_to(EMULATOR).parts
        )
        if file.is_file() and not made and file != RECORD:
            yield file


def main(arguments: list[str]) -> int:
    """Write the record, or compare with it; return the exit code."""
    if arguments == ["--passed"]:
        RECORD.write_text(f"{fingerprint()}\n", encoding="utf-8")
        return 0
    unchanged = RECORD.exists() and RECORD.read_text(encoding="utf-8").strip() == fingerprint()
    said = "unchanged since its tests passed; make test-all runs them" if unchanged else "changed: its tests run"
    print(f"emulator/ {said}")  # noqa: T201  # a command
    return 0 if unchanged else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
