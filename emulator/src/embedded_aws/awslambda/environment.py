"""One execution environment of a function: a process that has imported the handler once and answers in turn.

As on AWS (developer guide, page lambda-runtime-environment): modules and /tmp stay from one invocation to the next,
the log stream belongs to the environment. One whose function ran out of memory or ended its process is not used again;
after a timeout only the process is a new one, and an exception of the handler ends nothing. Unlike there, the
environment is not frozen in between, and the time that its init takes counts towards the first invocation's timeout.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from embedded_aws.awslambda import memory
from embedded_aws.awslambda.channel import Channel

_BOOTSTRAP: Final = Path(__file__).with_name("bootstrap.py")
_STEP: Final = 0.01
_NECESSITIES: Final = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH")
# What the processes of an environment have printed stays on the disk until it ends.
_LONGEST_LOG: Final = 64 << 20


@dataclass(frozen=True)
class Specification:
    """All that makes an environment: a function that differs in any of it needs another one.

    `variables` are names and values; handler, runtime and region are among them. `memory` is in MiB.
    """

    function_arn: str
    code: Path
    import_path: str
    variables: tuple[tuple[str, str], ...]
    memory: int


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended.

    `duration` and `init` are in real seconds, `init` None except for the environment's first invocation; `memory` is
    the most that the environment has held so far, in MiB. `init_output` and `output` are what was printed before the
    handler was called and since. `answer` is the bootstrap's if it got to it; `killed` is the limit that was broken
    ("timeout" or "memory"), `status` the exit status if the process has ended, negative for a signal.
    """

    duration: float
    init: float | None
    memory: int
    stream: str
    init_output: str
    output: str
    answer: Mapping[str, Any] | None
    killed: str | None
    status: int


class Environment:
    """A process with the function's own code, variables and limits; after a timeout another one in its place."""

    _process: subprocess.Popen[bytes]
    _channel: Channel
    _started: float
    _peak: float
    _used: bool
    _killed: str | None

    def __init__(self, specification: Specification) -> None:
        self.specification = specification
        self.stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"
        self._folder = Path(tempfile.mkdtemp(prefix="lambda-"))
        (self._folder / "tmp").mkdir()
        self._reusable = True
        self._begin()
        self._log = (self._folder / "log").open("rb")

    def usable(self) -> bool:
        """Say whether another invocation can be given to it: it lives, and within its memory, or has timed out."""
        alive = self._process.poll() is None and memory.usage(self._process.pid).held <= self.specification.memory
        return self._reusable and (alive or self._killed == "timeout") and self._log.tell() <= _LONGEST_LOG

    def invoke(self, invocation: Mapping[str, Any], until: float) -> Outcome | None:
        """Pass an invocation on and wait for the answer, or for the end of the process.

        The limits are looked at every few milliseconds, so a short peak of memory may pass unseen.

        Args:
            invocation: what the bootstrap reads.
            until: the time on the monotonic clock at which the function times out.

        Returns:
            None when an environment that has served before ended before it began with this invocation, which another
            one can then be given.
        """
        if self._killed == "timeout":
            self._channel.close()
            self._begin()
        first, self._used = not self._used, True
        begin, init, init_output = time.monotonic(), None, ""
        if first and (ready := self._wait(until)) is not None:
            begin = time.monotonic()
            init, init_output = ready["at"] - self._started, self._printed()
        self._channel.send(invocation)
        begun = self._wait(until) is not None
        if not (begun or first or self._killed == "timeout"):
            self._reusable = False
            return None
        answer = self._wait(until)
        if self._killed != "timeout" and (answer is None or answer["broken"]):
            self._reusable = False
        return Outcome(
            duration=time.monotonic() - begin,
            init=init,
            memory=int(min(self.specification.memory, round(self._peak))),
            stream=self.stream,
            init_output=init_output,
            output=self._printed(),
            answer=answer,
            killed=self._killed,
            status=self._process.returncode or 0,
        )

    def answered(self) -> bool:
        """Say whether the process is ready, or has ended before it was."""
        return self._used or self._channel.waits()

    def kill(self) -> None:
        """End the process with all that it has started; whoever waits for its answer learns of it."""
        self._reusable = False
        self._kill_process()

    def end(self) -> None:
        """End the process and forget its files."""
        self.kill()
        self._process.wait()
        self._channel.close()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begin(self) -> None:
        """Start a process, the first one or the next one after a timeout."""
        self._started = time.monotonic()
        self._peak = 1.0
        self._used = False
        self._killed = None
        ours, theirs = socket.socketpair()
        with theirs, (self._folder / "log").open("ab") as log:
            self._process = self._start(theirs, log.fileno())
        self._channel = Channel(ours)

    def _kill_process(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing of it is left
            os.killpg(self._process.pid, signal.SIGKILL)

    def _start(self, theirs: socket.socket, log: int) -> subprocess.Popen[bytes]:
        inherited = {name: os.environ[name] for name in _NECESSITIES if name in os.environ}
        scratch = self._folder / "tmp"
        return subprocess.Popen(  # noqa: S603  # the interpreter that serves, with the function's code
            [sys.executable, "-S", "-P", str(_BOOTSTRAP), str(theirs.fileno())],
            cwd=self.specification.code,
            env={
                **inherited,
                "HOME": str(scratch),
                "TMPDIR": str(scratch),
                "PYTHONPATH": self.specification.import_path,
                **dict(self.specification.variables),
                "AWS_LAMBDA_LOG_STREAM_NAME": self.stream,
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )

    def _wait(self, until: float) -> Any | None:
        """Return the process's next message, or None when it has ended, by itself or at a limit."""
        while self._killed is None:
            message = self._channel.receive(_STEP)
            used = memory.usage(self._process.pid)
            self._peak = max(self._peak, used.peak)
            if message is not None:
                return message
            if self._process.poll() is not None:
                return self._channel.receive(0)  # what it said between the last look and its end
            if time.monotonic() > until:
                self._killed = "timeout"
            elif used.held > self.specification.memory:
                self._killed = "memory"
        self._kill_process()
        self._process.wait()
        return None

    def _printed(self) -> str:
        """Return what has been printed since this was asked last."""
        return self._log.read().decode(errors="replace")
