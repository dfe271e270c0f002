"""Questions to Personalize that are asked in a dataset group of their own; a training of it costs a cent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cli.first_contact.documents import WATCHED
from cli.first_contact.points import Answer, Point
from cli.first_contact.sandbox import (
    folder,
    import_of,
    imported,
    new_solution,
    remove,
    remove_dataset,
    remove_solution,
    sandbox,
    start_import,
)
from cli.first_contact.world import tried

if TYPE_CHECKING:
    from cli.first_contact.world import World

_EXISTS = "ResourceAlreadyExistsException"
_IN_USE = "ResourceInUseException"
_CONDITIONED = "conditioned"


def _early_filter(world: World) -> Answer:
    reply = tried(
        world.personalize.create_filter,
        name=world.name("early"),
        datasetGroupArn=sandbox(world).group,
        filterExpression=WATCHED,
    )
    if not reply.accepted:
        return Answer(reply.said, "otherwise than assumed: filters must be deployed after the first run")
    made = world.settled("describe_filter", "filter", filterArn=reply.value["filterArn"])
    said = f"{made['status']} {made.get('failureReason', '')}".rstrip()
    if made["status"] == "ACTIVE":
        return Answer(said, "as assumed: a filter can be made before the first import")
    return Answer(said, "otherwise than assumed: it fails before the first import, so a first deployment would")


def _source_conditions(world: World) -> Answer:
    s3 = world.client("s3")
    before = s3.get_bucket_policy(Bucket=world.bucket)["Policy"]
    document = json.loads(before)
    document["Statement"] += _denials(world)
    s3.put_bucket_policy(Bucket=world.bucket, Policy=json.dumps(document))
    try:
        said = import_of(world, _CONDITIONED, **{"part.csv": world.films.imported()})
    finally:
        s3.put_bucket_policy(Bucket=world.bucket, Policy=before)
    if said == "ACTIVE":
        world.memo["imported"] = True
        return Answer(said, "the bucket policy can ask for aws:SourceAccount and aws:SourceArn: put the conditions in")
    return Answer(said, "the conditions keep Personalize out: leave them out, the role's trust keeps others out")


def _denials(world: World) -> list[dict[str, Any]]:
    """Return statements that keep Personalize of other accounts out of one folder: the runs under way go on."""
    bucket = world.arn("s3", world.bucket, account=False, region=False)
    path = folder(_CONDITIONED, world)
    source = world.arn("personalize", "*")
    wrong = ({"StringNotEquals": {"aws:SourceAccount": world.account}}, {"ArnNotLike": {"aws:SourceArn": source}})
    common = {"Effect": "Deny", "Principal": {"Service": "personalize.amazonaws.com"}}
    return [
        statement
        for condition in wrong
        for statement in (
            {**common, "Action": "s3:GetObject", "Resource": f"{bucket}/{path}*", "Condition": condition},
            {
                **common,
                "Action": "s3:ListBucket",
                "Resource": bucket,
                "Condition": {**condition, "StringLike": {"s3:prefix": f"{path}*"}},
            },
        )
    ]


def _empty_object(world: World) -> Answer:
    said = import_of(world, "marked", **{"part.csv": world.films.imported(), "_SUCCESS": ""})
    if said == "ACTIVE":
        world.memo["imported"] = True
        return Answer(said, "an empty object beside the data does no harm")
    return Answer(said, "an empty object beside the data fails the import: only data may lie in a folder")


def _job_name_again(world: World) -> Answer:
    imported(world)
    reply = start_import(world, world.memo["jobs"][0])
    if reply.code == _EXISTS:
        return Answer(reply.said, "as assumed: nothing is imported twice under one name")
    if reply.accepted:
        job = reply.value["datasetImportJobArn"]
        world.settled("describe_dataset_import_job", "datasetImportJob", datasetImportJobArn=job)
    return Answer(reply.said, "otherwise than assumed: a retried import would be made, and paid, again")


def _foreign_hyperparameter(world: World) -> Answer:
    imported(world)
    config = {"algorithmHyperParameters": {"hidden_dimension": "64"}}
    reply = new_solution(world, "hyper", solutionConfig=config)
    if not reply.accepted:
        return Answer(reply.said, "as assumed: refused, as `pipelines validate` does")
    remove_solution(world, reply.value["solutionArn"])
    return Answer(reply.said, "accepted: what it does is not documented, and `pipelines validate` refuses it")


def _version_at_once(world: World) -> Answer:
    imported(world)
    reply = new_solution(world, "early")
    if not reply.accepted:
        return Answer(reply.said, "no answer: the solution was refused")
    arn = reply.value["solutionArn"]
    version = tried(world.personalize.create_solution_version, solutionArn=arn, name="early")
    world.settled("describe_solution", "solution", solutionArn=arn)
    remove_solution(world, arn)
    if version.code == _IN_USE:
        return Answer(version.said, "as assumed: what is asked too early is ResourceInUseException, and tried again")
    if version.accepted:
        return Answer(version.said, "accepted at once: waiting for the solution costs a look and does no harm")
    return Answer(version.said, "otherwise than assumed: add the name to what is tried again")


def _version_names(world: World) -> Answer:
    imported(world)
    arns = []
    for what in ("names", "names-other"):
        made = new_solution(world, what)
        if not made.accepted:
            return Answer(made.said, "no answer: the solution was refused")
        arns.append(made.value["solutionArn"])
        world.settled("describe_solution", "solution", solutionArn=arns[-1])
    create = world.personalize.create_solution_version
    first, again, elsewhere = (tried(create, solutionArn=arns[which], name="once") for which in (0, 0, 1))
    for arn in arns:
        remove_solution(world, arn)
    said = f"first {first.said}; again in the solution {again.said}; in another solution {elsewhere.said}"
    if not first.accepted:
        return Answer(said, "no answer: the first version was refused")
    if again.accepted:
        return Answer(said, "names of versions are not unique: before each training look at the latest version's name")
    if elsewhere.accepted:
        return Answer(said, "as assumed: unique within a solution, so that a retried training is not paid twice")
    return Answer(said, "unique beyond the solution: the solution's name must stand in the version's")


def _group_deletion(world: World) -> Answer:
    reply = tried(world.personalize.delete_dataset_group, datasetGroupArn=sandbox(world).group)
    if reply.code == _IN_USE:
        return Answer(reply.said, "as assumed: ResourceInUseException while there are datasets")
    if reply.accepted:
        return Answer(reply.said, "otherwise than assumed: it is deleted with its datasets")
    return Answer(reply.said, "otherwise than assumed: add the name to what the clean-up waits for")


def _hidden_dataset(world: World) -> Answer:
    """Ask what an event tracker leaves behind, and with the same deletion whether a filter blocks it."""
    own, personalize = sandbox(world), world.personalize
    tracker = personalize.create_event_tracker(name=world.name("tracker"), datasetGroupArn=own.group)["eventTrackerArn"]
    world.settled("describe_event_tracker", "eventTracker", eventTrackerArn=tracker)
    personalize.delete_event_tracker(eventTrackerArn=tracker)
    world.gone("describe_event_tracker", eventTrackerArn=tracker)
    listed = [each["datasetArn"] for each in personalize.list_datasets(datasetGroupArn=own.group)["datasets"]]
    hidden = [arn for arn in listed if arn != own.dataset]
    removed = remove_dataset(world, own.dataset)
    deleted = tried(personalize.delete_dataset_group, datasetGroupArn=own.group)
    world.memo["deletion"] = deleted
    said = (
        f"datasets besides its own: {', '.join(hidden) or 'none'}; its own: {removed.said}; the group: {deleted.said}"
    )
    if hidden and not deleted.accepted:
        return Answer(said, "the clean-up must delete the datasets that trackers leave, before the group")
    if hidden:
        return Answer(said, "a tracker leaves a dataset, which does not block the group")
    return Answer(said, "a tracker leaves no dataset behind")


def _leftover_filter(world: World) -> Answer:
    """Go on with the deletion above: the filter of the first question is still there."""
    own, personalize = sandbox(world), world.personalize
    deleted = world.memo.get("deletion")
    if deleted is None or not deleted.accepted:
        for dataset in personalize.list_datasets(datasetGroupArn=own.group)["datasets"]:
            remove_dataset(world, dataset["datasetArn"])
        deleted = tried(personalize.delete_dataset_group, datasetGroupArn=own.group)
    if deleted.accepted:
        world.gone("describe_dataset_group", datasetGroupArn=own.group)
    else:
        remove(world, own.group)
    personalize.delete_schema(schemaArn=own.schema)
    del world.memo["sandbox"]
    if deleted.accepted:
        return Answer(deleted.said, "as assumed: filters go with the group")
    return Answer(deleted.said, "otherwise than assumed: the clean-up must delete filters before the group")


POINTS = (
    Point(
        "Can a filter be made before the first import?",
        "a first deployment makes the pipeline's filters, and there is no data yet",
        "CreateFilter in a dataset group of its own whose dataset is empty",
        "filters in stacks/personalize.py",
        _early_filter,
    ),
    Point(
        "Does Personalize tell S3 for which account it reads?",
        "with aws:SourceAccount and aws:SourceArn in the bucket policy nobody reads it through another account",
        "an import from a folder that is denied to Personalize unless both say this account; then the old policy again",
        "the bucket policy in stacks/storage.py",
        _source_conditions,
    ),
    Point(
        "Does an empty object, such as Spark's _SUCCESS, fail an import?",
        "a Spark job leaves one beside its output",
        "an import of a folder with a CSV file and an empty _SUCCESS",
        "jobs/transform, which keeps folders clean; the embedded AWS fails such an import",
        _empty_object,
    ),
    Point(
        "Is the name of an import job taken for good?",
        "a resumed run asks again under the same names, and takes over what is there",
        "CreateDatasetImportJob under the name of a job that has ended",
        "stacks/states/job.py",
        _job_name_again,
    ),
    Point(
        "Does aws-user-personalization-v2 take hyperparameters of the first version?",
        "tutorials give them, and `pipelines validate` refuses them",
        "CreateSolution with hidden_dimension",
        "hyperparameters in definition/service/recipes.py",
        _foreign_hyperparameter,
    ),
    Point(
        "What does Personalize say to a training whose solution is not ready yet?",
        "calls that come too early are tried again by the error's name",
        "CreateSolutionVersion at once after CreateSolution",
        "stacks/states/retries.py",
        _version_at_once,
    ),
    Point(
        "Are names of solution versions unique within their solution, or beyond it?",
        "if they are not, a retried training is paid twice; if beyond, another solution's version is taken over",
        "two solutions, and three versions of one name, which are stopped at once",
        "names of versions in stacks/states/training.py",
        _version_names,
    ),
    Point(
        "Which error has the deletion of a dataset group that still has datasets?",
        "the clean-up waits by the error's name",
        "DeleteDatasetGroup of a group with a dataset",
        "lambdas/teardown",
        _group_deletion,
    ),
    Point(
        "Does an event tracker leave a dataset behind that blocks the deletion of its group?",
        "the clean-up of a pipeline with event_tracker would never end",
        "an event tracker made and deleted, then the group's own dataset, then the group",
        "lambdas/teardown",
        _hidden_dataset,
    ),
    Point(
        "Does a filter block the deletion of its dataset group?",
        "CloudFormation deletes filters first, and an operator by hand may not",
        "DeleteDatasetGroup of a group without datasets whose filter is still there",
        "lambdas/teardown",
        _leftover_filter,
    ),
)
