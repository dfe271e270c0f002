"""From an event of a service to the targets of the rules that match it.

Sources: EventBridge user guide, page eb-service-event; Step Functions developer guide, page eventbridge-integration.
"""

import copy
import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from threading import Thread
from typing import Any, Final

from moto.events.models import Rule, events_backends
from moto.events.utils import EventTemplateParser

from local import clients
from local.iam.authorization import service_may
from local.iam.sessions import session_for
from local.patches import replaces

_SERVICE: Final = "events.amazonaws.com"
_ACTIONS: Final = {"sns": "sns:Publish", "sqs": "sqs:SendMessage", "lambda": "lambda:InvokeFunction"}
_send_to_targets = Rule.send_to_targets
_delete = Rule.delete_from_cloudformation_json
_logger = logging.getLogger(__name__)


def emit(
    account_id: str,
    region_name: str,
    *,
    source: str,
    detail_type: str,
    resources: Sequence[str],
    detail: Mapping[str, Any],
    time: datetime,
) -> None:
    """Hand an event to the default bus; whoever emits it does not wait for the targets."""
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account_id,
        "time": time.timestamp(),  # moto's targets make text of it
        "region": region_name,
        "resources": list(resources),
        "detail": dict(detail),
    }
    Thread(target=_deliver, args=(account_id, region_name, event), daemon=True).start()


def _deliver(account_id: str, region_name: str, event: Any) -> None:
    bus = events_backends[account_id][region_name].event_buses["default"]
    for rule in list(bus.rules.values()):
        # To moto a rule without a pattern, which has a schedule, matches every event.
        if rule.state == "ENABLED" and rule.event_pattern.get_pattern():
            try:
                rule.send_to_targets(event)
            except Exception:
                # As on AWS nobody hears of a delivery that fails; here the log does.
                _logger.exception("the event could not be delivered to %s", rule.name)


@replaces(Rule, "send_to_targets")
def state_machines_are_targets(self: Any, original_event: Any, transform_input: bool = True) -> None:  # noqa: FBT001, FBT002  # moto's
    """Send an event to the targets of a rule that matches it; moto does not know state machines."""
    if not self.event_pattern.matches_event(original_event):
        return
    machines = [target for target in self.targets if ":states:" in target["Arn"]]
    for target in machines:
        try:
            _start(self, target, original_event)
        except Exception:
            # The other targets, and who calls PutEvents, go on as in _deliver.
            _logger.exception("the event could not be delivered to %s", target["Arn"])
    others = copy.copy(self)
    others.targets = [target for target in self.targets if target not in machines and _admitted(self, target)]
    _send_to_targets(others, original_event, transform_input)


def _admitted(rule: Any, target: Mapping[str, Any]) -> bool:
    """Say whether a target's own policy lets events in (user guide, page eb-use-resource-based)."""
    arn = target["Arn"]
    action = _ACTIONS.get(arn.split(":")[2])
    return action is None or service_may(rule.account_id, _SERVICE, action, arn, source_arn=rule.arn)


def _start(rule: Any, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    moment = f"{datetime.fromtimestamp(event['time'], UTC):%Y-%m-%dT%H:%M:%SZ}"
    shown: Any = {**event, "time": moment}
    transformer = target.get("InputTransformer")
    given: Any = shown
    if transformer:
        shown["ingestion-time"] = moment
        given = EventTemplateParser.parse(
            input_template=transformer["InputTemplate"],
            input_paths_map=transformer.get("InputPathsMap", {}),
            event=shown,
        )
    session = session_for(rule.account_id, target["RoleArn"], _SERVICE, source_arn=rule.arn)
    clients.client("stepfunctions", rule.region_name, session).start_execution(
        stateMachineArn=target["Arn"], input=target.get("Input") or json.dumps(given)
    )


@replaces(Rule, "delete_from_cloudformation_json", classmethod)
def a_rule_goes_with_its_targets(
    cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
) -> None:
    """Delete a rule; moto refuses while it has targets, which CloudFormation removes first."""
    bus = cloudformation_json["Properties"].setdefault("EventBusName", "default")
    backend = events_backends[account_id][region_name]
    if rule := backend.event_buses[bus].rules.get(resource_name):
        rule.targets = []
        _delete.__func__(cls, resource_name, cloudformation_json, account_id, region_name)  # type: ignore[attr-defined]
