"""What a job with Spark reads and writes."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.glue.support import Jobs, keys, put, runs_jobs, text

SPARK_SCRIPT = """
import json, os, sys, tempfile, time
import boto3
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from doubling import double

bucket = sys.argv[sys.argv.index("--bucket") + 1]
begun = time.monotonic()
spark = SparkSession.builder.getOrCreate()
root = f"s3://{bucket}/lake"
films = spark.read.option("header", True).csv(f"{root}/raw/")
doubled = F.udf(double)
films.select("film", doubled("stars").alias("stars")).coalesce(1).write.mode("overwrite").csv(f"{root}/out")
films.write.partitionBy("film").json(f"s3a://{bucket}/lake/films")
report = {
    "start": time.monotonic() - begun,
    "argv": sys.argv,
    "rows": sorted(row.value for row in spark.read.text(f"{root}/raw/").collect()),
    "names": sorted({row[0] for row in films.select(F.input_file_name()).collect()}),
    "version": spark.version,
    "zone": spark.conf.get("spark.sql.session.timeZone"),
    "partitions": spark.conf.get("spark.sql.shuffle.partitions"),
    "web": spark.sparkContext.uiWebUrl,
    "folders": [os.getcwd(), tempfile.gettempdir(), os.environ["SPARK_CONF_DIR"]],
}
print("films:", films.count())
boto3.client("s3").put_object(Bucket=bucket, Key="lake/report.json", Body=json.dumps(report))
"""


FAILING_SCRIPT = """
import boto3
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
hadoop = spark._jvm.org.apache.hadoop.fs
def path(key): return hadoop.Path("s3://{bucket}/failed/" + key)
files = path("").getFileSystem(spark._jsc.hadoopConfiguration())
for key in ("_temporary/0/part-0", ".spark-staging-1/part-0", ".part-0.crc", "_delta_log/0.json"):
    files.create(path(key)).close()
boto3.client("s3").put_object(Bucket="{bucket}", Key="failed/replaced", Body="new")
for key in ("old", "replaced"):
    files.delete(path(key), False)
spark.read.text("s3://no-such-bucket/x")
"""


def library(source: str) -> bytes:
    """Return a zip archive with the module `doubling`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("doubling.py", source)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def spark_run(aws: EmbeddedAWS, jobs: Jobs) -> dict[str, Any]:
    """Run one job over three raw files and an older output."""
    put(aws, jobs.bucket, "lake/raw/", b"")
    put(aws, jobs.bucket, "lake/raw/a.csv", "film,stars\nMetropolis,5\n")
    put(aws, jobs.bucket, "lake/raw/b é.csv", "film,stars\nAlphaville,4\n")
    put(aws, jobs.bucket, "lake/out/part-old.csv", "old\n")
    put(aws, jobs.bucket, "lake/kept.txt", "kept")
    zipped = put(aws, jobs.bucket, "scripts/doubling.zip", library("def double(v): return v + v"))
    job = jobs.job(
        SPARK_SCRIPT,
        DefaultArguments={
            "--bucket": "overridden",
            "--extra-py-files": zipped,
            "--mode": "full",
            "--conf": "spark.sql.session.timeZone=Asia/Shanghai --conf spark.sql.shuffle.partitions=3",
        },
    )
    return jobs.ended(job, jobs.started(job, Arguments={"--bucket": jobs.bucket, "--note": "a b"}))


@pytest.fixture(scope="module")
def report(aws: EmbeddedAWS, jobs: Jobs, spark_run: dict[str, Any]) -> dict[str, Any]:
    """Return what the script told of itself, through boto3."""
    assert spark_run["JobRunState"] == "SUCCEEDED", spark_run.get("ErrorMessage")
    found: dict[str, Any] = json.loads(text(aws, jobs.bucket, "lake/report.json"))
    return found


