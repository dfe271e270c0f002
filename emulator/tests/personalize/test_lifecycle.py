"""What exists when: statuses, names, ARNs, preconditions, quotas, deletion and lists."""

import re
import time

import pytest
from botocore.exceptions import ClientError

from emulator.tests.personalize.support import INTERACTION_FIELDS, Account, avro, code, csv, message, two_groups


def test_a_dataset_group_passes_through_the_documented_statuses(account: Account) -> None:
    """A dataset group is pending, then in progress, then active; deleting it mirrors that until it is gone."""
    arn = account.personalize.create_dataset_group(name="group")["datasetGroupArn"]
    seen = [account.describe(arn)["status"] for _ in range(3)]
    account.personalize.delete_dataset_group(datasetGroupArn=arn)
    seen += [account.describe(arn)["status"] for _ in range(2)]
    account.vanish(arn)

    assert seen == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE", "DELETE PENDING", "DELETE IN_PROGRESS"]
    assert account.personalize.list_dataset_groups()["datasetGroups"] == []


def test_arns_are_built_from_names(account: Account) -> None:
    """Every ARN follows from names alone, apart from the eight hex digits of a solution version."""
    group = account.imported(csv(two_groups()))
    solution = account.solution(group)
    first = account.active(account.start_training(solution))
    second = account.start_training(solution)
    dataset = account.personalize.list_datasets(datasetGroupArn=group)["datasets"][0]["datasetArn"]
    job = account.personalize.list_dataset_import_jobs(datasetArn=dataset)["datasetImportJobs"][0]
    schema = account.describe(dataset)["schemaArn"]

    prefix = f"arn:aws:personalize:us-east-1:{account.id}"
    assert schema == f"{prefix}:schema/films-interactions"
    assert group == f"{prefix}:dataset-group/films"
    assert dataset == f"{prefix}:dataset/films/INTERACTIONS"
    assert job["datasetImportJobArn"] == f"{prefix}:dataset-import-job/films"
    assert solution == f"{prefix}:solution/best"
    assert re.fullmatch(f"{prefix}:solution/best/[0-9a-f]{{8}}", first)
    assert first != second


def test_a_taken_name_is_an_existing_resource(account: Account) -> None:
    """Creating under a taken name fails with the ARN of what has it."""
    account.personalize.create_schema(name="mine", schema=avro(INTERACTION_FIELDS))
    with pytest.raises(ClientError) as caught:
        account.personalize.create_schema(name="mine", schema=avro(INTERACTION_FIELDS))

    arn = f"arn:aws:personalize:us-east-1:{account.id}:schema/mine"
    assert code(caught) == "ResourceAlreadyExistsException"
    assert message(caught) == f"Another resource with Arn {arn} already exists."


def test_a_version_name_is_taken_within_its_solution_only(account: Account) -> None:
    """The same version name is refused in one solution and free in the next."""
    group = account.imported(csv(two_groups()))
    one, other = account.solution(group, name="one"), account.solution(group, name="other")
    account.start_training(one, name="nightly")
    with pytest.raises(ClientError) as caught:
        account.start_training(one, name="nightly")

    assert code(caught) == "ResourceAlreadyExistsException"
    assert account.describe(account.start_training(other, name="nightly"))["name"] == "nightly"


def test_an_unknown_arn_is_not_found(account: Account) -> None:
    """Describing what does not exist names the ARN."""
    arn = f"arn:aws:personalize:us-east-1:{account.id}:solution/none"
    with pytest.raises(ClientError) as caught:
        account.describe(arn)

    assert code(caught) == "ResourceNotFoundException"
    assert arn in message(caught)


def test_a_dataset_needs_an_active_group(account: Account) -> None:
    """A dataset cannot be created while its group is still being created."""
    group = account.personalize.create_dataset_group(name="group")["datasetGroupArn"]
    schema = account.personalize.create_schema(name="s", schema=avro(INTERACTION_FIELDS))["schemaArn"]
    with pytest.raises(ClientError) as caught:
        account.personalize.create_dataset(
            name="d", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions"
        )

    assert code(caught) == "ResourceInUseException"


