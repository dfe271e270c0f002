"""A dataset group of its own for questions, so that the deployment's data and models stay as they are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.errors import CommandError
from cli.first_contact.world import tried
from definition import layout

if TYPE_CHECKING:
    from cli.first_contact.world import Reply, World

_SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
        {"name": "EVENT_TYPE", "type": "string"},
    ],
    "version": "1.0",
}


@dataclass(frozen=True)
class Sandbox:
    """A dataset group with an interactions dataset.

    Attributes:
        group: its ARN.
        dataset: the dataset's ARN.
        schema: the schema's ARN.
    """

    group: str
    dataset: str
    schema: str


def sandbox(world: World) -> Sandbox:
    """Return the dataset group for questions; the first call makes it."""
    if "sandbox" not in world.memo:
        world.memo["sandbox"] = _make(world)
    made: Sandbox = world.memo["sandbox"]
    return made


def _make(world: World) -> Sandbox:
    personalize, name = world.personalize, world.name("sandbox")
    schema = personalize.create_schema(name=name, schema=json.dumps(_SCHEMA))["schemaArn"]
    group = personalize.create_dataset_group(name=name)["datasetGroupArn"]
    world.settled("describe_dataset_group", "datasetGroup", datasetGroupArn=group)
    dataset = personalize.create_dataset(
        name=name, schemaArn=schema, datasetGroupArn=group, datasetType="Interactions"
    )["datasetArn"]
    world.settled("describe_dataset", "dataset", datasetArn=dataset)
    return Sandbox(group, dataset, schema)


def folder(what: str, world: World) -> str:
    """Return a folder of the bucket for an import, where Personalize's role may read."""
    return layout.DATASET.key(run=f"first-contact-{world.token}", dataset=what)


def start_import(world: World, what: str) -> Reply:
    """Start a full import of a folder's objects; the folder gives the job its name."""
    reply = tried(
        world.personalize.create_dataset_import_job,
        jobName=world.name(f"{what}-{world.token}"),
        datasetArn=sandbox(world).dataset,
        dataSource={"dataLocation": f"s3://{world.bucket}/{folder(what, world)}"},
        roleArn=world.service_role,
        importMode="FULL",
    )
    if reply.accepted:
        world.memo.setdefault("jobs", []).append(what)
    return reply


def import_of(world: World, what: str, **objects: str) -> str:
    """Import objects, each by its name, and return what became of it: ACTIVE, or why it failed."""
    for name, body in objects.items():
        world.put(f"{folder(what, world)}{name}", body)
    reply = start_import(world, what)
    if not reply.accepted:
        return reply.said
    job = world.settled(
        "describe_dataset_import_job", "datasetImportJob", datasetImportJobArn=reply.value["datasetImportJobArn"]
    )
    return f"{job['status']}: {job['failureReason']}" if "failureReason" in job else str(job["status"])


def imported(world: World) -> None:
    """Make sure that the dataset has data: most of what can be asked of a solution needs some."""
    if not world.memo.get("imported"):
        status = import_of(world, "plain", **{"part.csv": world.films.imported()})
        world.memo["imported"] = status == "ACTIVE"


def remove(world: World, group: str) -> None:
    """Delete a dataset group with everything in it, in the order that the service wants (page gs-cleanup).

    Raises:
        CommandError: the service does not delete it.
    """
    personalize = world.personalize
    for tracker in personalize.list_event_trackers(datasetGroupArn=group)["eventTrackers"]:
        tried(personalize.delete_event_tracker, eventTrackerArn=tracker["eventTrackerArn"])
        world.gone("describe_event_tracker", eventTrackerArn=tracker["eventTrackerArn"])
    for each in personalize.list_filters(datasetGroupArn=group)["Filters"]:
        tried(personalize.delete_filter, filterArn=each["filterArn"])
        world.gone("describe_filter", filterArn=each["filterArn"])
    for solution in personalize.list_solutions(datasetGroupArn=group)["solutions"]:
        remove_solution(world, solution["solutionArn"])
    for dataset in personalize.list_datasets(datasetGroupArn=group)["datasets"]:
        remove_dataset(world, dataset["datasetArn"])
    reply = tried(personalize.delete_dataset_group, datasetGroupArn=group)
    if not reply.accepted:
        raise CommandError(
            f"{group} cannot be deleted: {reply.said}", remedy="Delete it in the console; it costs nothing"
        )
    world.gone("describe_dataset_group", datasetGroupArn=group)


def remove_dataset(world: World, dataset: str) -> Reply:
    """Delete a dataset; return what came of the call."""
    reply = tried(world.personalize.delete_dataset, datasetArn=dataset)
    if reply.accepted:
        world.gone("describe_dataset", datasetArn=dataset)
    return reply


def remove_solution(world: World, solution: str) -> None:
    """Stop a solution's trainings and delete it with its versions."""
    personalize = world.personalize
    listed = personalize.list_solution_versions(solutionArn=solution)["solutionVersions"]
    for version in (each["solutionVersionArn"] for each in listed):
        tried(personalize.stop_solution_version_creation, solutionVersionArn=version)
        world.settled("describe_solution_version", "solutionVersion", solutionVersionArn=version)
    # A version that has just ended may still be in use for the service.
    world.until(lambda: _deleted(world, solution), f"deleting {solution}", longest=1800)
    world.gone("describe_solution", solutionArn=solution)


def _deleted(world: World, solution: str) -> bool:
    return tried(world.personalize.delete_solution, solutionArn=solution).code in {"", "ResourceNotFoundException"}


def new_solution(world: World, what: str, **config: Any) -> Reply:
    """Ask for a solution in the sandbox that does not train by itself."""
    return tried(
        world.personalize.create_solution,
        name=world.name(what),
        datasetGroupArn=sandbox(world).group,
        recipeArn=world.arn("personalize", "recipe/aws-user-personalization-v2", account=False, region=False),
        performAutoTraining=False,
        **config,
    )
