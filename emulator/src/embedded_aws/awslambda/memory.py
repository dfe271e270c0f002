"""What a process holds in memory."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """MiB of a process: those that it holds now and that could not be reclaimed, and its highest resident size."""

    held: float
    peak: float


def usage(pid: int) -> Usage:
    """Return what a process uses; nothing when it has ended.

    What could not be reclaimed is anonymous and shared memory, as in a cgroup. Without /proc, where that cannot be
    told apart, it is what is resident.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        resident = _resident(pid)
        return Usage(resident, resident)
    fields = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    return Usage(_mib(fields, "RssAnon") + _mib(fields, "RssShmem"), _mib(fields, "VmHWM"))


def _mib(fields: dict[str, str], name: str) -> float:
    return int(fields[name].split()[0]) / 1024 if name in fields else 0


def _resident(pid: int) -> float:
    ps = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return int(ps.stdout.strip() or 0) / 1024
