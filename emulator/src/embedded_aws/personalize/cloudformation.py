"""The eight types `AWS::Personalize::…` for moto's CloudFormation.

Creating waits until the resource is ACTIVE and deleting until it is gone, as CloudFormation does. Which properties
there are and which of them can be updated in place is as in the resource schemas of 2026-10-20. Another change makes a
new resource first; the stack deletes the old one when its update is over. Under the same name that fails with "already
exists", as it does in AWS; and so does every replacement of a dataset within the same dataset group, since a group has
one dataset of a type and the type, not the name, is in its ARN.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from botocore.model import ListShape, Shape, StructureShape
from moto.core.common_models import CloudFormationModel
from moto.core.utils import get_service_model

from embedded_aws import clock
from embedded_aws.personalize import kinds
from embedded_aws.personalize.control import call
from embedded_aws.personalize.exceptions import (
    InvalidInputException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from embedded_aws.personalize.kinds import Kind, Status
from embedded_aws.personalize.models import PersonalizeBackend, personalize_backends

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
"""Embedded seconds between CloudFormation's looks at a resource: most are there after the second look."""

_LONGEST = timedelta(hours=3)
"""Embedded time that CloudFormation waits for one resource."""
_STATE = frozenset({"Status", "CreationDateTime", "LastUpdatedDateTime"})


class _PersonalizeType:
    """What the types have in common; `Ref` is the ARN.

    It is no model itself: moto knows only direct subclasses of its own. `properties` are those of the Create
    operation, `in_place` those that an update changes without a replacement, `attributes` what `Fn::GetAtt` knows
    beside the ARN.
    """

    REPLACED_STAYS: ClassVar[bool] = True
    kind: ClassVar[Kind]
    properties: ClassVar[frozenset[str]]
    in_place: ClassVar[frozenset[str]] = frozenset()
    attributes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, arn: str, wanted: dict[str, Any]) -> None:
        self.arn = arn
        self.wanted = wanted

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
        return attr == f"{cls.kind.name}Arn" or attr in cls.attributes

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Return an attribute as it is now."""
        if not self.has_cfn_attr(attribute_name):
            raise KeyError(attribute_name)
        *_, region, account, _ = self.arn.split(":")
        backend: PersonalizeBackend = personalize_backends[account][region]
        with backend.lock:
            value = backend.find(self.kind, self.arn).describe()[attribute_name[0].lower() + attribute_name[1:]]
        return value.isoformat() if isinstance(value, datetime) else str(value)

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
        wanted = cls._checked(cloudformation_json)
        operation = f"Create{cls.kind.name}"
        arn = call(backend, operation, _params(operation, wanted, cls.properties))[cls.kind.arn_member]
        created = cls(arn, wanted)
        _wait(backend, cls.kind, arn)
        created.complete(backend)
        return created

    @classmethod
    def _checked(cls, cloudformation_json: dict[str, Any]) -> dict[str, Any]:
        """Return the properties; CloudFormation refuses those that the type does not have."""
        wanted: dict[str, Any] = cloudformation_json["Properties"]
        for name in wanted:
            if name not in cls.properties | cls.in_place:
                raise InvalidInputException(f"extraneous key [{name}] is not permitted in {cls.cloudformation_type()}")
        return wanted

    def complete(self, backend: PersonalizeBackend) -> None:
        """Do what is left after the creation; nothing for most types."""

    def change(self, backend: PersonalizeBackend, changed: frozenset[str]) -> None:
        """Update in place to what is wanted now; the tags only, for most types."""
        if "Tags" in changed:
            _retag(backend, self.arn, self.wanted.get("Tags", []))

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Self,
        new_resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> Self:
        """Update in place where every changed property allows it; otherwise create the replacement."""
        backend: PersonalizeBackend = personalize_backends[account_id][region_name]
        wanted, before = cls._checked(cloudformation_json), original_resource.wanted
        changed = frozenset(name for name in {*wanted, *before} if wanted.get(name) != before.get(name))
        if changed <= cls.in_place:
            updated = cls(original_resource.arn, wanted)
            updated.change(backend, changed)
            return updated
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)

    def delete(self, account_id: str, region_name: str) -> None:
        """Delete the resource and wait until it is gone; one that is gone already is fine."""
        _delete(personalize_backends[account_id][region_name], self.kind, self.arn)


def _params(operation: str, wanted: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Return those properties as the request of an operation: its shape tells the names' spelling."""
    shape = get_service_model("personalize").operation_model(operation).input_shape
    chosen = {name: value for name, value in wanted.items() if name in names}
    tags = chosen.pop("Tags", None)
    params: dict[str, Any] = _spelled(chosen, shape)
    return params if tags is None else {**params, "tags": _tags(tags)}


def _spelled(value: Any, shape: Shape | None) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        names = {name: name[0].lower() + name[1:] for name in value}
        return {names[name]: _spelled(one, shape.members.get(names[name])) for name, one in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_spelled(one, shape.member) for one in value]
    return _typed(value, shape)


def _typed(value: Any, shape: Shape | None) -> Any:
    """Return a scalar in the type of the API: templates may hold numbers and truth values as text."""
    if shape is None or not isinstance(value, str):
        return value
    if shape.type_name == "boolean" and value in {"true", "false"}:
        return value == "true"
    if shape.type_name in {"integer", "long"} and value.lstrip("-").isdecimal():
        return int(value)
    return value


