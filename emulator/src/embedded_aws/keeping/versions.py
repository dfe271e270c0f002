"""What a kept account depends on: it is read only by what wrote it.

A pickle holds the attributes of objects, and these are what the code of this package and of moto makes of them; with
other code an account could come back half. So the source counts, not only the number of the version.
"""

import hashlib
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("moto", "numpy", "polars", "scipy")
_DIGITS = 12


def versions() -> dict[str, str]:
    """Return the versions of what writes here, by name."""
    return {
        "embedded-aws": f"{version('embedded-aws')} with source {_source()}",
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        **{name: version(name) for name in _PACKAGES},
    }


def differing(then: Mapping[str, str]) -> str:
    """Return what wrote an account and is another one now, in words; empty if nothing is."""
    now = versions()
    names = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    return ", ".join(f"{name} {then.get(name, 'none')} and not {now.get(name, 'none')}" for name in names)


def _source() -> str:
    """Return a hash of the source of this package."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        digest.update(f"{file.relative_to(root).as_posix()}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:_DIGITS]
