"""From an event of a service to the targets of the rules that match it.

Sources: EventBridge user guide, page eb-service-event; Step Functions developer guide, page eventbridge-integration.
"""

import copy
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Thread
from typing import Any, Final

from moto.events.models import Rule, events_backends

from embedded_aws import clients, clock
from embedded_aws.events.dead_letters import NotAdmittedError, keep
from embedded_aws.events.inputs import shown, target_input
from embedded_aws.iam.authorization import service_may
from embedded_aws.iam.sessions import session_for
from embedded_aws.patches import replaces
from embedded_aws.sns.admission import not_admitted
from embedded_aws.sqs.admission import admits
from embedded_aws.sqs.sending import queue_url

_SERVICE: Final = "events.amazonaws.com"
_send_to_targets = Rule.send_to_targets
_delete = Rule.delete_from_cloudformation_json
_logger = logging.getLogger(__name__)


def emit(account_id: str, region_name: str, **event: Any) -> None:
    """Hand an event (see event_of) to the default bus; whoever emits it does not wait for the targets."""
    whole = event_of(account_id, region_name, **event)
    Thread(target=_deliver, args=(account_id, region_name, whole), daemon=True).start()


def event_of(
    account_id: str,
    region_name: str,
    *,
    source: str,
    detail_type: str,
    resources: Sequence[str],
    detail: Mapping[str, Any],
    moment: datetime,
) -> Any:
    """Return an event in moto's form."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account_id,
        "time": moment.timestamp(),  # moto's targets make text of it
        "region": region_name,
        "resources": list(resources),
        "detail": dict(detail),
    }


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
def targets_of_every_kind(self: Any, original_event: Any, transform_input: bool = True) -> None:  # noqa: FBT001, FBT002  # moto's
    """Send an event to the targets of a rule that matches it.

    moto: does not know state machines, functions and topics, gives queues and log groups an event without its account,
    and ignores Input and InputPath. AWS: delivers to all of them what target_input says.
    """
    event = {"ingestion-time": original_event["time"], **original_event}
    if not self.event_pattern.matches_event({**event, **shown(event)}):
        return
    for target in self.targets:
        try:
            _send(self, target, event, transform_input=transform_input)
        except Exception as error:
            # The other targets, and who calls PutEvents, go on as in _deliver.
            if not keep(self, target, event, error):
                _logger.exception("the event could not be delivered to %s", target["Arn"])


def _send(rule: Any, target: Mapping[str, Any], event: Any, *, transform_input: bool) -> None:
    arn = target["Arn"]
    if not _admitted(rule, target):
        raise NotAdmittedError(f"The policy of {arn} does not let {rule.arn} in")
    service = arn.split(":")[2]
    if service == "events":  # archives, other buses and API destinations
        others = copy.copy(rule)
        others.targets = [target]
        _send_to_targets(others, event, transform_input)
        return
    text = target_input(rule, target, event)
    session = None
    if service == "states":
        session = session_for(rule.account_id, target["RoleArn"], _SERVICE, source_arn=rule.arn)
    client = clients.client(SENDERS[service][0], rule.region_name, session)
    SENDERS[service][1](client, target, text)


def _send_to_queue(client: Any, target: Mapping[str, Any], text: str) -> None:
    client.send_message(QueueUrl=queue_url(target["Arn"]), MessageBody=text, **target.get("SqsParameters", {}))


def _write_to_group(client: Any, target: Mapping[str, Any], text: str) -> None:
    where = {"logGroupName": target["Arn"].split(":")[6], "logStreamName": str(uuid.uuid4())}
    client.create_log_stream(**where)
    client.put_log_events(**where, logEvents=[{"timestamp": clock.milliseconds(), "message": text}])


SENDERS: Final[dict[str, tuple[str, Callable[[Any, Mapping[str, Any], str], Any]]]] = {
    "states": (
        "stepfunctions",
        lambda client, target, text: client.start_execution(stateMachineArn=target["Arn"], input=text),
    ),
    "lambda": (
        "lambda",
        lambda client, target, text: client.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=text),
    ),
    "sns": ("sns", lambda client, target, text: client.publish(TopicArn=target["Arn"], Message=text)),
    "sqs": ("sqs", _send_to_queue),
    "logs": ("logs", _write_to_group),
}


def _admitted(rule: Any, target: Mapping[str, Any]) -> bool:
    """Say whether a target's own policy, and its key's, let events in (user guide, page eb-use-resource-based)."""
    arn = target["Arn"]
    if arn.startswith("arn:aws:sns:"):
        return not not_admitted(rule.account_id, _SERVICE, arn, source_arn=rule.arn)
    if arn.startswith("arn:aws:sqs:"):
        return admits(rule.account_id, _SERVICE, arn, source_arn=rule.arn)
    function = "lambda:InvokeFunction"
    return not arn.startswith("arn:aws:lambda:") or service_may(
        rule.account_id, _SERVICE, function, arn, source_arn=rule.arn
    )


@replaces(Rule, "delete_from_cloudformation_json", classmethod)
def a_rule_goes_with_its_targets(
    cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
) -> None:
    """Delete a rule.

    moto: refuses while it has targets. AWS: CloudFormation removes them first.
    """
    bus = cloudformation_json["Properties"].setdefault("EventBusName", "default")
    backend = events_backends[account_id][region_name]
    if rule := backend.event_buses[bus].rules.get(resource_name):
        rule.targets = []
        _delete.__func__(cls, resource_name, cloudformation_json, account_id, region_name)  # type: ignore[attr-defined]
