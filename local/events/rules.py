"""What EventBridge's API takes: events, patterns, schedules and targets.

Sources: API reference, PutEvents, PutRule, PutTargets and TestEventPattern; recordings of the service for what it
refuses, in which words.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from moto.events.models import EventsBackend

from local.patches import replaces

_put_events = EventsBackend.put_events


@replaces(EventsBackend, "put_events")
def details_are_objects(self: Any, events: Sequence[Mapping[str, Any]]) -> Any:
    """Take events in.

    moto: the detail may be any JSON, which then fails the server. AWS: what is no object is MalformedDetail.
    """
    return _put_events(self, [event if _has_object(event) else {**event, "Detail": "no object"} for event in events])


def _has_object(event: Mapping[str, Any]) -> bool:
    try:
        return not event.get("Detail") or isinstance(json.loads(event["Detail"]), dict)
    except ValueError:
        return False
