"""Messages between the server and a function's process."""

import json
import select
import socket
import time
from collections import deque
from typing import Any, Final

_CHUNK: Final = 1 << 20


class Channel:
    """The server's end of a socket on which each message is a line of JSON.

    Neither direction blocks: a process that does not read, or that has ended, cannot hold up who talks to it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.settimeout(0)
        self._unsent = memoryview(b"")
        self._partial = b""
        self._messages: deque[bytes] = deque()
        self._closed = False

    def send(self, message: Any) -> None:
        """Take a message, which the next calls of `receive` pass on."""
        self._unsent = memoryview(bytes(self._unsent) + json.dumps(message).encode() + b"\n")

    def receive(self, seconds: float) -> Any | None:
        """Return the next message, or None when none is whole after `seconds` real seconds or earlier."""
        if not self._messages:
            self._pass_on(seconds)
        return json.loads(self._messages.popleft()) if self._messages else None

    def waits(self) -> bool:
        """Say whether there is something to be read, a message or the other end's end."""
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Close this end; a process that waits for a message sees it."""
        self._connection.close()

    def _pass_on(self, seconds: float) -> None:
        if self._closed:
            time.sleep(seconds)
            return
        poll = select.poll()
        poll.register(self._connection, select.POLLIN | (select.POLLOUT if self._unsent else 0))
        for _, happened in poll.poll(seconds * 1000):
            try:
                if happened & select.POLLOUT:
                    self._unsent = self._unsent[self._connection.send(self._unsent) :]
                if happened & ~select.POLLOUT:
                    self._read()
            except BlockingIOError:
                continue  # it is not as ready as it said
            except OSError:
                self._closed = True

    def _read(self) -> None:
        chunk = self._connection.recv(_CHUNK)
        self._closed = not chunk
        *lines, self._partial = (self._partial + chunk).split(b"\n")
        self._messages.extend(lines)
