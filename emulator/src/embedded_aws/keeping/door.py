"""The door of a server that is going to be written down: nobody comes in any more, and who is inside is waited for."""

import time
from collections.abc import Iterable
from threading import Condition
from typing import Any


class Door:
    """A WSGI application around another one, open until `close`."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._moved = Condition()
        self._inside = 0
        self._open = True

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request, 503 once the door is closed: connections of before can still bring some."""
        with self._moved:
            if not self._open:
                # Without a body, which each service would want in a form of its own.
                start_response("503 Service Unavailable", [("Content-Length", "0"), ("Connection", "close")])
                return []
            self._inside += 1
        try:
            answer: Iterable[bytes] = self._inner(environ, start_response)
            return answer
        finally:
            with self._moved:
                self._inside -= 1
                self._moved.notify_all()

    def close(self) -> None:
        """Let no request in any more."""
        with self._moved:
            self._open = False

    def wait(self, until: float) -> int:
        """Wait until nobody is inside, or until that reading of the monotonic clock; return how many still are."""
        with self._moved:
            self._moved.wait_for(lambda: not self._inside, max(0.0, until - time.monotonic()))
            return self._inside
