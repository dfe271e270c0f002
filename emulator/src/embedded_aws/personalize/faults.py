"""Faults on demand: an HTTP door beside the API, as moto has its own `/moto-api`.

`POST {endpoint}/personalize-faults` arms one, with a JSON object of either form:

    {"operation": "CreateDatasetImportJob", "error": "ThrottlingException", "message": "Rate exceeded", "times": 2}
        the next two calls of that operation raise that error (any code); the calls have no effect
    {"operation": "CreateSolutionVersion", "error": "InternalServerError", "lost": true}
        the next call of that operation has its effect, but its answer is lost: the caller gets the error
    {"quota": "DatasetImportJob"}
        the next such resource is refused with the LimitExceededException of a quota that is used up
    {"quota": "DatasetGroup", "raised_to": 50}
        no fault: from now on there may be so many, as after a request to AWS; DELETE does not take it back
    {"names": "SolutionVersion", "unique": false}
        no fault, but the other way in which the service may behave: from now on a solution may have several versions of
        one name, of which no document speaks; DELETE does not take it back
    {"job": "SolutionVersion", "outcome": "CREATE FAILED", "reason": "out of capacity", "times": 1}
        the next such job ends so without doing its work; the outcome may be any text, such as CREATE STOPPED or a
        status that the service does not have. Every kind of resource with a status counts as a job
    {"job": "BatchInferenceJob", "outcome": "STALL"}
        the next such job stays at work for good
    {"job": "Solution", "outcome": "CREATE FAILED"}
        the next solution ends so, without a reason: DescribeSolution has no place for one
    {"job": "CampaignUpdate", "outcome": "CREATE FAILED", "reason": "out of capacity"}
        the next update of a campaign ends so, and what answers stays as it is; RecommenderUpdate likewise
    {"job": "SolutionVersion", "delay": 1200}
        the next such job does its work, but is not done before 1200 embedded seconds have passed
    {"job": "BatchInferenceJob", "broken_lines": 3, "reason": "Internal error"}
        the first three lines of each output of the next such job have that error and no answer; the job is ACTIVE

`times` is 1 when left out. `GET` answers `{"armed": […], "fired": […]}`, the armed ones with the times that
are left, the fired ones in order; `DELETE` forgets both. A fault that cannot be armed is answered with 400 and
`{"message": …}`. Faults hold for every account and region of this process, and starting the server clears them.
"""

from dataclasses import asdict, dataclass
from functools import cache
from threading import Lock
from typing import Any

from botocore.session import Session
from moto.core.request import Request

from embedded_aws.faults import answer_at_door
from embedded_aws.personalize.exceptions import ServiceError
from embedded_aws.personalize.kinds import KINDS, Life, Status
from embedded_aws.personalize.progress import LONGEST

STALL = "STALL"
_NO_FAULTS = {Status.ACTIVE, Status.COMPLETED, Status.GONE}
_UPDATES = ("CampaignUpdate", "RecommenderUpdate")
_JOBS = sorted([*(kind.name for kind in KINDS.values() if kind.life is not Life.AT_ONCE), *_UPDATES])


@dataclass
class CallFault:
    """The next `times` calls of `operation` raise `error`, after they have had their effect if the answer is `lost`."""

    operation: str
    error: str
    message: str = "A fault that was switched on"
    lost: bool = False
    times: int = 1


@dataclass
class QuotaFault:
    """The quota of the kind `quota` is used up for the next `times` creations."""

    quota: str
    times: int = 1


@dataclass
class JobFault:
    """What happens to the next `times` jobs of the kind `job`, see the module."""

    job: str
    outcome: str | None = None
    reason: str = "A fault that was switched on"
    delay: float = 0.0
    broken_lines: int = 0
    times: int = 1


Fault = CallFault | QuotaFault | JobFault


