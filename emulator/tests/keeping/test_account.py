"""What an account holds is there again in another process."""

from pathlib import Path
from typing import Any

import pytest

from emulator.tests.keeping.support import answer, in_process
from emulator.tests.keeping.world import PARTS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an account with something in each service, which two processes have had."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def before(folder: Path) -> dict[str, Any]:
    """What the process shows that made the account: seven models are trained in it."""
    return seen(folder)


@pytest.fixture(scope="module")
def after(folder: Path, before: dict[str, Any]) -> dict[str, Any]:
    """What the next process shows."""
    assert before
    return seen(folder)


def seen(folder: Path) -> dict[str, Any]:
    """Return what a process shows of the account in a folder."""
    return answer(of=["-m", "emulator.tests.keeping.world", str(folder)])


@pytest.mark.parametrize("part", [part.__name__ for part in PARTS])
def test_each_service_is_as_it_was(before: dict[str, Any], after: dict[str, Any], part: str) -> None:
    """All that boto3 shows of it is the same: resources, times, contents, histories, answers of trained models."""
    assert before["seen"][part]
    assert after["seen"][part] == before["seen"][part]


def test_nothing_is_lost_where_nothing_runs(before: dict[str, Any], after: dict[str, Any]) -> None:
    """An account at rest is kept whole, and nothing is told that is not so."""
    assert [before["lost"], after["lost"]] == [[], []]


def test_what_is_there_is_what_was_made(after: dict[str, Any]) -> None:
    """What is compared is not nothing: versions, a large content, a decrypted secret, a message, an execution."""
    found = after["seen"]
    assert (len(found["s3"]["versions"][0]), found["s3"]["large"], found["s3"]["newest"]) == (3, True, "small")
    assert (found["kms"]["plain"], found["kms"]["valid"]) == ("secret", True)
    assert (found["messages"]["bodies"], found["code"]["answer"]) == (["first"], [{"n": 1}, "mine"])
    assert "MapRunSucceeded" in [event["type"] for event in found["executions"]["history"]]
    assert [len(items) for items in found["personalize"]["campaigns"].values()] == [10] * 4
    assert found["personalize"]["session"]


def test_what_came_back_can_be_changed(folder: Path, after: dict[str, Any]) -> None:
    """Stacks update the resources that they made, functions take new code, models are trained again and deleted."""
    assert after
    code = """
from emulator.tests.functions import archive, invoke
from emulator.tests.personalize.support import Account
with EmbeddedAWS(keep=folder) as aws:
    stacks, ssm, functions = aws.client("cloudformation"), aws.client("ssm"), aws.client("lambda")
    template = stacks.get_template(StackName="kept")["TemplateBody"]
    template["Resources"]["Told"]["Properties"]["Value"] = "two"
    template["Resources"]["Queue"]["Properties"]["DelaySeconds"] = 7
    stacks.update_stack(StackName="kept", TemplateBody=json.dumps(template))
    told["value"] = ssm.get_parameter(Name="/told")["Parameter"]["Value"]
    url = aws.client("sqs").get_queue_url(QueueName="of-a-stack")["QueueUrl"]
    told["delay"] = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    stacks.delete_stack(StackName="kept")
    told["queues"] = [each.rpartition("/")[2] for each in aws.client("sqs").list_queues()["QueueUrls"]]
    (name,) = [each["FunctionName"] for each in functions.list_functions()["Functions"]]
    functions.update_function_code(FunctionName=name, ZipFile=archive(index="def handler(*_): return 'new'"))
    told["answer"] = invoke(aws, name)["payload"]
    account = Account(aws)
    solutions = account.personalize.list_solutions()["solutions"]
    (best,) = [each["solutionArn"] for each in solutions if each["solutionArn"].endswith("popularity-count")]
    told["version"] = account.settle(account.start_training(best))["status"]
    s3 = aws.client("s3")
    s3.put_object(Bucket="kept", Key="a/large", Body=b"third")
    told["versions"] = len(s3.list_object_versions(Bucket="kept", Prefix="a/large")["Versions"])
"""
    told = in_process(code, folder)

    assert (told["value"], told["delay"]["DelaySeconds"], told["queues"]) == ("two", "7", ["kept"])
    assert (told["answer"], told["version"], told["versions"]) == ("new", "ACTIVE", 3)


def test_an_account_without_a_folder_is_empty(folder: Path, after: dict[str, Any]) -> None:
    """Who does not name the folder gets nothing of it, also in the process that has just read it."""
    assert after
    code = """
with EmbeddedAWS(keep=folder) as aws:
    told["kept"] = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
with EmbeddedAWS() as aws:
    told["empty"] = aws.client("s3").list_buckets()["Buckets"]
    told["found"] = aws.found
with EmbeddedAWS(keep=folder) as aws:
    told["again"] = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
"""
    told = in_process(code, folder)
    assert (told["kept"], told["empty"], told["found"], told["again"]) == (["kept"], [], None, ["kept"])
