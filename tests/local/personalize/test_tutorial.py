"""The service used as its tutorials use it, from a schema to the lines of a batch job."""

import json
import time
from collections.abc import Callable

from tests.local.personalize.support import Account, csv, two_groups


def test_a_tutorial_runs_from_schema_to_recommendations(account: Account) -> None:
    """The steps of the getting-started tutorial, as a boto3 program writes them, end with items per user."""
    personalize, s3, bucket = account.personalize, account.s3, account.bucket
    s3.put_object(Bucket=bucket, Key="interactions.csv", Body=csv(two_groups()).encode())
    schema = {
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
    schema_arn = personalize.create_schema(name="films", schema=json.dumps(schema))["schemaArn"]
    group_arn = personalize.create_dataset_group(name="films")["datasetGroupArn"]
    _wait(lambda: personalize.describe_dataset_group(datasetGroupArn=group_arn)["datasetGroup"]["status"])
    dataset_arn = personalize.create_dataset(
        name="interactions", schemaArn=schema_arn, datasetGroupArn=group_arn, datasetType="Interactions"
    )["datasetArn"]
    _wait(lambda: personalize.describe_dataset(datasetArn=dataset_arn)["dataset"]["status"])
    import_arn = personalize.create_dataset_import_job(
        jobName="import",
        datasetArn=dataset_arn,
        dataSource={"dataLocation": f"s3://{bucket}/interactions.csv"},
        roleArn=account.role,
    )["datasetImportJobArn"]
    _wait(lambda: personalize.describe_dataset_import_job(datasetImportJobArn=import_arn)["datasetImportJob"]["status"])
    solution_arn = personalize.create_solution(
        name="for-you",
        datasetGroupArn=group_arn,
        recipeArn="arn:aws:personalize:::recipe/aws-user-personalization-v2",
        performAutoTraining=False,
    )["solutionArn"]
    _wait(lambda: personalize.describe_solution(solutionArn=solution_arn)["solution"]["status"])
    version_arn = personalize.create_solution_version(solutionArn=solution_arn)["solutionVersionArn"]
    _wait(lambda: personalize.describe_solution_version(solutionVersionArn=version_arn)["solutionVersion"]["status"])
    metrics = personalize.get_solution_metrics(solutionVersionArn=version_arn)["metrics"]
    s3.put_object(Bucket=bucket, Key="in/users.json", Body=b'{"userId":"a1"}\n{"userId":"b1"}\n')
    job_arn = personalize.create_batch_inference_job(
        jobName="everybody",
        solutionVersionArn=version_arn,
        jobInput={"s3DataSource": {"path": f"s3://{bucket}/in/"}},
        jobOutput={"s3DataDestination": {"path": f"s3://{bucket}/out/"}},
        roleArn=account.role,
    )["batchInferenceJobArn"]
    _wait(lambda: personalize.describe_batch_inference_job(batchInferenceJobArn=job_arn)["batchInferenceJob"]["status"])

    body = s3.get_object(Bucket=bucket, Key="out/users.json.out")["Body"].read().decode()
    first, second = (json.loads(line) for line in body.splitlines())
    assert first["input"] == {"userId": "a1"}
    assert first["error"] is None
    assert {item[0] for item in first["output"]["recommendedItems"]} == {"A"}
    assert {item[0] for item in second["output"]["recommendedItems"]} == {"B"}
    assert len(set(first["output"]["recommendedItems"])) == len(first["output"]["scores"]) == 25
    assert set(metrics) == {
        "coverage",
        "mean_reciprocal_rank_at_25",
        *(
            f"{metric}_at_{depth}"
            for metric in ("normalized_discounted_cumulative_gain", "precision")
            for depth in (5, 10, 25)
        ),
    }


def _wait(status: Callable[[], str]) -> None:
    """Poll as the tutorials do, only faster."""
    deadline = time.monotonic() + 30
    while (found := status()) != "ACTIVE":
        assert found in {"CREATE PENDING", "CREATE IN_PROGRESS"}, found
        assert time.monotonic() < deadline
        time.sleep(0.02)
