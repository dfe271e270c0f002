"""The service used as AWS's tutorials use it: plain boto3 programs from the raw file to the answer and the clean-up."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from emulator.tests.personalize.support import Account, csv, two_groups
from emulator.tests.personalize.world import EVENT_FIELDS, ITEM_FIELDS, USER_FIELDS, USERS, items, purchases

RECIPE = "arn:aws:personalize:::recipe/"
INTERACTIONS = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "version": "1.0",
}


def wait(status: Callable[[], str], wanted: str = "ACTIVE") -> None:
    """Poll as the tutorials do, only faster."""
    deadline = time.monotonic() + 30
    while (found := status()) != wanted:
        assert time.monotonic() < deadline, found
        assert "FAILED" not in found
        time.sleep(0.01)


def wait_gone(describe: Callable[[], object], personalize: Any) -> None:
    """Poll until there is nothing left to describe."""
    deadline = time.monotonic() + 30
    try:
        while describe():
            assert time.monotonic() < deadline
            time.sleep(0.01)
    except personalize.exceptions.ResourceNotFoundException:
        return


def dataset_group(personalize: Any, name: str, **more: str) -> str:
    """Create a dataset group, as the first step of every tutorial."""
    arn = personalize.create_dataset_group(name=name, **more)["datasetGroupArn"]
    wait(lambda: personalize.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"]["status"])
    return str(arn)


def import_dataset(
    account: Account, group: str, kind: str, schema: dict[str, Any], text: str, **more: str
) -> tuple[str, str]:
    """Create a schema and a dataset and import a file; return the ARNs of dataset and schema."""
    personalize = account.personalize
    name = f"{group.rpartition('/')[2]}-{kind.lower()}"
    schema_arn = personalize.create_schema(name=name, schema=json.dumps(schema), **more)["schemaArn"]
    dataset = personalize.create_dataset(name=name, schemaArn=schema_arn, datasetGroupArn=group, datasetType=kind)[
        "datasetArn"
    ]
    wait(lambda: personalize.describe_dataset(datasetArn=dataset)["dataset"]["status"])
    import_file(account, dataset, f"{name}-first", text)
    return dataset, schema_arn


def import_file(account: Account, dataset: str, name: str, text: str, **more: str) -> None:
    """Put a file into the bucket and import it."""
    personalize = account.personalize
    account.s3.put_object(Bucket=account.bucket, Key=f"{name}.csv", Body=text.encode())
    job = personalize.create_dataset_import_job(
        jobName=name,
        datasetArn=dataset,
        dataSource={"dataLocation": f"s3://{account.bucket}/{name}.csv"},
        roleArn=account.role,
        **more,
    )["datasetImportJobArn"]
    wait(lambda: personalize.describe_dataset_import_job(datasetImportJobArn=job)["datasetImportJob"]["status"])


def train(personalize: Any, group: str, name: str, recipe: str, **more: Any) -> str:
    """Create a solution and a version; return the version's ARN."""
    solution = personalize.create_solution(
        name=name, datasetGroupArn=group, recipeArn=f"{RECIPE}{recipe}", performAutoTraining=False, **more
    )["solutionArn"]
    wait(lambda: personalize.describe_solution(solutionArn=solution)["solution"]["status"])
    version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    wait(lambda: personalize.describe_solution_version(solutionVersionArn=version)["solutionVersion"]["status"])
    return str(version)


def campaign(personalize: Any, version: str, name: str = "live") -> str:
    """Deploy a version."""
    arn = personalize.create_campaign(name=name, solutionVersionArn=version, minProvisionedTPS=1)["campaignArn"]
    wait(lambda: personalize.describe_campaign(campaignArn=arn)["campaign"]["status"])
    return str(arn)


