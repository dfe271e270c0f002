"""Deployed code on this machine: where it is unpacked, and what it can import."""

import atexit
import base64
import contextlib
import io
import os
import shutil
import sysconfig
import tempfile
import zipfile
from pathlib import Path
from threading import Lock
from typing import Any, Final

# What the runtime itself brings along, whatever layers a function has.
_RUNTIME_PACKAGES: Final = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")
_lock = Lock()
_root: list[Path] = []


def unpacked(function: Any) -> Path:
    """Return the directory with a function's code, unpacked once for each content."""
    with _lock:
        if not _root:
            _root.append(Path(tempfile.mkdtemp(prefix="lambda-code-")))
            atexit.register(shutil.rmtree, _root[0], ignore_errors=True)
        name = base64.urlsafe_b64encode(str(function.code_sha_256).encode()).decode().rstrip("=")
        directory = _root[0] / name
        if not directory.exists():
            partial = directory.with_suffix(".partial")
            with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
                archive.extractall(partial)
            partial.rename(directory)
        return directory


def runtime(code: Path) -> Path:
    """Return the directory of the runtime beside unpacked code."""
    return code.parent / "runtime"


def python_path(code: Path, *, layers: bool) -> str:
    """Return the import path of a function.

    A layer is built for Lambda's Linux; here this interpreter's site-packages, with the same pins, stand in for
    any. Without a layer there is what the runtime brings along: boto3 and what it needs. The project's own work
    tree is never there, since `-S` ignores editable installs: what is not in the asset is missing, as on AWS.
    """
    site = Path(sysconfig.get_paths()["purelib"])
    if layers:
        return os.pathsep.join([str(code), str(site)])
    packages = runtime(code)
    packages.mkdir(exist_ok=True)
    for name in _RUNTIME_PACKAGES:
        link = packages / name
        if not link.exists() and (site / name).exists():
            with contextlib.suppress(FileExistsError):  # another invocation was faster
                link.symlink_to(site / name)
    return os.pathsep.join([str(code), str(packages)])
