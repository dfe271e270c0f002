"""Start the state machine where raw data arrives, and keep what could not be started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from definition import layout
from definition.plan import names
from stacks.dead_letters import dead_letter_queue
from stacks.rules import start_role

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_stepfunctions as sfn

    from definition.file.pipeline import Trigger


class StartOnArrival(Construct):
    """A rule on the objects that arrive; the bucket tells EventBridge of all of them.

    Attributes:
        dead_letters: queue of starts that failed for good.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        trigger: Trigger,
        bucket: s3.IBucket,
        state_machine: sfn.IStateMachine,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, construct_id)
        rule = names.arrival_name(name)
        self.dead_letters = dead_letter_queue(self, key)
        target = targets.SfnStateMachine(
            state_machine,
            input=events.RuleTargetInput.from_object({"arrival": events.EventField.from_path("$.detail.object.key")}),
            role=start_role(self, rule),
            dead_letter_queue=self.dead_letters,
            max_event_age=Duration.hours(1),
            retry_attempts=10,
        )
        events.Rule(
            self,
            "Rule",
            description=f"Raw data of {name} that starts a run",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [bucket.bucket_name]}, "object": {"key": [_matching(trigger.arrival)]}},
            ),
            rule_name=rule,
            targets=[target],
        )


def _matching(path: str) -> Any:
    """Return what EventBridge matches keys by (user guide, page eb-create-pattern-operators)."""
    key = layout.RAW.key(path=path)
    if "*" in key:
        return {"wildcard": f"{key}*" if key.endswith("/") else key}
    return {"prefix": key} if key.endswith("/") else key
