"""AWS::DynamoDB::Table: point-in-time recovery, updates in place, and what is not emulated by name.

Source: CloudFormation's template reference, page aws-resource-dynamodb-table.
"""

from collections.abc import Mapping
from typing import Any, Final

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

from embedded_aws.cloudformation.properties import is_true
from embedded_aws.kms.keys import arn_of, unusable
from embedded_aws.patches import replaces

_create = Table.create_from_cloudformation_json
_KNOWN: Final = {
    "AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "GlobalSecondaryIndexes", "KeySchema",
    "LocalSecondaryIndexes", "PointInTimeRecoverySpecification", "ProvisionedThroughput", "SSESpecification",
    "StreamSpecification", "TableName", "Tags",
}  # fmt: skip
_IN_PLACE: Final = {"DeletionProtectionEnabled", "PointInTimeRecoverySpecification", "SSESpecification", "Tags"}


@replaces(Table, "create_from_cloudformation_json", classmethod)
def a_table_has_every_property(
    cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
) -> Any:
    """Make a table.

    moto: passes over point-in-time recovery and whatever else it does not know. AWS: switches it on; here other
    properties are refused by name.
    """
    properties = cloudformation_json["Properties"]
    _check(properties)
    _encryption(properties.get("SSESpecification") or {}, account_id, region_name)
    table = _create.__func__(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)  # type: ignore[attr-defined]
    _set(table, properties, account_id, region_name)
    return table


@replaces(Table, "update_from_cloudformation_json", classmethod)
def update_table_in_place(  # noqa: PLR0917  # moto's signature
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """Update a table.

    moto: cannot. AWS: changes tags, recovery and protection in place, keeps the items, and replaces a table for another
    key, which fails where the name is the template's. Here another change is refused by name.
    """
    properties = cloudformation_json["Properties"]
    _check(properties)
    table: Any = original_resource
    if new_resource_name != table.name:
        made = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
        dynamodb_backends[account_id][region_name].delete_table(name=table.name)
        return made
    if properties["KeySchema"] != table.schema:
        raise ValueError(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            f"Rename {table.name} and update the stack again."
        )
    if changed := _changed(table, properties):
        raise ValueError(f"An update of {changed} of AWS::DynamoDB::Table is not emulated")
    _set(table, properties, account_id, region_name)
    return table


def _encryption(specification: Mapping[str, Any], account_id: str, region_name: str) -> dict[str, Any] | None:
    """Return the API's form of a table's encryption, None for the key that DynamoDB owns.

    Raises:
        ValueError: the key cannot be used (page encryption.usagenotes).
    """
    if not is_true(specification.get("SSEEnabled", False)):
        return None
    key = str(specification.get("KMSMasterKeyId") or "alias/aws/dynamodb")
    if problem := unusable(account_id, region_name, key):
        raise ValueError(f"KMS key of a table: {problem.message}")
    return {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": arn_of(account_id, region_name, key)}


def _check(properties: Mapping[str, Any]) -> None:
    if unknown := sorted(set(properties) - _KNOWN):
        raise ValueError(f"AWS::DynamoDB::Table is emulated without {', '.join(unknown)}")


def _changed(table: Any, properties: Mapping[str, Any]) -> str:
    """Return which properties are others than before, of those that cannot be changed here."""
    fixed = {name: value for name, value in properties.items() if name not in _IN_PLACE}
    before = table.__dict__.get("made_of", fixed)
    return ", ".join(sorted(name for name in fixed.keys() | before.keys() if fixed.get(name) != before.get(name)))


def _set(table: Any, properties: Mapping[str, Any], account_id: str, region_name: str) -> None:
    table.made_of = {name: value for name, value in properties.items() if name not in _IN_PLACE}
    table.tags = [dict(tag) for tag in properties.get("Tags", [])]
    table.sse_specification = _encryption(properties.get("SSESpecification") or {}, account_id, region_name)
    table.deletion_protection_enabled = is_true(properties.get("DeletionProtectionEnabled", False))
    recovery = properties.get("PointInTimeRecoverySpecification") or {}
    wanted = is_true(recovery.get("PointInTimeRecoveryEnabled", False))
    days = {"RecoveryPeriodInDays": int(recovery["RecoveryPeriodInDays"])} if "RecoveryPeriodInDays" in recovery else {}
    dynamodb_backends[account_id][region_name].update_continuous_backups(
        table.name, {"PointInTimeRecoveryEnabled": wanted, **days}
    )
