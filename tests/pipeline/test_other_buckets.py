"""Raw data in another bucket, through the state machine: read there, looked up there, and refused."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from cli.run import Host, RunOptions, run
from cli.view import View
from tests.documents import popular, shop
from tests.permissions.policies import altered
from tests.pipeline.data import csv, orders, planted, with_orders
from tests.pipeline.rig import Rig
from tests.pipeline.test_cli import PIPELINES_COMMAND

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.server import EmbeddedAWS

BUCKET = "company-data"


@pytest.fixture(scope="module")
def rig(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline all of whose data lies in a bucket that was there before it."""
    aws.client("s3").create_bucket(Bucket=BUCKET)
    datasets, solution = {"interactions": with_orders(BUCKET)}, popular(unchanged_data="skip")
    document = shop(name="elsewhere", datasets=datasets, solutions=[solution], schedule=...)
    return Rig.deploy(aws, document, tmp_path_factory.mktemp("elsewhere"))


def put(rig: Rig, key: str, lines: list[str]) -> str:
    """Put an object into the other bucket; return its address."""
    body = "".join(f"{line}\n" for line in lines).encode()
    rig.aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
    return f"s3://{BUCKET}/{key}"


def test_data_of_another_bucket_is_read_where_it_lies(rig: Rig) -> None:
    """Reports, rejects and lineage name objects by bucket and key; unchanged data is left out, changed is imported."""
    missing = rig.run()
    assert "FAILED" == missing.status
    assert f"No data at s3://{BUCKET}/shop/lines/. Upload the raw data there" in missing.cause
    assert missing.failure is not None
    assert "SourceEmptyError" == missing.failure["failures"][0]["error"]

    rows = [row.split(",") for row in planted()]
    bought = orders(planted())
    lines = ["id,product", *(f"{number},{item}" for number, (_, item, _) in enumerate(rows)), "x,A01"]
    at = put(rig, "shop/lines/day=monday/a.csv", lines)
    put(rig, "shop/lines/_SUCCESS", ["done"])
    put(rig, "shop/lines-old/a.csv", ["id,product", "1,OLD"])
    put(rig, "erp/orders-1.jsonl", bought)
    put(rig, "erp/secret.jsonl", ["{}"])
    first = rig.run()
    assert ("SUCCEEDED", "") == (first.status, first.cause)
    assert first.manifest is not None
    (interactions,) = first.manifest["datasets"]
    assert ("FULL", 1800) == (interactions["imports"]["mode"], interactions["imports"]["records"])
    assert [at] == [item["key"] for item in interactions["objects"]]
    (lineage,) = json.loads(rig.read(f"runs/{first.id}/lineage.json"))["datasets"]
    assert [at] == [item["key"] for item in lineage["objects"]]
    assert [f"s3://{BUCKET}/erp/orders-1.jsonl"] == [item["key"] for item in lineage["lookups"]["orders"]]
    (reject,) = rig.lines(f"rejects/{first.id}/interactions.jsonl")
    assert (at, 1802) == (reject["object"], reject["line"])

    same = rig.run()
    assert same.manifest is not None
    assert "NONE" == same.manifest["datasets"][0]["imports"]["mode"]

    put(rig, "erp/orders-1.jsonl", [json.dumps({"id": 0, "customer": "new", "at": rows[0][2]}), *bought[1:]])
    changed = rig.run()
    assert changed.manifest is not None
    assert "FULL" == changed.manifest["datasets"][0]["imports"]["mode"]


@pytest.mark.parametrize(
    ("action", "told"), [("s3:ListBucket", "may not be listed"), ("s3:GetObject", "a.csv may not be read")]
)
def test_a_bucket_that_refuses_ends_the_run(rig: Rig, action: str, told: str) -> None:
    """What the owner of the bucket denies stops the run before anything is read, and it says what to add where."""
    s3 = rig.aws.client("s3")
    put(rig, "shop/lines/day=monday/a.csv", ["id,product", f"0,{action}"])
    put(rig, "erp/orders-1.jsonl", ["{}"])
    resources = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    deny = {
        "Effect": "Deny",
        "Principal": {"AWS": role_of(rig)},
        "Action": action,
        "Resource": resources,
    }
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    try:
        refused = rig.run()
    finally:
        s3.delete_bucket_policy(Bucket=BUCKET)

    assert "FAILED" == refused.status
    assert told in refused.cause
    assert "SourceBucketPolicy" in refused.cause
    assert refused.failure is not None
    assert "SourceRefusedError" == refused.failure["failures"][0]["error"]
    assert "Let the role read the source in the other bucket" in refused.failure["remedy"]


