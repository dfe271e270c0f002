"""Queries: each runs in a thread of its own, of which a few work at once while the others are queued."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from threading import Lock, Semaphore, Thread
from typing import Any, Final
from uuid import uuid4

from embedded_aws import clock
from embedded_aws.athena.exceptions import QueryCancelledError, QueryFailedError
from embedded_aws.athena.results import UPDATED, Cells, column_info
from embedded_aws.athena.statements import Statement
from embedded_aws.athena.storage import Caller
from embedded_aws.athena.workgroups import ENGINE

TERMINAL: Final = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
BY_USER: Final = "Query cancelled by user"
_AT_ONCE: Final = 4
_STEP: Final = 0.05
_NEEDED: Final = ("duckdb", "sqlglot")
_turns = Semaphore(_AT_ONCE)
_active: set["Query"] = set()
_active_lock = Lock()


def missing(needed: Sequence[str] = _NEEDED) -> str | None:
    """Say what queries need that this machine's Python has not; None if it has everything."""
    lacking = [name for name in needed if find_spec(name) is None]
    return f"no query runs without {' and '.join(lacking)}: pip install 'embedded-aws[athena]'" if lacking else None


@dataclass
class Answer:
    """What a query gives: columns by names and types, the texts of its rows, and what it read and wrote.

    Attributes:
        manifest: the location of the list of files that an UNLOAD wrote.
        written: the number of rows that it wrote.
    """

    columns: Sequence[tuple[str, str]] = ()
    rows: Sequence[Cells] = ()
    manifest: str | None = None
    written: int = 0


