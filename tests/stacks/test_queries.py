"""Athena in the templates: where queries run, and what the state machine may read for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.documents import KEY_ELSEWHERE, QUERIED, parsed
from tests.synthesis import templates_of

ACCOUNT = "${AWS::Region}:${AWS::AccountId}"


def resources(**changes: Any) -> dict[str, dict[str, Any]]:
    """Return the resources of the workflow of a changed shop."""
    found: dict[str, dict[str, Any]] = templates_of(parsed(**changes))["workflow"].to_json()["Resources"]
    return found


def plain(value: Any) -> str:
    """Return an ARN of a template as text."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        return "".join(map(plain, value["Fn::Join"][1]))
    if "Fn::ImportValue" in value:
        return "OWN"
    return "${" + str(value.get("Ref")) + "}"


def granted(found: dict[str, dict[str, Any]], role: str, services: tuple[str, ...]) -> set[tuple[str, str]]:
    """Return each action of some services that a role may take, with its resource."""
    # What is too much for one policy goes into another one.
    named = (f"{role}DefaultPolicy", f"{role}OverflowPolicy")
    policies = [each for name, each in found.items() if name.startswith(named)]
    return {
        (action, plain(resource).replace("arn:${AWS::Partition}:", "arn:aws:"))
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
        if action.startswith(services)
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_queries_read_these_tables_and_their_data_and_nothing_else() -> None:
    """Of the catalog, of other buckets and of the own one: every grant of the state machine, by name."""
    found = resources(**QUERIED, catalog=False)
    catalog, default = f"arn:aws:glue:{ACCOUNT}:catalog", f"arn:aws:glue:{ACCOUNT}:database/default"
    read = [
        catalog,
        f"arn:aws:glue:{ACCOUNT}:database/sales",
        *(f"arn:aws:glue:{ACCOUNT}:table/sales/{name}" for name in ("lines", "orders")),
    ]
    looks = ("GetDatabase", "GetTable", "GetPartition", "GetPartitions", "BatchGetPartition")

    assert granted(found, "StateMachineRole", ("glue:",)) == {
        *((f"glue:{action}", resource) for action in looks for resource in read),
        *(
            (f"glue:{action}", resource)
            for action in ("GetDatabase", "CreateDatabase")
            for resource in (catalog, default)
        ),
    }
    assert granted(found, "StateMachineRole", ("athena:", "kms:")) == {
        *(
            (f"athena:{action}", f"arn:aws:athena:{ACCOUNT}:workgroup/shop-dev")
            for action in ("StartQueryExecution", "StopQueryExecution", "GetQueryExecution")
        ),
        ("athena:GetDataCatalog", f"arn:aws:athena:{ACCOUNT}:datacatalog/AwsDataCatalog"),
        ("kms:Decrypt", KEY_ELSEWHERE),
    }
    theirs = {each for each in granted(found, "StateMachineRole", ("s3:",)) if not each[1].startswith("OWN")}
    buckets = [f"arn:aws:s3:::{name}-data" for name in ("company", "erp")]
    assert theirs == {
        *((f"s3:{action}", bucket) for bucket in buckets for action in ("ListBucket", "GetBucketLocation")),
        ("s3:GetObject", "arn:aws:s3:::company-data/lines/*"),
        ("s3:GetObject", "arn:aws:s3:::erp-data/orders/*"),
    }
    written = {resource for action, resource in granted(found, "StateMachineRole", ("s3:PutObject",))}
    assert {"OWN/queries/*", "OWN/runs/*", "OWN/curated/*/latest.json"} == written


@pytest.mark.parametrize(("engine", "role"), [("lambda", "TransformRole"), ("glue", "TransformJobRole")])
def test_who_transforms_reads_what_was_found_and_no_table(engine: str, role: str) -> None:
    """Athena reads the tables; the transform has its results and nothing of the other buckets."""
    found = resources(**QUERIED, engine=engine)
    grants = granted(found, role, ("s3:", "glue:Get", "athena:", "kms:"))

    assert ("s3:GetObject", "OWN/queries/*") in grants
    assert not [each for each in grants if "company-data" in each[1] or "erp-data" in each[1] or "athena" in each[0]]


def test_the_workgroup_limits_what_a_query_reads() -> None:
    """Results go to the pipeline's bucket, encrypted, whatever a query asks for; the limit is that of the file."""
    found = resources(**QUERIED, athena={"max_scanned": "2 TB"})
    (group,) = (each["Properties"] for each in found.values() if each["Type"] == "AWS::Athena::WorkGroup")
    configuration = group["WorkGroupConfiguration"]

    assert ("shop-dev", True, 2 * 10**12) == (
        group["Name"],
        configuration["EnforceWorkGroupConfiguration"],
        configuration["BytesScannedCutoffPerQuery"],
    )
    result = configuration["ResultConfiguration"]
    assert {"EncryptionOption": "SSE_S3"} == result["EncryptionConfiguration"]
    assert plain(result["OutputLocation"]).endswith("/queries/athena/")


def test_a_workgroup_of_ones_own_is_taken() -> None:
    """None is made, and runs may use that one only."""
    found = resources(**QUERIED, athena={"workgroup": "analysts"})
    grants = granted(found, "StateMachineRole", ("athena:Start",))

    assert not [each for each in found.values() if each["Type"] == "AWS::Athena::WorkGroup"]
    assert {("athena:StartQueryExecution", f"arn:aws:athena:{ACCOUNT}:workgroup/analysts")} == grants


def test_a_workgroup_may_write_elsewhere() -> None:
    """Where the file says so, and there alone beside the pipeline's bucket."""
    found = resources(**QUERIED, athena={"workgroup": "analysts", "results": "s3://company-athena/out/"})
    written = {resource for _, resource in granted(found, "StateMachineRole", ("s3:PutObject",))}

    assert {"arn:aws:s3:::company-athena/out/*"} == {each for each in written if not each.startswith("OWN")}
    assert ("s3:GetBucketLocation", "arn:aws:s3:::company-athena") in granted(found, "StateMachineRole", ("s3:",))


def test_many_tables_are_granted_in_several_statements() -> None:
    """A managed policy has 6,144 characters at the most, and the CDK does not divide statements."""
    select = "SELECT order_id, customer FROM sales.t{}"
    union = " UNION ALL ".join(map(select.format, range(100)))
    found = resources(**{**QUERIED, "datasets__interactions__lookups__orders__source__query": union})
    grants = granted(found, "StateMachineRole", ("glue:GetTable",))
    read = {resource for _, resource in grants if ":table/" in resource}

    assert {f"arn:aws:glue:{ACCOUNT}:table/sales/{name}" for name in ("lines", *(f"t{n}" for n in range(100)))} == read
    for each in found.values():
        if each["Type"] == "AWS::IAM::ManagedPolicy":
            assert 6_144 > len(json.dumps(each["Properties"]["PolicyDocument"], separators=(",", ":")))


def test_owners_of_the_tables_buckets_are_told_what_to_add() -> None:
    """The role of the state machine reads them, so it is the one that a policy of another account admits."""
    outputs = templates_of(parsed(**QUERIED))["workflow"].to_json()["Outputs"]
    told = {name: json.dumps(output["Value"]) for name, output in outputs.items() if "Policy" in name}

    assert 3 == len(told)
    assert all("StateMachineRole" in text and "TransformRole" not in text for text in told.values())


def test_nothing_of_athena_where_data_lies_at_paths() -> None:
    """A pipeline without queries has no workgroup, no grant, and no such prefix in its bucket."""
    found = templates_of(parsed())
    text = json.dumps({part: template.to_json() for part, template in found.items()})

    assert not [word for word in ("AWS::Athena", "athena:", "queries/", "Run queries", "WorkGroup") if word in text]
