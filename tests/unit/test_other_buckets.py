"""Sources in another bucket: the file's rules, listing, reading, and the folder that stands for buckets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from cli.doctor import deployment_checks
from cli.doctor.findings import Level
from cli.main import app
from cli.uploading import upload_for
from definition.plan.mappings import dataset_mapping
from stacks.drawing.overview import overview
from tests.documents import parsed, shop
from tests.unit.raw import AT, Folder, fates, fill, table
from tests.unit.test_doctor import deployed, examination
from tests.unit.test_preview import HEADER, ROWS, tried
from tests.unit.test_rules import told
from transform.contract import RawObject, TransformRequest
from transform.errors import BucketMissingError, SourceEmptyError, SourceRefusedError, UnreadableKeyError
from transform.raw.lineage import lineage_of
from transform.raw.objects import RawObjects, check_readable, list_objects
from transform.raw.store import S3Store

SOURCE = "datasets.interactions.source"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ELSEWHERE: dict[str, Any] = {"datasets__interactions__source": {"path": "s3://company-data/events/"}}
EVENTS = dataset_mapping(parsed(**ELSEWHERE), "interactions")


@pytest.mark.parametrize(
    "path", ["s3://a.b-1/", "s3://data/x.csv", "s3://data/a=1/**/*.csv", "s3://data/raw/events/", "s3://data/ü b/[ab]/"]
)
def test_a_source_may_lie_in_another_bucket(path: str) -> None:
    """An object, a prefix, a glob, or all of it; its look-ups, too, and its key."""
    lookup = {"source": {"path": path, "kms_key": KEY}, "key": "id", "on": "user"}
    pipeline = parsed(
        datasets__interactions__source={"path": path, "kms_key": KEY},
        datasets__interactions__lookups={"who": lookup},
        datasets__interactions__columns__USER_ID="who.name",
    )

    mapping = dataset_mapping(pipeline, "interactions")
    assert [path, path] == [mapping.path, mapping.lookups[0].path]


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("s3://data", "names a bucket and nothing in it. Write s3://data/ for all of it"),
        ("s3:///events/", "'' cannot be the name of a bucket"),
        ("s3://Data/events/", "'Data' cannot be the name of a bucket"),
        ("s3://da/x", "'da' cannot be the name of a bucket"),
        ("s3://a..b/x", "cannot be the name of a bucket"),
        ("s3://10.0.0.1/x", "cannot be the name of a bucket"),
        ("s3://-data/x", "cannot be the name of a bucket"),
        (f"s3://{'a' * 64}/x", "cannot be the name of a bucket"),
        ("s3://data\n/x", "cannot be the name of a bucket"),
        ("s3://xn--data/x", "cannot be the name of a bucket"),
        ("s3://data-*/x", "has a wildcard in the bucket's name"),
        ("s3://data-abc-s3alias/x", "is no general purpose bucket"),
        ("s3://data/a/../b/", "has '..' for a folder"),
        ("s3://data//events/", "has two slashes in a row"),
        ("s3://data/a//b", "has two slashes in a row"),
        ("s3://data/${aws:username}/", "which no grant can name"),
        ("s3://data/a\tb", "which no grant can name"),
        (f"s3://data/{'ü' * 513}", "is longer than a key can be"),
        ("S3://data/events/", "is no address of S3"),
        ("s3:data/events/", "is no address of S3"),
        ("s3a://data/events/", "is no address of S3. Write s3://bucket/prefix/"),
        ("https://data.s3.amazonaws.com/x", "is no address of S3"),
        ("raw/events/", "must lie under raw/"),
    ],
)
def test_addresses_that_cannot_be_are_told(path: str, what: str) -> None:
    """Each mistake with what would be right."""
    assert what in told(datasets__interactions__source={"path": path})[f"{SOURCE}.path"]


def test_a_colon_makes_no_address() -> None:
    """Keys under raw/ may hold one."""
    mapping = dataset_mapping(parsed(datasets__interactions__source={"path": "at:12/"}), "interactions")

    assert "at:12/" == mapping.path


@pytest.mark.parametrize("key", ["alias/mine", KEY.replace("key/", "alias/"), KEY[:-37], f"{KEY}*", "*"])
def test_a_key_goes_by_its_arn(key: str) -> None:
    """Grants do not know aliases, and none is wider than one key."""
    source = {"path": "s3://data/", "kms_key": key}

    assert "is not the ARN of a KMS key" in told(datasets__interactions__source=source)[f"{SOURCE}.kms_key"]


def test_a_key_belongs_to_another_bucket() -> None:
    """The pipeline's own bucket needs none."""
    source = {"path": "events/", "kms_key": KEY}

    assert "no meaning for data under raw/" in told(datasets__interactions__source=source)[f"{SOURCE}.kms_key"]