@runs_jobs
class TestSpark:
    def test_the_run_is_described(self, spark_run: dict[str, Any]) -> None:
        """A run has its times in order, its own arguments, and the version whose Spark it is."""
        assert spark_run["JobRunState"] == "SUCCEEDED", spark_run.get("ErrorMessage")
        assert "ErrorMessage" not in spark_run
        assert spark_run["StartedOn"] < spark_run["CompletedOn"] == spark_run["LastModifiedOn"]
        assert 0 < spark_run["ExecutionTime"] <= (spark_run["CompletedOn"] - spark_run["StartedOn"]).total_seconds() + 1
        assert set(spark_run["Arguments"]) == {"--bucket", "--note"}
        assert (spark_run["GlueVersion"], spark_run["Timeout"], spark_run["Attempt"]) == ("5.1", 2880, 0)

    def test_spark_is_that_of_the_glue_version(self, report: dict[str, Any]) -> None:
        """Spark is 3.5.6 without its web interface, with the job's own settings."""
        assert report["version"] == "3.5.6"
        assert report["web"] is None
        assert report["zone"] == "Asia/Shanghai"
        assert report["partitions"] == "3"

    def test_arguments(self, spark_run: dict[str, Any], report: dict[str, Any]) -> None:
        """The script gets pairs of name and value: the run's over the job's, and what Glue adds."""
        script, *arguments = report["argv"]
        assert script.endswith(".py")
        pairs = dict(zip(arguments[::2], arguments[1::2], strict=True))
        assert pairs.pop("--JOB_ID")
        assert pairs == {
            "--bucket": spark_run["Arguments"]["--bucket"],
            "--mode": "full",
            "--note": "a b",
            "--JOB_NAME": spark_run["JobName"],
            "--JOB_RUN_ID": spark_run["Id"],
        }

    def test_spark_reads_s3(self, jobs: Jobs, report: dict[str, Any]) -> None:
        """A prefix is a folder with all its objects, whatever their names, and files keep their s3 addresses."""
        assert report["rows"] == ["Alphaville,4", "Metropolis,5", "film,stars", "film,stars"]
        prefix = f"s3://{jobs.bucket}/lake/raw/"
        assert report["names"] == [f"{prefix}a.csv", f"{prefix}b%20é.csv"]

    def test_spark_writes_s3(self, aws: EmbeddedAWS, jobs: Jobs, spark_run: dict[str, Any]) -> None:
        """Written files are objects, overwritten prefixes lose their old ones, and nothing of Spark's own stays."""
        del spark_run
        marker, part = sorted(keys(aws, jobs.bucket, "lake/out/"))
        assert marker == "lake/out/_SUCCESS"
        assert sorted(text(aws, jobs.bucket, part).split()) == ["Alphaville,44", "Metropolis,55"]
        partitions = {key.split("/")[2] for key in keys(aws, jobs.bucket, "lake/films/")}
        assert partitions == {"_SUCCESS", "film=Alphaville", "film=Metropolis"}
        assert not [key for key in keys(aws, jobs.bucket, "") if "_temporary" in key or key.endswith(".crc")]

    def test_other_objects_stay_as_they_are(self, aws: EmbeddedAWS, jobs: Jobs, spark_run: dict[str, Any]) -> None:
        """What the job did not touch is not written again."""
        kept = aws.client("s3").head_object(Bucket=jobs.bucket, Key="lake/kept.txt")
        assert kept["LastModified"] <= spark_run["StartedOn"]
        assert "lake/raw/" in keys(aws, jobs.bucket, "lake/raw/")

    def test_the_output_is_logged(self, aws: EmbeddedAWS, spark_run: dict[str, Any]) -> None:
        """What the script prints is in the log group of its stdout, in the run's stream."""
        events = aws.client("logs").get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=spark_run["Id"])
        assert [event["message"] for event in events["events"]] == ["films: 2"]

    def test_nothing_is_left_on_the_machine(self, report: dict[str, Any]) -> None:
        """The run's folders are gone with it."""
        assert [folder for folder in report["folders"] if Path(folder).exists()] == []

    def test_a_failed_job_keeps_what_it_wrote(self, aws: EmbeddedAWS, jobs: Jobs) -> None:
        """What was committed before an error is in S3, the rest is not, and the error comes without Java's stack."""
        put(aws, jobs.bucket, "failed/old", "old")
        put(aws, jobs.bucket, "failed/replaced", "old")
        ran = jobs.ran(FAILING_SCRIPT.format(bucket=jobs.bucket))
        assert ran["JobRunState"] == "FAILED"
        assert ran["ErrorMessage"].startswith("There was no bucket s3://no-such-bucket when the run began. ")
        assert "\tat " not in ran["ErrorMessage"]
        assert keys(aws, jobs.bucket, "failed/") == ["failed/_delta_log/0.json", "failed/replaced"]
        assert text(aws, jobs.bucket, "failed/replaced") == "new"