def _tags(tags: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return tags as the API spells them; the schemas of some types have `Key`, of others `TagKey`."""
    return [
        {"tagKey": tag.get("TagKey", tag.get("Key", "")), "tagValue": tag.get("TagValue", tag.get("Value", ""))}
        for tag in tags
    ]


def _retag(backend: PersonalizeBackend, arn: str, tags: list[dict[str, str]]) -> None:
    before = call(backend, "ListTagsForResource", {"resourceArn": arn})["tags"]
    wanted = _tags(tags)
    gone = {tag["tagKey"] for tag in before} - {tag["tagKey"] for tag in wanted}
    call(backend, "UntagResource", {"resourceArn": arn, "tagKeys": sorted(gone)})
    call(backend, "TagResource", {"resourceArn": arn, "tags": wanted})


def _wait(backend: PersonalizeBackend, kind: Kind, arn: str) -> None:
    """Wait until a resource, or its newest update, has come to its end.

    Raises:
        InvalidInputException: it ended otherwise than ACTIVE, or not in time; CloudFormation shows the reason.
    """
    deadline = clock.now() + _LONGEST
    for pause in _pauses():
        with backend.lock:
            resource = backend.find(kind, arn)
            waiting = resource.unfinished or resource.updating
            description = resource.describe()
        update = description.get(kind.update_member, {})
        status = update.get("status", description["status"])
        if status == Status.ACTIVE and not waiting:
            return
        if not waiting or clock.now() > deadline:
            reason = update.get("failureReason") or description.get("failureReason") or "it did not stabilize"
            raise InvalidInputException(f"{kind.name} {arn} is {status}: {reason}")
        clock.sleep(pause)


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)


def _look(backend: PersonalizeBackend, kind: Kind, arn: str) -> str:
    with backend.lock:
        return str(backend.find(kind, arn).describe()["status"])


def _delete(backend: PersonalizeBackend, kind: Kind, arn: str) -> None:
    deadline = clock.now() + _LONGEST
    try:
        with backend.lock:
            backend.delete(backend.find(kind, arn))
        for pause in _pauses():
            _look(backend, kind, arn)
            if clock.now() > deadline:
                raise ResourceInUseException(f"{kind.name} {arn} did not stabilize")
            clock.sleep(pause)
    except ResourceNotFoundException:
        return


class Schema(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::Schema`; without Tags, which CreateSchema does not take."""

    kind = kinds.SCHEMA
    properties = frozenset({"Name", "Schema", "Domain"})


class DatasetGroup(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::DatasetGroup`."""

    kind = kinds.DATASET_GROUP
    properties = frozenset({"Name", "Domain", "KmsKeyArn", "RoleArn", "Tags"})


class Dataset(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::Dataset`; its `DatasetImportJob` runs when it is there, and again when it changes."""

    kind = kinds.DATASET
    properties = frozenset({"Name", "DatasetType", "DatasetGroupArn", "SchemaArn", "Tags"})
    in_place = frozenset({"DatasetImportJob"})

    def complete(self, backend: PersonalizeBackend) -> None:
        """Import, and wait until that is done."""
        job = self.wanted.get("DatasetImportJob")
        if job is None:
            return
        names = frozenset({"JobName", "DataSource", "RoleArn"})
        params = {**_params("CreateDatasetImportJob", job, names), "datasetArn": job.get("DatasetArn", self.arn)}
        arn = call(backend, "CreateDatasetImportJob", params)["datasetImportJobArn"]
        _wait(backend, kinds.DATASET_IMPORT_JOB, arn)

    def change(self, backend: PersonalizeBackend, changed: frozenset[str]) -> None:
        """Import again."""
        del changed
        self.complete(backend)


class Solution(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::Solution`; it has no way to switch automatic training off."""

    kind = kinds.SOLUTION
    properties = frozenset(
        {"Name", "DatasetGroupArn", "RecipeArn", "EventType", "PerformAutoML", "PerformHPO", "SolutionConfig", "Tags"}
    )


class Campaign(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::Campaign`."""

    kind = kinds.CAMPAIGN
    properties = frozenset({"Name", "SolutionVersionArn", "MinProvisionedTPS", "CampaignConfig", "Tags"})
    in_place = frozenset({"SolutionVersionArn", "MinProvisionedTPS", "CampaignConfig", "Tags"})
    attributes = _STATE

    def change(self, backend: PersonalizeBackend, changed: frozenset[str]) -> None:
        """Update the campaign, and wait until that is done."""
        super().change(backend, changed)
        if changed - {"Tags"}:
            params = _params("UpdateCampaign", self.wanted, self.in_place - {"Tags"})
            call(backend, "UpdateCampaign", {"campaignArn": self.arn, **params})
            _wait(backend, self.kind, self.arn)


class EventTracker(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::EventTracker`."""

    kind = kinds.EVENT_TRACKER
    properties = frozenset({"Name", "DatasetGroupArn", "Tags"})
    in_place = frozenset({"Tags"})
    attributes = frozenset({"TrackingId"})


class Filter(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::Filter`."""

    kind = kinds.FILTER
    properties = frozenset({"Name", "DatasetGroupArn", "FilterExpression", "Tags"})
    in_place = frozenset({"Tags"})
    attributes = _STATE


class MetricAttribution(_PersonalizeType, CloudFormationModel):
    """`AWS::Personalize::MetricAttribution`, which cannot have tags."""

    kind = kinds.METRIC_ATTRIBUTION
    properties = frozenset({"Name", "DatasetGroupArn", "Metrics", "MetricsOutputConfig"})
    in_place = frozenset({"MetricsOutputConfig"})
    attributes = frozenset({"Status"})

    def change(self, backend: PersonalizeBackend, changed: frozenset[str]) -> None:
        """Update the output."""
        del changed
        params = _params("UpdateMetricAttribution", self.wanted, self.in_place)
        call(backend, "UpdateMetricAttribution", {"metricAttributionArn": self.arn, **params})
        _wait(backend, self.kind, self.arn)