def test_a_resource_becomes_active_without_being_looked_at(account: Account) -> None:
    """Who waits instead of polling can go on too: the clock alone makes a group active."""
    group = account.personalize.create_dataset_group(name="group")["datasetGroupArn"]
    schema = account.personalize.create_schema(name="s", schema=avro(INTERACTION_FIELDS))["schemaArn"]
    deadline = time.monotonic() + 20
    created = None
    while created is None:
        assert time.monotonic() < deadline
        try:
            created = account.personalize.create_dataset(
                name="d", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions"
            )
        except account.personalize.exceptions.ResourceInUseException:
            time.sleep(0.1)

    assert account.describe(created["datasetArn"])["datasetGroupArn"] == group


def test_a_solution_needs_imported_interactions(account: Account) -> None:
    """A solution is refused until an interactions import succeeded, with the service's own words."""
    group = account.group()
    account.dataset(group)
    with pytest.raises(ClientError) as caught:
        account.solution(group)

    assert code(caught) == "InvalidInputException"
    assert message(caught) == (
        "Dataset group must contain an INTERACTIONS dataset with successfully completed dataset import job "
        "or EVENT_INTERACTIONS"
    )


def test_a_version_needs_an_active_solution(account: Account) -> None:
    """Training cannot be started while the solution is still being created."""
    group = account.imported(csv(two_groups()))
    solution = account.personalize.create_solution(
        name="new", datasetGroupArn=group, recipeArn="arn:aws:personalize:::recipe/aws-popularity-count"
    )["solutionArn"]
    with pytest.raises(ClientError) as caught:
        account.start_training(solution)

    assert code(caught) == "ResourceInUseException"


def test_automatic_training_is_the_default(account: Account) -> None:
    """A solution that says nothing about it trains automatically, as the service has it."""
    group = account.imported(csv(two_groups()))
    created = account.personalize.create_solution(
        name="auto", datasetGroupArn=group, recipeArn="arn:aws:personalize:::recipe/aws-popularity-count"
    )

    assert account.describe(created["solutionArn"])["performAutoTraining"] is True
    assert account.describe(account.solution(group))["performAutoTraining"] is False


def test_a_batch_job_and_metrics_need_a_finished_version(account: Account) -> None:
    """While a version trains, batch inference, metrics, and deletion of what it needs all have to wait."""
    group = account.imported(csv(two_groups()))
    solution = account.solution(group)
    account.fault(job="SolutionVersion", outcome="STALL")
    version = account.start_training(solution)
    attempts = [
        lambda: account.start_batch(version, f"s3://{account.bucket}/in/", f"s3://{account.bucket}/out/"),
        lambda: account.personalize.get_solution_metrics(solutionVersionArn=version),
        lambda: account.personalize.delete_solution(solutionArn=solution),
        lambda: account.personalize.delete_dataset(
            datasetArn=f"arn:aws:personalize:us-east-1:{account.id}:dataset/films/INTERACTIONS"
        ),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError) as caught:
            attempt()
        assert code(caught) == "ResourceInUseException"


def test_training_can_be_stopped(account: Account) -> None:
    """A version in training passes through stopping to stopped, and then is of no use for batch inference."""
    solution = account.solution(account.imported(csv(two_groups())))
    account.fault(job="SolutionVersion", outcome="STALL")
    version = account.start_training(solution)
    account.personalize.stop_solution_version_creation(solutionVersionArn=version)
    first = account.describe(version)["status"]
    last = account.settle(version)["status"]
    with pytest.raises(ClientError) as caught:
        account.start_batch(version, f"s3://{account.bucket}/in/", f"s3://{account.bucket}/out/")

    assert (first, last) == ("CREATE STOPPING", "CREATE STOPPED")
    assert code(caught) == "InvalidInputException"


