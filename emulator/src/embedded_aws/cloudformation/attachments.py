"""Types that put a policy on other resources: AWS::S3::BucketPolicy and its like."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from embedded_aws.cloudformation.plain import Plain


class PolicyAttachment(Plain):
    """A policy document on one or several resources; the physical id is the first of them.

    Subclasses name the type and the property with the targets, and put a document (JSON text) or None on a target;
    None takes it off, and a target that is gone already is no error then.
    """

    TARGETS: ClassVar[str]

    def __init__(self, targets: list[str]) -> None:
        self.targets = targets
        self.physical_resource_id = targets[0]

    @classmethod
    @abstractmethod
    def put(cls, account_id: str, region_name: str, target: str, document: str | None) -> None:
        """Put the document on a target, or take it off."""

    @classmethod
    def _targets(cls, properties: Mapping[str, Any]) -> list[str]:
        named = properties[cls.TARGETS]
        return list(named) if isinstance(named, list) else [named]

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Self:
        """Put the policy on its targets."""
        del resource_name
        properties = cloudformation_json["Properties"]
        for target in cls._targets(properties):
            cls.put(account_id, region_name, target, json.dumps(properties["PolicyDocument"]))
        return cls(cls._targets(properties))

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Self:
        """Put the new policy on its targets and take the old one off those that are not named any more."""
        updated = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
        for target in set(original_resource.targets) - set(updated.targets):
            cls.put(account_id, region_name, target, None)
        return updated

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Take the policy off its targets."""
        del resource_name
        for target in cls._targets(cloudformation_json["Properties"]):
            cls.put(account_id, region_name, target, None)
