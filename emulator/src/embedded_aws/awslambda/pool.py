"""The execution environments of all functions: those at work, and the idle ones that wait for an invocation.

AWS keeps an environment for a while after an invocation and gives the next one to it (developer guide, page
lambda-runtime-environment). Each serves one invocation at a time; simultaneous ones get environments of their own.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from threading import Lock, Thread, Timer
from typing import Any, Final

from embedded_aws.awslambda.environment import Environment, Outcome, Specification

_STEP: Final = 0.01
# An idle environment with polars and boto3 holds 75 MB that no other process shares.
_IDLE: Final = 6
_IDLE_SECONDS: Final = 300.0


class Pool:
    """Environments by their specifications.

    Args:
        idle: how many idle environments are kept, of all functions together; each holds its modules in memory.
        idle_seconds: how many real seconds an idle environment is kept.

    Attributes:
        ahead: whether `prepare` begins environments.
    """

    def __init__(self, *, idle: int = _IDLE, idle_seconds: float = _IDLE_SECONDS) -> None:
        self._most_idle = idle
        self._idle_seconds = idle_seconds
        self._lock = Lock()
        self._idle: list[tuple[float, Environment]] = []  # since when, longest first
        self._busy: set[Environment] = set()
        self._retired: set[Environment] = set()
        self._timer: Timer | None = None
        self._awaited: dict[str, Callable[[], Specification]] = {}
        self._preparing = False
        self.ahead = False

    def prepare(self, arn: str, specification: Callable[[], Specification]) -> None:
        """Begin an environment that waits for the first invocation of a function, where that is wanted.

        They begin one after another, so that what is invoked meanwhile is not slowed by more than one, and only while
        there is room for idle ones.

        Args:
            arn: the function's.
            specification: returns what the environment must be; where it cannot, the first invocation says why.
        """
        with self._lock:
            if not self.ahead:
                return
            self._awaited[arn] = specification
            if self._preparing:
                return
            self._preparing = True
        Thread(target=self._prepare, daemon=True).start()

    def run(self, specification: Specification, invocation: Mapping[str, Any], timeout: float) -> Outcome:
        """Run one invocation in an idle environment, or in a new one, and wait for its end.

        Args:
            specification: what the environment must be.
            invocation: what the bootstrap reads.
            timeout: the function's, in real seconds.
        """
        until = time.monotonic() + timeout
        while True:
            environment = self._take(specification)
            try:
                outcome = environment.invoke(invocation, until)
            finally:
                self._give_back(environment)
            if outcome is not None:
                return outcome

    def retire(self, arn: str) -> None:
        """Use no environment again whose function's ARN is this one or begins with it and a colon."""

        def concerned(environment: Environment) -> bool:
            return f"{environment.specification.function_arn}:".startswith(f"{arn}:")

        with self._lock:
            self._awaited.pop(arn, None)
            self._retired |= {environment for environment in self._busy if concerned(environment)}
            ended = self._pick(lambda _, environment: concerned(environment))
        _end(ended)

    def end_all(self) -> None:
        """End every environment, also those at work, since nobody waits for their answers, and begin none ahead."""
        while True:
            with self._lock:
                self.ahead = False
                self._awaited.clear()
                self._retired |= self._busy
                for environment in self._busy:
                    environment.kill()
                ended = self._pick(lambda *_: True)
                busy = bool(self._busy)
                self._watch()
            _end(ended)
            if not busy:
                return
            time.sleep(_STEP)

    def _prepare(self) -> None:
        while (awaited := self._next()) is not None:
            # Whatever a specification fails with, the first invocation fails with it, too, and tells it.
            with contextlib.suppress(Exception):
                self._begin(awaited())

    def _next(self) -> Callable[[], Specification] | None:
        with self._lock:
            self._preparing = bool(self._awaited) and len(self._idle) < self._most_idle
            if not self._preparing:
                self._awaited.clear()
                return None
            return self._awaited.pop(next(iter(self._awaited)))

    def _begin(self, specification: Specification) -> None:
        """Begin an idle environment, and wait until it is ready, at work already, or gone."""
        with self._lock:
            if not self.ahead:
                return
            environment = Environment(specification)
            self._idle.append((time.monotonic(), environment))
            self._watch()
        while self._begins(environment):
            time.sleep(_STEP)

    def _begins(self, environment: Environment) -> bool:
        # One that is not idle any more may be closed.
        with self._lock:
            return any(environment is idle for _, idle in self._idle) and not environment.answered()

    def _take(self, specification: Specification) -> Environment:
        """Return an environment that is now at work: the one that has been idle for the shortest time, or a new one."""
        with self._lock:
            self._awaited.pop(specification.function_arn, None)
            fitting = [environment for _, environment in self._idle if environment.specification == specification]
            unusable = [environment for environment in fitting if not environment.usable()]
            chosen = next((environment for environment in reversed(fitting) if environment not in unusable), None)
            self._pick(lambda _, environment: environment is chosen or environment in unusable)
            environment = chosen or Environment(specification)
            self._busy.add(environment)
        _end(unusable)
        return environment

    def _give_back(self, environment: Environment) -> None:
        """Keep an environment for the next invocation, if it may be used again and there is room."""
        with self._lock:
            self._busy.discard(environment)
            if environment.usable() and environment not in self._retired:
                self._idle.append((time.monotonic(), environment))
                surplus = {environment for _, environment in self._idle[: max(0, len(self._idle) - self._most_idle)]}
                ended = self._pick(lambda _, environment: environment in surplus)
                self._watch()
            else:
                ended = [environment]
            self._retired.discard(environment)
        _end(ended)

    def _pick(self, wanted: Callable[[float, Environment], bool]) -> list[Environment]:
        """Take the wanted environments out of the idle ones; the lock is held."""
        picked = [environment for since, environment in self._idle if wanted(since, environment)]
        self._idle = [(since, environment) for since, environment in self._idle if environment not in picked]
        return picked

    def _watch(self) -> None:
        """See to it that idle environments end in time; the lock is held."""
        if self._timer is not None and not self._idle:
            self._timer.cancel()
            self._timer = None
        if self._timer is None and self._idle:
            self._timer = Timer(self._idle[0][0] + self._idle_seconds - time.monotonic(), self._expire)
            self._timer.daemon = True
            self._timer.start()

    def _expire(self) -> None:
        with self._lock:
            self._timer = None
            oldest = time.monotonic() - self._idle_seconds
            ended = self._pick(lambda since, _: since <= oldest)
            self._watch()
        _end(ended)


def _end(environments: list[Environment]) -> None:
    """End environments, outside the lock since it takes a moment."""
    for environment in environments:
        environment.end()


pool: Final = Pool()
