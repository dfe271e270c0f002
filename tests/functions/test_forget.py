"""The parts of `pipelines forget`: list and records, versions of objects, DynamoDB items, the job in Personalize."""

from __future__ import annotations

import bz2
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from cli.errors import CommandError
from cli.forget import bucket as objects
from cli.forget import items, listing
from cli.forget.bucket import Bucket as Versioned
from cli.forget.deletion import Deletion
from cli.forget.naming import Users
from cli.forget.raw import Found, Raw
from cli.forget.record import Records, job_name
from tests.documents import OTHER_BUCKETS, QUERIED
from tests.documents import parsed as parsed_file
from transform.forgotten import Forgotten, parsed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functions.handlers import Bucket


@pytest.fixture
def versioned(bucket: Bucket) -> Versioned:
    """A bucket that keeps versions, as a pipeline's does."""
    bucket.s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    return Versioned(bucket.s3, bucket.name)


def versions(bucket: Bucket) -> dict[str, list[bytes]]:
    """Return the content of all versions, the newest first, by key; deletions are left out."""
    found: dict[str, list[bytes]] = {}
    for each in bucket.s3.list_object_versions(Bucket=bucket.name).get("Versions", ()):
        body = bucket.s3.get_object(Bucket=bucket.name, Key=each["Key"], VersionId=each["VersionId"])["Body"].read()
        found.setdefault(each["Key"], []).append(body)
    return found


def test_several_who_forget_at_once_lose_nobody(bucket: Bucket) -> None:
    """Each command's users are on the list in the end, with the salt that the first one made, and no id in clear."""
    users = [[f"user-{command}-{number}" for number in range(3)] for command in range(6)]
    with ThreadPoolExecutor(len(users)) as pool:
        lists = list(pool.map(lambda some: listing.add(boto3.client("s3"), bucket.name, some), users))

    body = bucket.read("forgotten/list.json")
    document = json.loads(body)
    every = [user for some in users for user in some]
    expected = sorted(hashlib.sha256(f"{document['salt']}{user}".encode()).hexdigest() for user in every)
    assert expected == document["digests"]
    assert {document["salt"]} == {found.salt for found in lists}
    assert b"user-" not in body
    assert all(parsed(body).holds(user) for user in every)
    assert not parsed(body).holds("user-0")
    assert not parsed(body).holds(document["salt"])


def test_a_list_that_has_them_is_left(bucket: Bucket) -> None:
    """Nothing is written, so nothing that was made before has to be made again."""
    listing.add(bucket.s3, bucket.name, ["1", "2"])
    before = bucket.s3.head_object(Bucket=bucket.name, Key="forgotten/list.json")
    again = listing.add(bucket.s3, bucket.name, ["2"])

    assert (
        before["LastModified"] == bucket.s3.head_object(Bucket=bucket.name, Key="forgotten/list.json")["LastModified"]
    )
    assert 2 == len(again.digests)


def test_a_damaged_list_is_not_written_over(bucket: Bucket) -> None:
    """Who is on it nobody would know any more."""
    bucket.put("forgotten/list.json", "{}")
    with pytest.raises(CommandError, match="no list of users to leave out"):
        listing.add(bucket.s3, bucket.name, ["1"])
    assert b"{}" == bucket.read("forgotten/list.json")


def test_a_request_is_found_again_until_it_has_ended(bucket: Bucket) -> None:
    """By the digests of its users; others have one of their own, and so have the same users later."""
    forgotten = listing.add(bucket.s3, bucket.name, ["1", "11"])
    records = Records(bucket.s3, bucket.name)
    first = records.begin(["11", "1"], forgotten)
    records.write(first.done("list", "job", job="arn"))
    other = records.begin(["11"], forgotten)
    again = records.begin(["1", "11"], forgotten)

    assert (first.request, ["list", "job"], "arn") == (again.request, again.steps, again.job)
    assert other.request != first.request
    assert f"shop-dev--forget-{first.request}" == job_name("shop-dev", first)
    assert f"shop-dev--forget-{first.request}-1" == job_name("shop-dev", first.model_copy(update={"attempt": 1}))
    records.write(again.done(ended="2026-11-30T00:00:00+00:00"))
    assert [] == records.begin(["1", "11"], forgotten).steps


