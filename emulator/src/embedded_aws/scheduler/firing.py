"""The thread that fires schedules when they are due on the embedded clock, which moto's Scheduler never does.

A flexible time window is taken at its beginning. A schedule that is changed or enabled again starts anew.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any, Final

from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import Schedule, scheduler_backends

from embedded_aws import clock
from embedded_aws.events.rules import Timer, timers
from embedded_aws.patches import replaces
from embedded_aws.scheduler import delivery
from embedded_aws.scheduler.delivery import may_deliver
from embedded_aws.scheduler.expressions import InvalidExpressionError, check, next_time

_STEP: Final = 0.05  # real seconds
_init = Schedule.__init__
_update = Schedule.update
_log = logging.getLogger(__name__)


@replaces(Schedule, "__init__")
def refuse_wrong_expressions(self: Any, *args: Any, **kwargs: Any) -> None:
    """Create a schedule.

    moto: takes any expression. AWS: refuses one that it cannot read.
    """
    _init(self, *args, **kwargs)
    _checked(self)


@replaces(Schedule, "update")
def refuse_wrong_new_expressions(self: Any, *args: Any, **kwargs: Any) -> None:
    """Update a schedule (see refuse_wrong_expressions); without a state it is enabled, as on AWS."""
    before = dict(self.__dict__)
    _update(self, *args, **kwargs)
    self.state = self.state or "ENABLED"
    try:
        _checked(self)
    except ValidationException:
        self.__dict__.update(before)
        raise


def _checked(schedule: Any) -> None:
    """Check what the service checks when a schedule is made or changed."""
    if not may_deliver(schedule):
        raise ValidationException(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        )
    try:
        check(schedule.schedule_expression, schedule.schedule_expression_timezone)
    except InvalidExpressionError as error:
        raise ValidationException(str(error)) from error


Since = tuple[tuple[Any, ...], datetime]
"""What a schedule says, and since when."""


@dataclass
class _Plan:
    """When a schedule fires next; `version` tells whether it is still the same schedule."""

    version: tuple[Any, ...]
    start: datetime
    due: datetime | None


class Firing:
    """Fires what is due until it is stopped.

    Args:
        since: from a kept account; what was due while it was not there is not made up for.

    """

    def __init__(self, since: Mapping[str, Since] | None = None) -> None:
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._plans: dict[str, _Plan] = {}
        self._since = dict(since or {})

    def start(self) -> None:
        """Start firing."""
        self._thread.start()

    def stop(self) -> None:
        """Stop firing; deliveries that wait for another attempt end."""
        self._stop.set()
        self._thread.join()

    def since(self) -> dict[str, Since]:
        """Return since when each schedule counts, by ARN."""
        return {arn: (plan.version[1:], plan.start) for arn, plan in self._plans.items()}

    def _run(self) -> None:
        while not self._stop.wait(_STEP):
            seen = set()
            backends: list[tuple[str, str, Any]] = list(scheduler_backends.iter_backends())
            for account_id, region_name, backend in backends:
                for schedule in [s for g in list(backend.schedule_groups.values()) for s in list(g.schedules.values())]:
                    seen.add(schedule.arn)
                    self._consider(schedule, backend, account_id, region_name)
            for timer in timers():
                seen.add(timer.arn)
                self._consider_timer(timer)
            for gone in self._plans.keys() - seen:
                del self._plans[gone]

    def _consider(self, schedule: Any, backend: Any, account_id: str, region_name: str) -> None:
        plan = self._plan(schedule, id(schedule))
        if plan.due is None or schedule.state != "ENABLED" or clock.now() < plan.due:
            return
        one = delivery.occurrence(schedule, account_id, region_name, plan.due)
        Thread(target=self._deliver, args=(one,), daemon=True).start()
        plan.due = _next(schedule, plan, plan.due)
        if plan.due is None and schedule.action_after_completion == "DELETE":
            backend.delete_schedule(schedule.group_name, schedule.name)

    def _consider_timer(self, timer: Timer) -> None:
        """Fire a rule of EventBridge if it is due; a rate comes first when it has passed once."""
        plan = self._plan(timer, id(timer.rule), after=timedelta())
        if plan.due is None or timer.state != "ENABLED" or clock.now() < plan.due:
            return
        Thread(target=timer.fire, args=(plan.due,), daemon=True).start()
        plan.due = _next(timer, plan, plan.due)

    def _plan(self, schedule: Any, identity: int, *, after: timedelta = -clock.TICK) -> _Plan:
        version = (
            identity,
            schedule.schedule_expression,
            schedule.schedule_expression_timezone,
            schedule.state,
            schedule.start_date,
            schedule.end_date,
        )
        plan = self._plans.get(schedule.arn)
        if plan is None or plan.version != version:
            now = clock.now()
            start = max(now, _moment(schedule.start_date)) if schedule.start_date else now
            as_before, known = self._since.pop(schedule.arn, (None, start))
            if as_before == version[1:]:
                start, after = known, max(now - known, after)
            plan = _Plan(version, start, None)
            plan.due = _next(schedule, plan, start + after)
            self._plans[schedule.arn] = plan
        return plan

    def _deliver(self, one: delivery.Occurrence) -> None:
        try:
            delivery.deliver(one, self._stop.is_set)
        except Exception:  # noqa: BLE001  # logged: one schedule must not end the others
            if not self._stop.is_set():
                _log.exception("the schedule %s could not be delivered", one.schedule.arn)


def _next(schedule: Any, plan: _Plan, after: datetime) -> datetime | None:
    due = next_time(schedule.schedule_expression, schedule.schedule_expression_timezone, start=plan.start, after=after)
    if due is not None and schedule.end_date and due > _moment(schedule.end_date):
        return None
    return due


def _moment(value: Any) -> datetime:
    """Return a StartDate or EndDate, which arrives as epoch seconds or as ISO text."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    moment = datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
