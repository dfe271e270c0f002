"""Build the functions' layer, build/layer.zip, from lambdas/requirements.txt.

Wheels for the Lambda runtime are fetched, not built, so any machine can do it. What the runtime brings itself is left
out. The archive has fixed times and order: the same pins give the same bytes.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from definition.paths import ROOT

REQUIREMENTS = ROOT / "lambdas" / "requirements.txt"
PYTHON_VERSION = "3.13"
PLATFORMS = {"arm64": "manylinux2014_aarch64", "x86_64": "manylinux2014_x86_64"}
ARCHITECTURE = "arm64"
"""What the stacks deploy; the other one is there for whoever has to."""

IN_RUNTIME = {"botocore", "jmespath", "python-dateutil", "six", "urllib3"}
"""With boto3 in every Python runtime (docs.aws.amazon.com/lambda/latest/dg/lambda-python.html)."""

_MIDNIGHT_1980 = (1980, 1, 1, 0, 0, 0)


def pins() -> str:
    """Return the lines of a requirements file for what the layer holds: each package with version and hashes."""
    entries = re.findall(r"^([A-Za-z0-9._-]+)(==(?:.*\\\n)*.*\n)", REQUIREMENTS.read_text(), flags=re.MULTILINE)
    return "".join(name + rest for name, rest in entries if name not in IN_RUNTIME)


def build(target: Path, architecture: str = ARCHITECTURE) -> None:
    """Write the archive for an architecture to ``target``.

    Raises:
        subprocess.CalledProcessError: as of ``fetch``.
    """
    with tempfile.TemporaryDirectory() as folder:
        _zip(fetch(Path(folder, "packages"), architecture), target)


def fetch(packages: Path, architecture: str) -> Path:
    """Bring what the archive for an architecture holds into the folder ``packages``, and return it.

    Raises:
        subprocess.CalledProcessError: pip found no wheel, or one with another hash; its own output says which.
    """
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text(pins())
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--require-hashes"]
        command += [
            "--only-binary=:all:",
            f"--python-version={PYTHON_VERSION}",
            f"--platform={PLATFORMS[architecture]}",
        ]
        subprocess.run([*command, f"--target={packages}", f"--requirement={requirements}"], check=True)  # noqa: S603  # our own pins
    return packages


def _zip(folder: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for file in sorted(folder.rglob("*")):
            inside = file.relative_to(folder)
            if file.is_file() and inside.parts[0] != "bin":
                entry = zipfile.ZipInfo(f"python/{inside.as_posix()}", _MIDNIGHT_1980)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, file.read_bytes())
    # Only a whole archive gets the name that the stacks look for.
    partial.replace(target)


if __name__ == "__main__":
    build(ROOT / "build" / "layer.zip")
