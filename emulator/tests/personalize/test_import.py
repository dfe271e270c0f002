"""Import jobs: what is read, what is refused and why, what is kept."""

from typing import Any
from uuid import uuid4

import pytest

from embedded_aws.personalize.exceptions import JobFailedError
from embedded_aws.personalize.schemas import parse_schema
from embedded_aws.personalize.tables import read_table
from emulator.tests.personalize.support import INTERACTION_FIELDS, SERVICE, Account, avro, csv, two_groups

FIELDS: list[dict[str, Any]] = [
    *INTERACTION_FIELDS,
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "EVENT_VALUE", "type": ["float", "null"]},
    {"name": "DEVICE", "type": ["string", "null"], "categorical": True},
]
HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,DEVICE"


def rows(**changed: object) -> list[list[object]]:
    """Return 1,100 good rows, of which the row with the place 41 (line 43) has changed values."""
    names = HEADER.split(",")
    good = [[f"u{n % 50}", f"i{n % 40}", 1_700_000_000 + n, "watch", 4.5, "phone"] for n in range(1100)]
    for name, value in changed.items():
        good[41][names.index(name)] = value
    return good


@pytest.fixture(scope="module")
def plain(shared: Account) -> str:
    """Give a dataset with the required fields only."""
    return shared.dataset(shared.group("plain"))


@pytest.fixture(scope="module")
def rich(shared: Account) -> str:
    """Give a dataset with event types, event values and a categorical field."""
    return shared.dataset(shared.group("rich"), FIELDS)


def failure(account: Account, dataset: str, text: str) -> str:
    """Import a text; return the failure reason."""
    url = account.put("data/interactions.csv", text)
    job = account.settle(account.start_import(dataset, url, f"job-{uuid4()}"))
    assert job["status"] == "CREATE FAILED"
    return str(job["failureReason"])


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"TIMESTAMP": "2024-01-01"}, "column TIMESTAMP: the value is not a long ('2024-01-01')"),
        ({"TIMESTAMP": "1700000000.0"}, "column TIMESTAMP: the value is not a long"),
        ({"TIMESTAMP": "9" * 19}, "column TIMESTAMP: the value is too large for a long"),
        ({"TIMESTAMP": ""}, "column TIMESTAMP: the value is missing"),
        ({"USER_ID": ""}, "column USER_ID: the value is missing"),
        ({"USER_ID": "u" * 257}, "column USER_ID: the value is longer than 256"),
        ({"EVENT_TYPE": ""}, "column EVENT_TYPE: the value is missing"),
        ({"EVENT_VALUE": "four"}, "column EVENT_VALUE: the value is not a float ('four')"),
        ({"EVENT_VALUE": "NaN"}, "column EVENT_VALUE: the value is not a float"),
        ({"EVENT_VALUE": "1e400"}, "column EVENT_VALUE: the value is too large for a float"),
        ({"DEVICE": "d" * 1001}, "column DEVICE: the value is longer than 1000"),
        ({"DEVICE": "phone,tablet"}, "the row has 7 values, not 6"),
    ],
)
def test_a_bad_value_fails_the_job_with_its_place(
    shared: Account, rich: str, changed: dict[str, object], problem: str
) -> None:
    """The reason names the file, the line, the column and what is wrong."""
    reason = failure(shared, rich, csv(rows(**changed), HEADER))

    assert reason.startswith(f"s3://{shared.bucket}/data/interactions.csv, line 43")
    assert problem in reason


def test_a_bad_value_behind_quoted_line_breaks_is_named_by_its_line(shared: Account, rich: str) -> None:
    """Quoted values may hold commas, quotation marks and line breaks, and lines are counted through them."""
    good = rows(EVENT_VALUE="bad")
    good[3][5] = '"a phone,\nor a ""tablet"""'
    reason = failure(shared, rich, csv(good, HEADER))

    assert "line 44, column EVENT_VALUE" in reason


