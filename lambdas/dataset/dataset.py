"""A dataset of items or users whose schema can change in place.

CloudFormation's own type replaces a dataset whose schema changes, which a dataset group refuses: it has one of each
type. The schema is made and deleted here, too: after a deployment that was taken back the dataset keeps the wider
schema, and one that CloudFormation owns could then neither be deleted nor be made again.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambdas.dataset.schemas import refused_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ACTIVE = "ACTIVE"
_FAILED = "CREATE FAILED"
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 15.0


class DatasetError(Exception):
    """The dataset is not as it was asked for; the message says why."""


@dataclass(frozen=True)
class Wanted:
    """What the template says of a dataset.

    Attributes:
        name: the dataset's name.
        group_arn: ARN of its dataset group.
        type: Items or Users.
        schema_name: name of the schema, which carries a hash of the document.
        schema: the schema document, Avro as JSON.
        domain: that of the group, None for a custom one.
        generation: that of the pipeline file.
    """

    name: str
    group_arn: str
    type: str
    schema_name: str
    schema: str
    domain: str | None
    generation: int

    @classmethod
    def of(cls, properties: Mapping[str, str]) -> Wanted:
        """Return what a custom resource's properties say."""
        return cls(
            properties["Name"],
            properties["DatasetGroupArn"],
            properties["DatasetType"],
            properties["SchemaName"],
            properties["Schema"],
            properties.get("Domain"),
            int(properties["Generation"]),
        )

    @property
    def arn(self) -> str:
        """The dataset's ARN, which follows from group and type."""
        return f"{self.group_arn.replace(':dataset-group/', ':dataset/')}/{self.type.upper()}"

    @property
    def schema_arn(self) -> str:
        """The schema's ARN."""
        return f"{self.group_arn.rpartition(':')[0]}:schema/{self.schema_name}"


class Datasets:
    """Personalize, as far as datasets and their schemas go, within a time.

    Args:
        personalize: a boto3 Personalize client.
        seconds: how long the work may take.
        sleep: waits between looks.
    """

    def __init__(self, personalize: Any, *, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._personalize = personalize
        self._deadline = time.monotonic() + seconds
        self._sleep = sleep

    def ensure(self, wanted: Wanted, *, going_back: bool = False) -> str:
        """Make the dataset, or give it the schema; one that is there is taken over.

        Args:
            wanted: the dataset.
            going_back: a deployment is being taken back: what cannot be narrowed again stays as it is.

        Returns:
            What was done.

        Raises:
            DatasetError: the dataset cannot get this schema, or did not become ACTIVE in time.
        """
        try:
            current = self._settled(wanted)["schemaArn"]
        except self._personalize.exceptions.ResourceNotFoundException:
            self._create(wanted)
            return "The dataset was made"
        if current == wanted.schema_arn:
            return "The dataset has this schema"
        before = self._personalize.describe_schema(schemaArn=current)["schema"]["schema"]
        problems = "; ".join(refused_changes(before, wanted.schema))
        if problems and going_back:
            return f"The dataset keeps the schema {current}, of which it can lose nothing: {problems}"
        if problems:
            raise DatasetError(
                f"The dataset of {wanted.type.lower()} cannot take the new columns: {problems}. Personalize lets a "
                "dataset only gain nullable fields. Take that back in the pipeline file, or say "
                f"`generation: {wanted.generation + 1}` there: that begins a new dataset group, and trains anew."
            )
        self._make_schema(wanted)
        self._update(wanted)
        self._delete_schema(current)
        return f"The dataset has the schema {wanted.schema_arn} instead of {current}"

    def delete(self, wanted: Wanted) -> None:
        """Delete the dataset and its schema, and return when they are gone.

        Raises:
            DatasetError: the dataset is still there when the time is up.
        """
        schemas = {wanted.schema_arn}
        with contextlib.suppress(self._personalize.exceptions.ResourceNotFoundException):
            self._until(lambda: self._deletion_step(wanted.arn, schemas), f"Dataset {wanted.arn} was not deleted")
        for arn in sorted(schemas):
            self._delete_schema(arn)

    def _deletion_step(self, arn: str, schemas: set[str]) -> bool:
        """Have it deleted, and note its schema; the service says so when the dataset is gone."""
        dataset = self._describe(arn)
        schemas.add(dataset["schemaArn"])
        if not dataset["status"].startswith("DELETE"):
            # An import or a training is under way.
            with contextlib.suppress(self._personalize.exceptions.ResourceInUseException):
                self._personalize.delete_dataset(datasetArn=arn)
        return False

    def _create(self, wanted: Wanted) -> None:
        self._make_schema(wanted)
        self._personalize.create_dataset(
            name=wanted.name,
            schemaArn=wanted.schema_arn,
            datasetGroupArn=wanted.group_arn,
            datasetType=wanted.type,
        )
        self._settled(wanted)

    def _update(self, wanted: Wanted) -> None:
        """Have the schema replaced, and wait until it is."""

        def accepted() -> bool:
            # An import is under way, or another update.
            with contextlib.suppress(self._personalize.exceptions.ResourceInUseException):
                self._personalize.update_dataset(datasetArn=wanted.arn, schemaArn=wanted.schema_arn)
                return True
            return False

        self._until(accepted, f"Dataset {wanted.arn} is in use")
        update = self._settled(wanted, update_to=wanted.schema_arn)["latestDatasetUpdate"]
        if update["status"] == _FAILED:
            raise DatasetError(f"The update of dataset {wanted.arn} is {_FAILED}: {update.get('failureReason')}")

    def _settled(self, wanted: Wanted, *, update_to: str | None = None) -> dict[str, Any]:
        """Return the dataset when it is ACTIVE and no update of it is under way, or a certain one has ended.

        Raises:
            DatasetError: it failed, or the time is up.
        """
        seen: dict[str, Any] = {}

        def settled() -> bool:
            seen.update(self._describe(wanted.arn))
            update = seen.get("latestDatasetUpdate", {"status": _ACTIVE, "schemaArn": None})
            expected = update_to in {None, update["schemaArn"]}
            return expected and {seen["status"], update["status"]} <= {_ACTIVE, _FAILED}

        self._until(settled, f"Dataset {wanted.arn} did not become {_ACTIVE}")
        if seen["status"] == _FAILED:
            raise DatasetError(f"Dataset {wanted.arn} is {_FAILED}; deploy again")
        return seen

    def _describe(self, arn: str) -> dict[str, Any]:
        dataset: dict[str, Any] = self._personalize.describe_dataset(datasetArn=arn)["dataset"]
        return dataset

    def _make_schema(self, wanted: Wanted) -> None:
        # The name has a hash of the document: what is there is the same.
        with contextlib.suppress(self._personalize.exceptions.ResourceAlreadyExistsException):
            domain = {"domain": wanted.domain} if wanted.domain else {}
            self._personalize.create_schema(name=wanted.schema_name, schema=wanted.schema, **domain)

    def _delete_schema(self, arn: str) -> None:
        # The same schema may serve the dataset of another generation.
        gone = (
            self._personalize.exceptions.ResourceInUseException,
            self._personalize.exceptions.ResourceNotFoundException,
        )
        with contextlib.suppress(*gone):
            self._personalize.delete_schema(schemaArn=arn)

    def _until(self, done: Callable[[], bool], otherwise: str) -> None:
        wait = _FIRST_WAIT
        while not done():
            if time.monotonic() + wait > self._deadline:
                raise DatasetError(f"{otherwise} in time; see to what uses it, then try the stack again")
            self._sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
