"""A run's child process: the same Python, an environment of its own, ended with all that it started."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from moto.settings import moto_server_port

_BOOTSTRAP: Final = Path(__file__).with_name("bootstrap.py")
_STEP: Final = 0.05
_NECESSITIES: Final = ("PATH", "JAVA_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Workplace:
    """Where a run works: a folder of its own, with what its process reads and writes."""

    folder: Path

    def made(self, name: str) -> Path:
        """Return a folder in this one, made if it is not there."""
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def output(self) -> Path:
        """The file with the process's stdout."""
        return self.folder / "output.log"

    @property
    def errors(self) -> Path:
        """The file with the process's stderr."""
        return self.folder / "error.log"


@dataclass(frozen=True)
class Outcome:
    """How a process ended: by itself, with the script's error or None, or `ended` from outside."""

    error: str | None
    ended: bool


def run(
    workplace: Workplace,
    script: Path,
    arguments: Sequence[str],
    *,
    path: Sequence[Path],
    region: str,
    credentials: Mapping[str, str],
    over: Callable[[], bool],
) -> Outcome:
    """Run a script and wait for its end.

    Args:
        workplace: its folder, with Spark's configuration in `conf`.
        script: the file.
        arguments: what it finds in `sys.argv[1:]`.
        path: what is put in front of the import path.
        region: the job's.
        credentials: variables with those of the job's role.
        over: asked every few milliseconds; the process is ended when it says so.
    """
    result = workplace.folder / "result.json"
    with workplace.output.open("wb") as output, workplace.errors.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603  # the interpreter that serves, with the job's script
            [sys.executable, "-S", "-P", str(_BOOTSTRAP), str(result), str(script), *arguments],
            cwd=workplace.made("home"),
            env={**_environment(workplace, path, region), **credentials},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        ended = _wait(process, over)
    if ended:
        return Outcome(None, ended=True)
    if not result.exists():
        return Outcome(f"Command failed with exit code {process.returncode}", ended=False)
    return Outcome(json.loads(result.read_text(encoding="utf-8"))["error"], ended=False)


def _wait(process: subprocess.Popen[bytes], over: Callable[[], bool]) -> bool:
    """Wait for the process; return whether it had to be ended."""
    try:
        while process.poll() is None:
            if over():
                return True
            time.sleep(_STEP)
        return False
    finally:
        # A script that was killed leaves its Java process behind, in the same group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment(workplace: Workplace, path: Sequence[Path], region: str) -> Mapping[str, str]:
    """Return the variables of the process: none of the server's own but what finds Java and certificates.

    The import path is this interpreter's site-packages behind `path`; `-S` keeps the project's own work tree away, so
    that what is not in `--extra-py-files` is missing, as on AWS.
    """
    inherited = {name: os.environ[name] for name in _NECESSITIES if name in os.environ}
    scratch = str(workplace.made("scratch"))
    return {
        **inherited,
        "HOME": str(workplace.made("home")),
        "TMPDIR": scratch,
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join([*map(str, path), sysconfig.get_paths()["purelib"]]),
        "PYTHONUNBUFFERED": "1",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_CONF_DIR": str(workplace.made("conf")),
        "SPARK_LOCAL_DIRS": scratch,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": f"http://localhost:{moto_server_port()}",
        "AWS_ALLOW_HTTP": "true",
    }