def test_a_short_row_is_no_row_of_nulls(shared: Account, rich: str) -> None:
    """A row that lacks its last values fails the job, though a lenient parser would fill it up."""
    text = csv(rows(), HEADER).replace("\nu41,i1,1700000041,watch,4.5,phone\n", "\nu41,i1,1700000041,watch\n")

    assert "line 43: the row has 4 values, not 6" in failure(shared, rich, text)


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ('"USER_ID",ITEM_ID,TIMESTAMP', "headers must not be enclosed in quotation marks"),
        ("ITEM_ID,USER_ID,TIMESTAMP", "in this order, USER_ID,ITEM_ID,TIMESTAMP"),
        ("user_id,item_id,timestamp", "the header is user_id,item_id,timestamp"),
        ("USER_ID,ITEM_ID,TIMESTAMP,MORE", "the header is USER_ID,ITEM_ID,TIMESTAMP,MORE"),
    ],
)
def test_a_header_must_be_the_schemas(shared: Account, plain: str, header: str, problem: str) -> None:
    """Headers are unquoted and name the schema's fields in its order."""
    reason = failure(shared, plain, csv(two_groups(), header))

    assert "line 1" in reason
    assert problem in reason


def test_text_must_be_utf_8(account: Account) -> None:
    """A byte of another encoding is named by its line."""
    dataset = account.dataset(account.group())
    body = csv([("Zoë", "A1", 1), *two_groups()]).encode("latin-1")
    account.s3.put_object(Bucket=account.bucket, Key="latin.csv", Body=body)
    job = account.settle(account.start_import(dataset, f"s3://{account.bucket}/latin.csv"))

    assert job["failureReason"] == f"s3://{account.bucket}/latin.csv, line 2: the file is not UTF-8"


def test_fewer_than_a_thousand_interactions_are_refused(shared: Account, plain: str) -> None:
    """999 interactions are too few for an import."""
    reason = failure(shared, plain, csv(two_groups()[:999]))

    assert reason == "There are 999 interactions; an import needs at least 1000"


def test_too_many_event_types_are_refused(shared: Account, rich: str) -> None:
    """Distinct event types and optional columns together can be ten at most."""
    many = rows()
    for number, row in enumerate(many):
        row[3] = f"event-{number % 8}"

    assert failure(shared, rich, csv(many, HEADER)) == (
        "8 distinct event types and 3 optional columns: together there can be at most 10"
    )


def test_event_types_of_all_imports_count(account: Account) -> None:
    """An incremental import adds its event types to those of the imports before; a full one takes their place."""
    dataset = account.dataset(account.group(), FIELDS)
    first, second, other = (
        csv([[*row[:3], f"{kind}-{number % most}", *row[4:]] for number, row in enumerate(rows())], HEADER)
        for kind, most in (("a", 4), ("b", 4), ("c", 7))
    )
    account.active(account.start_import(dataset, account.put("1.csv", first), "one"))
    added = account.settle(account.start_import(dataset, account.put("2.csv", second), "two", importMode="INCREMENTAL"))
    account.active(account.start_import(dataset, account.put("3.csv", other), "three"))

    assert added["failureReason"] == ("8 distinct event types and 3 optional columns: together there can be at most 10")


def test_headers_alone_are_no_import(account: Account) -> None:
    """A file without records fails the job, so that nobody replaces a dataset by nothing unawares."""
    fields = [{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": "int"}]
    dataset = account.dataset(account.group(), fields, "Users")
    job = account.settle(account.start_import(dataset, account.put("users.csv", "USER_ID,AGE\n")))

    assert job["failureReason"] == "There are no records, only headers"


STORIES = parse_schema(
    avro([{"name": "ITEM_ID", "type": "string"}, {"name": "STORY", "type": "string", "textual": True}], "Items"), None
)


@pytest.mark.parametrize("quoted", ["", '\n"q","q"'])
@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("i,C:\\temp\\", "C:\\temp\\"),
        ('i,5" screen', '5" screen'),
        ("i,plain\r", "plain"),
        ('i,"a ""b"" \\"c\\" \\\\ \\d"', 'a "b" "c" \\ \\d'),
        ('i,"\\\\"', "\\"),
        ('i,"one\r\ntwo,\rthree"\r', "one\r\ntwo,\rthree"),
        (f'i,"{"x" * 140_000}"', "x" * 20_000),
    ],
)
def test_values_do_not_depend_on_other_rows(row: str, value: str, quoted: str) -> None:
    """A backslash escapes within quotation marks, nowhere else, whatever stands in the other rows."""
    table = read_table("f", f"ITEM_ID,STORY\n{row}{quoted}\n".encode(), STORIES)

    assert table.row(0) == ("i", value)


