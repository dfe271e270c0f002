"""The history of an execution: one numbered list of events, from its start through every redrive."""

from threading import RLock
from typing import Any, Final, Self
from weakref import WeakSet

import moto.stepfunctions.parser.asl.eval.environment as environment_module
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

from embedded_aws.patches import replaces

_LAST: Final = {
    HistoryEventType.ExecutionSucceeded,
    HistoryEventType.ExecutionFailed,
    HistoryEventType.ExecutionAborted,
    HistoryEventType.ExecutionTimedOut,
}


@replaces(environment_module, "EventManager")
class History(EventManager):
    """The events of one attempt at an execution, after those of the attempts before it.

    moto: what an ended execution left running goes on to write. AWS: nothing follows the end but a redrive.

    Attributes:
        lock: held by who needs that no event comes in between.
    """

    def __init__(self, cloud_watch_logging_session: Any = None) -> None:
        super().__init__(cloud_watch_logging_session)
        self.lock: Final = RLock()
        self._over = False
        self._evaluations: set[str] = set()
        self._cut_off: WeakSet[Any] = WeakSet()

    def add_event(self, context: Any, event_type: Any, *args: Any, **kwargs: Any) -> int:
        """Add an event; return its id, or 0 if it comes too late: the attempt or what writes it is over."""
        with self.lock:
            if self._over or context in self._cut_off or self._is_noted(event_type, args, kwargs):
                return 0
            number = int(super().add_event(context, event_type, *args, **kwargs))
            self._over = event_type in _LAST
            return number

    def note_evaluation(self, context: Any, details: Any) -> None:
        """Add an EvaluationFailed; moto's own for the same failure, which comes later or never, is then left out."""
        event: Any = {"evaluationFailedEventDetails": details}
        with self.lock:
            self._evaluations.discard(details["cause"])
            self.add_event(context, HistoryEventType.EvaluationFailed, event)
            self._evaluations.add(details["cause"])

    def _is_noted(self, event_type: Any, args: Any, kwargs: Any) -> bool:
        if event_type is not HistoryEventType.EvaluationFailed:
            return False
        event = kwargs["event_details"] if "event_details" in kwargs else args[0]
        cause = event["evaluationFailedEventDetails"]["cause"]
        return any(noted.endswith(cause) for noted in self._evaluations)

    def cut_off(self, context: Any) -> None:
        """Refuse what comes from a context from now on: a task that timed out, or that runs beside a failure."""
        with self.lock:
            self._cut_off.add(context)

    def __len__(self) -> int:
        return len(self._history_event_list)

    @classmethod
    def after(cls, before: Self) -> Self:
        """Return the history of the next attempt: it begins with the events before it."""
        following = cls(before._cloud_watch_logging_session)
        vars(following).update(_history_event_list=before._history_event_list, _event_id_gen=before._event_id_gen)
        return following
