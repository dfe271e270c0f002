"""Time in which executions wait for what really works, such as Glue jobs and Athena's queries.

They really run, however fast the embedded clock is. In a state that waits for one, from its request on, its own
TimeoutSeconds and the machine's are measured in real seconds, plus those that `clock.skip` let pass.
"""

import time
from threading import Lock
from types import TracebackType
from typing import Any, Final
from weakref import WeakKeyDictionary

_SERVICES: Final[set[type[Any]]] = set()


class RealWork:
    """The time in which an execution waits for at least one piece of work; a context manager for each wait."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waits = 0
        self._since = 0.0
        self._past = 0.0

    def __enter__(self) -> None:
        with self._lock:
            if self._waits == 0:
                self._since = time.monotonic()
            self._waits += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._waits -= 1
            if self._waits == 0:
                self._past += time.monotonic() - self._since

    def seconds(self) -> float:
        """Return the real seconds so far."""
        with self._lock:
            return self._past + (time.monotonic() - self._since if self._waits else 0.0)


_work: Final[WeakKeyDictionary[Any, RealWork]] = WeakKeyDictionary()
_work_lock = Lock()


def real_work(env: Any) -> RealWork:
    """Return what the execution of an environment waits for; its frames share an event manager."""
    with _work_lock:
        return _work.setdefault(env.event_manager, RealWork())


def really_works(service: type[Any]) -> None:
    """Note that tasks of a class wait for real work if they wait at all."""
    _SERVICES.add(service)


def waits_for_real_work(state: Any) -> bool:
    """Say whether a state waits for real work."""
    return any(isinstance(state, service) for service in _SERVICES) and state.resource.condition is not None
