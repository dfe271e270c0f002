"""What EventBridge's API takes: events, schedules and targets (for patterns see `patterns`).

Sources: API reference, PutEvents, PutRule, PutTargets and TestEventPattern; recordings of the service for what it
refuses, in which words.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from moto.events.exceptions import ValidationException
from moto.events.models import EventPattern, EventPatternParser, EventsBackend, Rule, events_backends
from moto.events.responses import EventsHandler

from embedded_aws.events.delivery import SENDERS, event_of
from embedded_aws.patches import replaces
from embedded_aws.scheduler.expressions import InvalidExpressionError, check

_put_events = EventsBackend.put_events
_put_rule = EventsBackend.put_rule
_put_targets = EventsBackend.put_targets
_RATE: Final = re.compile(r"rate\((1 (minute|hour|day)|(?!0*1 )0*[1-9]\d* (minutes|hours|days))\)")


@replaces(EventsBackend, "put_events")
def details_are_objects(self: Any, events: Sequence[dict[str, Any]]) -> Any:
    """Take events in.

    moto: the detail may be any JSON, which then fails the server. AWS: what is no object is MalformedDetail.
    """
    return _put_events(self, [event if _has_object(event) else {**event, "Detail": "no object"} for event in events])


def _has_object(event: Mapping[str, Any]) -> bool:
    try:
        return not event.get("Detail") or isinstance(json.loads(event["Detail"]), dict)
    except ValueError:
        return False


@replaces(EventsBackend, "put_rule")
def refuse_wrong_schedules(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """Create or change a rule.

    moto: takes what looks like a schedule. AWS: refuses what is none.
    """
    expression = kwargs.get("scheduled_expression")
    on_default_bus = kwargs.get("event_bus_arn") in {None, "default"}  # the only one that moto lets have schedules
    if expression and on_default_bus and not _is_schedule(expression):
        raise ValidationException("Parameter ScheduleExpression is not valid.")
    return _put_rule(self, name, *args, **kwargs)


def _is_schedule(expression: str) -> bool:
    if _RATE.fullmatch(expression):
        return True
    try:
        check(expression, "UTC")
    except InvalidExpressionError as error:
        if "not emulated" in str(error):
            raise NotImplementedError(str(error)) from error
        return False
    return expression.startswith("cron(")


@replaces(EventsBackend, "put_targets")
def refuse_wrong_targets(self: Any, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> Any:
    """Add targets to a rule.

    moto: takes any, and some are never reached. AWS: refuses wrong ones; here those that are not emulated too.
    """
    for target in targets:
        ways = [way for way in ("Input", "InputPath", "InputTransformer") if target.get(way)]
        if len(ways) > 1:
            raise ValidationException(
                f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
            )
        transformer = target.get("InputTransformer") or {}
        for variable in re.findall(r"<([\w.-]+)>", transformer.get("InputTemplate", "")):
            if variable not in transformer.get("InputPathsMap", {}) and not variable.startswith("aws.events."):
                raise ValidationException(
                    f"InputTemplate for target {target['Id']} contains invalid placeholder {variable}."
                )
        service = (target["Arn"].split(":") + 3 * [""])[2]
        if service and service not in {*SENDERS, "events"}:
            raise NotImplementedError(f"the target {target['Arn']}")
    return _put_targets(self, name, event_bus_arn, targets)


@replaces(EventsHandler, "test_event_pattern")
def say_whether_a_pattern_matches(self: Any) -> str:
    """Say whether an event matches a pattern.

    moto: says nothing. AWS: answers with Result.
    """
    pattern = self._get_param("EventPattern")
    event = json.loads(self._get_param("Event"))
    return json.dumps({"Result": EventPattern(pattern, EventPatternParser(pattern).parse()).matches_event(event)})


@dataclass(frozen=True)
class Timer:
    """A rule with a schedule, in the form of EventBridge Scheduler's schedules."""

    rule: Rule
    account_id: str
    region_name: str
    schedule_expression_timezone: str = "UTC"
    start_date: None = None
    end_date: None = None

    @property
    def arn(self) -> str:
        """The rule's."""
        return str(self.rule.arn)

    @property
    def schedule_expression(self) -> str:
        """A rate or a cron."""
        return str(self.rule.scheduled_expression)

    @property
    def state(self) -> str:
        """ENABLED or DISABLED."""
        return str(self.rule.state)

    def fire(self, due: datetime) -> None:
        """Send the targets the event of a moment."""
        event = event_of(
            self.account_id,
            self.region_name,
            source="aws.events",
            detail_type="Scheduled Event",
            resources=[self.arn],
            detail={},
            moment=due,
        )
        self.rule.send_to_targets(event)


def timers() -> Iterator[Timer]:
    """Yield the rules with a schedule, of all accounts and regions."""
    backends: list[tuple[str, str, Any]] = list(events_backends.iter_backends())
    for account_id, region_name, backend in backends:
        for rule in list(backend.event_buses["default"].rules.values()):
            if rule.scheduled_expression:
                yield Timer(rule, account_id, region_name)