def test_only_sources_may_lie_elsewhere() -> None:
    """Ids for batch jobs and labels of items stay under raw/, and are told so."""
    users = {"file": "s3://data/ids.csv", "column": "id"}
    labels = {"path": "s3://data/labels.csv", "id": "i", "label": "l"}
    found = told(solutions__0__batch_inference__0__users=users, item_labels=labels)

    assert 2 == len(found)
    assert all("only sources of datasets and of look-ups may lie in another one" in what for what in found.values())


class Answering:
    """S3 as far as it lists keys and gives a byte, or refuses."""

    meta = SimpleNamespace(region_name="eu-west-1")

    def __init__(self, *keys: str, error: ClientError | None = None, region: str = "eu-west-1") -> None:
        self.asked: list[dict[str, Any]] = []
        self._keys, self._error = keys, error
        self._told = {"HTTPHeaders": {"x-amz-bucket-region": region}}

    def get_paginator(self, _: str) -> Answering:
        """Return itself."""
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        """Return one page."""
        self.asked.append(asked)
        if self._error:
            raise self._error
        found = [{"Key": key, "Size": 1, "ETag": '"e"'} for key in self._keys]
        return [{"Contents": found, "ResponseMetadata": self._told}]

    def get_object(self, **asked: Any) -> dict[str, Any]:
        """Refuse."""
        self.asked.append(asked)
        assert self._error
        raise self._error


def error(code: str, status: int, message: str = "told by AWS") -> ClientError:
    """Return an error of S3."""
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetObject")


def test_objects_go_by_their_addresses() -> None:
    """The bucket of the source is asked for its prefix; what its path does not take is left, as under raw/."""
    s3 = Answering("events/day=1/a.csv", "events/_SUCCESS", "events/", "raw/events/b.csv")

    assert ["s3://company-data/events/day=1/a.csv"] == [item.key for item in list_objects(s3, "own", EVENTS)]
    assert [{"Bucket": "company-data", "Prefix": "events/"}] == s3.asked


def test_an_odd_key_is_told_with_its_bucket() -> None:
    """The address itself has two slashes, which are none of the key's."""
    with pytest.raises(UnreadableKeyError, match=re.escape("'s3://company-data/events//x.csv' cannot be read")):
        list_objects(Answering("events/a.csv", "events//x.csv"), "own", EVENTS)


@pytest.mark.parametrize(
    ("s3", "kind", "what"),
    [
        (Answering(), SourceEmptyError, "No data at s3://company-data/events/. Upload the raw data there, or correct"),
        (
            Answering(error=error("NoSuchBucket", 404)),
            BucketMissingError,
            f"There is no bucket company-data, for s3://company-data/events/. Make it, or correct {SOURCE}.path.",
        ),
        (
            Answering(error=error("AccessDenied", 403)),
            SourceRefusedError,
            "s3://company-data/events/ may not be listed (told by AWS). Deploy the pipeline file as it is.",
        ),
        (
            Answering("events/a.csv", region="us-east-1"),
            SourceRefusedError,
            "s3://company-data/events/ lies in the region us-east-1, and runs read in eu-west-1 only.",
        ),
        (Answering(error=error("SlowDown", 503)), ClientError, "SlowDown"),
    ],
)
def test_each_way_to_find_nothing_has_its_error(s3: Answering, kind: type[Exception], what: str) -> None:
    """No bucket, no permission and no data are three mistakes; what is none of them stays what it is."""
    with pytest.raises(kind, match=re.escape(what)):
        list_objects(s3, "own", EVENTS)


