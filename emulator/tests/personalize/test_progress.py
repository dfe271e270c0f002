"""How fast resources pass from status to status: as moto's settings for the kind say."""

from collections.abc import Callable, Iterator

import pytest
import requests

from embedded_aws.server import EmbeddedAWS
from emulator.tests.personalize.support import DEADLINE, Account, csv, two_groups

Set = Callable[[str, dict[str, object]], None]


@pytest.fixture
def set_progression(aws: EmbeddedAWS) -> Iterator[Set]:
    """Give what sets a kind's progression, and take it back afterwards."""
    touched: list[str] = []
    door = f"{aws.endpoint_url}/moto-api/state-manager"

    def set_it(kind: str, transition: dict[str, object]) -> None:
        touched.append(kind)
        body = {"model_name": f"personalize::{kind}", "transition": transition}
        assert requests.post(f"{door}/set-transition", json=body, timeout=DEADLINE).ok

    yield set_it
    for kind in touched:
        requests.post(f"{door}/unset-transition", json={"model_name": f"personalize::{kind}"}, timeout=DEADLINE)


def test_immediate(account: Account, set_progression: Set) -> None:
    """A resource is ACTIVE when it is first described, and gone as soon as it is deleted."""
    set_progression("DatasetGroup", {"progression": "immediate"})
    group = account.personalize.create_dataset_group(name="group")["datasetGroupArn"]
    status = account.describe(group)["status"]
    account.personalize.delete_dataset_group(datasetGroupArn=group)

    assert status == "ACTIVE"
    assert account.personalize.list_dataset_groups()["datasetGroups"] == []


def test_after_a_number_of_describes(account: Account, set_progression: Set) -> None:
    """Each status is shown three times, and no oftener."""
    set_progression("DatasetGroup", {"progression": "manual", "times": 3})
    group = account.personalize.create_dataset_group(name="group")["datasetGroupArn"]
    seen = [account.describe(group)["status"] for _ in range(8)]

    assert seen == ["CREATE PENDING"] * 3 + ["CREATE IN_PROGRESS"] * 3 + ["ACTIVE"] * 2


def test_after_a_time_of_the_embedded_clock(account: Account, set_progression: Set, aws: EmbeddedAWS) -> None:
    """A job of twenty minutes is at work until they have passed, although its work is done in a moment."""
    set_progression("DatasetImportJob", {"progression": "time", "seconds": 20 * 60})
    dataset = account.dataset(account.group())
    job = account.start_import(dataset, account.put("one.csv", csv(two_groups())))
    account.wait(job, {"CREATE IN_PROGRESS"})
    aws.skip(18 * 60)
    before = account.describe(job)["status"]
    aws.skip(2 * 60)
    described = account.settle(job)

    assert before == "CREATE IN_PROGRESS"
    assert described["status"] == "ACTIVE"
    assert 20 * 60 <= (described["lastUpdatedDateTime"] - described["creationDateTime"]).total_seconds() < 21 * 60


def test_a_stopped_training_ends_in_its_time(account: Account, set_progression: Set, aws: EmbeddedAWS) -> None:
    """A training of thirty minutes can be stopped meanwhile, and what it brings later is thrown away."""
    set_progression("SolutionVersion", {"progression": "time", "seconds": 30 * 60})
    version = account.start_training(account.solution(account.imported(csv(two_groups()))))
    account.wait(version, {"CREATE IN_PROGRESS"})
    account.personalize.stop_solution_version_creation(solutionVersionArn=version)
    stopping = account.describe(version)["status"]
    aws.skip(60 * 60)

    assert stopping == "CREATE STOPPING"
    assert account.describe(version)["status"] == "CREATE STOPPED"


def test_nothing_is_told_before_its_time(account: Account, set_progression: Set, aws: EmbeddedAWS) -> None:
    """Training hours and failure reasons come with the last status, however early the work was done."""
    set_progression("SolutionVersion", {"progression": "time", "seconds": 1800})
    solution = account.solution(account.imported(csv(two_groups())))
    good = account.start_training(solution)
    account.wait(good, {"CREATE IN_PROGRESS"})
    account.fault(job="SolutionVersion", outcome="CREATE FAILED", reason="a bad day")
    bad = account.start_training(solution)
    account.wait(bad, {"CREATE IN_PROGRESS"})
    before = {**account.describe(good), **account.describe(bad)}
    aws.skip(1800)

    assert not {"trainingHours", "failureReason"} & before.keys()
    assert account.settle(good)["trainingHours"] >= 0
    assert account.settle(bad)["failureReason"] == "a bad day"


@pytest.mark.parametrize(
    "transition",
    [
        {"progression": "manual"},
        {"progression": "manual", "times": "x"},
        {"progression": "time", "seconds": 1e15},
        {"progression": "time", "seconds": -1},
        {"progression": "magic"},
    ],
)
def test_a_setting_without_sense_is_none(account: Account, set_progression: Set, transition: dict[str, object]) -> None:
    """What moto's door lets through but means nothing leaves things as they are without a setting."""
    set_progression("DatasetGroup", transition)
    group = account.personalize.create_dataset_group(name="group")["datasetGroupArn"]

    assert [account.describe(group)["status"] for _ in range(3)] == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]
