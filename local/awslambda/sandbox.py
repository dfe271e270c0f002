"""A function's execution environment: a child process with the function's own code, environment and limits."""

import contextlib
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_BOOTSTRAP: Final = Path(__file__).with_name("bootstrap.py")
_STEP: Final = 0.01
_MIB: Final = 1024 * 1024
# What the runtime itself brings along, whatever layers a function has.
_RUNTIME_PACKAGES: Final = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")
_running: set[int] = set()
_NECESSITIES: Final = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Limits:
    """What an invocation may use: `memory` in MiB, `timeout` in real seconds."""

    memory: int
    timeout: float


@dataclass(frozen=True)
class Outcome:
    """How a process ended.

    `duration` is in real seconds, `memory` the most it held in MiB, `result` the bootstrap's file if it got to it,
    `killed` the limit it broke ("timeout" or "memory"), `status` the exit status, negative for a signal.
    """

    duration: float
    memory: int
    output: str
    result: str | None
    killed: str | None
    status: int


def python_path(code: Path, runtime: Path, *, layers: bool) -> str:
    """Return the import path of a function.

    A layer is built for Lambda's Linux; here this interpreter's site-packages, with the same pins, stand in for
    any. Without a layer there is what the runtime brings along: boto3 and what it needs. The project's own work
    tree is never there, since `-S` ignores editable installs: what is not in the asset is missing, as on AWS.
    """
    site = Path(sysconfig.get_paths()["purelib"])
    if layers:
        return os.pathsep.join([str(code), str(site)])
    runtime.mkdir(exist_ok=True)
    for name in _RUNTIME_PACKAGES:
        link = runtime / name
        if not link.exists() and (site / name).exists():
            with contextlib.suppress(FileExistsError):  # another invocation was faster
                link.symlink_to(site / name)
    return os.pathsep.join([str(code), str(runtime)])


def run(invocation: bytes, *, code: Path, import_path: str, environment: Mapping[str, str], limits: Limits) -> Outcome:
    """Run one invocation in a process of its own and wait for its end.

    The memory that counts is anonymous and shared memory, which is what a cgroup cannot reclaim; it is looked at
    every few milliseconds, so a short peak may pass unseen.
    """
    pid = 0
    try:
        with tempfile.TemporaryDirectory(prefix="lambda-") as scratch, tempfile.TemporaryFile() as log:
            result = Path(scratch, "result.json")
            inherited = {name: os.environ[name] for name in _NECESSITIES if name in os.environ}
            start = time.monotonic()
            process = subprocess.Popen(  # noqa: S603  # the interpreter that serves, with the function's code
                [sys.executable, "-S", "-P", str(_BOOTSTRAP), str(result)],
                cwd=code,
                env={**inherited, "HOME": scratch, "TMPDIR": scratch, "PYTHONPATH": import_path, **environment},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            pid = process.pid
            _running.add(pid)
            _feed(process, invocation)
            killed, usage = _watch(pid, start, limits)
            process.returncode = os.waitstatus_to_exitcode(usage[0])
            duration = time.monotonic() - start
            log.seek(0)
            return Outcome(
                duration=duration,
                memory=usage[1],
                output=log.read().decode(errors="replace"),
                result=result.read_text(encoding="utf-8") if result.exists() and killed is None else None,
                killed=killed,
                status=process.returncode,
            )
    finally:
        _running.discard(pid)


def end_all() -> None:
    """End every invocation that still runs, since nobody waits for its answer any more."""
    while _running:
        for pid in list(_running):
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(pid, signal.SIGKILL)
        time.sleep(_STEP)


def _feed(process: subprocess.Popen[bytes], invocation: bytes) -> None:
    stream = process.stdin
    if stream is None:
        raise RuntimeError("the function's process has no stdin")
    try:
        stream.write(invocation)
        stream.close()
    except BrokenPipeError:
        stream.close()  # it ended before it read the event: the exit status says how


def _watch(pid: int, start: float, limits: Limits) -> tuple[str | None, tuple[int, int]]:
    """Wait for the process's end, or bring it about; return why, and (wait status, peak MiB)."""
    killed: str | None = None
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return killed, (status, _peak(usage, limits))
        if killed is None:
            if time.monotonic() - start > limits.timeout:
                killed = "timeout"
            elif _held(pid) > limits.memory:
                killed = "memory"
            if killed:
                os.killpg(pid, signal.SIGKILL)
        time.sleep(_STEP)


def _held(pid: int) -> float:
    """Return the MiB that a process holds and that could not be reclaimed."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return _resident(pid)
    fields = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    held = sum(int(fields[name].split()[0]) for name in ("RssAnon", "RssShmem") if name in fields)
    return held / 1024


def _resident(pid: int) -> float:
    """Return the resident MiB of a process on a system without /proc."""
    ps = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return int(ps.stdout.strip() or 0) / 1024


def _peak(usage: Any, limits: Limits) -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return int(min(limits.memory, max(1, round(usage.ru_maxrss * unit / _MIB))))
