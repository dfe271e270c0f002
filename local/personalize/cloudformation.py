"""`AWS::Personalize::Schema`, `DatasetGroup` and `Dataset` for moto's CloudFormation.

Creating waits until the resource is ACTIVE and deleting until it is gone, as CloudFormation does. Every property
is create-only (resource schemas of 2026-10-20), so an update makes a new resource first and then deletes the
old one; under the same name that fails with "already exists", as it does in AWS.
"""

from typing import Any, ClassVar, Self

from moto.core.common_models import CloudFormationModel

from local import clock
from local.personalize.exceptions import NotImplementedException, ResourceNotFoundException
from local.personalize.kinds import DATASET, DATASET_GROUP, PAUSE, SCHEMA, Kind, Status
from local.personalize.models import PersonalizeBackend, personalize_backends
from local.personalize.operations import call

_STEP = PAUSE.total_seconds() / 4


class _PersonalizeType:
    """What the three types have in common; `Ref` is the ARN, as is the one attribute.

    It is no model itself: moto knows only direct subclasses of its own.
    """

    kind: ClassVar[Kind]

    def __init__(self, arn: str) -> None:
        self.arn = arn

    @property
    def physical_resource_id(self) -> str:
        """What `Ref` gives."""
        return self.arn

    @staticmethod
    def cloudformation_name_type() -> str:
        """Return the property that names the resource: moto passes its value as the resource's name."""
        return "Name"

    @classmethod
    def cloudformation_type(cls) -> str:
        """Return the type's name."""
        return f"AWS::Personalize::{cls.kind.name}"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Return whether `Fn::GetAtt` knows the attribute."""
        return attr == f"{cls.kind.name}Arn"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Return the attribute: the ARN."""
        if not self.has_cfn_attr(attribute_name):
            raise KeyError(attribute_name)
        return self.arn

    def is_created(self) -> bool:
        """Return True: creating has waited."""
        return True

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **kwargs: Any
    ) -> Self:
        """Create the resource and wait until it is ACTIVE."""
        del resource_name, kwargs  # the name is among the properties
        backend: PersonalizeBackend = personalize_backends[account_id][region_name]
        properties = cloudformation_json["Properties"]
        if "DatasetImportJob" in properties:
            raise NotImplementedException("DatasetImportJob of AWS::Personalize::Dataset")
        params = {name[0].lower() + name[1:]: value for name, value in properties.items() if name != "Tags"}
        arn = call(backend, f"Create{cls.kind.name}", params)[cls.kind.arn_member]
        while backend.find(cls.kind, arn).status is not Status.ACTIVE:
            clock.sleep(_STEP)
        return cls(arn)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Self,
        new_resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> Self:
        """Replace the resource: create the new one, then delete the old one."""
        replacement = cls.create_from_cloudformation_json(
            new_resource_name, cloudformation_json, account_id, region_name
        )
        original_resource.delete(account_id, region_name)
        return replacement

    def delete(self, account_id: str, region_name: str) -> None:
        """Delete the resource and wait until it is gone; one that is gone already is fine."""
        backend: PersonalizeBackend = personalize_backends[account_id][region_name]
        try:
            with backend.lock:
                backend.delete(backend.find(self.kind, self.arn))
            while backend.find(self.kind, self.arn):
                clock.sleep(_STEP)
        except ResourceNotFoundException:
            return


class Schema(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::Schema`."""

    kind = SCHEMA


class DatasetGroup(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::DatasetGroup`."""

    kind = DATASET_GROUP


class Dataset(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::Dataset`; its `DatasetImportJob` property is not emulated."""

    kind = DATASET