class FaultBook:
    """What is armed and what fired; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._armed: list[Fault] = []
        self._fired: list[dict[str, Any]] = []
        self._raised: dict[str, int] = {}
        self.version_names_are_unique = True

    def raise_quota(self, kind: str, most: int) -> None:
        """Let there be more resources of a kind than AWS allows at first."""
        with self._lock:
            self._raised[kind] = most

    def quota(self, kind: str, default: int | None) -> int | None:
        """Return the most resources of a kind that there may be."""
        with self._lock:
            return self._raised.get(kind, default)

    def arm(self, fault: Fault) -> None:
        """Add a fault behind those already armed."""
        with self._lock:
            self._armed.append(fault)

    def clear(self) -> None:
        """Forget what is armed and what fired."""
        with self._lock:
            self._armed.clear()
            self._fired.clear()

    def reset(self) -> None:
        """Forget everything."""
        self.clear()
        with self._lock:
            self._raised.clear()
            self.version_names_are_unique = True

    @property
    def any(self) -> bool:
        """Whether something is armed, or a quota or a rule is not as at first."""
        with self._lock:
            return bool(self._armed or self._raised or not self.version_names_are_unique)

    def report(self) -> dict[str, list[dict[str, Any]]]:
        """Return what is armed and what fired, as JSON values."""
        with self._lock:
            return {"armed": [asdict(fault) for fault in self._armed], "fired": list(self._fired)}

    def on_call(self, operation: str) -> ServiceError | None:
        """Raise the error that is armed for a call of `operation`, if any; return it if it comes after the effect."""
        with self._lock:
            fault = next((f for f in self._armed if isinstance(f, CallFault) and f.operation == operation), None)
            if fault is None:
                return None
            self._fire(fault)
        error = ServiceError(fault.message, fault.error)
        if fault.lost:
            return error
        raise error

    def on_job(self, job: str) -> JobFault | None:
        """Return the fault that is armed for a job of the kind `job`, if any."""
        with self._lock:
            fault = next((f for f in self._armed if isinstance(f, JobFault) and f.job == job), None)
            if fault is not None:
                self._fire(fault)
            return fault

    def on_quota(self, kind: str) -> bool:
        """Return whether the quota of a kind is to count as used up."""
        with self._lock:
            fault = next((f for f in self._armed if isinstance(f, QuotaFault) and f.quota == kind), None)
            if fault is not None:
                self._fire(fault)
            return fault is not None

    def _fire(self, fault: Fault) -> None:
        fault.times -= 1
        if fault.times == 0:
            self._armed.remove(fault)
        told = asdict(fault)
        del told["times"]
        if not told.get("lost", True):
            del told["lost"]
        self._fired.append(told)


FAULTS = FaultBook()


def serve(request: Request, _url: str | None = None, _headers: Any = None) -> tuple[int, dict[str, str], str]:
    """Answer a request to the door (see the module)."""
    return answer_at_door(request, _arm, FAULTS.clear, FAULTS.report)


def _arm(wish: Any) -> None:
    if isinstance(wish, dict) and "raised_to" in wish:
        _raise(**wish)
    elif isinstance(wish, dict) and "names" in wish:
        _choose_names(**wish)
    else:
        FAULTS.arm(_parse(wish))


def _raise(quota: str, raised_to: int) -> None:
    if quota not in KINDS or KINDS[quota].quota is None:
        raise ValueError(f"quota must be one of {', '.join(name for name, kind in KINDS.items() if kind.quota)}")
    if not isinstance(raised_to, int) or raised_to < 1:
        raise ValueError("raised_to must be a whole number from 1")
    FAULTS.raise_quota(quota, raised_to)


def _choose_names(names: str, *, unique: bool) -> None:
    if names != "SolutionVersion":
        raise ValueError("names must be SolutionVersion: those of all other kinds are unique, as documented")
    if not isinstance(unique, bool):
        raise TypeError("unique must be true or false")
    FAULTS.version_names_are_unique = unique


def _parse(wish: Any) -> Fault:
    if not isinstance(wish, dict):
        raise TypeError("a fault is a JSON object")
    fault: Fault
    if "job" in wish:
        fault = _checked_job(JobFault(**wish))
    elif "quota" in wish:
        fault = QuotaFault(**wish)
        if fault.quota not in KINDS:
            raise ValueError(f"quota must be one of {', '.join(KINDS)}")
    else:
        fault = CallFault(**wish)
        _check_text("error", fault.error)
        _check_text("message", fault.message, lines=True)
        if not isinstance(fault.lost, bool):
            raise ValueError("lost must be true or false")
        if fault.operation not in _operations():
            raise ValueError(f"{fault.operation} is not an operation of Amazon Personalize")
    if not isinstance(fault.times, int) or fault.times < 1:
        raise ValueError("times must be a whole number from 1")
    return fault


def _checked_job(fault: JobFault) -> JobFault:
    if fault.job not in _JOBS:
        raise ValueError(f"job must be one of {', '.join(_JOBS)}")
    if fault.outcome is None and not fault.delay and not fault.broken_lines:
        raise ValueError(f"say what happens to it: outcome ({Status.CREATE_FAILED}, {STALL}, …), delay or broken_lines")
    if fault.outcome is not None:
        _check_text("outcome", fault.outcome)
        if fault.outcome in _NO_FAULTS:
            raise ValueError(f"outcome {fault.outcome} is no fault")
    _check_text("reason", fault.reason, lines=True)
    if not isinstance(fault.delay, int | float) or not 0 <= fault.delay <= LONGEST:
        raise ValueError(f"delay must be a number of seconds from 0 to {LONGEST}")
    if not isinstance(fault.broken_lines, int) or fault.broken_lines < 0:
        raise ValueError("broken_lines must be a whole number")
    if fault.broken_lines and not fault.job.startswith("Batch"):
        raise ValueError("broken_lines is for batch jobs")
    return fault


def _check_text(name: str, value: Any, *, lines: bool = False) -> None:
    """Check a text, which may have line breaks where it becomes neither a header nor a status."""
    if not isinstance(value, str) or not (lines or value.isprintable()):
        raise ValueError(f"{name} must be a text{'' if lines else ' without line breaks'}")


@cache
def _operations() -> set[str]:
    """Return the operations of all three service models: control plane, runtime and events."""
    session = Session()
    services = ("personalize", "personalize-runtime", "personalize-events")
    return {name for service in services for name in session.get_service_model(service).operation_names}
