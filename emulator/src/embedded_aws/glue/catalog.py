"""AWS::Glue::Database and AWS::Glue::Table, which moto lacks, on top of moto's data catalog."""

import contextlib
from abc import abstractmethod
from typing import Any, ClassVar, Self

from moto.core.common_models import CloudFormationModel
from moto.glue.exceptions import DatabaseNotFoundException, TableNotFoundException
from moto.glue.models import GlueBackend, glue_backends

from embedded_aws.cloudformation.plain import Plain


class _Entry(Plain):
    """An entry of the catalog; its physical id is its name.

    Attributes:
        INPUT: property that describes the entry.
    """

    REPLACED_STAYS: ClassVar[bool] = True
    INPUT: ClassVar[str]

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @classmethod
    @abstractmethod
    def put(cls, backend: GlueBackend, properties: Any, *, new: bool) -> None:
        """Create or update the entry."""

    @classmethod
    @abstractmethod
    def take(cls, backend: GlueBackend, properties: Any) -> None:
        """Delete the entry; it may be gone already."""

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Self:
        """Create the entry."""
        del resource_name
        properties = cloudformation_json["Properties"]
        cls.put(glue_backends[account_id][region_name], properties, new=True)
        return cls(properties[cls.INPUT]["Name"])

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Self:
        """Update the entry; another name replaces it."""
        del new_resource_name
        properties = cloudformation_json["Properties"]
        name = properties[cls.INPUT]["Name"]
        cls.put(glue_backends[account_id][region_name], properties, new=name != original_resource.physical_resource_id)
        return cls(name)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Delete the entry."""
        del resource_name
        with contextlib.suppress(DatabaseNotFoundException, TableNotFoundException):
            cls.take(glue_backends[account_id][region_name], cloudformation_json["Properties"])


class Database(_Entry, CloudFormationModel):
    """A database."""

    TYPE = "AWS::Glue::Database"
    INPUT = "DatabaseInput"

    @classmethod
    def put(cls, backend: GlueBackend, properties: Any, *, new: bool) -> None:
        """Create or update the database."""
        described = properties[cls.INPUT]
        (backend.create_database if new else backend.update_database)(described["Name"], described)

    @classmethod
    def take(cls, backend: GlueBackend, properties: Any) -> None:
        """Delete the database."""
        backend.delete_database(properties[cls.INPUT]["Name"])


class Table(_Entry, CloudFormationModel):
    """A table of a database."""

    TYPE = "AWS::Glue::Table"
    INPUT = "TableInput"

    @classmethod
    def put(cls, backend: GlueBackend, properties: Any, *, new: bool) -> None:
        """Create or update the table."""
        described = properties[cls.INPUT]
        act = backend.create_table if new else backend.update_table
        act(properties["DatabaseName"], described["Name"], described)

    @classmethod
    def take(cls, backend: GlueBackend, properties: Any) -> None:
        """Delete the table."""
        backend.delete_table(properties["DatabaseName"], properties[cls.INPUT]["Name"])