def record(name: str, fields: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a schema document."""
    return {**INTERACTIONS, "name": name, "fields": list(fields)}


def test_getting_started_with_a_campaign(account: Account) -> None:
    """From a schema to GetRecommendations: both users get items of their own group, the other group's none."""
    personalize, runtime = account.personalize, account.client("personalize-runtime")
    group = dataset_group(personalize, "films")
    import_dataset(account, group, "Interactions", INTERACTIONS, csv(two_groups()))
    version = train(personalize, group, "for-you", "aws-user-personalization-v2")
    metrics = personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
    arn = campaign(personalize, version)
    answers = {user: runtime.get_recommendations(campaignArn=arn, userId=user, numResults=5) for user in ("a1", "b1")}

    for user, answer in answers.items():
        assert {item["itemId"][0] for item in answer["itemList"]} == {user[0].upper()}
        assert len({item["itemId"] for item in answer["itemList"]}) == 5
        assert answer["recommendationId"]
    assert metrics["precision_at_5"] > 0
    assert set(metrics) == {
        "coverage",
        "mean_reciprocal_rank_at_25",
        *(
            f"{metric}_at_{depth}"
            for metric in ("normalized_discounted_cumulative_gain", "precision")
            for depth in (5, 10, 25)
        ),
    }


def test_getting_started_with_a_batch_inference_job(account: Account) -> None:
    """From a schema to the lines of a batch job: an answer for each user, from their own group."""
    personalize, bucket = account.personalize, account.bucket
    group = dataset_group(personalize, "films")
    import_dataset(account, group, "Interactions", INTERACTIONS, csv(two_groups()))
    version = train(personalize, group, "for-you", "aws-user-personalization-v2")
    account.s3.put_object(Bucket=bucket, Key="in/users.json", Body=b'{"userId":"a1"}\n{"userId":"b1"}\n')
    job = personalize.create_batch_inference_job(
        jobName="everybody",
        solutionVersionArn=version,
        jobInput={"s3DataSource": {"path": f"s3://{bucket}/in/"}},
        jobOutput={"s3DataDestination": {"path": f"s3://{bucket}/out/"}},
        roleArn=account.role,
    )["batchInferenceJobArn"]
    wait(lambda: personalize.describe_batch_inference_job(batchInferenceJobArn=job)["batchInferenceJob"]["status"])
    body = account.s3.get_object(Bucket=bucket, Key="out/users.json.out")["Body"].read().decode()
    first, second = (json.loads(line) for line in body.splitlines())

    assert first["input"] == {"userId": "a1"}
    assert first["error"] is None
    assert {item[0] for item in first["output"]["recommendedItems"]} == {"A"}
    assert {item[0] for item in second["output"]["recommendedItems"]} == {"B"}
    assert len(set(first["output"]["recommendedItems"])) == 25


def test_user_segmentation_by_clicks_that_count(account: Account) -> None:
    """Item-Affinity on clicks of a value of 2 or more finds those who mean it, not those who only brush past."""
    personalize, bucket = account.personalize, account.bucket
    group = dataset_group(personalize, "ads")
    rows = []
    for user in range(60):
        value = 3 if user < 30 else 1
        rows += [(f"u{user}", f"ad{(user + step) % 5}", 1_700_000_000 + step, "click", value) for step in range(25)]
        rows += [(f"u{user}", f"other{step % 7}", 1_700_000_000 + 2 * step, "click", 2) for step in range(14)]
    fields = [
        *INTERACTIONS["fields"],
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "EVENT_VALUE", "type": "float"},
    ]
    text = csv(rows, "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE")
    import_dataset(account, group, "Interactions", record("Interactions", fields), text)
    version = train(
        personalize,
        group,
        "audience",
        "aws-item-affinity",
        eventType="click",
        solutionConfig={"eventValueThreshold": "2"},
    )
    metrics = personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
    account.s3.put_object(Bucket=bucket, Key="ads/in.json", Body=b'{"itemId": "ad1"}\n{"itemId": "nothing"}\n')
    job = personalize.create_batch_segment_job(
        jobName="audience",
        solutionVersionArn=version,
        numResults=25,
        jobInput={"s3DataSource": {"path": f"s3://{bucket}/ads/in.json"}},
        jobOutput={"s3DataDestination": {"path": f"s3://{bucket}/audience/"}},
        roleArn=account.role,
    )["batchSegmentJobArn"]
    wait(lambda: personalize.describe_batch_segment_job(batchSegmentJobArn=job)["batchSegmentJob"]["status"])
    found, unknown = account.answers("audience/in.json.out")

    assert found["input"] == {"itemId": "ad1"}
    assert found["error"] is None
    assert len(set(found["output"]["usersList"])) == 25
    assert {int(user[1:]) < 30 for user in found["output"]["usersList"]} == {True}
    assert unknown["output"]["usersList"] == []
    assert "nothing" in unknown["error"]
    assert set(metrics) == {"coverage", "hits_at_1_percent", "recall_at_1_percent"}


def test_a_shop_with_five_recommenders(account: Account) -> None:
    """An ECOMMERCE group with three datasets and its five use cases: answers, metrics, stop, start, clean-up."""
    personalize, runtime = account.personalize, account.client("personalize-runtime")
    group = dataset_group(personalize, "shop", domain="ECOMMERCE")
    users = [(f"u{user}", "f" if user % 2 else "m") for user in range(USERS)]
    made = [
        import_dataset(account, group, kind, record(kind, fields), csv(rows, header(fields)), domain="ECOMMERCE")
        for kind, fields, rows in (
            ("Interactions", EVENT_FIELDS, purchases()),
            ("Items", ITEM_FIELDS, items()),
            ("Users", USER_FIELDS, users),
        )
    ]
    use_cases = [recipe["recipeArn"] for recipe in personalize.list_recipes(domain="ECOMMERCE")["recipes"]]
    recommenders = {
        recipe: personalize.create_recommender(name=recipe.rpartition("/")[2], datasetGroupArn=group, recipeArn=recipe)[
            "recommenderArn"
        ]
        for recipe in use_cases
    }
    for arn in recommenders.values():
        wait(lambda arn=arn: personalize.describe_recommender(recommenderArn=arn)["recommender"]["status"])
        answer = runtime.get_recommendations(recommenderArn=arn, userId="u0", itemId="i2", numResults=3)
        assert answer["itemList"], arn
        metrics = personalize.describe_recommender(recommenderArn=arn)["recommender"]["modelMetrics"]
        assert 0 <= metrics["coverage"] <= 1
    also_viewed = recommenders[f"{RECIPE}aws-ecomm-customers-who-viewed-x-also-viewed"]
    related = runtime.get_recommendations(recommenderArn=also_viewed, userId="u1", itemId="i2", numResults=3)
    stop_and_start(personalize, also_viewed)
    clean_up(personalize, group, list(recommenders.values()), made)

    assert {int(item["itemId"][1:]) % 2 for item in related["itemList"]} == {0}
    assert personalize.list_dataset_groups()["datasetGroups"] == []
    assert personalize.list_schemas()["schemas"] == []


