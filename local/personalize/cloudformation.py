"""`AWS::Personalize::Schema`, `DatasetGroup` and `Dataset` for moto's CloudFormation.

Creating waits until the resource is ACTIVE and deleting until it is gone, as CloudFormation does. Every property
is create-only (resource schemas of 2026-10-20), so an update makes a new resource first and deletes the old one
when nothing needs it any more; CloudFormation does the latter at the end of the stack's update. Under the same
name that fails with "already exists", as it does in AWS; and so does every replacement of a dataset within the
same dataset group, since a group has one dataset of a type and the type, not the name, is in its ARN.
"""

import logging
from typing import Any, ClassVar, Self

from moto.core.common_models import CloudFormationModel

from local import clock
from local.personalize.exceptions import (
    NotImplementedException,
    ResourceAlreadyExistsException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from local.personalize.kinds import DATASET, DATASET_GROUP, SCHEMA, Kind, Status
from local.personalize.models import PersonalizeBackend, personalize_backends
from local.personalize.operations import call

_log = logging.getLogger(__name__)

_STEP = 1.0


class _PersonalizeType:
    """What the three types have in common; `Ref` is the ARN, as is the one attribute.

    It is no model itself: moto knows only direct subclasses of its own.
    """

    kind: ClassVar[Kind]
    properties: ClassVar[frozenset[str]]

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
        arn = call(backend, f"Create{cls.kind.name}", cls._params(cloudformation_json))[cls.kind.arn_member]
        while _look(backend, cls.kind, arn) != Status.ACTIVE:
            clock.sleep(_STEP)
        return cls(arn)

    @classmethod
    def _params(cls, cloudformation_json: dict[str, Any]) -> dict[str, Any]:
        """Return the properties as the request of the Create operation."""
        params: dict[str, Any] = {}
        for name, value in cloudformation_json["Properties"].items():
            if name not in cls.properties:
                raise NotImplementedException(f"Property {name} of {cls.cloudformation_type()}")
            if name == "Tags":
                params["tags"] = [{"tagKey": tag["Key"], "tagValue": tag["Value"]} for tag in value]
            else:
                params[name[0].lower() + name[1:]] = value
        return params

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Self,
        new_resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> Self:
        """Create the replacement, then delete the original as soon as nothing needs it any more.

        What is taken back by a rollback may still be there, waiting for its deletion; then it is used again.
        """
        backend: PersonalizeBackend = personalize_backends[account_id][region_name]
        try:
            replacement = cls.create_from_cloudformation_json(
                new_resource_name, cloudformation_json, account_id, region_name
            )
        except ResourceAlreadyExistsException as error:
            if error.arn not in backend.replaced:
                raise
            del backend.replaced[error.arn]
            replacement = cls(error.arn)
        backend.replaced[original_resource.arn] = original_resource.kind
        _delete_replaced(backend)
        return replacement

    def delete(self, account_id: str, region_name: str) -> None:
        """Delete the resource and wait until it is gone; one that is gone already is fine."""
        _delete(personalize_backends[account_id][region_name], self.kind, self.arn)


def _look(backend: PersonalizeBackend, kind: Kind, arn: str) -> str:
    with backend.lock:
        return str(backend.find(kind, arn).describe()["status"])


def _delete(backend: PersonalizeBackend, kind: Kind, arn: str) -> None:
    try:
        with backend.lock:
            backend.delete(backend.find(kind, arn))
        while _look(backend, kind, arn):
            clock.sleep(_STEP)
    except ResourceNotFoundException:
        return


def _delete_replaced(backend: PersonalizeBackend) -> None:
    """Delete what was replaced, the dependants first; what is still in use waits for the next time."""
    before = -1
    while len(backend.replaced) != before:
        before = len(backend.replaced)
        for arn, kind in list(backend.replaced.items()):
            try:
                _delete(backend, kind, arn)
            except ResourceInUseException as error:
                _log.info("%s stays for now: %s", arn, error)
            else:
                del backend.replaced[arn]


class Schema(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::Schema`; without Tags, which CreateSchema does not take."""

    kind = SCHEMA
    properties = frozenset({"Name", "Schema", "Domain"})


class DatasetGroup(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::DatasetGroup`."""

    kind = DATASET_GROUP
    properties = frozenset({"Name", "Domain", "KmsKeyArn", "RoleArn", "Tags"})


class Dataset(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::Dataset`; its `DatasetImportJob` property is not emulated."""

    kind = DATASET
    properties = frozenset({"Name", "DatasetType", "DatasetGroupArn", "SchemaArn", "Tags"})
