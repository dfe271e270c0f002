"""Delivering one occurrence of a schedule: the role, the target's API, retries, the dead-letter queue."""

import contextlib
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError, UnknownServiceError
from botocore.model import OperationNotFoundError

from embedded_aws import clients, clock
from embedded_aws.iam.sessions import RoleNotAssumableError, may_assume, session_for
from embedded_aws.sqs.sending import letter, queue_url
from embedded_aws.stepfunctions.casing import UnknownFieldError, to_request
from embedded_aws.stepfunctions.integrations import boto_service_name

_SERVICE: Final = "scheduler.amazonaws.com"
_UNIVERSAL: Final = re.compile(r"arn:aws:scheduler:::aws-sdk:(?P<service>\w+):(?P<action>\w+)")
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds; the service does not say how it spaces its attempts
# Trying again cannot help (EventBridge Scheduler user guide: "missing permissions or a target that is not there").
_HOPELESS: Final = (
    "AccessDenied", "DoesNotExist", "NotFound", "NonExistentQueue", "Validation", "NotEmulated",
    "AuthorizationError", "NotImplemented",
)  # fmt: skip


class DeliveryError(Exception):
    """A target that could not be invoked; `code` is the error's name, `exhausted` the limit that was reached."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.attempts = 0
        self.exhausted: str | None = None


@dataclass(frozen=True)
class Occurrence:
    """One moment of a schedule: moto's schedule, its account and region, and when it was due."""

    schedule: Any
    account_id: str
    region_name: str
    due: datetime
    execution_id: str


def occurrence(schedule: Any, account_id: str, region_name: str, due: datetime) -> Occurrence:
    """Return a new occurrence of a schedule."""
    return Occurrence(schedule, account_id, region_name, due, uuid.uuid4().hex[:16])


def deliver(one: Occurrence, stopped: Callable[[], bool]) -> None:
    """Invoke the schedule's target, again and again as its RetryPolicy says; then its dead-letter queue."""
    try:
        _invoke_with_retries(one, stopped)
    except DeliveryError as error:
        _dead_letter(one, error)


def _invoke_with_retries(one: Occurrence, stopped: Callable[[], bool]) -> None:
    retry = one.schedule.target.get("RetryPolicy", {})
    most = int(retry.get("MaximumRetryAttempts", 185))
    deadline = one.due + timedelta(seconds=int(retry.get("MaximumEventAgeInSeconds", 86400)))
    attempt, pause = 0, _FIRST_PAUSE
    while True:
        try:
            _invoke(one, attempt + 1)
        except DeliveryError as error:
            error.attempts = attempt
            if any(word in error.code for word in _HOPELESS):
                raise
            again = clock.now() + timedelta(seconds=pause)
            if attempt >= most or again > deadline:
                error.exhausted = "MaximumRetryAttempts" if attempt >= most else "MaximumEventAgeInSeconds"
                raise
            if not clock.wait_until(again, stopped):
                raise
            attempt, pause = attempt + 1, min(pause * 2, _LONGEST_PAUSE)
        else:
            return


def _invoke(one: Occurrence, attempt: int) -> None:
    target = one.schedule.target
    service, operation, request = _call(one, _input(one, attempt))
    session = _session(one)
    try:
        getattr(clients.client(service, one.region_name, session), operation)(**request)
    except ClientError as error:
        found = error.response["Error"]
        raise DeliveryError(str(found.get("Code")), str(found.get("Message"))) from error
    except Exception as error:
        raise DeliveryError(type(error).__name__, f"{target['Arn']}: {error}") from error


