"""Batch inference jobs: what is read, the very text that is written, and what is refused."""

import json

import pytest
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.personalize.support import Account, csv, two_groups


@pytest.fixture(scope="module")
def trained(aws: EmbeddedAWS) -> tuple[Account, dict[str, str]]:
    """Give an account with a version of each recipe, trained once for this module."""
    account = Account(aws)
    group = account.imported(csv(two_groups()))
    started = {
        recipe: account.start_training(account.solution(group, recipe, recipe))
        for recipe in ("aws-popularity-count", "aws-user-personalization", "aws-user-personalization-v2")
    }
    return account, {recipe: account.active(version) for recipe, version in started.items()}


Trained = tuple[Account, dict[str, str]]


def test_lines_have_the_observed_layout(trained: Trained) -> None:
    """One compact JSON object per line, in the order of the input, with scores rounded to seven digits."""
    account, versions = trained
    source = account.put("layout/in/users.json", '{"userId":"a1"}\n\n{"userId": "nobody"}')
    target = f"s3://{account.bucket}/layout/out/"
    account.active(account.start_batch(versions["aws-user-personalization-v2"], source, target, "layout", numResults=2))
    text = account.get("layout/out/users.json.out")
    first, second = text.splitlines()
    items = json.loads(first)["output"]["recommendedItems"]
    scores = json.loads(first)["output"]["scores"]

    assert text.endswith("\n")
    assert first == (
        f'{{"input":{{"userId":"a1"}},"output":{{"recommendedItems":["{items[0]}","{items[1]}"],'
        f'"scores":[{scores[0]},{scores[1]}]}},"error":null}}'
    )
    assert json.loads(second)["input"] == {"userId": "nobody"}
    assert account.keys("layout/out/") == ["layout/out/_CHECK", "layout/out/users.json.out"]
    assert account.get("layout/out/_CHECK") == ""


def test_popularity_writes_no_scores(trained: Trained) -> None:
    """Popularity-Count's lines have items only."""
    account, versions = trained
    source = account.put("popular/in/users.json", '{"userId":"a1"}\n')
    target = f"s3://{account.bucket}/popular/out/"
    account.active(account.start_batch(versions["aws-popularity-count"], source, target, "popular"))

    assert set(account.answers("popular/out/users.json.out")[0]["output"]) == {"recommendedItems"}


def test_the_input_path_is_the_beginning_of_keys(trained: Trained) -> None:
    """Input is matched by raw prefix, so the folder next door with a longer name is read too."""
    account, versions = trained
    for folder in ("in", "in_old"):
        account.put(f"prefix/{folder}/{folder}.json", '{"userId":"a1"}\n')
    source, target = f"s3://{account.bucket}/prefix/in", f"s3://{account.bucket}/prefix/out"
    account.active(account.start_batch(versions["aws-popularity-count"], source, target, "prefix"))

    assert account.keys("prefix/out/") == ["prefix/out/_CHECK", "prefix/out/in.json.out", "prefix/out/in_old.json.out"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("{}", "User error: Required fields for the provided recipe are userId"),
        ('{"itemId":"A1"}', "User error: Required fields for the provided recipe are userId"),
        ('{"userId":""}', "User error: Required fields for the provided recipe are userId"),
        ('["a1"]', "User error: Required fields for the provided recipe are userId"),
        ("{userId: a1}", "User error: The record is not valid JSON"),
        ('{"userId":"a1","x":NaN}', "User error: The record is not valid JSON"),
        ("[" * 20000, "User error: The record is not valid JSON"),
        ('{"userId":5}', "User error: Required fields for the provided recipe are userId"),
        ('{"userId":"a1","filterValues":["x"]}', "User error: filterValues must be an object of texts"),
        ('{"userId":"a1","filterValues":{"G":5}}', "User error: filterValues must be an object of texts"),
        ('{"userId":"a1","filterValues":{"G":"5"}}', "User error: filterValues need a filter"),
    ],
)
def test_a_bad_line_is_answered_in_its_place(trained: Trained, line: str, error: str) -> None:
    """The job is ACTIVE all the same; the bad record's line has no items and an error."""
    account, versions = trained
    name = f"bad-{abs(hash(line))}"
    source = account.put(f"{name}/in.json", f'{{"userId":"a1"}}\n{line}\n{{"userId":"a2"}}\n')
    target = f"s3://{account.bucket}/{name}/out/"
    account.active(account.start_batch(versions["aws-popularity-count"], source, target, name))
    before, bad, after = account.answers(f"{name}/out/in.json.out")

    assert bad["output"] == {"recommendedItems": []}
    assert bad["error"] == error
    assert before["error"] is after["error"] is None


