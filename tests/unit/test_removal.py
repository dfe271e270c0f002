"""Removing a deployment: what stops it, and that nothing in a bucket is passed over in silence."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cli.errors import CommandError
from cli.operate.removal import Contents, check_idle, contents, empty, made_key
from tests.documents import parsed

PAGES: list[dict[str, Any]] = [
    {
        "Versions": [{"Key": "a", "VersionId": "2", "Size": 5}, {"Key": "a", "VersionId": "1", "Size": 7}],
        "DeleteMarkers": [{"Key": "b", "VersionId": "9"}],
    },
    {},
    {"Versions": [{"Key": "c", "VersionId": "3", "Size": 1}]},
]


class FakeBucket:
    """S3 with the pages above; keys in `denied` cannot be deleted. Keeps what is deleted."""

    def __init__(self, denied: frozenset[str] = frozenset()) -> None:
        self.denied = denied
        self.deleted: list[tuple[str, str]] = []

    def get_paginator(self, operation: str) -> FakeBucket:
        """Return itself, for the one operation that lists all versions."""
        assert "list_object_versions" == operation
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        """Return the pages."""
        return PAGES

    def delete_objects(self, *, Delete: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803  # boto3's name
        """Delete what may be, and answer with what may not, as the service does with status 200."""
        wanted = [(each["Key"], each["VersionId"]) for each in Delete["Objects"]]
        self.deleted += [each for each in wanted if each[0] not in self.denied]
        failed = [{"Key": key, "Code": "AccessDenied"} for key, _ in wanted if key in self.denied]
        return {"Errors": failed} if failed else {}


class FakeStepFunctions:
    """A state machine with these active executions."""

    def __init__(self, *active: str) -> None:
        self.active = active

    def list_executions(self, *, statusFilter: str, **_: Any) -> dict[str, Any]:  # noqa: N803  # boto3's name
        """Return them."""
        assert "RUNNING" == statusFilter
        return {"executions": [{"executionArn": each} for each in self.active]}


def test_every_version_and_delete_marker_goes() -> None:
    """Counted are versions and their bytes, deleted are the markers too, and progress says how many are gone."""
    bucket = FakeBucket()
    told: list[str] = []
    empty(bucket, "any", told.append)

    assert Contents(3, 13) == contents(bucket, "any")
    assert [("a", "2"), ("a", "1"), ("b", "9"), ("c", "3")] == bucket.deleted
    assert ["3 objects deleted", "4 objects deleted"] == told


def test_an_object_that_cannot_be_deleted_ends_it() -> None:
    """S3 answers such a deletion with success and the error inside; the message names key, bucket and permission."""
    with pytest.raises(CommandError, match=r"c in any cannot be deleted: AccessDenied") as error:
        empty(FakeBucket(frozenset("c")), "any")
    assert "s3:DeleteObjectVersion" in error.value.remedy


def test_an_active_run_stops_a_removal() -> None:
    """The run would go on writing; without one there is nothing to stop."""
    check_idle(FakeStepFunctions(), "any")
    with pytest.raises(CommandError, match="a run is active: arn:active"):
        check_idle(FakeStepFunctions("arn:active"), "any")


def test_only_a_key_that_the_deployment_made_is_told() -> None:
    """It stays when the stacks go; a given one is somebody else's, and without one there is nothing to tell."""
    arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    stack = {"Outputs": [{"OutputKey": "KeyArn", "OutputValue": arn}]}
    cloudformation = SimpleNamespace(describe_stacks=lambda **_: {"Stacks": [stack]})
    files = [parsed(encryption={"kms_key": "create"}), parsed(encryption={"kms_key": arn}), parsed()]

    assert [arn, None, None] == [made_key(cloudformation, file, "dev") for file in files]