@dataclass(eq=False)
class Query:
    """A query execution.

    Attributes:
        text: as it came; what is read of it is in `statement`.
        context: Catalog and Database, as they came.
        result: its ResultConfiguration, with the location of its own file.
        cutoff: the most bytes that it may read, None for any.
        tree: what `parsing` made of the statement, or why it must fail.
    """

    text: str
    statement: Statement
    tree: Any
    caller: Caller
    workgroup: Any
    context: Mapping[str, str]
    result: Mapping[str, Any]
    cutoff: int | None
    token: str
    given: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid4()))
    state: str = "QUEUED"
    answer: Answer = field(default_factory=Answer)
    scanned: int = 0
    submitted: datetime = field(default_factory=clock.now)
    _completed: datetime | None = None
    _failure: QueryFailedError | None = None
    _reason: str | None = None
    _queued: float = 0
    _worked: float = 0
    _engine: Any = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def database(self) -> str:
        """The database of tables that are named without one."""
        return self.context.get("Database") or "default"

    @property
    def location(self) -> str:
        """The location of the results: a file, or for an UNLOAD what its files begin with."""
        base = str(self.result["OutputLocation"]).rstrip("/")
        return f"{base}/{self.id}" + (".csv" if self.statement.unload is None else "")

    def start(self) -> None:
        """Let the query begin."""
        with _active_lock:
            _active.add(self)
        Thread(target=self._work, name=self.id, daemon=True).start()

    def stop(self, reason: str = BY_USER) -> None:
        """Cancel the query; one that has ended stays as it is."""
        with self._lock:
            if self.state in TERMINAL:
                return
            self._end("CANCELLED", reason)
        Thread(target=self._interrupt, name=f"stop-{self.id}", daemon=True).start()

    def _interrupt(self) -> None:
        """End what runs, again and again: between two statements there is nothing to end."""
        while True:
            with self._lock:
                if self._engine is None:
                    return
                self._engine.interrupt()
            time.sleep(_STEP)

    def begin(self, engine: Any) -> None:
        """Note what runs the query, so that a stop can end it.

        Raises:
            QueryCancelledError: it has been stopped.
        """
        with self._lock:
            self._engine = engine
            if self.state in TERMINAL:
                raise QueryCancelledError(BY_USER)

    def check(self) -> None:
        """Return unless the query has been stopped.

        Raises:
            QueryCancelledError: it has.
        """
        if self.state in TERMINAL:
            raise QueryCancelledError(BY_USER)

    def _work(self) -> None:
        began = time.monotonic()
        try:
            with _turns:
                self._queued = time.monotonic() - began
                self._run()
        finally:
            with _active_lock:
                _active.discard(self)

    def _run(self) -> None:
        from embedded_aws.athena.running import answered  # noqa: PLC0415  # needs what only queries need

        with self._lock:
            if self.state in TERMINAL:
                return
            self.state = "RUNNING"
        began = time.monotonic()
        state, reason, failure, answer = "SUCCEEDED", None, None, Answer()
        try:
            with tempfile.TemporaryDirectory(prefix="athena-", ignore_cleanup_errors=True) as folder:
                answer = answered(self, Path(folder))
        except QueryFailedError as error:
            # Not the error itself: what it remembers of its way holds what the query has loaded.
            state, reason, failure = "FAILED", str(error), QueryFailedError(str(error), error.error_type)
        except QueryCancelledError as error:
            state, reason = "CANCELLED", str(error)
        except Exception as error:  # noqa: BLE001  # nobody else could tell the caller
            failure = QueryFailedError(f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}")
            state, reason = "FAILED", str(failure)
        with self._lock:
            self._engine = None
            self._worked = time.monotonic() - began
            if self.state not in TERMINAL:
                self.answer, self._failure = answer, failure
                self._end(state, reason)

    def _end(self, state: str, reason: str | None) -> None:
        self.state, self._reason, self._completed = state, reason, clock.now()

    def as_dict(self) -> dict[str, Any]:
        """Return the query as the API's QueryExecution; times in seconds since 1970."""
        with self._lock:
            described = {
                "QueryExecutionId": self.id,
                "Query": self.text,
                "StatementType": "DML",
                "SubstatementType": self.statement.kind,
                "ResultConfiguration": {**self.result, "OutputLocation": self.location},
                "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
                "QueryExecutionContext": dict(self.context),
                "Status": self._status(),
                "EngineVersion": {
                    "SelectedEngineVersion": self.workgroup.configuration["EngineVersion"]["SelectedEngineVersion"],
                    "EffectiveEngineVersion": ENGINE,
                },
                "Statistics": self._statistics(),
                "WorkGroup": self.workgroup.name,
            }
            if self.statement.parameters is not None:
                described["ExecutionParameters"] = list(self.statement.parameters)
            return described

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted.timestamp()}
        if self._reason is not None:
            status["StateChangeReason"] = self._reason
        if self._completed is not None:
            status["CompletionDateTime"] = self._completed.timestamp()
        if self._failure is not None:
            status["AthenaError"] = self._failure.as_dict()
        return status

    def _statistics(self) -> dict[str, Any]:
        queued, worked = round(self._queued * 1000), round(self._worked * 1000)
        statistics: dict[str, Any] = {
            "QueryQueueTimeInMillis": queued,
            "TotalExecutionTimeInMillis": queued + worked,
        }
        if self.state in TERMINAL:
            statistics |= {
                "EngineExecutionTimeInMillis": worked,
                "DataScannedInBytes": self.scanned,
                "ServicePreProcessingTimeInMillis": 0,
                "ServiceProcessingTimeInMillis": 0,
                "ResultReuseInformation": {"ReusedPreviousResult": False},
            }
        if self.answer.manifest is not None:
            statistics["DataManifestLocation"] = self.answer.manifest
        return statistics

    def column_info(self) -> list[dict[str, Any]]:
        """Return the columns of the results, as the API's ColumnInfo."""
        columns = self.answer.columns if self.statement.unload is None else UPDATED
        return [column_info(name, kind) for name, kind in columns]


def end_all() -> None:
    """End every query; nobody waits for it any more."""
    with _active_lock:
        running = list(_active)
    for query in running:
        query.stop()