@pytest.mark.parametrize("quoted", ["", '"q","q"\n'])
@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("i,a\rb", "there is a carriage return without a line feed outside quotation marks"),
        ("i,a\r\r\n", "there is a carriage return without a line feed outside quotation marks"),
        ('i,"a" b', "a quoted value has no end, or goes on behind it"),
        ('i,"a\\"', "a quoted value has no end, or goes on behind it"),
        ("", "the row has 1 values, not 2"),
    ],
)
def test_broken_rows_are_refused_in_every_file(row: str, problem: str, quoted: str) -> None:
    """The same row has the same error with and without quoted values in other rows."""
    text = f"ITEM_ID,STORY\n{quoted}{row}\n"
    with pytest.raises(JobFailedError) as caught:
        read_table("f", text.encode(), STORIES)

    assert str(caught.value) == f"f, line {3 if quoted else 2}: {problem}"


def test_an_empty_marker_of_spark_is_no_file(account: Account) -> None:
    """It holds neither header nor record; an empty file of another name is no CSV, and markers alone are no data."""
    dataset = account.dataset(account.group("marked"))
    account.put("marked/part-00000.csv", csv(two_groups()))
    account.put("marked/_SUCCESS", "")
    account.put("nothing/_SUCCESS", "")

    account.active(account.start_import(dataset, f"s3://{account.bucket}/marked/", "marked"))
    job = account.settle(account.start_import(dataset, f"s3://{account.bucket}/nothing/", "nothing"))
    assert "There are no files in" in job["failureReason"]
    account.put("marked/part-00001.csv", "")
    job = account.settle(account.start_import(dataset, f"s3://{account.bucket}/marked/", "empty"))
    assert "CREATE FAILED" == job["status"]


def test_a_folder_is_read_on_its_first_level_only(account: Account) -> None:
    """Two files of a folder are imported together, and a bad one in a subfolder is not looked at."""
    dataset = account.dataset(account.group())
    events = two_groups()
    account.put("data/one.csv", csv(events[:700]))
    account.put("data/two.csv", csv(events[700:]).replace("\n", "\r\n"))
    account.put("data/deeper/three.csv", "nonsense")
    account.active(account.start_import(dataset, f"s3://{account.bucket}/data/"))
    account.put("data/four.csv", "nonsense")
    second = account.settle(account.start_import(dataset, f"s3://{account.bucket}/data/", "second"))

    assert second["failureReason"].startswith(f"s3://{account.bucket}/data/four.csv, line 1")


def test_what_was_deleted_from_a_versioned_bucket_is_not_read(account: Account) -> None:
    """An object under a delete marker is no file of the folder any more."""
    dataset = account.dataset(account.group())
    account.s3.put_bucket_versioning(Bucket=account.bucket, VersioningConfiguration={"Status": "Enabled"})
    account.put("data/good.csv", csv(two_groups()))
    account.put("data/gone.csv", "nonsense")
    account.s3.delete_object(Bucket=account.bucket, Key="data/gone.csv")

    account.active(account.start_import(dataset, f"s3://{account.bucket}/data/"))


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("data/", "There are no files in"),
        ("data", "There is no object"),
        ("nothing.csv", "There is no object"),
    ],
)
def test_a_place_without_files_is_a_failure(account: Account, path: str, problem: str) -> None:
    """An empty folder, a folder without its slash and a missing object are named in the reason."""
    dataset = account.dataset(account.group())
    account.put("data/deeper/three.csv", csv(two_groups()))
    job = account.settle(account.start_import(dataset, f"s3://{account.bucket}/{path}"))

    assert f"{problem} s3://{account.bucket}/{path}" in job["failureReason"]


