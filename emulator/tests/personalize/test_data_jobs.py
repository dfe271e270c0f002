"""Jobs that take data out and delete it, and schemas that change under a dataset."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.tests.personalize.support import Account, avro, code, csv, message, two_groups

ITEM_FIELDS: list[dict[str, Any]] = [
    {"name": "ITEM_ID", "type": "string"},
    {"name": "GENRE", "type": "string", "categorical": True},
]
SEASON = {"name": "SEASON", "type": ["string", "null"]}


def dataset_of(group: str, kind: str = "INTERACTIONS") -> str:
    """Return the ARN of a group's dataset."""
    return f"{group.replace(':dataset-group/', ':dataset/')}/{kind}"


def export(account: Account, dataset: str, mode: str) -> dict[str, Any]:
    """Export a dataset; return the finished job."""
    created = account.personalize.create_dataset_export_job(
        jobName=f"export-{mode.lower()}",
        datasetArn=dataset,
        ingestionMode=mode,
        roleArn=account.role,
        jobOutput={"s3DataDestination": {"path": f"s3://{account.bucket}/exports/"}},
    )
    return account.settle(created["datasetExportJobArn"])


def test_an_export_has_what_was_imported(account: Account) -> None:
    """The exported file holds the imported rows, every one once."""
    rows = two_groups()
    group = account.imported(csv(rows))
    assert export(account, dataset_of(group), "BULK")["status"] == "ACTIVE"
    (key,) = account.keys("exports/")
    header, *exported = account.get(key).splitlines()

    assert header == "USER_ID,ITEM_ID,TIMESTAMP"
    assert sorted(exported) == sorted({",".join(map(str, row)) for row in rows})


def test_an_export_can_be_imported(account: Account) -> None:
    """Texts come back as they were: backslashes, quotation marks, commas and line breaks, quoted where they must be."""
    group = account.group()
    story = {"name": "STORY", "type": ["string", "null"], "textual": True}
    dataset = account.dataset(group, [*ITEM_FIELDS, story], "Items")
    text = (
        "ITEM_ID,GENRE,STORY\n"
        "i1,a\\b,C:\\temp\\\n"
        'i2,5" screen,"He said \\"no\\", ""twice"" \\\\"\n'
        'i3,drama,"two\nlines\r\nand\r a half \\n"\n'
        "i4,drama,\n"
    )
    account.active(account.start_import(dataset, account.put("in.csv", text), "first"))
    export(account, dataset, "BULK")
    exported = account.get(account.keys("exports/")[0])
    account.active(account.start_import(dataset, f"s3://{account.bucket}/{account.keys('exports/')[0]}", "second"))
    export(account, dataset, "ALL")

    assert exported == (
        "ITEM_ID,GENRE,STORY\n"
        "i1,a\\b,C:\\temp\\\n"
        'i2,"5\\" screen","He said \\"no\\", \\"twice\\" \\\\"\n'
        'i3,drama,"two\nlines\r\nand\r a half \\\\n"\n'
        "i4,drama,\n"
    )
    assert {account.get(key) for key in account.keys("exports/")} == {exported}


def test_an_export_of_nothing_fails(account: Account) -> None:
    """Without any record from a Put operation there is nothing to export, and the job says so."""
    failed = export(account, dataset_of(account.imported(csv(two_groups()))), "PUT")

    assert failed["status"] == "CREATE FAILED"
    assert "ingestion mode PUT" in failed["failureReason"]


def delete(account: Account, group: str, text: str) -> dict[str, Any]:
    """Delete the users in a file; return the finished job."""
    created = account.personalize.create_data_deletion_job(
        jobName="forget",
        datasetGroupArn=group,
        dataSource={"dataLocation": account.put("forget/some/users.csv", text).replace("some/users.csv", "")},
        roleArn=account.role,
    )
    return account.wait(created["dataDeletionJobArn"], {"COMPLETED", "FAILED"})


def test_users_are_forgotten(account: Account) -> None:
    """A deletion reads subfolders, counts the records it deletes, and leaves the others alone."""
    rows = two_groups()
    group = account.imported(csv(rows))
    job = delete(account, group, 'USER_ID\na0\n"b1"\nnobody\n')
    export(account, dataset_of(group), "BULK")
    exported = account.get(account.keys("exports/")[0]).splitlines()[1:]
    kept = {",".join(map(str, row)) for row in rows if row[0] not in {"a0", "b1"}}

    assert (job["status"], job["numDeleted"]) == ("COMPLETED", len(set(rows)) - len(kept))
    assert sorted(exported) == sorted(kept)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("USER\na0\n", "line 1: the header is USER, but the columns must be, in this order, USER_ID"),
        ("USER_ID\na0,b1\n", "line 2: the row has 2 values, not 1"),
        ('USER_ID\na0\n"b1\n', "line 3: a quoted value has no end"),
    ],
)
def test_a_wrong_list_of_users_fails_the_deletion(account: Account, text: str, complaint: str) -> None:
    """A file that is not one column of users deletes nobody and is named with its line."""
    job = delete(account, account.imported(csv(two_groups())), text)

    assert job["status"] == "FAILED"
    assert complaint in job["failureReason"]


def test_a_new_column_joins_the_items(account: Account) -> None:
    """After the update of its schema a dataset takes files with the new column, and the old rows have none of it."""
    group = account.group()
    dataset = account.dataset(group, ITEM_FIELDS, "Items")
    account.active(account.start_import(dataset, account.put("a.csv", "ITEM_ID,GENRE\ni1,drama\n"), "first"))
    schema = account.personalize.create_schema(name="wider", schema=avro([*ITEM_FIELDS, SEASON], "Items"))["schemaArn"]
    account.personalize.update_dataset(datasetArn=dataset, schemaArn=schema)
    seen = [account.describe(dataset) for _ in range(3)]
    url = account.put("b.csv", "ITEM_ID,GENRE,SEASON\ni2,comedy,summer\n")
    account.active(account.start_import(dataset, url, "second", importMode="INCREMENTAL"))
    export(account, dataset, "BULK")

    assert [one["latestDatasetUpdate"]["status"] for one in seen] == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]
    assert account.describe(dataset)["schemaArn"] == schema
    assert account.get(account.keys("exports/")[0]).splitlines() == [
        "ITEM_ID,GENRE,SEASON",
        "i1,drama,",
        "i2,comedy,summer",
    ]


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ([ITEM_FIELDS[0], {"name": "PRICE", "type": "float"}], "must keep the field GENRE"),
        ([*ITEM_FIELDS, {"name": "PRICE", "type": "float"}], "The new field PRICE must allow null"),
    ],
)
def test_a_schema_that_loses_or_demands_is_refused(
    account: Account, fields: list[dict[str, Any]], complaint: str
) -> None:
    """Old fields stay as they are, and new ones can be null."""
    dataset = account.dataset(account.group(), ITEM_FIELDS, "Items")
    schema = account.personalize.create_schema(name="other", schema=avro(fields, "Items"))["schemaArn"]
    with pytest.raises(ClientError) as caught:
        account.personalize.update_dataset(datasetArn=dataset, schemaArn=schema)

    assert code(caught) == "InvalidInputException"
    assert complaint in message(caught)


def test_the_schema_of_interactions_stays(account: Account) -> None:
    """Only items and users can change their schema."""
    dataset = account.dataset(account.group())
    schema = account.describe(dataset)["schemaArn"]
    with pytest.raises(ClientError) as caught:
        account.personalize.update_dataset(datasetArn=dataset, schemaArn=schema)

    assert code(caught) == "InvalidInputException"