def test_errors_of_the_own_bucket_stay_what_they_are() -> None:
    """They have nothing to do with another one's owner."""
    own = dataset_mapping(parsed(), "interactions")
    with pytest.raises(ClientError):
        list_objects(Answering(error=error("AccessDenied", 403)), "own", own)
    with pytest.raises(ClientError):
        S3Store(Answering(error=error("AccessDenied", 403)), "own").read("raw/events/a.csv")


def test_what_may_be_listed_and_not_read_is_told() -> None:
    """Look-ups are tried, too; a key of the own bucket is not."""
    s3 = Answering(error=error("AccessDenied", 403, "no kms:Decrypt"))
    own, other = (RawObject(key=key, size=1, etag="e") for key in ("raw/a.csv", "s3://erp/orders/a.csv"))
    with pytest.raises(SourceRefusedError, match=re.escape("s3://erp/orders/a.csv may not be read (no kms:Decrypt)")):
        check_readable([RawObjects([own], {"orders": [other]})], S3Store(s3, "own"))

    assert [{"Bucket": "erp", "Key": "orders/a.csv", "Range": "bytes=-1"}] == s3.asked


def test_the_same_key_of_another_bucket_is_another_object() -> None:
    """Two pipelines that differ in the bucket alone have different fingerprints, of rows and of mapping."""
    prints = set()
    for path, key in (("events/", "raw/events/a"), ("s3://data/events/", "s3://data/events/a")):
        mapping = dataset_mapping(parsed(datasets__interactions__source={"path": path}), "interactions")
        request = TransformRequest(bucket="raw", run="r", started=0, datasets=[mapping])
        prints.add(lineage_of(request, [RawObjects([RawObject(key=key, size=1, etag="e")])]).fingerprint)

    assert 2 == len(prints)


def test_rows_are_read_where_they_lie(tmp_path: Path) -> None:
    """Plain, with a line that is none, and Parquet; folders give columns, and a reject has the address."""
    at = "s3://data/events/day=mon/a.csv"
    keep = {"datasets__interactions__keep": "day = 'mon'"}
    found = fates(tmp_path / "csv", {at: f"{HEADER}u,i,{AT},x\nu,i,never,x\n"}, path="s3://data/events/", **keep)

    assert [(at, None), (at, "TIMESTAMP is not an epoch time")] == found.select("object", "reason").rows()
    at = "s3://data/events/day=mon/a.parquet"
    content = table({"user": ["u"], "item": ["i"], "at": [AT]})
    found = fates(tmp_path / "parquet", {at: content}, path="s3://data/events/", format="parquet", **keep)
    assert [(at, None)] == found.select("object", "reason").rows()


def test_a_folder_stands_for_buckets(tmp_path: Path) -> None:
    """What is read and written under an address lies below s3/, and never beside raw/."""
    store = Folder(tmp_path)
    (item,) = fill(tmp_path, {"s3://data/a/b.csv": "x"})

    assert "x" == (tmp_path / "s3/data/a/b.csv").read_text()
    assert b"x" == store.tail(item.key, 1)
    with store.read(item.key) as stream:
        assert b"x" == stream.read()
    assert f"{tmp_path}/s3/data/a/b.csv" == store.address(item.key)


def test_a_trial_reads_the_folder_of_the_bucket(tmp_path: Path) -> None:
    """`validate --raw` finds what lies below s3/ and the bucket, and takes none of it for raw/, nor the other way."""
    items = {
        "source": {"path": "**/*.csv"},
        "columns": {"ITEM_ID": "sku", "KIND": {"from": "kind", "type": "categorical"}},
    }
    products = {"i.csv": "sku,kind\ni1,x\n", "events/b.csv": "sku,kind\ni2,x\n"}
    files = {"s3/company-data/events/a.csv": HEADER + ROWS, **products}
    done = tried(tmp_path, files, datasets__items=items, **ELSEWHERE)

    assert 0 == done.exit_code, done.output
    assert "interactions: of 100 rows that were looked at 100 out" in done.output
    assert "items: of 2 rows that were looked at 2 out" in done.output


