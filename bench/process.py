"""One measured process."""

from __future__ import annotations

import os
import subprocess
import sys
import time


def run(module: str, *arguments: str) -> tuple[str, float, float, float]:
    """Return what a module printed, its CPU seconds, wall seconds and peak RSS in MB; exit if it fails."""
    started = time.monotonic()
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        printed = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{module} failed")
    return printed, usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss / 1024