def test_exploration_is_a_setting_of_version_one(trained: Trained) -> None:
    """A job of User-Personalization explores by default, not with a weight of 0; v2 refuses the setting."""
    account, versions = trained
    source = account.put("explore/in.json", "".join(f'{{"userId":"a{user}"}}\n' for user in range(40)))
    lists = {}
    for weight in ("0", "0.9"):
        job = account.start_batch(
            versions["aws-user-personalization"],
            source,
            f"s3://{account.bucket}/explore/{weight}/",
            f"explore-{weight[0]}-{len(weight)}",
            batchInferenceJobConfig={"itemExplorationConfig": {"explorationWeight": weight}},
        )
        account.active(job)
        lists[weight] = [
            line["output"]["recommendedItems"] for line in account.answers(f"explore/{weight}/in.json.out")
        ]
    with pytest.raises(ClientError) as caught:
        account.start_batch(
            versions["aws-user-personalization-v2"],
            source,
            f"s3://{account.bucket}/explore/v2/",
            "explore-v2",
            batchInferenceJobConfig={"itemExplorationConfig": {"explorationWeight": "0.5"}},
        )

    assert lists["0"] != lists["0.9"]
    assert caught.value.response["Error"]["Code"] == "InvalidInputException"


@pytest.mark.parametrize(
    ("target", "more", "complaint"),
    [
        ("in", {}, "Invalid S3 output path"),
        ("in/", {}, "Invalid S3 output path"),
        ("out/", {"numResults": 501}, "numResults must be from 1 to 500"),
        (
            "out/",
            {"batchInferenceJobConfig": {"itemExplorationConfig": {"explorationWeight": "2"}}},
            "explorationWeight must be from 0 to 1",
        ),
    ],
)
def test_a_wrong_request_is_refused(trained: Trained, target: str, more: dict[str, object], complaint: str) -> None:
    """Output into the input's place and settings out of range are refused at once."""
    account, versions = trained
    place = f"s3://{account.bucket}"
    with pytest.raises(ClientError) as caught:
        account.start_batch(versions["aws-user-personalization"], f"{place}/in/", f"{place}/{target}", "wrong", **more)

    assert caught.value.response["Error"]["Code"] == "InvalidInputException"
    assert complaint in caught.value.response["Error"]["Message"]


def test_no_input_is_a_failure(trained: Trained) -> None:
    """A path under which there is nothing fails the job, and nothing is written."""
    account, versions = trained
    place = f"s3://{account.bucket}/empty"
    job = account.settle(
        account.start_batch(versions["aws-popularity-count"], f"{place}/in/", f"{place}/out/", "empty")
    )

    assert job["status"] == "CREATE FAILED"
    assert job["failureReason"] == f"There is no input: no object with content begins with {place}/in/"
    assert account.keys("empty/out/") == []


@pytest.mark.parametrize("who", ["bucket", "role"])
def test_writing_needs_permission_on_both_sides(account: Account, who: str) -> None:
    """Without s3:PutObject in the bucket's policy or the role's, the job fails and says which."""
    version = account.active(account.start_training(account.solution(account.imported(csv(two_groups())))))
    source = account.put("in/users.json", '{"userId":"a1"}\n')
    if who == "bucket":
        account.allow_service(["s3:GetObject", "s3:ListBucket"])
    else:
        account.allow_role("personalize", ["s3:GetObject", "s3:ListBucket"])
    job = account.settle(account.start_batch(version, source, f"s3://{account.bucket}/out/"))

    assert job["status"] == "CREATE FAILED"
    assert "s3:PutObject" in job["failureReason"]
    assert ("fix bucket policy" in job["failureReason"]) is (who == "bucket")


def test_job_names_are_taken_for_good(trained: Trained) -> None:
    """A second job of the same name is refused, whatever else differs."""
    account, versions = trained
    source = account.put("names/in.json", '{"userId":"a1"}\n')
    version = versions["aws-popularity-count"]
    account.active(account.start_batch(version, source, f"s3://{account.bucket}/names/out/", "named"))
    with pytest.raises(ClientError) as caught:
        account.start_batch(version, source, f"s3://{account.bucket}/names/other/", "named")

    assert caught.value.response["Error"]["Code"] == "ResourceAlreadyExistsException"


def test_half_a_surrogate_pair_does_not_stop_the_others(trained: Trained) -> None:
    """JSON lets it through its escapes although it is no text; the line is an error, the next one is answered."""
    account, versions = trained
    source = account.put("surrogate/in.json", '{"userId":"\\ud800"}\n{"userId":"a2","itemList":5}\n')
    target = f"s3://{account.bucket}/surrogate/out/"
    account.active(account.start_batch(versions["aws-popularity-count"], source, target, "surrogate"))

    errors = [line["error"] for line in account.answers("surrogate/out/in.json.out")]
    assert errors == ["User error: The record is not valid JSON", None]


def test_outputs_never_overwrite_each_other(trained: Trained) -> None:
    """Two inputs of the same name in two folders would write one output: the job fails and names both."""
    account, versions = trained
    for folder in ("a", "b"):
        account.put(f"same/{folder}/users.json", '{"userId":"a1"}\n')
    source, target = f"s3://{account.bucket}/same/", f"s3://{account.bucket}/other/out/"
    job = account.settle(account.start_batch(versions["aws-popularity-count"], source, target, "same"))

    assert job["status"] == "CREATE FAILED"
    assert "same/a/users.json" in job["failureReason"]
    assert "same/b/users.json" in job["failureReason"]