def test_versions_that_hold_a_user(bucket: Bucket, versioned: Versioned) -> None:
    """A newest version is written anew and the older ones go; where only older ones hold the user, those alone go.

    What is beside the content stays; what transforms left behind goes whole; what nobody of ours wrote is left.
    """
    theirs, others = '{"userId":"1"}\n', '{"userId":"11"}\n'
    key = "batch/r/s/j/input/users-00000.json"
    for body in (others, theirs + others):
        bucket.s3.put_object(
            Bucket=bucket.name, Key=key, Body=body.encode(), ContentType="text/x", Metadata={"of": "shop"}
        )
    older = "batch/r/s/j/input/users-00001.json"
    for body in (theirs, others, theirs + theirs, others + others):
        bucket.put(older, body)
    deleted = "rejects/r/s/j.jsonl"
    bucket.put(deleted, '{"user_id":"1","error":"no"}\n')
    bucket.s3.delete_object(Bucket=bucket.name, Key=deleted)
    for left in ("staging/r/interactions/rows", "queries/r/s/0/x"):
        bucket.put(left, others)
        bucket.s3.delete_object(Bucket=bucket.name, Key=left)
    for kept in ("raw/a.csv", "elsewhere/a.jsonl", "forgotten/list.json", "attribution/sales/a.csv"):
        bucket.put(kept, theirs)
    taken = objects.take_out(versioned, Users(["1"]))

    kept_there = {name: [theirs.encode()] for name in ("raw/a.csv", "elsewhere/a.jsonl", "attribution/sales/a.csv")}
    assert {
        key: [others.encode()],
        older: [(others + others).encode(), others.encode()],
        "forgotten/list.json": [theirs.encode()],
        **kept_there,
    } == versions(bucket)
    found = bucket.s3.head_object(Bucket=bucket.name, Key=key)
    assert ("text/x", {"of": "shop"}) == (found["ContentType"], found["Metadata"])
    assert {"batch": 1} == taken.rewritten
    assert {"batch": 1} == taken.records
    assert {"batch": 4, "rejects": 1, "staging": 1, "queries": 1} == taken.deleted
    assert 0 == objects.take_out(versioned, Users(["1"])).deleted.total()


def test_an_attempt_that_ended_before_it_deleted(bucket: Bucket, versioned: Versioned) -> None:
    """What was written anew is found to be so, and the versions below it go now."""
    key = "batch/r/s/j/input/users-00000.json"
    bucket.put(key, '{"userId":"1"}\n{"userId":"2"}\n')
    bucket.put(key, '{"userId":"2"}\n')
    objects.take_out(versioned, Users(["1"]))
    assert {key: [b'{"userId":"2"}\n']} == versions(bucket)


def test_an_object_that_is_not_what_it_should_be(bucket: Bucket, versioned: Versioned) -> None:
    """Nobody knows what it holds, so the command says so instead of passing it over."""
    bucket.put("curated/s/j/run=r/part-00000.parquet", "no Parquet")
    with pytest.raises(CommandError, match=r"curated/s/j/run=r/part-00000.parquet \(version .*\) cannot be read"):
        objects.take_out(versioned, Users(["1"]))


def make_table(name: str, key: str) -> None:
    """Make a DynamoDB table for lists."""
    boto3.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_items_of_users() -> None:
    """Their items go; those of others, and of nobody, are not touched."""
    dynamodb, table = boto3.client("dynamodb"), "lists-of-users"
    make_table(table, "user_id")
    for user in ("1", "11"):
        dynamodb.put_item(TableName=table, Item={"user_id": {"S": user}, "run": {"S": "r"}, "results": {"L": []}})
    found = items.Table(table, "user_id", "item_id")

    assert 1 == items.take_out(dynamodb, found, Users(["1", "nobody"]))
    assert [{"S": "11"}] == [item["user_id"] for item in dynamodb.scan(TableName=table)["Items"]]
    assert 0 == items.take_out(dynamodb, items.Table("not-there", "user_id", "item_id"), Users(["1"]))