def test_deletion_goes_from_the_leaves_to_the_root(account: Account) -> None:
    """Group, schema and dataset can be deleted only after what needs them; a solution takes its versions along."""
    personalize = account.personalize
    group = account.imported(csv(two_groups()))
    prefix = f"arn:aws:personalize:us-east-1:{account.id}"
    dataset, schema = f"{prefix}:dataset/films/INTERACTIONS", f"{prefix}:schema/films-interactions"
    solution = account.solution(group)
    version = account.active(account.start_training(solution))
    for attempt in (
        lambda: personalize.delete_dataset_group(datasetGroupArn=group),
        lambda: personalize.delete_schema(schemaArn=schema),
    ):
        with pytest.raises(ClientError) as caught:
            attempt()
        assert code(caught) == "ResourceInUseException"
    personalize.delete_solution(solutionArn=solution)
    account.vanish(solution)
    account.vanish(version)
    with pytest.raises(ClientError) as caught:
        personalize.delete_dataset_group(datasetGroupArn=group)
    personalize.delete_dataset(datasetArn=dataset)
    account.vanish(dataset)
    personalize.delete_schema(schemaArn=schema)
    personalize.delete_dataset_group(datasetGroupArn=group)
    account.vanish(group)

    assert code(caught) == "ResourceInUseException"
    assert personalize.list_schemas()["schemas"] == []


def test_a_sixth_dataset_group_is_over_the_quota(account: Account) -> None:
    """An account has five dataset groups at most."""
    for number in range(5):
        account.personalize.create_dataset_group(name=f"group-{number}")
    with pytest.raises(ClientError) as caught:
        account.personalize.create_dataset_group(name="group-5")

    assert code(caught) == "LimitExceededException"


def test_an_eleventh_solution_is_over_the_quota(account: Account) -> None:
    """A dataset group has ten solutions at most."""
    group = account.imported(csv(two_groups()))
    recipe = "arn:aws:personalize:::recipe/aws-popularity-count"
    for number in range(10):
        account.personalize.create_solution(name=f"s-{number}", datasetGroupArn=group, recipeArn=recipe)
    with pytest.raises(ClientError) as caught:
        account.personalize.create_solution(name="s-10", datasetGroupArn=group, recipeArn=recipe)

    assert code(caught) == "LimitExceededException"


def test_a_sixth_unfinished_import_is_over_the_quota(account: Account) -> None:
    """Five import jobs may be pending or in progress; the sixth is refused in the documented words."""
    dataset = account.dataset(account.group())
    account.fault(job="DatasetImportJob", outcome="STALL", times=5)
    for number in range(5):
        account.start_import(dataset, f"s3://{account.bucket}/x.csv", f"job-{number}")
    with pytest.raises(ClientError) as caught:
        account.start_import(dataset, f"s3://{account.bucket}/x.csv", "job-5")

    assert code(caught) == "LimitExceededException"
    assert message(caught) == "More than 5 resources with PENDING or IN_PROGRESS status"


def test_lists_are_cut_into_pages(account: Account) -> None:
    """Pages of two join to the whole list, in the order of creation, and the last has no token."""
    names = [f"schema-{number}" for number in range(5)]
    for name in names:
        account.personalize.create_schema(name=name, schema=avro(INTERACTION_FIELDS))
    paginator = account.personalize.get_paginator("list_schemas")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 2}))

    assert [len(page["schemas"]) for page in pages] == [2, 2, 1]
    assert [schema["name"] for page in pages for schema in page["schemas"]] == names
    assert "schema" not in pages[0]["schemas"][0]


def test_a_token_of_another_list_is_invalid(account: Account) -> None:
    """A token is good for the operation that gave it, and for no other."""
    for name in ("one", "two"):
        account.personalize.create_schema(name=name, schema=avro(INTERACTION_FIELDS))
    token = account.personalize.list_schemas(maxResults=1)["nextToken"]
    for wrong in (token, "nonsense"):
        with pytest.raises(ClientError) as caught:
            account.personalize.list_recipes(nextToken=wrong)
        assert code(caught) == "InvalidNextTokenException"


def test_lists_can_be_narrowed(account: Account) -> None:
    """Datasets of another group and jobs of another dataset are not on the list."""
    personalize = account.personalize
    one = account.imported(csv(two_groups()), name="one")
    two = account.imported(csv(two_groups()), name="two")
    datasets = personalize.list_datasets(datasetGroupArn=one)["datasets"]
    jobs = personalize.list_dataset_import_jobs(datasetArn=datasets[0]["datasetArn"])["datasetImportJobs"]
    account.solution(two)

    assert len(personalize.list_datasets()["datasets"]) == 2
    assert [dataset["datasetType"] for dataset in datasets] == ["INTERACTIONS"]
    assert [job["jobName"] for job in jobs] == ["one"]
    assert personalize.list_solutions(datasetGroupArn=one)["solutions"] == []


