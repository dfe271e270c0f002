"""What the table of the bucket says of writers, readers and days, against the templates."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from definition.layout import DAYS, LAYOUT, Party, Place
from tests.documents import LIVE, QUERIED, parsed
from tests.synthesis import templates_of

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNERS: dict[str, Party] = {
    "TransformRole": "transform",
    "TransformJobRole": "transform",
    "PublishRole": "publish",
    "CleanupRole": "clean-up",
    "ReportRole": "report",
    "StateMachineRole": "state machine",
    "DeliveriesDeliverRole": "deliver",
}
"""Party by the beginning of its policy's id."""

Grants = dict[tuple[Party, str], set[str]]


@pytest.fixture(scope="module")
def resources() -> dict[str, dict[str, Any]]:
    """The resources of a shop with everything: both engines, real time, attribution."""
    templates = templates_of(
        parsed(
            **LIVE,
            **{**QUERIED, "engine": "auto"},
            solutions__0__batch_inference__0__formats=["csv"],
            solutions__0__batch_inference__0__deliver="dynamodb",
        )
    ).values()
    return {name: resource for template in templates for name, resource in template.to_json()["Resources"].items()}


@pytest.fixture(scope="module")
def grants(resources: dict[str, dict[str, Any]]) -> Grants:
    """Patterns of keys by party and action; Personalize's are those of the bucket's own policy."""
    found: Grants = {}
    for party, statement in statements(resources):
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                pattern = resource["Fn::Join"][1][-1] if isinstance(resource, dict) and "Fn::Join" in resource else ""
                if isinstance(pattern, str) and pattern.startswith("/"):
                    found.setdefault((party, action), set()).add(pattern[1:])
    return found


def statements(resources: dict[str, dict[str, Any]]) -> Iterator[tuple[Party, dict[str, Any]]]:
    """Yield the statements about the bucket, with whom they are for."""
    for name, resource in resources.items():
        # What is too much for one policy goes into another one.
        kinds = {f"{role}{kind}": party for role, party in OWNERS.items() for kind in ("Default", "Overflow")}
        owner = next((party for begin, party in kinds.items() if name.startswith(begin)), None)
        if resource["Type"] == "AWS::S3::BucketPolicy":
            for each in resource["Properties"]["PolicyDocument"]["Statement"]:
                if "Service" in each["Principal"]:
                    yield "Personalize", each
        elif resource["Type"] in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"} and owner:
            yield from ((owner, each) for each in resource["Properties"]["PolicyDocument"]["Statement"])


def listed(value: Any) -> list[Any]:
    """Return a value of a policy as a list."""
    return value if isinstance(value, list) else [value]


def key_of(place: Place) -> str:
    """Return a key of a place, an object within it if it is a folder."""
    # Some roles may look at what is of their own jobs only.
    parts = {
        name: {"solution": "for-you", "job": "top"}.get(name, f"some-{name}")
        for name in re.findall(r"\{(\w+)\}", place.template)
    }
    return place.key(**parts) + ("object" if place.template.endswith("/") else "")


@pytest.mark.parametrize("place", LAYOUT, ids=lambda place: place.template)
def test_who_writes_and_reads_may_do_so(place: Place, grants: Grants) -> None:
    """Each party that the table names has the grant for it, other than people and their commands."""
    for parties, action in ((place.written_by, "s3:PutObject"), (place.read_by, "s3:GetObject")):
        for party in set(parties) - {"you", "pipelines forget"}:
            patterns = grants[party, action]
            assert any(fnmatchcase(key_of(place), pattern) for pattern in patterns), (party, action, patterns)


def test_every_grant_to_write_is_for_a_place_of_the_table(grants: Grants) -> None:
    """No role writes where the table says that it writes nothing."""
    for (party, action), patterns in grants.items():
        if action == "s3:PutObject":
            own = [key_of(place) for place in LAYOUT if party in place.written_by]
            for pattern in patterns:
                assert any(fnmatchcase(key, pattern) for key in own), (party, pattern)


def test_the_bucket_forgets_what_the_table_says(
    resources: dict[str, dict[str, Any]], templates: dict[str, dict[str, Any]]
) -> None:
    """There is one lifecycle rule for each area with a number of days, and none that a pipeline does not use."""
    (bucket,) = (resource for resource in resources.values() if resource["Type"] == "AWS::S3::Bucket")
    rules = bucket["Properties"]["LifecycleConfiguration"]["Rules"]

    assert {f"{area}/": days for area, days in DAYS.items()} == {
        rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule
    }
    (films,) = (each for each in templates["storage"]["Resources"].values() if each["Type"] == "AWS::S3::Bucket")
    assert "attribution/" not in json.dumps(films)
    assert "queries/" not in json.dumps(films)
    assert {
        "staging/": 1,
        "deletions/": 7,
        "queries/": 14,
        "transformed/": 30,
        "batch/": 30,
        "rejects/": 90,
        "attribution/": 365,
    } == {f"{place.area}/": place.days for place in LAYOUT if place.days}
    # What is deleted there is copies of raw data, and ids of users who are to be forgotten.
    assert {"staging/": 1, "deletions/": 1} == {
        rule["Prefix"]: rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in rules
        if "Prefix" in rule and "NoncurrentVersionExpiration" in rule
    }
