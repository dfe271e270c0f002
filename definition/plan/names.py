"""Names derived from a pipeline, and the lengths they must keep."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from definition.plan.mappings import dataset_fields
from definition.plan.requests import solution_config
from definition.service.dataset_types import avro_schema, dataset_type, schema_hash

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline
    from definition.file.realtime import Recommender
    from definition.file.solutions import Solution
    from definition.service.dataset_types import DatasetName

SEPARATOR = "--"
"""Stands between pipeline and stage and the rest of a name; names of pipelines do not hold it."""

MAX_STAGE_LENGTH = 8
STAGE_PATTERN = "[a-z][a-z0-9]{0,7}"
GLUE_LOGS = "/aws-glue/jobs"
"""What the log groups of Glue's jobs begin with. Those of encrypted jobs have their security configuration and role
behind it, as the guide has it after a slash, and as the API reference has it (API page JobRun) after a hyphen."""

RUN_ID_LENGTH = len("20260101T000000-abcdef")
MAX_ATTEMPT = 9
"""Times that a run makes something anew whose creation failed, each with its number behind the name."""

_ATTEMPT_LENGTH = len(f"-{MAX_ATTEMPT}")
_CONFIG_HASH_LENGTH = 6


def prefix(pipeline: str, stage: str) -> str:
    """Return what every name of this pipeline and stage begins with."""
    return f"{pipeline}-{stage}"


def resource_prefix(own: str) -> str:
    """Return what names in Personalize begin with, and names of no other pipeline or stage, of the pipeline's prefix.

    Roles are granted what begins so. No pipeline has a name that holds two hyphens in a row or ends with one, so stage
    ``dev`` of ``shop`` and stage ``prod`` of ``shop-dev`` do not meet.
    """
    return f"{own}{SEPARATOR}"


def resource_pattern(own: str) -> str:
    """Return what matches names in Personalize of one pipeline and stage, of their prefix, as policies write it."""
    return f"{resource_prefix(own)}*"


def alert_name(own: str) -> str:
    """Return the name of the state machine that tells of runs stopped from outside, of the pipeline's prefix."""
    return f"{resource_prefix(own)}alert"


def arrival_name(own: str) -> str:
    """Return the name of the rule that starts runs where raw data arrives, of the pipeline's prefix."""
    return f"{resource_prefix(own)}arrival"


def alarm_of(own: str, what: str) -> str:
    """Return the name of an alarm, of the pipeline's prefix and what it watches, such as ``run/failed``."""
    return f"{resource_prefix(own)}{what}"


def run_id(started: datetime, execution: str) -> str:
    """Return the run id of an execution: its start in UTC and 6 hex digits of its name's SHA-256.

    The state machine computes the same (stacks/states/run.py), so a run can be found from its execution.
    """
    digest = hashlib.sha256(execution.encode()).hexdigest()[:6]
    return f"{started.astimezone(UTC):%Y%m%dT%H%M%S}-{digest}"


def dataset_group_name(pipeline: Pipeline, stage: str) -> str:
    """Return the dataset group's name; it carries what a group cannot change, so that another is another group.

    That is the domain, and a hash of the schema of the interactions (page updating-dataset-schema), the generation, and
    the key in the file (API page CreateDatasetGroup; no call changes it).
    """
    return f"{_own(pipeline.name, stage)}{_domain_part(pipeline)}{_group_hash(pipeline)}"


def _own(pipeline: str, stage: str) -> str:
    return resource_prefix(prefix(pipeline, stage))


def _domain_part(pipeline: Pipeline) -> str:
    return f"{pipeline.domain.lower().replace('_', '-')}-" if pipeline.domain else ""


def _group_hash(pipeline: Pipeline) -> str:
    # Without a generation or a key, which is the rule, they leave no trace in names.
    generation = f" generation {pipeline.generation}" if pipeline.generation > 1 else ""
    key = f" key {pipeline.encryption.kms_key}" if pipeline.encryption else ""
    return schema_hash(schema_document(pipeline, "interactions") + generation + key)


def dataset_name(pipeline: Pipeline, stage: str, dataset: DatasetName) -> str:
    """Return a dataset's name; it carries the group's hash and not its own schema's, which may change."""
    return f"{_own(pipeline.name, stage)}{dataset}-{_group_hash(pipeline)}"


def dataset_path(pipeline: Pipeline, stage: str, dataset: DatasetName) -> str:
    """Return how a dataset's ARN ends: ``<group>/<TYPE>``."""
    return f"{dataset_group_name(pipeline, stage)}/{dataset_type(dataset).api_name.upper()}"


def schema_document(pipeline: Pipeline, dataset: DatasetName) -> str:
    """Return the Avro schema of a dataset as JSON text."""
    return avro_schema(dataset_type(dataset, pipeline.domain), dataset_fields(pipeline, dataset))


def schema_name(pipeline: Pipeline, stage: str, dataset: DatasetName) -> str:
    """Return a schema's name; it carries the schema's hash, since the service cannot change a schema."""
    digest = schema_hash(f"{pipeline.domain or ''}{schema_document(pipeline, dataset)}")
    return f"{_own(pipeline.name, stage)}{dataset}-{digest}"