def test_a_trial_without_the_folder_of_the_bucket_says_where_it_is_looked_for(tmp_path: Path) -> None:
    """A run on this machine would have nothing in that bucket."""
    done = tried(tmp_path, {"events/a.csv": HEADER + ROWS}, **ELSEWHERE)

    assert 1 == done.exit_code
    plain = " ".join(done.output.split())
    assert f"is at {SOURCE}.path, s3/company-data/events/: it holds events/a.csv" in plain
    assert "Copy what lies at s3://company-data/events/ to s3/company-data/events/ of that folder" in plain


def test_a_run_here_without_a_folder_says_what_to_give(tmp_path: Path) -> None:
    """There are no samples for such a pipeline."""
    file = tmp_path / "shop.yaml"
    file.write_text(json.dumps(shop(**ELSEWHERE)))
    done = CliRunner().invoke(app, ["run", str(file), "--local"], env={"COLUMNS": "200"})

    assert 1 == done.exit_code
    assert "Give one that holds s3/company-data/events/: make run" in " ".join(done.output.split())


class Taking:
    """S3 as far as it makes buckets and takes files."""

    meta = SimpleNamespace(region_name="eu-west-1")

    def __init__(self) -> None:
        self.made: list[str] = []
        self.put: dict[str, str] = {}

    def create_bucket(self, *, Bucket: str, **more: Any) -> None:  # noqa: N803  # boto3's
        """Make a bucket, unless it is there."""
        assert {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}} == more
        if Bucket in self.made:
            raise error("BucketAlreadyOwnedByYou", 409)
        self.made.append(Bucket)

    def upload_file(self, file: str, bucket: str, key: str) -> None:
        """Take a file."""
        self.put[f"{bucket}/{key}"] = Path(file).read_text()


@pytest.mark.parametrize("embedded", [True, False])
def test_a_folder_goes_to_its_buckets(tmp_path: Path, *, embedded: bool) -> None:
    """On this machine the other bucket is made and filled, twice if need be; in an account nothing is put there."""
    fill(tmp_path, {"items/a.csv": "raw", "s3/other/b.csv": "raw", "s3://company-data/events/c.csv": "theirs"})
    s3 = Taking()
    pipeline = parsed(**ELSEWHERE)
    for _ in range(2):
        said = upload_for(pipeline, s3, "own", tmp_path, embedded=embedded)

    own = {"own/raw/items/a.csv": "raw", "own/raw/s3/other/b.csv": "raw"}
    assert own | ({"company-data/events/c.csv": "theirs"} if embedded else {}) == s3.put
    assert (["company-data"] if embedded else []) == s3.made
    assert said[0] == f"2 files from {tmp_path} to s3://own/raw/"
    assert said[1:] == (
        [f"1 files from {tmp_path}/s3/company-data to s3://company-data/"]
        if embedded
        else [f"{tmp_path}/s3/company-data is left here: s3://company-data is not the pipeline's, and is read as it is"]
    )


@pytest.mark.parametrize(
    ("answer", "level", "seen"),
    [
        ({"KeyCount": 1, "Contents": [{"Key": "events/a"}]}, Level.OK, "s3://company-data/events/a"),
        ({"KeyCount": 0}, Level.FAILURE, "nothing under s3://company-data/events/"),
        (error("NoSuchBucket", 404), Level.FAILURE, "there is no bucket company-data"),
        (error("AccessDenied", 403), Level.WARNING, "you may not list s3://company-data/events/"),
    ],
)
def test_the_doctor_looks_into_the_bucket(answer: Any, level: Level, seen: str) -> None:
    """Whether it is there and has data; whether the role of a run may read it only a run finds out."""

    def listed(**asked: Any) -> Any:
        assert {"Bucket": "company-data", "Prefix": "events/", "MaxKeys": 1} == asked
        if isinstance(answer, ClientError):
            raise answer
        return answer

    examined = examination({"s3": SimpleNamespace(list_objects_v2=listed)}, **ELSEWHERE)
    examined.stacks = deployed(BucketName="b")
    (finding,) = deployment_checks.raw_data(examined)

    assert level is finding.level
    assert seen in finding.seen


def test_the_drawing_shows_the_address() -> None:
    """Not as if it lay under raw/."""
    drawn = overview(parsed(**ELSEWHERE))

    assert "s3://company-data/events/" in drawn
    assert "raw/" not in drawn