@pytest.mark.parametrize("missing", ["s3:GetObject", "s3:ListBucket"])
@pytest.mark.parametrize("who", ["bucket", "role"])
def test_bucket_policy_and_role_must_both_allow(account: Account, who: str, missing: str) -> None:
    """Without either permission on either side the job fails, and the reason says where to add it."""
    dataset = account.dataset(account.group())
    account.put("data/one.csv", csv(two_groups()))
    rest = [action for action in ("s3:GetObject", "s3:ListBucket") if action != missing]
    if who == "bucket":
        account.allow_service(rest)
    else:
        assert account.role
        account.allow_role("personalize", rest)
    job = account.settle(account.start_import(dataset, f"s3://{account.bucket}/data/"))

    assert job["status"] == "CREATE FAILED"
    assert job["failureReason"].startswith("Insufficient privileges for accessing data in S3.")
    assert missing in job["failureReason"]
    assert ("fix bucket policy" in job["failureReason"]) is (who == "bucket")


@pytest.mark.parametrize(("service", "account_id"), [("sagemaker.amazonaws.com", None), (SERVICE, "999999999999")])
def test_the_role_must_trust_the_service_for_this_account(
    account: Account, service: str, account_id: str | None
) -> None:
    """A role that trusts another service, or this one for another account's jobs, cannot be assumed."""
    dataset = account.dataset(account.group())
    url = account.put("one.csv", csv(two_groups()))
    role = account.create_role("stranger", account.trust(service, account_id))
    account.allow_role("stranger", ["s3:GetObject", "s3:ListBucket"])
    job = account.settle(account.start_import(dataset, url, roleArn=role))

    assert job["status"] == "CREATE FAILED"
    assert "cannot be assumed by personalize.amazonaws.com" in job["failureReason"]


def most_popular(account: Account, group: str, name: str) -> list[str]:
    """Return what Popularity-Count ranks first and second by what is in the dataset now."""
    version = account.active(account.start_training(account.solution(group, name=name)))
    account.put("in/users.json", '{"userId":"anybody"}\n')
    place = f"s3://{account.bucket}"
    account.active(account.start_batch(version, f"{place}/in/", f"{place}/{name}/", name, numResults=2))
    answer = account.answers(f"{name}/users.json.out")[0]
    return list(answer["output"]["recommendedItems"])


def test_full_replaces_and_incremental_adds(account: Account) -> None:
    """After an incremental import both imports count, after a full one only itself."""
    group = account.imported(csv([*two_groups(), *((f"x{n}", "first", n) for n in range(300))]))
    dataset = account.personalize.list_datasets(datasetGroupArn=group)["datasets"][0]["datasetArn"]
    more = account.put("more.csv", csv([*two_groups(8), *((f"x{n}", "second", n) for n in range(400))]))
    account.active(account.start_import(dataset, more, "more", importMode="INCREMENTAL"))
    both = most_popular(account, group, "both")
    account.active(account.start_import(dataset, more, "again"))
    only = most_popular(account, group, "only")

    assert both == ["second", "first"]
    assert only[0] == "second"
    assert "first" not in only


def test_the_first_import_must_be_full(account: Account) -> None:
    """An incremental import into an empty dataset fails."""
    dataset = account.dataset(account.group())
    url = account.put("one.csv", csv(two_groups()))
    job = account.settle(account.start_import(dataset, url, importMode="INCREMENTAL"))

    assert job["failureReason"] == "The first import into a dataset must be FULL"


def test_equal_interactions_count_once(account: Account) -> None:
    """An interaction repeated with the same time collapses; one with another time does not."""
    repeated = [("x", "repeated", 5)] * 500
    returned = [("x", "returned", time) for time in range(90)]

    assert most_popular(account, account.imported(csv([*two_groups(), *repeated, *returned])), "s")[0] == "returned"


def test_items_are_imported_beside_interactions(account: Account) -> None:
    """A later item replaces one with the same ID, text may be quoted, and the quota of events is not theirs."""
    group = account.group()
    fields: list[dict[str, Any]] = [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "PRICE", "type": ["null", "double"]},
        {"name": "STORY", "type": ["string", "null"], "textual": True},
    ]
    dataset = account.dataset(group, fields, "Items")
    url = account.put("items.csv", 'ITEM_ID,PRICE,STORY\ni1,,"He said \\"no\\", twice"\ni1,2.5,\n')

    account.active(account.start_import(dataset, url))