def filter_name(pipeline: Pipeline, stage: str, name: str, expression: str) -> str:
    """Return a filter's name; it carries the expression's hash, since a filter cannot be changed."""
    return f"{_own(pipeline.name, stage)}{filter_suffix(pipeline, name, expression)}"


def filter_suffix(pipeline: Pipeline, name: str, expression: str) -> str:
    """Return what the filter's name has behind the prefix, whatever the stage."""
    # In another dataset group the same filter is another one.
    digest = schema_hash(f"{pipeline.domain or ''}{_group_hash(pipeline)}{expression}")
    return f"{name}-{digest}"


def datasets_digest(pipeline: Pipeline, stage: str) -> str:
    """Return 8 hex digits that change with the dataset group and with the schema of any dataset."""
    schemas = [schema_name(pipeline, stage, name) for name in pipeline.datasets.by_name()]
    return schema_hash(" ".join([dataset_group_name(pipeline, stage), *schemas]))


def solution_name(pipeline: Pipeline, stage: str, solution: Solution, recipe: str) -> str:
    """Return the solution's name; it carries a hash of its configuration, which the service cannot change.

    With each of several recipes it is another one, and the same as if it had that recipe alone. The hash covers what it
    is trained on, too: a solution of that name in a former group would be taken over, and one that was there before a
    column never sees it (page updating-dataset-schema).
    """
    trained_on = datasets_digest(pipeline, stage)
    digest = _config_hash({**solution_config(solution, recipe), "TrainedOn": trained_on})
    return f"{_own(pipeline.name, stage)}{solution.name}-{digest}"


def version_base(pipeline: Pipeline, stage: str, solution: Solution, recipe: str) -> str:
    """Return what the names of a solution's versions have before the run id: the solution's name and a hash.

    The hash is that of the solution's whole name in Personalize, which is unique in account and region.
    """
    return f"{solution.name}-{schema_hash(solution_name(pipeline, stage, solution, recipe))}"


def comparison(pipeline: Pipeline, stage: str, solution: Solution) -> str:
    """Return 8 hex digits that change with what a solution's recipes are compared by, and with any of them."""
    compared = [solution_name(pipeline, stage, solution, recipe) for recipe in solution.recipes]
    return schema_hash(" ".join([str(solution.by), *compared]))


def topic_name(own: str) -> str:
    """Return the name of the topic that tells of runs, by which other stacks find it, of the pipeline's prefix."""
    return f"{own}-runs"


def campaign_name(pipeline: str, stage: str, solution: Solution) -> str:
    """Return the name of a solution's campaign; it carries no hash, since applications know its ARN."""
    return f"{_own(pipeline, stage)}{solution.name}"


def recommender_name(pipeline: Pipeline, stage: str, recommender: Recommender) -> str:
    """Return a recommender's name; it carries a hash of recipe and group, which the service cannot change."""
    group = f"{pipeline.domain}-{_group_hash(pipeline)}"
    digest = _config_hash({"RecipeArn": recommender.recipe, "Group": group})
    return f"{_own(pipeline.name, stage)}{recommender.name}-{digest}"


def delivered_name(own: str, solution: str, job: str) -> str:
    """Return the name of a job's DynamoDB table, of the pipeline's prefix; applications know it.

    No two jobs of a file have the same: what they are called in Personalize differs in the same letters.
    """
    return f"{resource_prefix(own)}{solution}-{job}"


def _config_hash(config: dict[str, Any]) -> str:
    # Without automatic training, which is the rule, it leaves no trace in names.
    named = {key: value for key, value in config.items() if (key, value) != ("PerformAutoTraining", False)}
    canonical = json.dumps(named, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:_CONFIG_HASH_LENGTH]


def _longest_prefix(pipeline: str) -> int:
    return len(_own(pipeline, "s" * MAX_STAGE_LENGTH))


def longest_import_job(pipeline: str) -> int:
    """Return the length of the longest import job name, whatever the stage."""
    return _longest_prefix(pipeline) + len("interactions-") + RUN_ID_LENGTH + _ATTEMPT_LENGTH


def longest_solution(pipeline: str, solution: str) -> int:
    """Return the length of the longest name of this solution, whatever the stage."""
    return _longest_prefix(pipeline) + len(solution) + 1 + _CONFIG_HASH_LENGTH + _ATTEMPT_LENGTH


def longest_version(solution: str) -> int:
    """Return the length of the longest name of a version of this solution."""
    return len(solution) + 1 + len(schema_hash("")) + 1 + RUN_ID_LENGTH + _ATTEMPT_LENGTH


def longest_recommender(pipeline: str, recommender: str) -> int:
    """Return the length of the longest name of this recommender, whatever the stage."""
    return _longest_prefix(pipeline) + len(recommender) + 1 + _CONFIG_HASH_LENGTH


def longest_job(pipeline: str, solution: str, job: str) -> int:
    """Return the length of the longest batch job name, whatever the stage."""
    return _longest_prefix(pipeline) + len(solution) + 1 + len(job) + 1 + RUN_ID_LENGTH + _ATTEMPT_LENGTH


def longest_filter(pipeline: str, name: str) -> int:
    """Return the length of the longest name of this filter, whatever the stage."""
    return _longest_prefix(pipeline) + len(name) + 1 + len(schema_hash(""))