def header(fields: Sequence[dict[str, Any]]) -> str:
    """Return the header of a file with these columns."""
    return ",".join(field["name"] for field in fields)


def stop_and_start(personalize: Any, arn: str) -> None:
    """Pause what a recommender costs, and go on."""

    def status() -> str:
        return str(personalize.describe_recommender(recommenderArn=arn)["recommender"]["status"])

    personalize.stop_recommender(recommenderArn=arn)
    wait(status, "INACTIVE")
    personalize.start_recommender(recommenderArn=arn)
    wait(status)


def clean_up(personalize: Any, group: str, recommenders: list[str], made: list[tuple[str, str]]) -> None:
    """Delete in the order in which the service lets go: recommenders, datasets, schemas, group."""
    for arn in recommenders:
        personalize.delete_recommender(recommenderArn=arn)
    for arn in recommenders:
        wait_gone(lambda arn=arn: personalize.describe_recommender(recommenderArn=arn), personalize)
    for dataset, schema in made:
        personalize.delete_dataset(datasetArn=dataset)
        wait_gone(lambda dataset=dataset: personalize.describe_dataset(datasetArn=dataset), personalize)
        personalize.delete_schema(schemaArn=schema)
    personalize.delete_dataset_group(datasetGroupArn=group)
    wait_gone(lambda: personalize.describe_dataset_group(datasetGroupArn=group), personalize)


def test_incremental_imports_add_to_the_full_one(account: Account) -> None:
    """What an INCREMENTAL import brings is trained with the rest; a FULL one replaces everything before it."""
    personalize = account.personalize
    group = dataset_group(personalize, "films")
    dataset, _ = import_dataset(account, group, "Interactions", INTERACTIONS, csv(two_groups()))
    late = [(user, item.replace("A", "C"), at) for user, item, at in two_groups(users=60) if user[0] == "a"]
    import_file(account, dataset, "second", csv(late), importMode="INCREMENTAL")
    everything = popular(account, train(personalize, group, "both", "aws-popularity-count"))
    import_file(account, dataset, "third", csv(two_groups()), importMode="FULL")
    again = popular(account, train(personalize, group, "one", "aws-popularity-count"))

    assert {item[0] for item in everything} == {"A", "B", "C"}
    assert {item[0] for item in again} == {"A", "B"}


def popular(account: Account, version: str) -> list[str]:
    """Return all items that a version recommends."""
    runtime = account.client("personalize-runtime")
    arn = campaign(account.personalize, version, version.split("/")[-2])
    answer = runtime.get_recommendations(campaignArn=arn, userId="a1", numResults=500)
    return [item["itemId"] for item in answer["itemList"]]


def test_events_change_the_next_answer(account: Account) -> None:
    """A newcomer gets what is popular; after three events in one group, that group's items."""
    personalize, runtime = account.personalize, account.client("personalize-runtime")
    events = account.client("personalize-events")
    group = dataset_group(personalize, "films")
    import_dataset(account, group, "Interactions", INTERACTIONS, csv(two_groups()))
    arn = campaign(personalize, train(personalize, group, "for-you", "aws-user-personalization-v2"))
    tracker = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)
    wait(
        lambda: personalize.describe_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])["eventTracker"]["status"]
    )
    answers = {}
    for letter in "AB":
        before = runtime.get_recommendations(campaignArn=arn, userId=f"new-{letter}", numResults=5)
        events.put_events(
            trackingId=tracker["trackingId"],
            userId=f"new-{letter}",
            sessionId="session",
            eventList=[
                {"eventType": "watch", "itemId": f"{letter}{number}", "sentAt": 1_800_000_000 + number}
                for number in range(3)
            ],
        )
        after = runtime.get_recommendations(campaignArn=arn, userId=f"new-{letter}", numResults=5)
        answers[letter] = [[item["itemId"] for item in answer["itemList"]] for answer in (before, after)]

    assert answers["A"][0] == answers["B"][0]
    assert {item[0] for item in answers["A"][1]} == {"A"}
    assert {item[0] for item in answers["B"][1]} == {"B"}
