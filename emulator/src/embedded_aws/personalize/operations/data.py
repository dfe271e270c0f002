"""Schemas, dataset groups, datasets, and the jobs that bring data in, take it out and delete it."""

import hashlib

from embedded_aws.personalize import attribution, deleting, exporting, importing
from embedded_aws.personalize.contents import Contents
from embedded_aws.personalize.datasets import schema_of
from embedded_aws.personalize.exceptions import InvalidInputException, ResourceInUseException
from embedded_aws.personalize.keys import refused_key
from embedded_aws.personalize.kinds import (
    DATA_DELETION_JOB,
    DATASET,
    DATASET_EXPORT_JOB,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    SCHEMA,
)
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.operations.generic import Operation, Params, created, picked
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.schemas import check_dataset_fits, check_replacement, parse_schema
from embedded_aws.personalize.storage import check_s3


def _create_schema(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    parse_schema(params["schema"], params.get("domain"))
    return created(backend.add(SCHEMA, params))


def _create_dataset_group(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    if ("roleArn" in params) != ("kmsKeyArn" in params):
        raise InvalidInputException("roleArn and kmsKeyArn go together")
    if "kmsKeyArn" in params and (refusal := refused_key(backend, params["kmsKeyArn"], params["roleArn"])):
        raise InvalidInputException(refusal)
    group = backend.add(DATASET_GROUP, params)
    return {**created(group), **picked(params, "domain")}


def _create_dataset(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    group = backend.find_active(DATASET_GROUP, params["datasetGroupArn"])
    schema = backend.find(SCHEMA, params["schemaArn"])
    dataset_type = params["datasetType"].upper()
    check_dataset_fits(dataset_type, schema.members, group.members)
    members = {**params, "datasetType": dataset_type}
    if dataset_type == "ACTION_INTERACTIONS":
        members["trackingId"] = tracking_id(group.arn, dataset_type)
    dataset = backend.add(DATASET, members, datasetGroupName=group.members["name"])
    dataset.result = Contents()
    return created(dataset)


def tracking_id(group_arn: str, salt: str) -> str:
    """Return a tracking ID in the layout of a UUID, the same for the same dataset group and `salt`."""
    digest = hashlib.sha256(f"{group_arn}/{salt}".encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


def _update_dataset(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    dataset = _settled(backend, params["datasetArn"])
    schema = backend.find(SCHEMA, params["schemaArn"])
    group = backend.find(DATASET_GROUP, dataset.members["datasetGroupArn"])
    check_dataset_fits(dataset.members["datasetType"], schema.members, group.members)
    replacement = parse_schema(schema.members["schema"], schema.members.get("domain"))
    check_replacement(schema_of(backend, dataset), replacement)
    dataset.begin_update({"schemaArn": schema.arn}, {"schemaArn": schema.arn})
    return created(dataset)


def _settled(backend: PersonalizeBackend, arn: str) -> Resource:
    """Return a dataset that is ACTIVE and not being updated."""
    dataset = backend.find_active(DATASET, arn)
    if dataset.updating:
        raise ResourceInUseException(f"Dataset {dataset.arn} is being updated")
    return dataset


def _check_source(params: Params) -> None:
    location = params["dataSource"].get("dataLocation")
    if location is None:
        raise InvalidInputException("dataSource.dataLocation is required")
    check_s3("dataSource.dataLocation", location)


def _create_dataset_import_job(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    dataset = _settled(backend, params["datasetArn"])
    _check_source(params)
    if "roleArn" not in params:
        raise InvalidInputException("roleArn is required")
    if params.get("publishAttributionMetricsToS3"):
        attribution.check(backend, dataset)
    schema = schema_of(backend, dataset)
    job = backend.add(DATASET_IMPORT_JOB, {"importMode": "FULL", **params})
    backend.start(job, lambda: importing.run(backend, job, dataset, schema))
    return created(job)


def _create_dataset_export_job(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    dataset = backend.find_active(DATASET, params["datasetArn"])
    check_s3("jobOutput.s3DataDestination.path", params["jobOutput"]["s3DataDestination"]["path"])
    schema = schema_of(backend, dataset)
    job = backend.add(DATASET_EXPORT_JOB, {"ingestionMode": "PUT", **params})
    backend.start(job, lambda: exporting.run(backend, job, dataset, schema))
    return created(job)


def _create_data_deletion_job(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    group = backend.find_active(DATASET_GROUP, params["datasetGroupArn"])
    _check_source(params)
    job = backend.add(DATA_DELETION_JOB, params)
    datasets = backend.all(DATASET, datasetGroupArn=group.arn)
    backend.start(job, lambda: deleting.run(backend, job, datasets))
    return created(job)


OPERATIONS: dict[str, Operation] = {
    "CreateSchema": _create_schema,
    "CreateDatasetGroup": _create_dataset_group,
    "CreateDataset": _create_dataset,
    "UpdateDataset": _update_dataset,
    "CreateDatasetImportJob": _create_dataset_import_job,
    "CreateDatasetExportJob": _create_dataset_export_job,
    "CreateDataDeletionJob": _create_data_deletion_job,
}
