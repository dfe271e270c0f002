"""Grants on sources in other buckets: nothing beyond what a source takes, and what owners elsewhere are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.documents import KEY_ELSEWHERE, OTHER_BUCKETS, parsed
from tests.synthesis import templates_of

READ = {
    ("s3:GetObject", "arn:aws:s3:::company-data/events/*", ""),
    ("s3:GetObject", "arn:aws:s3:::erp-data/orders-*", ""),
    ("kms:Decrypt", KEY_ELSEWHERE, ""),
}
LISTED = {
    ("s3:ListBucket", "arn:aws:s3:::company-data", '{"StringLike": {"s3:prefix": ["events/*"]}}'),
    ("s3:ListBucket", "arn:aws:s3:::erp-data", '{"StringLike": {"s3:prefix": ["orders-*"]}}'),
}


def template(**changes: Any) -> dict[str, Any]:
    """Return the template of the workflow of a changed shop."""
    made: dict[str, Any] = templates_of(parsed(**changes))["workflow"].to_json()
    return made


def elsewhere(found: dict[str, Any]) -> dict[str, set[tuple[str, str, str]]]:
    """Return, by role, each action on a resource outside of the account's own, with its condition.

    Resources of the pipeline are no texts in a template, but references.
    """
    grants: dict[str, set[tuple[str, str, str]]] = {}
    for name, resource in found["Resources"].items():
        if resource["Type"] != "AWS::IAM::Policy":
            continue
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
            condition = json.dumps(statement["Condition"]) if "Condition" in statement else ""
            grants.setdefault(name.partition("RoleDefault")[0], set()).update(
                (action, arn, condition)
                for action in listed(statement["Action"])
                for arn in listed(statement["Resource"])
                if isinstance(arn, str) and arn.startswith(("arn:aws:s3:::", "arn:aws:kms:"))
            )
    return {role: given for role, given in grants.items() if given}


def listed(value: Any) -> list[Any]:
    """Return what is one or a list as a list."""
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize(
    ("engine", "granted"),
    [
        ("lambda", {"Transform": READ | LISTED}),
        ("glue", {"Transform": LISTED, "TransformJob": READ | LISTED}),
        ("auto", {"Transform": READ | LISTED, "TransformJob": READ | LISTED}),
    ],
)
def test_who_reads_gets_the_prefixes_and_nothing_else(engine: str, granted: dict[str, Any]) -> None:
    """A role that only looks whether data has changed lists; other roles get nothing."""
    assert granted == elsewhere(template(engine=engine, **OTHER_BUCKETS))


@pytest.mark.parametrize(
    ("path", "objects", "listing"),
    [
        ("s3://data/a/b.csv", "arn:aws:s3:::data/a/b.csv", ["a/b.csv", "a/b.csv/*"]),
        ("s3://data/a/", "arn:aws:s3:::data/a/*", ["a/*"]),
        ("s3://data/a/*/x[12].csv", "arn:aws:s3:::data/a/*", ["a/*"]),
        ("s3://data/", "arn:aws:s3:::data/*", None),
    ],
)
def test_a_grant_is_as_wide_as_the_path(path: str, objects: str, listing: list[str] | None) -> None:
    """One object is one object; of a glob that counts which every key begins with; all is all."""
    condition = json.dumps({"StringLike": {"s3:prefix": listing}}) if listing else ""

    granted = elsewhere(template(datasets__interactions__source={"path": path}))

    assert {("s3:GetObject", objects, ""), ("s3:ListBucket", "arn:aws:s3:::data", condition)} == granted["Transform"]


def test_owners_of_other_buckets_are_told_what_to_add() -> None:
    """Outputs hold the statements: the roles by their ARNs, what they do, on what; for a key, too."""
    outputs = template(engine="glue", **OTHER_BUCKETS)["Outputs"]
    told = {name: output for name, output in outputs.items() if name.startswith("Source")}
    function, job = "TransformRole30EB06CF", "TransformJobRoleA248EA2A"

    assert {"SourceBucketPolicy1", "SourceBucketPolicy2", "SourceKeyPolicy1"} == set(told)
    assert "company-data" in told["SourceBucketPolicy1"]["Description"]
    assert [
        {
            "Effect": "Allow",
            "Principal": {"AWS": [job, function]},
            "Action": ["s3:ListBucket"],
            "Resource": ["arn:aws:s3:::company-data"],
            "Condition": {"StringLike": {"s3:prefix": ["events/*"]}},
        },
        {
            "Effect": "Allow",
            "Principal": {"AWS": [job]},
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::company-data/events/*"],
        },
    ] == value(told["SourceBucketPolicy1"])
    key = {"Effect": "Allow", "Principal": {"AWS": [job]}, "Action": ["kms:Decrypt"], "Resource": "*"}
    assert [key] == value(told["SourceKeyPolicy1"])


def value(output: dict[str, Any]) -> Any:
    """Return what an output says, with the logical ids of roles for their ARNs."""
    parts = output["Value"]["Fn::Join"][1]
    return json.loads("".join(part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in parts))


def test_data_of_the_pipelines_own_bucket_needs_none_of_it() -> None:
    """Under raw/ there is nobody to ask."""
    found = template(engine="auto")

    assert {} == elsewhere(found)
    assert [] == [name for name in found["Outputs"] if name.startswith("Source")]