def test_a_solution_shows_its_newest_version(account: Account) -> None:
    """The newest of two versions is the solution's latest, and both are on its list."""
    solution = account.solution(account.imported(csv(two_groups())))
    first = account.active(account.start_training(solution))
    second = account.active(account.start_training(solution))
    versions = account.personalize.list_solution_versions(solutionArn=solution)["solutionVersions"]

    assert [version["solutionVersionArn"] for version in versions] == [first, second]
    assert account.describe(solution)["latestSolutionVersion"]["solutionVersionArn"] == second
    assert account.describe(second)["trainingHours"] > 0


def test_an_import_under_way_keeps_its_dataset(account: Account) -> None:
    """A dataset cannot be deleted while an import into it goes on."""
    dataset = account.dataset(account.group())
    account.fault(job="DatasetImportJob", outcome="STALL")
    job = account.start_import(dataset, f"s3://{account.bucket}/x.csv")
    with pytest.raises(ClientError) as caught:
        account.personalize.delete_dataset(datasetArn=dataset)

    assert code(caught) == "ResourceInUseException"
    assert job in message(caught)


def test_tags_can_be_given_and_taken(account: Account) -> None:
    """Tags given on creation or later are listed until they are taken away."""
    personalize = account.personalize
    arn = personalize.create_dataset_group(name="g", tags=[{"tagKey": "team", "tagValue": "films"}])["datasetGroupArn"]
    personalize.tag_resource(resourceArn=arn, tags=[{"tagKey": "stage", "tagValue": "dev"}])
    personalize.untag_resource(resourceArn=arn, tagKeys=["team"])

    assert personalize.list_tags_for_resource(resourceArn=arn)["tags"] == [{"tagKey": "stage", "tagValue": "dev"}]
    with pytest.raises(ClientError) as caught:
        personalize.list_tags_for_resource(resourceArn=f"{arn}x")
    assert code(caught) == "ResourceNotFoundException"


def test_a_solution_of_an_old_name_begins_anew(account: Account) -> None:
    """A solution that takes the name of a deleted one has none of its versions."""
    group = account.imported(csv(two_groups()))
    first = account.solution(group)
    old = [account.active(account.start_training(first)) for _ in range(2)]
    account.personalize.delete_solution(solutionArn=first)
    account.vanish(first)
    second = account.solution(group)
    described = account.describe(second)
    new = [account.active(account.start_training(second)) for _ in range(3)]

    assert "latestSolutionVersion" not in described
    assert not set(new) & set(old)
    assert len(account.personalize.list_solution_versions(solutionArn=second)["solutionVersions"]) == 3


def test_only_what_is_on_the_page_was_shown(account: Account) -> None:
    """A resource behind the page that was asked for is still in its first status."""
    names = [account.personalize.create_dataset_group(name=name)["datasetGroupArn"] for name in ("one", "two")]
    for _ in range(3):
        account.personalize.list_dataset_groups(maxResults=1)

    assert [account.describe(name)["status"] for name in names] == ["ACTIVE", "CREATE PENDING"]


def test_deletion_jobs_have_a_quota_per_group(account: Account) -> None:
    """Five jobs at work in one dataset group are no hindrance in another."""
    account.fault(job="DataDeletionJob", outcome="STALL", times=5)
    source = {"dataLocation": account.put("gone.csv", "USER_ID\nnobody\n")}

    def delete(group: str, name: str) -> None:
        account.personalize.create_data_deletion_job(
            jobName=name, datasetGroupArn=group, dataSource=source, roleArn=account.role
        )

    one, other = account.group("one"), account.group("other")
    for number in range(5):
        delete(one, f"job-{number}")
    delete(other, "elsewhere")
    with pytest.raises(ClientError) as caught:
        delete(one, "too-many")

    assert code(caught) == "LimitExceededException"
