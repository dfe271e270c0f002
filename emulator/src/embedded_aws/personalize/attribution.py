"""The report of a metric attribution on what an import of interactions brings, as a file in S3.

Rules: Developer Guide, metric-attribution-results-s3 (columns, intervals of 15 minutes) and
metric-attribution-requirements; CreateDatasetImportJob in the API reference. What they leave open is in `choices`.
"""

import re
from typing import Final

import polars as pl

from embedded_aws.personalize.contents import Table
from embedded_aws.personalize.datasets import datasets_of
from embedded_aws.personalize.exceptions import InvalidInputException, JobFailedError
from embedded_aws.personalize.kinds import METRIC_ATTRIBUTION
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.storage import Location, RoleStorage

SUM: Final = re.compile(r"SUM\((Items|Interactions)\.(\w+)\)", re.IGNORECASE)

_SECONDS: Final = 15 * 60
SOURCE: Final = "EVENT_ATTRIBUTION_SOURCE"
_FILE: Final = "AggregatedAttributionMetrics-{mode}-{time:%Y%m%dT%H%M%SZ}.csv"


def check(backend: PersonalizeBackend, dataset: Resource) -> None:
    """Check that imports into a dataset can be reported.

    Raises:
        InvalidInputException: it holds no interactions, or nothing says what to report and where to.
    """
    if dataset.members["datasetType"] != "INTERACTIONS":
        raise InvalidInputException(f"publishAttributionMetricsToS3: {dataset.arn} holds no interactions")
    if _wanted(backend, dataset) is None:
        raise InvalidInputException(
            "publishAttributionMetricsToS3: the dataset group has no metric attribution with an S3 destination"
        )


def publish(backend: PersonalizeBackend, job: Resource, dataset: Resource, rows: pl.DataFrame) -> None:
    """Write the report of an import job on its interactions.

    Raises:
        JobFailedError: the metric attribution is gone, or S3 cannot be written with its role.
    """
    attribution = _wanted(backend, dataset)
    if attribution is None:
        raise JobFailedError("The metric attribution whose metrics were to be published is gone")
    output = attribution.members["metricsOutputConfig"]
    folder = Location.parse(output["s3DataDestination"]["path"]).folder
    with backend.lock:
        items = datasets_of(backend, dataset.members["datasetGroupArn"]).get("ITEMS")
    reported = [_reported(metric, rows, items) for metric in attribution.members["metrics"]]
    file = _FILE.format(mode=job.members["importMode"], time=job.created)
    key = output["s3DataDestination"].get("kmsKeyArn")
    storage = RoleStorage(backend, output["roleArn"], job.arn, output_key=key)
    storage.write(Location(folder.bucket, folder.key + file), pl.concat(reported).write_csv().encode())


def _wanted(backend: PersonalizeBackend, dataset: Resource) -> Resource | None:
    found = backend.all(METRIC_ATTRIBUTION, datasetGroupArn=dataset.members["datasetGroupArn"])
    return next((one for one in found if "s3DataDestination" in one.members["metricsOutputConfig"]), None)


def _reported(metric: dict[str, str], rows: pl.DataFrame, items: Table | None) -> pl.DataFrame:
    """Return what one metric comes to for each source and interval, the columns in the documented order."""
    events = rows.filter(pl.col("EVENT_TYPE") == metric["eventType"])
    source = pl.col(SOURCE) if SOURCE in rows.columns else pl.lit(None, dtype=pl.String)
    interval = pl.col("TIMESTAMP") // _SECONDS * _SECONDS
    of_group = [source.alias(SOURCE), interval.alias("TIMESTAMP")]
    summed = SUM.fullmatch(metric["expression"].replace(" ", ""))
    if summed is None:
        value = pl.len()
    else:
        value = pl.col(summed[2]).sum()
        if summed[1].upper() == "ITEMS":
            of_items = {"ITEM_ID": pl.String, summed[2]: pl.Float64}
            priced = pl.DataFrame(schema=of_items) if items is None else items.rows.select(*of_items)
            events = events.drop(summed[2], strict=False).join(priced, on="ITEM_ID", how="left")
    return (
        events.group_by(of_group)
        .agg(value.cast(pl.Float64).alias("VALUE"))
        .select(
            pl.lit(metric["metricName"]).alias("METRIC_NAME"),
            pl.lit(metric["eventType"]).alias("EVENT_TYPE"),
            "VALUE",
            pl.lit("samplecount" if summed is None else "sum").alias("MATH_FUNCTION"),
            SOURCE,
            "TIMESTAMP",
        )
        .sort(SOURCE, "TIMESTAMP")
    )
