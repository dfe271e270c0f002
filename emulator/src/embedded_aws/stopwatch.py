"""Time of work that really happens, such as a Spark job's, under a clock that may run fast."""

import time

from embedded_aws import clock


class Stopwatch:
    """Measures work from its making on: the real seconds, and those that `clock.skip` let pass at once.

    A fast embedded clock shortens waits, not work: a job that needs 20 seconds needs them at any speed. Measured on the
    fast clock it would time out after a sixtieth of the time that it was given.
    """

    def __init__(self) -> None:
        self._monotonic = time.monotonic()
        self._embedded = clock.now()

    def seconds(self) -> float:
        """Return the seconds that the work has taken."""
        real = time.monotonic() - self._monotonic
        passed = (clock.now() - self._embedded).total_seconds()
        skipped = passed - real / clock.real_seconds(1)
        return real + max(0.0, skipped)
