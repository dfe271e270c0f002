"""Remove what a first contact made, whoever made it and however far it came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.deployment import destroy
from cli.doctor.examination import Examination
from cli.doctor.taken_names import taken_names
from cli.errors import CommandError
from cli.first_contact.documents import write
from cli.first_contact.sandbox import remove
from cli.first_contact.world import remove_role, tried
from cli.operate.removal import cdk_environment, empty
from definition.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.first_contact.world import World


def remove_everything(world: World) -> str:
    """Delete what points left behind, empty the bucket, destroy the stacks, and see that nothing is left.

    Raises:
        CommandError: something could not be deleted; it is named.
    """
    remove_leftovers(world)
    # The changed file knows of what the first one does not, and stacks have the same names.
    file = write(world.folder, world.films, changed=True)
    if bucket := _bucket(world):
        empty(world.client("s3"), bucket)
    destroy(file, world.stage, environment=cdk_environment(world.session), say=lambda _: None, keep_data=False)
    examination = Examination(load(file), file, world.stage, world.session)
    left = [f"stack {stack['StackName']}" for stack in examination.stacks.values()]
    left += [finding.seen for finding in taken_names(examination) if finding.remedy]
    if left:
        raise CommandError(f"still there: {', '.join(left)}", remedy="Delete them in the console; they cost little")
    return f"nothing of {world.prefix} is left but the jobs that Personalize never deletes and nobody pays for"


def remove_leftovers(world: World) -> None:
    """Delete the roles, state machines, campaigns and the dataset group of questions that came to no end."""
    iam, stepfunctions, personalize = world.client("iam"), world.client("stepfunctions"), world.personalize
    own = world.name("")
    for role in _named(iam, "list_roles", "Roles", "RoleName", own):
        remove_role(iam, role["RoleName"])
    for machine in _named(stepfunctions, "list_state_machines", "stateMachines", "name", own):
        stepfunctions.delete_state_machine(stateMachineArn=machine["stateMachineArn"])
    for campaign in _named(personalize, "list_campaigns", "campaigns", "name", own):
        tried(personalize.delete_campaign, campaignArn=campaign["campaignArn"])
        world.gone("describe_campaign", campaignArn=campaign["campaignArn"])
    for group in _named(personalize, "list_dataset_groups", "datasetGroups", "name", own):
        remove(world, group["datasetGroupArn"])
    for schema in _named(personalize, "list_schemas", "schemas", "name", own):
        personalize.delete_schema(schemaArn=schema["schemaArn"])


def _named(client: Any, operation: str, key: str, name: str, prefix: str) -> Iterator[dict[str, Any]]:
    pages = client.get_paginator(operation).paginate()
    yield from [item for page in pages for item in page[key] if item[name].startswith(prefix)]


def _bucket(world: World) -> str | None:
    """Return the deployment's bucket, None if it is not there."""
    try:
        stack = world.client("cloudformation").describe_stacks(StackName=f"{world.prefix}-storage")["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}
    return outputs.get("BucketName")
