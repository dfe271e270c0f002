"""Read a dataset group of an account: what there is, as the describe calls of Amazon Personalize answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast, get_args

from definition.service.dataset_types import DatasetName
from drafting.migration.found import ENCRYPTION, Found, FoundSolution

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drafting.migration.found import Request


def read_dataset_group(personalize: Any, arn: str) -> Found:
    """Return what there is in a dataset group; nothing of it is changed.

    Args:
        personalize: a boto3 Personalize client.
        arn: of the dataset group.

    Raises:
        botocore.exceptions.ClientError: it is not there, or may not be read.
    """
    group = personalize.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"]
    found = Found(group["name"], domain=group.get("domain"))
    if key := group.get("kmsKeyArn"):
        found.left.append(f"kmsKeyArn of the dataset group: {ENCRYPTION.format(key=key)}")
    within = {"datasetGroupArn": arn}
    for dataset in _listed(personalize, "datasets", **within):
        _read_dataset(personalize, dataset, found)
    for each in _listed(personalize, "solutions", **within):
        found.solutions.append(_solution(personalize, each["solutionArn"]))
    found.filters = [
        _described(personalize, "filter", each["filterArn"]) for each in _listed(personalize, "filters", **within)
    ]
    found.recommenders = [
        _described(personalize, "recommender", each["recommenderArn"])
        for each in _listed(personalize, "recommenders", **within)
    ]
    found.has_event_tracker = any(_listed(personalize, "event_trackers", **within))
    for each in _listed(personalize, "metric_attributions", **within):
        attribution = each["metricAttributionArn"]
        found.metrics += _listed(
            personalize, "metric_attribution_metrics", key="metrics", metricAttributionArn=attribution
        )
    return found


def _read_dataset(personalize: Any, listed: Request, found: Found) -> None:
    name = listed["datasetType"].lower()
    if name not in get_args(DatasetName):
        found.left.append(f"dataset {listed['name']}: pipelines import interactions, items and users")
        return
    dataset = personalize.describe_dataset(datasetArn=listed["datasetArn"])["dataset"]
    schema = personalize.describe_schema(schemaArn=dataset["schemaArn"])["schema"]["schema"]
    known = cast("DatasetName", name)
    found.schemas[known] = json.loads(schema)
    jobs = _newest_first(_listed(personalize, "dataset_import_jobs", datasetArn=listed["datasetArn"]))
    if jobs:
        job = _described(personalize, "dataset_import_job", jobs[0]["datasetImportJobArn"])
        found.source[known] = str(job["dataSource"]["dataLocation"])


def _solution(personalize: Any, arn: str) -> FoundSolution:
    solution = FoundSolution(_described(personalize, "solution", arn))
    solution.campaigns = [
        _described(personalize, "campaign", each["campaignArn"])
        for each in _listed(personalize, "campaigns", solutionArn=arn)
    ]
    versions = _newest_first(_listed(personalize, "solution_versions", solutionArn=arn))
    solution.batch_inference = _last_job(personalize, "batch_inference_job", versions)
    solution.batch_segment = _last_job(personalize, "batch_segment_job", versions)
    return solution


def _last_job(personalize: Any, kind: str, versions: list[Request]) -> list[Request]:
    """Return the newest job of the newest version that has one: it shows how jobs are asked for now."""
    for version in versions:
        jobs = _newest_first(_listed(personalize, f"{kind}s", solutionVersionArn=version["solutionVersionArn"]))
        if jobs:
            return [_described(personalize, kind, jobs[0][f"{_camel(kind)}Arn"])]
    return []


def _newest_first(listed: Iterable[Request]) -> list[Request]:
    return sorted(listed, key=lambda each: each["creationDateTime"], reverse=True)


def _listed(personalize: Any, plural: str, *, key: str | None = None, **within: str) -> Iterator[Request]:
    operation = f"list_{plural}"
    pages = personalize.get_paginator(operation).paginate(**within)
    for page in pages:
        wanted = key or next(name for name, value in page.items() if isinstance(value, list))
        yield from page[wanted]


def _described(personalize: Any, kind: str, arn: str) -> Request:
    name = _camel(kind)
    answer: Request = getattr(personalize, f"describe_{kind}")(**{f"{name}Arn": arn})[name]
    return answer


def _camel(kind: str) -> str:
    first, *rest = kind.split("_")
    return first + "".join(map(str.capitalize, rest))
