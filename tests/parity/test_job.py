"""The Glue job as it is deployed, on the embedded AWS, beside the function's engine on the same bucket."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from definition.load import parse
from definition.paths import ROOT
from definition.plan.mappings import dataset_mapping
from embedded_aws.glue.spark import missing
from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import administrator, eventually
from lambdas.transform.transform import transform
from stacks.code import modules_of
from transform.contract import (
    Active,
    BatchInput,
    FromFile,
    Imported,
    TransformReport,
    TransformRequest,
)
from transform.raw.lineage import Lineage

if TYPE_CHECKING:
    from collections.abc import Iterator

LACKING = missing()
pytestmark = pytest.mark.skipif(LACKING is not None, reason=str(LACKING))
BUCKET = "parity"
AT = 1_700_000_000
TERMINAL = {"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED"}
DATASETS = {
    "items": {
        "source": {"path": "items/", "format": "jsonl"},
        "lookups": {"prices": {"source": {"path": "prices.csv"}, "key": "id", "on": "sku", "missing": "empty"}},
        "columns": {
            "ITEM_ID": "sku",
            "GENRES": {"from": "about.genres", "type": "categorical"},
            "PRICE": {"from": "prices.price", "type": "float"},
        },
    },
    "interactions": {
        "source": {"path": "events/"},
        "keep": "kind <> 'view'",
        "columns": {
            "USER_ID": "user",
            "ITEM_ID": "item",
            "TIMESTAMP": {"from": "day", "format": "%Y-%m-%d"},
            "EVENT_TYPE": "kind",
        },
        "checks": [{"name": "known", "rows": "item <> 'i3'"}, {"name": "few", "counts": "users < 3"}],
    },
}
RAW: dict[str, bytes] = {
    "items/a.jsonl": b'{"sku":"i1","about":{"genres":["A","B"]}}\n{"sku":"i2"}\n{"sku":\n',
    "events/day=2024-01-01/a.csv": b"user,item,kind\nu1,i1,buy\nu2,i2,view\n,i1,buy\n" + b"u3,i3,buy\n" * 3,
    "events/day=2024-03-01/b.csv.gz": gzip.compress(b"kind,user,item,more\r\nbuy,u1,i2,x\r\nbuy,u\xff,i1,x\r\nbuy\r\n"),
    "events/_SUCCESS": b"",
    "prices.csv": b"id,price\ni1,2.5\n,1\n",
    "ids.csv": "who,n\nu9,1\nü,2\nu9,3\n,4\n".encode(),
}
LATE = b'{"sku":"i3","about":{"genres":["C"]}}\n'


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    """Run an embedded AWS with the raw data in a bucket."""
    with EmbeddedAWS() as embedded:
        s3 = embedded.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for name, body in RAW.items():
            s3.put_object(Bucket=BUCKET, Key=f"raw/{name}", Body=body)
        yield embedded


def request(run: str, **changes: Any) -> TransformRequest:
    """Return a request with a batch input of every kind."""
    solution = {"name": "s", "recipe": "aws-user-personalization-v2", "batch_inference": [{"name": "j"}]}
    pipeline = parse(json.dumps({"name": "parity", "datasets": DATASETS, "solutions": [solution]}))
    kinds: dict[str, dict[str, Any]] = {
        "all": {"line": "user", "users": "all"},
        "active": {"line": "user", "users": Active(active_seconds=86400)},
        "file": {"line": "user", "users": FromFile(file="ids.csv", column="who")},
        "items": {"line": "item", "items": "all"},
        "rankings": {"line": "ranking", "users": ["u1", "u2", "u1"], "items": "all"},
        "queries": {"line": "attributes", "attributes": ["ITEMS.GENRES = A", "é"]},
    }
    given: dict[str, Any] = {
        "bucket": BUCKET,
        "run": run,
        "started": AT,
        "datasets": [dataset_mapping(pipeline, "items"), dataset_mapping(pipeline, "interactions")],
        "batch_inputs": [
            BatchInput(prefix=f"batch/{run}/{name}/", lines_per_file=2, **kind) for name, kind in kinds.items()
        ],
    }
    return TransformRequest(**(given | changes))


def ran(aws: EmbeddedAWS, wanted: TransformRequest) -> dict[str, Any]:
    """Run the job as it is deployed on a request; return the ended run."""
    s3, glue, key = aws.client("s3"), aws.client("glue"), f"runs/{wanted.run}/transform-request.json"
    s3.put_object(Bucket=BUCKET, Key=key, Body=wanted.model_dump_json().encode())
    s3.put_object(Bucket=BUCKET, Key="code/main.py", Body=(ROOT / "jobs" / "transform" / "main.py").read_bytes())
    packages = io.BytesIO()
    with zipfile.ZipFile(packages, "w") as archive:
        for source in modules_of("jobs.transform.main"):
            archive.write(ROOT / source, source)
    s3.put_object(Bucket=BUCKET, Key="code/packages.zip", Body=packages.getvalue())
    job = f"transform-{wanted.run}"
    glue.create_job(
        Name=job,
        Role=administrator(aws, "glue.amazonaws.com"),
        Command={"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": f"s3://{BUCKET}/code/main.py"},
        GlueVersion="5.1",
        DefaultArguments={
            "--extra-py-files": f"s3://{BUCKET}/code/packages.zip",
            "--additional-python-modules": f"pydantic=={version('pydantic')}",
            "--bucket": BUCKET,
            "--conf": "spark.sql.shuffle.partitions=2",
        },
    )
    run = glue.start_job_run(JobName=job, Arguments={"--request": key})["JobRunId"]

    def over() -> dict[str, Any] | None:
        found: dict[str, Any] = glue.get_job_run(JobName=job, RunId=run)["JobRun"]
        return found if found["JobRunState"] in TERMINAL else None

    return eventually(over, deadline=300)


def contents(aws: EmbeddedAWS, prefix: str) -> dict[str, bytes]:
    """Return the objects below a prefix by the rest of their keys."""
    s3 = aws.client("s3")
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return {
        item["Key"].removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read() for item in found
    }


def lines(objects: dict[str, bytes], name: str) -> list[Any]:
    """Return the lines of the objects whose names begin so, in an order of their own."""
    texts = [body.decode() for key, body in objects.items() if key.startswith(name)]
    return sorted((json.loads(line) for text in texts for line in text.splitlines()), key=str)


def facts(report: TransformReport, run: str) -> dict[str, Any]:
    """Return what both engines report alike, whatever the run."""
    document = report.model_dump()
    for dataset in document["datasets"]:
        for document_of in (dataset, dataset["imports"]):
            location = document_of.pop("location")
            assert location is None or location.startswith(f"s3://{BUCKET}/transformed/")
        # Spark writes several objects, each with a header.
        dataset["imports"].pop("bytes")
        rejects = dataset.pop("rejects")
        assert (f"s3://{BUCKET}/rejects/{run}/" if dataset["rows_rejected"] else None) == rejects
        for check in dataset["checks"]:
            assert check.pop("failures") == (f"s3://{BUCKET}/rejects/{run}/" if check["rows_failed"] else None)
    document["refusals"] = [each.replace(f"/{run}/", "/") for each in document["refusals"]]
    document.pop("engine")
    for each in document["batch_inputs"]:
        each["prefix"] = each["prefix"].split("/")[2]
    return document


def test_the_job_does_what_the_function_does(aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch) -> None:
    """CSV, rejects, batch input, report and what is new since an import are the function's, at the agreed keys."""
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    s3 = aws.client("s3")
    s3.put_object(Bucket=BUCKET, Key="raw/items/late.jsonl", Body=LATE)
    since: dict[str, Any] = {
        "imported": [Imported(dataset="items", run="before"), Imported(dataset="interactions", run="before")],
        "incremental": ["items"],
    }
    without = transform(request("before"), s3)
    assert ["FULL", "FULL"] == [dataset.imports and dataset.imports.mode for dataset in without.datasets]
    earlier = Lineage.model_validate_json(contents(aws, "runs/before/lineage.json")[""])
    for made in earlier.datasets:
        made.objects[:] = [each for each in made.objects if each.etag != hashlib.md5(LATE).hexdigest()]  # noqa: S324
    s3.put_object(Bucket=BUCKET, Key="runs/before/lineage.json", Body=earlier.model_dump_json().encode())

    polars = transform(request("polars", **since), s3)
    names = ("interactions", "items.prices", "interactions.failed-checks")
    rejects = tuple(f"rejects/spark/{name}.jsonl" for name in names)
    for left in ("transformed/spark/interactions/interactions.csv", *rejects):
        # Of a function that ran out of memory before it came to its end.
        s3.put_object(Bucket=BUCKET, Key=left, Body=b"USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\nleft,i1,1,buy\n")
    ended = ran(aws, request("spark", **since))

    assert "SUCCEEDED" == ended["JobRunState"], ended.get("ErrorMessage")
    report = TransformReport.model_validate_json(contents(aws, "runs/spark/data-report.json")[""])
    assert "glue" == report.engine
    assert facts(polars, "polars") == facts(report, "spark")
    interactions = report.datasets[1]
    assert (9, 5, 1, 3) == (
        interactions.rows_in,
        interactions.rows_out,
        interactions.rows_filtered,
        interactions.rows_rejected,
    )
    for dataset in ("interactions", "items"):
        written = contents(aws, f"transformed/spark/{dataset}/")
        assert [f"part-{index:05}.csv" for index in range(len(written))] == list(written)
        expected = contents(aws, f"transformed/polars/{dataset}/")[f"{dataset}.csv"].decode().splitlines()
        parts = [body.decode().splitlines() for body in written.values()]
        assert {expected[0]} == {part[0] for part in parts}
        assert sorted(expected[1:]) == sorted(line for part in parts for line in part[1:])
        assert lines(contents(aws, "rejects/polars/"), dataset) == lines(contents(aws, "rejects/spark/"), dataset)
    failing = lines(contents(aws, "rejects/spark/"), "interactions.failed-checks-")
    assert [("raw/events/day=2024-01-01/a.csv", line, "known") for line in (5, 6, 7)] == [
        (row["object"], row["line"], row["check"]) for row in failing
    ]
    (broken,) = lines(contents(aws, "rejects/spark/"), "items.prices-")
    assert ("raw/prices.csv", 3, "id is empty", ",1") == tuple(broken.values())
    modes = [dataset.imports and dataset.imports.mode for dataset in report.datasets]
    assert ["INCREMENTAL", "NONE"] == modes
    (added,) = contents(aws, "transformed/spark/items-increment/").values()
    assert contents(aws, "transformed/polars/items-increment/")["items.csv"].splitlines() == added.splitlines()
    assert ["ITEM_ID,GENRES,PRICE", "i3,C,"] == added.decode().splitlines()
    assert [len(added), 0] == [dataset.imports and dataset.imports.bytes for dataset in report.datasets]
    assert contents(aws, "batch/polars/") == contents(aws, "batch/spark/")
    assert {} == contents(aws, "staging/")