def _call(one: Occurrence, text: str) -> tuple[str, str, dict[str, Any]]:
    """Return (boto3 service, method, arguments) of a target.

    Raises:
        DeliveryError: the kind of target is not emulated.
    """
    arn = one.schedule.target["Arn"]
    universal = _UNIVERSAL.fullmatch(arn)
    if universal:
        return _universal_call(one, universal["service"], universal["action"], text)
    parts = arn.split(":")
    kind = f"{parts[2]}:{parts[5]}" if parts[2] == "states" else parts[2]
    if kind == "states:stateMachine":
        started = {"stateMachineArn": arn, "name": one.execution_id, "input": text}
        return "stepfunctions", "start_execution", started
    if kind == "lambda":
        arguments = {"FunctionName": arn, "InvocationType": "Event", "Payload": text.encode()}
        return "lambda", "invoke", arguments
    if kind == "sqs":
        return "sqs", "send_message", {"QueueUrl": queue_url(arn), "MessageBody": text}
    if kind == "sns":
        return "sns", "publish", {"TopicArn": arn, "Message": text}
    raise DeliveryError("TargetNotEmulated", f"The target {arn} is not emulated")


def _universal_call(one: Occurrence, service: str, action: str, text: str) -> tuple[str, str, dict[str, Any]]:
    try:
        name = boto_service_name(service)
        client = clients.client(name, one.region_name)
        operation = client.meta.service_model.operation_model(action[:1].upper() + action[1:])
        request = to_request(json.loads(text), operation.input_shape, plain=True)
    except (UnknownServiceError, OperationNotFoundError, UnknownFieldError, ValueError) as error:
        raise DeliveryError("ValidationException", f"{one.schedule.target['Arn']}: {error}") from error
    methods = client.meta.method_to_api_mapping
    method = next(method for method, api in methods.items() if api == operation.name)
    return name, method, request


def _input(one: Occurrence, attempt: int) -> str:
    """Return the target's input with the keywords filled in (page managing-schedule-context-attributes)."""
    text = one.schedule.target.get("Input")
    if text is None:
        text = json.dumps(
            {
                "version": "0",
                "id": one.execution_id,
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": one.account_id,
                "time": _text(one.due),
                "region": one.region_name,
                "resources": [one.schedule.arn],
                "detail": "{}",
            }
        )
    keywords = {
        "schedule-arn": one.schedule.arn,
        "scheduled-time": _text(one.due),
        "execution-id": one.execution_id,
        "attempt-number": str(attempt),
    }
    for keyword, value in keywords.items():
        text = text.replace(f"<aws.scheduler.{keyword}>", value)
    return str(text)


def may_deliver(schedule: Any) -> bool:
    """Say whether the service may assume the role of a schedule's target."""
    _, _, _, region, account, _ = schedule.arn.split(":", 5)
    group = f"arn:aws:scheduler:{region}:{account}:schedule-group/{schedule.group_name}"
    context = {"aws:SourceAccount": account, "aws:SourceArn": group}
    return may_assume(account, schedule.target["RoleArn"], service=_SERVICE, context=context)


def _session(one: Occurrence) -> Any:
    """Return the session of the target's role in which the service calls.

    Raises:
        DeliveryError: the role does not let it.
    """
    group = f"arn:aws:scheduler:{one.region_name}:{one.account_id}:schedule-group/{one.schedule.group_name}"
    try:
        return session_for(one.account_id, one.schedule.target["RoleArn"], _SERVICE, source_arn=group)
    except RoleNotAssumableError as error:
        raise DeliveryError("AccessDeniedException", str(error)) from error


def _dead_letter(one: Occurrence, error: DeliveryError) -> None:
    """Send what could not be delivered to the dead-letter queue, if there is one and the role may."""
    queue = one.schedule.target.get("DeadLetterConfig", {}).get("Arn")
    if queue is None:
        return
    attributes = {
        "ERROR_CODE": error.code,
        "ERROR_MESSAGE": str(error),
        "EXECUTION_ID": one.execution_id,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": str(error.attempts),
        "SCHEDULED_TIME": _text(one.due),
        "SCHEDULE_ARN": one.schedule.arn,
        "TARGET_ARN": one.schedule.target["Arn"],
        "EXHAUSTED_RETRY_CONDITION": error.exhausted or "",
    }
    # As on AWS nobody hears of a letter that the role may not send, or of a role that may not be assumed.
    with contextlib.suppress(DeliveryError, ClientError):
        clients.client("sqs", one.region_name, _session(one)).send_message(
            **letter(queue, _input(one, error.attempts + 1), attributes)
        )


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
