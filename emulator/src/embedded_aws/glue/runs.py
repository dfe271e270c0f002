"""One run of a job: from STARTING to the end of its process, with S3 mirrored before and brought up to date after."""

import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final
from uuid import uuid4

from moto.logs.models import logs_backends

from embedded_aws import clients, clock
from embedded_aws.glue import sandbox, spark
from embedded_aws.glue.access import Access, s3a_words
from embedded_aws.glue.arguments import Arguments
from embedded_aws.glue.exceptions import RunFailedError
from embedded_aws.glue.security import Security
from embedded_aws.glue.storage import Mirror, RoleBucket
from embedded_aws.iam.principals import Principal, principal_of
from embedded_aws.iam.sessions import RoleNotAssumableError, credentials, session_for
from embedded_aws.stopwatch import Stopwatch

SERVICE: Final = "glue.amazonaws.com"
LOG_GROUP: Final = "/aws-glue/jobs"
TERMINAL: Final = frozenset({"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED"})
_LOG_LINE: Final = 256 * 1024
_NO_BUCKET: Final = re.compile(r"Could not initialize target File System for URI : (s3a?://[^/\s]+)")
_active: set["JobRun"] = set()
_active_lock = Lock()


@dataclass(eq=False)
class JobRun:
    """A run of a job; `timeout` is in minutes."""

    job_run_id: str
    job_name: str
    job_arn: str
    role_arn: str
    account_id: str
    region: str
    script: str
    arguments: Arguments
    timeout: int
    settings: Mapping[str, Any]
    """What the API shows beside the rest: Arguments as they were given, GlueVersion, WorkerType and their like."""
    security: Security = field(default_factory=Security)
    state: str = "STARTING"
    started_on: datetime = field(default_factory=clock.now)
    _modified_on: datetime = field(init=False)
    _completed_on: datetime | None = None
    _error: str | None = None
    _execution_time: float = 0
    _stopping: bool = False
    _forgotten: bool = False
    _thread: Thread = field(init=False)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._modified_on = self.started_on
        self._thread = Thread(target=self._work, name=self.job_run_id, daemon=True)

    def start(self) -> None:
        """Let the run begin; it goes on in a thread of its own."""
        with _active_lock:
            _active.add(self)
        self._thread.start()

    def stop(self) -> bool:
        """Ask the run to end; return False where it has ended already."""
        with self._lock:
            if self.state in TERMINAL:
                return False
            self._stopping = True
            self._enter("STOPPING")
            return True

    def forget(self) -> None:
        """End the run without a trace, since its account is going away."""
        self._forgotten = True
        self._thread.join()

    def as_dict(self) -> dict[str, Any]:
        """Return the run as the API's JobRun."""
        with self._lock:
            described = {
                "Id": self.job_run_id,
                "Attempt": 0,
                "JobName": self.job_name,
                "JobMode": "SCRIPT",
                "JobRunState": self.state,
                "StartedOn": self.started_on,
                "LastModifiedOn": self._modified_on,
                "CompletedOn": self._completed_on,
                "ErrorMessage": self._error,
                "ExecutionTime": round(self._execution_time),
                "Timeout": self.timeout,
                "LogGroupName": self._log_group,
                "PredecessorRuns": [],
                **self.settings,
            }
            return {name: value for name, value in described.items() if value is not None}

    @property
    def _log_group(self) -> str:
        return self.security.log_group(LOG_GROUP, self.role_arn)

    def _work(self) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="glue-", ignore_cleanup_errors=True) as folder:
                state, error = self._execute(sandbox.Workplace(Path(folder)))
        except (RunFailedError, RoleNotAssumableError) as failure:
            state, error = "FAILED", str(failure)
        except Exception as failure:  # noqa: BLE001  # nobody else could tell the caller
            state, error = "FAILED", f"{type(failure).__name__}: {failure}"
        finally:
            with _active_lock:
                _active.discard(self)
        with self._lock:
            self._error = error
            self._enter(state)
            self._completed_on = self._modified_on  # the last modification is the end: one moment, one reading

    def _execute(self, workplace: sandbox.Workplace) -> tuple[str, str | None]:
        """Run the script; return the final state and the error message."""
        lacking = spark.missing()
        if lacking is not None:
            raise RunFailedError(lacking)
        _check_modules(self.arguments.modules)
        session = session_for(
            self.account_id, self.role_arn, SERVICE, source_arn=self.job_arn, session_name="GlueJobRunnerSession"
        )
        bucket = RoleBucket(clients.client("s3", session=session), self.security.upload_arguments)
        script = workplace.made("script") / Path(self.script).name
        script.write_bytes(bucket.read(self.script))
        path = [self._library(workplace, bucket, at, url) for at, url in enumerate(self.arguments.libraries)]
        principal = principal_of(session.access_key_id)
        assert principal is not None, "a session is somebody's"
        mirror = Mirror(self.account_id, workplace.made("s3"), principal)
        mirror.fetch()
        spark.configure(workplace.made("conf"), workplace.made("scratch"), mirror.folders, self.arguments.spark)
        with self._lock:
            if not self._stopping:
                self._enter("RUNNING")
        watch = Stopwatch()
        began = time.monotonic()
        with Access(principal, workplace.made("s3"), mirror.folders) as access:
            outcome = sandbox.run(
                workplace,
                script,
                self.arguments.script,
                path=path,
                region=self.region,
                credentials=credentials(session),
                over=lambda: self._over(watch) or access.denied is not None,
            )
        self._execution_time = time.monotonic() - began
        if self._forgotten:
            return "STOPPED", None
        self._log(workplace, principal)
        if access.denied is not None:
            raise RunFailedError(s3a_words(access.denied))
        mirror.store(bucket)
        return self._verdict(outcome)

    def _over(self, watch: Stopwatch) -> bool:
        return self._forgotten or self._stopping or watch.seconds() > self.timeout * 60

    def _verdict(self, outcome: sandbox.Outcome) -> tuple[str, str | None]:
        if outcome.ended and self._stopping:
            return "STOPPED", None
        if outcome.ended:
            return "TIMEOUT", f"The job run took longer than its timeout of {self.timeout} min"
        if outcome.error is None:
            return "SUCCEEDED", None
        missing_bucket = _NO_BUCKET.search(outcome.error)
        if missing_bucket is None:
            return "FAILED", outcome.error
        return "FAILED", f"There was no bucket {missing_bucket[1]} when the run began. {outcome.error}"

    def _library(self, workplace: sandbox.Workplace, bucket: RoleBucket, at: int, url: str) -> Path:
        """Bring one of `--extra-py-files`; return what it puts on the import path."""
        folder = workplace.made(f"libraries/{at}")
        file = folder / Path(url).name
        if file.suffix not in {".zip", ".egg", ".whl", ".py"}:
            raise RunFailedError(f"--extra-py-files takes zip archives and Python files, not {url}")
        file.write_bytes(bucket.read(url))
        return folder if file.suffix == ".py" else file

    def _log(self, workplace: sandbox.Workplace, principal: Principal) -> None:
        """Put the process's output where Glue does: stdout and stderr in groups of their own, a stream for each run."""
        logs = logs_backends[self.account_id][self.region]
        now = clock.milliseconds()
        root = self._log_group
        for group, file in ((f"{root}/output", workplace.output), (f"{root}/error", workplace.errors)):
            self.security.make_log_group(principal, self.region, group)
            logs.ensure_log_stream(group, self.job_run_id)
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            events = [{"timestamp": now, "message": line[:_LOG_LINE]} for line in lines]
            logs.put_log_events(group, self.job_run_id, events)

    def _enter(self, state: str) -> None:
        self.state = state
        self._modified_on = clock.now()


def _check_modules(requirements: Sequence[str]) -> None:
    """Check that this machine's Python has what `--additional-python-modules` asks for; nothing is installed here.

    Raises:
        RunFailedError: it has another version, or none.
    """
    for requirement in requirements:
        name, _, wanted = requirement.partition("==")
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "missing"
        if found != wanted:
            raise RunFailedError(
                f"--additional-python-modules asks for {requirement}, and on this machine {name} is {found}: the "
                "embedded AWS installs nothing; name a version that is there, as name==version"
            )


def new_run_id() -> str:
    """Return an identifier as Glue makes them."""
    return f"jr_{uuid4().hex}{uuid4().hex}"


def active() -> list[JobRun]:
    """Return the runs that have not ended."""
    with _active_lock:
        return list(_active)


def end_all() -> None:
    """End every run without a trace; nobody waits for it any more."""
    for run in active():
        run.forget()