def test_without_its_grant_a_role_reads_nothing(rig: Rig) -> None:
    """The role may because its own policy says so: without that statement a run fails, too."""

    def nothing_listed(statement: dict[str, Any]) -> dict[str, Any] | None:
        return None if statement["Resource"] == f"arn:aws:s3:::{BUCKET}" else statement

    put(rig, "shop/lines/day=monday/a.csv", ["id,product"])
    with altered(rig.aws, "elsewhere-test", "TransformRole", nothing_listed):
        refused = rig.run()

    assert f"s3://{BUCKET}/shop/lines/ may not be listed" in refused.cause
    assert "not authorized to perform: s3:ListBucket" in refused.cause


def test_a_folder_here_stands_for_the_bucket(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run on an embedded AWS puts what lies below s3/ and the bucket there, and reads it."""
    rows = [row.split(",") for row in planted()]
    folder = tmp_path / "raw" / "s3" / BUCKET
    for part in ("shop/lines", "erp"):
        (folder / part).mkdir(parents=True)
    lines = [f"{number},{item}\n" for number, (_, item, _) in enumerate(rows)]
    (folder / "shop/lines/b.csv").write_text("".join(["id,product,day\n", *(f"{line[:-1]},x\n" for line in lines)]))
    (folder / "erp/orders-1.jsonl").write_text("\n".join(orders(planted())))
    rig.aws.client("s3").delete_object(Bucket=BUCKET, Key="shop/lines/day=monday/a.csv")
    for name, value in rig.aws.environment().items():
        monkeypatch.setenv(name, value)
    options = RunOptions(tmp_path / "elsewhere.yaml", "test", tmp_path / "raw", tmp_path / "out", {})

    assert run(rig.pipeline, options, View(), Host(every=0.2, embedded=True))
    assert f"s3://{BUCKET}/shop/lines/b.csv" in (tmp_path / "out/elsewhere/latest/manifest.json").read_text()


def test_a_forecast_counts_data_of_another_bucket(tmp_path: Path) -> None:
    """`cost --raw` lets the function's own transform read the buckets that the folder stands for.

    In a process of its own: it has an embedded AWS, too.
    """
    file, raw = tmp_path / "elsewhere.yaml", tmp_path / "raw" / "s3" / BUCKET
    file.write_text(json.dumps(shop(datasets__interactions__source={"path": f"s3://{BUCKET}/shop/"}, schedule=...)))
    (raw / "shop").mkdir(parents=True)
    (raw / "shop" / "a.csv").write_text(csv(planted()))
    command = [str(PIPELINES_COMMAND), "cost", str(file), "--raw", str(tmp_path / "raw")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # ours

    assert 0 == done.returncode, done.stderr
    assert "1,800" in done.stdout


def test_a_bucket_that_is_gone_is_told(rig: Rig) -> None:
    """That there is no such bucket is another mistake than one that may not be read."""
    s3 = rig.aws.client("s3")
    for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    s3.delete_bucket(Bucket=BUCKET)

    gone = rig.run()

    assert f"There is no bucket {BUCKET}, for s3://{BUCKET}/shop/lines/. Make it, or correct " in gone.cause
    assert gone.failure is not None
    assert "BucketMissingError" == gone.failure["failures"][0]["error"]


def role_of(rig: Rig) -> str:
    """Return the ARN of the role that transforms."""
    arn: str = rig.aws.client("lambda").get_function(FunctionName="elsewhere-test-transform")["Configuration"]["Role"]
    return arn
