"""The datasets of a group, as training and requests see them."""

from embedded_aws.personalize.contents import Datasets
from embedded_aws.personalize.kinds import DATASET, SCHEMA
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.schemas import Schema, parse_schema


def schema_of(backend: PersonalizeBackend, dataset: Resource) -> Schema:
    """Return the schema of a dataset."""
    members = backend.find(SCHEMA, dataset.members["schemaArn"]).members
    return parse_schema(members["schema"], members.get("domain"))


def schemas_of(backend: PersonalizeBackend, group_arn: str) -> dict[str, Schema]:
    """Return the schemas of a group's datasets, by dataset type."""
    datasets = backend.all(DATASET, datasetGroupArn=group_arn)
    return {dataset.members["datasetType"]: schema_of(backend, dataset) for dataset in datasets}


def datasets_of(backend: PersonalizeBackend, group_arn: str, *, full_only: bool = False) -> Datasets:
    """Return the tables of a group's datasets as they are now, those without records left out."""
    tables = {
        dataset.members["datasetType"]: dataset.result.table(schema_of(backend, dataset), full_only=full_only)
        for dataset in backend.all(DATASET, datasetGroupArn=group_arn)
    }
    return {name: table for name, table in tables.items() if table is not None}
