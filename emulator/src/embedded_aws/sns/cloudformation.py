"""AWS::SNS::TopicPolicy and AWS::SNS::Subscription, which moto lacks, and updates of AWS::SNS::Topic in place."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from moto.core.common_models import CloudFormationModel
from moto.sns.models import Topic, sns_backends

from embedded_aws.cloudformation.attachments import PolicyAttachment
from embedded_aws.cloudformation.plain import WithArn
from embedded_aws.cloudformation.properties import tags_of
from embedded_aws.patches import replaces

_ATTRIBUTES: Final = {"TopicName": "name", "TopicArn": "arn"}
_SETTINGS: Final = {"DisplayName": "display_name", "KmsMasterKeyId": "kms_master_key_id"}


class TopicPolicy(PolicyAttachment, CloudFormationModel):
    """The policy of one or several topics; without it a topic has the service's default policy."""

    TYPE = "AWS::SNS::TopicPolicy"
    TARGETS = "Topics"

    @classmethod
    def put(cls, account_id: str, region_name: str, target: str, document: str | None) -> None:
        """Set the policy of the topic with this ARN, or give it the default again."""
        topic = sns_backends[account_id][region_name].topics.get(target)
        if topic is not None:
            default = topic._create_default_topic_policy(region_name, account_id, topic.name)  # noqa: SLF001
            topic.policy = document or json.dumps(default)
        elif document is not None:
            raise ValueError(f"there is no topic {target}")


class Subscription(WithArn, CloudFormationModel):
    """A subscription to a topic; every property replaces it, here as a new subscription."""

    TYPE = "AWS::SNS::Subscription"
    SETTINGS: ClassVar = ("RawMessageDelivery", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy")

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> "Subscription":
        """Subscribe."""
        del resource_name
        properties = cloudformation_json["Properties"]
        backend = sns_backends[account_id][region_name]
        subscription = backend.subscribe(properties["TopicArn"], properties["Endpoint"], properties["Protocol"])
        for name in cls.SETTINGS:
            if name in properties:
                backend.set_subscription_attributes(subscription.arn, name, _text(properties[name]))
        return cls(subscription.arn, subscription.arn)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> "Subscription":
        """Subscribe anew."""
        cls.delete_from_cloudformation_json(
            original_resource.physical_resource_id, cloudformation_json, account_id, region_name
        )
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Unsubscribe."""
        del cloudformation_json
        sns_backends[account_id][region_name].unsubscribe(resource_name)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


_create_topic = Topic.create_from_cloudformation_json


@replaces(Topic, "create_from_cloudformation_json", classmethod)
def a_topic_gets_its_tags(
    cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **options: Any
) -> Any:
    """Create a topic.

    moto: without the tags of the template. AWS: with them.
    """
    topic = _create_topic.__func__(  # type: ignore[attr-defined]
        cls, resource_name, cloudformation_json, account_id, region_name, **options
    )
    topic._tags = tags_of(cloudformation_json["Properties"])  # noqa: SLF001  # moto's
    return topic


@replaces(Topic, "update_from_cloudformation_json", classmethod)
def update_topic_in_place(  # noqa: PLR0917  # moto's signature
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """Update a topic.

    moto: makes a new topic for any change. AWS: only for another name.
    """
    properties = cloudformation_json["Properties"]
    if properties.get("TopicName", original_resource.name) != original_resource.name:
        original_resource.delete(account_id, region_name)
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
    for name, attribute in _SETTINGS.items():
        setattr(original_resource, attribute, properties.get(name, ""))
    original_resource._tags = tags_of(properties)  # noqa: SLF001  # moto's
    return original_resource


@replaces(Topic, "get_cfn_attribute")
def topic_attribute(self: Any, attribute_name: str) -> str:
    """Return an attribute for Fn::GetAtt.

    moto: lacks TopicArn. AWS: has it.
    """
    return str(getattr(self, _ATTRIBUTES[attribute_name]))
