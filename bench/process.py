"""One measured process.

It is started by this file as a script: Linux counts what the starting process held as the peak of the new one, so
that one must be small.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time


def run(module: str, *arguments: str) -> tuple[str, float, float, float]:
    """Return what a module printed, its CPU seconds, wall seconds and peak RSS in MB; exit if it fails."""
    return run_command(sys.executable, "-m", module, *arguments)


def run_command(*command: str) -> tuple[str, float, float, float]:
    """Return what a command printed, its CPU seconds, wall seconds and peak RSS in MB; exit if it fails."""
    starter = [sys.executable, "-S", "-E", __file__, *command]
    with subprocess.Popen(starter, stdout=subprocess.PIPE, text=True) as process:
        printed = process.stdout.read() if process.stdout else ""
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed")
    *lines, figures = printed.splitlines()
    cpu, wall, peak = map(float, figures.split())
    return "\n".join(lines), cpu, wall, peak


def _start(command: list[str]) -> int:
    """Run the command, print its figures as the last line, and return its exit code."""
    started = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    print(usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss / 1024)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(_start(sys.argv[1:]))
