"""Faults on demand, as Personalize's door has them (see `embedded_aws.personalize.faults`).

`POST {endpoint}/dynamodb-faults` arms one, with a JSON object:

    {"operation": "PutItem", "table": "t", "error": "ThrottlingException", "every": 2, "times": 50}
        of the next hundred calls of that operation on that table every second one raises the error, and has no effect
    {"operation": "PutItem", "table": "t", "after": 20, "times": 1000}
        twenty calls have their effect, and the thousand after them have none

`error` is `ProvisionedThroughputExceededException` when left out, `every` and `times` are 1, `after` is 0, and without
`table` any counts. `GET` answers `{"armed": […], "fired": n}`, the armed ones with the times that are left; `DELETE`
forgets both. A fault that cannot be armed is answered with 400 and `{"message": …}`. Starting the server clears them.
"""

import json
from dataclasses import asdict, dataclass, field
from functools import cache
from threading import Lock
from typing import Any, Final

from botocore.session import Session
from moto.core.request import Request
from moto.dynamodb import urls
from moto.dynamodb.responses import DynamoHandler

from embedded_aws.faults import answer_at_door
from embedded_aws.patches import replaces

_PREFIX: Final = "com.amazonaws.dynamodb.v20120810#"
_call_action = DynamoHandler.call_action


@dataclass
class Fault:
    """Every so many calls of `operation`, after so many that pass, raise `error`, so often."""

    operation: str
    error: str = "ProvisionedThroughputExceededException"
    table: str | None = None
    message: str = "A fault that was switched on"
    after: int = 0
    every: int = 1
    times: int = 1
    seen: int = field(default=0, repr=False)


class FaultBook:
    """What is armed, and how often something fired; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._armed: list[Fault] = []
        self._fired = 0

    @property
    def any(self) -> bool:
        """Whether something is armed."""
        return bool(self._armed)

    def arm(self, fault: Fault) -> None:
        """Add a fault behind those already armed."""
        with self._lock:
            self._armed.append(fault)

    def clear(self) -> None:
        """Forget what is armed, and what fired."""
        with self._lock:
            self._armed.clear()
            self._fired = 0

    def report(self) -> dict[str, Any]:
        """Return what is armed and how often something fired, as JSON values."""
        with self._lock:
            armed = [{name: value for name, value in asdict(each).items() if name != "seen"} for each in self._armed]
            return {"armed": armed, "fired": self._fired}

    def on_call(self, operation: str, table: str | None) -> Fault | None:
        """Return the fault that a call raises, if any."""
        with self._lock:
            for fault in self._armed:
                if fault.operation == operation and fault.table in {None, table}:
                    return self._counted(fault)
        return None

    def _counted(self, fault: Fault) -> Fault | None:
        fault.seen += 1
        if fault.seen <= fault.after or (fault.seen - fault.after) % fault.every:
            return None
        fault.times -= 1
        self._fired += 1
        if not fault.times:
            self._armed.remove(fault)
        return fault


FAULTS: Final = FaultBook()


@replaces(DynamoHandler, "call_action")
def calls_are_throttled_where_a_test_says_so(self: Any) -> Any:
    """Answer a request.

    moto: has no limit of throughput. AWS: throttles what exceeds it; here only calls that a test has switched that on
    for.
    """
    fault = FAULTS.on_call(self._get_action(), getattr(self, "params", {}).get("TableName"))
    if fault is None:
        return _call_action(self)
    told = json.dumps({"__type": f"{_PREFIX}{fault.error}", "message": fault.message})
    return 400, {"content-type": "application/x-amz-json-1.0"}, told


def serve(request: Request, _url: str | None = None, _headers: Any = None) -> tuple[int, dict[str, str], str]:
    """Answer a request to the door (see the module)."""
    return answer_at_door(request, lambda wish: FAULTS.arm(_parse(wish)), FAULTS.clear, FAULTS.report)


replaces(urls, "url_paths", gap="moto: has no door for faults. Here: one beside the API (see `faults`).")(
    {**urls.url_paths, "{0}/dynamodb-faults$": serve}
)


def _parse(wish: Any) -> Fault:
    if not isinstance(wish, dict) or "seen" in wish:
        raise TypeError("a fault is a JSON object of operation, table, error, message, after, every and times")
    fault = Fault(**wish)
    if fault.operation not in _operations():
        raise ValueError(f"{fault.operation} is not an operation of Amazon DynamoDB")
    for name, least in (("after", 0), ("every", 1), ("times", 1)):
        number = getattr(fault, name)
        if not isinstance(number, int) or number < least:
            raise ValueError(f"{name} must be a whole number from {least}")
    for name in ("error", "message", "table"):
        text = getattr(fault, name)
        if not isinstance(text, str) and (name, text) != ("table", None):
            raise TypeError(f"{name} must be a text")
    return fault


@cache
def _operations() -> frozenset[str]:
    return frozenset(Session().get_service_model("dynamodb").operation_names)