class Busy:
    """A client of DynamoDB before whose first update somebody else writes the item."""

    def __init__(self, client: Any, item: dict[str, Any]) -> None:
        self._client, self._item = client, item

    def __getattr__(self, name: str) -> Any:
        """Return what the client has."""
        return getattr(self._client, name)

    def update_item(self, **asked: Any) -> Any:
        """Let the other one be first, once."""
        if self._item:
            self._client.put_item(TableName=asked["TableName"], Item=self._item)
            self._item = {}
        return self._client.update_item(**asked)


def test_users_of_segments() -> None:
    """They leave each list, in its order, also one that has changed in between."""
    dynamodb, table = boto3.client("dynamodb"), "lists-of-items"
    make_table(table, "item_id")

    def item(run: str, *users: str) -> dict[str, Any]:
        results = [{"M": {"user_id": {"S": user}}} for user in users]
        return {"item_id": {"S": "i"}, "run": {"S": run}, "results": {"L": results}}

    dynamodb.put_item(TableName=table, Item=item("r1", "2", "1", "11"))
    busy = Busy(dynamodb, item("r2", "1", "11", "3"))

    assert 1 == items.take_out(busy, items.Table(table, "item_id", "user_id"), Users(["1"]))
    assert [item("r2", "11", "3")] == dynamodb.scan(TableName=table)["Items"]


def test_the_job_is_made_once(bucket: Bucket, versioned: Versioned) -> None:
    """A second attempt takes over the job of that name; the list of ids goes with all its versions."""
    created: list[dict[str, Any]] = []

    class Personalize:
        def create_data_deletion_job(self, **asked: Any) -> dict[str, str]:
            created.append(asked)
            if len(created) > 1:
                raise boto3.client("personalize").exceptions.ResourceAlreadyExistsException(
                    {"Error": {"Code": "ResourceAlreadyExistsException", "Message": "there"}}, "CreateDataDeletionJob"
                )
            return {
                "dataDeletionJobArn": "arn:aws:personalize:us-east-1:123456789012:data-deletion-job/shop-dev--forget-r"
            }

    group = "arn:aws:personalize:us-east-1:123456789012:dataset-group/shop"
    deletion = Deletion(Personalize(), versioned, name="shop-dev--forget-r", request="r")
    first = deletion.create(["1", "a,1"], group=group, role="arn:aws:iam::123456789012:role/r")

    assert b'USER_ID\n1\n"a,1"\n' == bucket.read("deletions/r/users.csv")
    assert {"dataLocation": f"s3://{bucket.name}/deletions/r/users.csv"} == created[0]["dataSource"]
    assert first == deletion.create(["1", "a,1"], group=group, role="arn:aws:iam::123456789012:role/r")
    assert 2 == deletion.remove_list()
    assert {} == versions(bucket)


@pytest.mark.usefixtures("versioned")
def test_two_commands_at_once_do_not_bring_back_each_others_users(bucket: Bucket) -> None:
    """Whoever writes second reads again what the first one has written."""
    key = "batch/r/s/j/input/users-00000.json"
    bucket.put(key, "".join(f'{{"userId":"{user}"}}\n' for user in ("1", "2", "3")))

    class Second(Versioned):
        """A command that is overtaken after it has read."""

        def fetch(self, version: objects.Version, file: Path) -> dict[str, Any]:
            found = super().fetch(version, file)
            if not overtaken:
                overtaken.append(version)
                objects.take_out(Versioned(self.s3, self.name), Users(["1"]))
            return found

    overtaken: list[objects.Version] = []
    objects.take_out(Second(bucket.s3, bucket.name), Users(["2"]))

    assert {key: [b'{"userId":"3"}\n']} == versions(bucket)


def test_large_objects_are_written_in_parts(
    bucket: Bucket, versioned: Versioned, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With what stands beside them, and not over a newer version."""
    monkeypatch.setattr(objects, "_PART", 5 << 20)
    key, line = "batch/r/s/j/input/users-00000.json", '{"userId":"11"}\n'
    body = line * 400_000
    bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=f'{{"userId":"1"}}\n{body}'.encode(), Metadata={"a": "b"})
    stale = versioned.of_key(key)[0]
    objects.take_out(versioned, Users(["1"]))

    assert {key: [body.encode()]} == versions(bucket)
    assert {"a": "b"} == bucket.s3.head_object(Bucket=bucket.name, Key=key)["Metadata"]
    large = tmp_path / "large"
    large.write_bytes(body.encode())
    with pytest.raises(objects.ChangedError):
        versioned.replace(stale, large, {})
    assert {key: [body.encode()]} == versions(bucket)


def looked_through(versioned: Versioned, folder: Path, *, rewrite: bool, **changes: Any) -> Found:
    """Look through the raw data of a shop for user 1."""
    only = Forgotten("salt", frozenset([hashlib.sha256(b"salt1").hexdigest()]))
    return Raw(parsed_file(**changes), versioned, Users(["1"]), only, folder).look_through(rewrite=rewrite)


def test_raw_objects_are_named_or_written_anew(bucket: Bucket, versioned: Versioned, tmp_path: Path) -> None:
    """Those that hold the user in any version; what cannot be read or written is told, and nothing of it changes."""
    good, theirs, others = "raw/events/a.csv", "1,i,1700000000\n", "11,i,1700000000\n"
    for body in (f"user,item,at\n{theirs}", f"user,item,at\n{others}", f"user,item,at\n{others}{theirs}"):
        bucket.put(good, body)
    older = "raw/events/b.csv"
    for body in (f"user,item,at\n{theirs}", f"user,item,at\n{others}"):
        bucket.put(older, body)
    packed = bz2.compress(f"user,item,at\n{theirs}".encode())
    left = {
        "raw/events/c.csv": b"customer,item,at\n1,i,1700000000\n",
        "raw/events/d.csv.bz2": packed,
        "raw/events/e.csv": f"user,item,at\n{others}".encode(),
        "raw/other.csv": b"1\n",
    }
    for key, content in left.items():
        bucket.put(key, content)
    named = looked_through(versioned, tmp_path, rewrite=False)

    assert ([good, older, "raw/events/d.csv.bz2"], {}) == (named.held, named.kept)
    assert "1 objects that no dataset with users" in named.not_read["raw/"]
    assert "has no column 'user'" in named.not_read["raw/events/c.csv"]
    assert 3 == len(versions(bucket)[good])

    found = looked_through(versioned, tmp_path, rewrite=True)
    assert {"raw/events/c.csv", "raw/events/d.csv.bz2"} == found.kept.keys()
    assert "bzip2 is not written anew" in found.kept["raw/events/d.csv.bz2"]
    assert {
        good: [f"user,item,at\n{others}".encode()],
        older: [f"user,item,at\n{others}".encode()],
        **{key: [content] for key, content in left.items()},
    } == versions(bucket)
    assert {"raw": 1} == found.taken.rewritten
    assert 4 == found.taken.deleted["raw"]


def test_sources_elsewhere_are_only_named(versioned: Versioned, tmp_path: Path) -> None:
    """Other buckets and tables that Athena reads are not the pipeline's."""
    found = looked_through(versioned, tmp_path, rewrite=True, **OTHER_BUCKETS)
    assert {"s3://company-data/events/"} == found.not_read.keys()
    queried = looked_through(versioned, tmp_path, rewrite=True, **QUERIED)
    assert "Athena" in queried.not_read["interactions"]
