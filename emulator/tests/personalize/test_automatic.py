"""What the service does by itself when nobody has told it not to."""

from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.personalize.support import Account, csv, two_groups

HOUR, DAY = 3600, 24 * 3600


def versions(account: Account, solution: str) -> list[dict[str, Any]]:
    """List a solution's versions, finished."""
    found = account.personalize.list_solution_versions(solutionArn=solution)["solutionVersions"]
    for version in found:
        account.settle(version["solutionVersionArn"])
    return list(account.personalize.list_solution_versions(solutionArn=solution)["solutionVersions"])


def more_events(account: Account, group: str, name: str) -> None:
    """Import the same interactions again: new data, as far as the service knows."""
    dataset = f"{group.replace(':dataset-group/', ':dataset/')}/INTERACTIONS"
    account.active(account.start_import(dataset, account.put(f"{name}.csv", csv(two_groups())), name))


def test_a_solution_trains_within_an_hour_and_then_every_week(account: Account, aws: EmbeddedAWS) -> None:
    """The default trains one version after an hour and the next a week later, if interactions came meanwhile."""
    group = account.imported(csv(two_groups()))
    solution = account.solution(group, performAutoTraining=True)
    first = versions(account, solution)
    aws.skip(HOUR)
    second = versions(account, solution)
    aws.skip(7 * DAY)
    idle = versions(account, solution)
    more_events(account, group, "more")
    third = versions(account, solution)

    assert [len(found) for found in (first, second, idle, third)] == [0, 1, 1, 2]
    assert {version["trainingType"] for version in third} == {"AUTOMATIC"}
    assert {version["status"] for version in third} == {"ACTIVE"}


def test_training_by_hand_skips_the_first_automatic_one(account: Account, aws: EmbeddedAWS) -> None:
    """A version made within the hour is the only one until the schedule's next turn."""
    group = account.imported(csv(two_groups()))
    config = {"autoTrainingConfig": {"schedulingExpression": "rate(2 days)"}}
    solution = account.solution(group, performAutoTraining=True, solutionConfig=config)
    account.active(account.start_training(solution))
    aws.skip(2 * HOUR)
    by_hand = versions(account, solution)
    more_events(account, group, "more")
    aws.skip(2 * DAY)

    assert [version["trainingType"] for version in by_hand] == ["MANUAL"]
    assert [version["trainingType"] for version in versions(account, solution)] == ["MANUAL", "AUTOMATIC"]


@pytest.mark.parametrize("how", ["from the start", "by an update"])
def test_automatic_training_can_be_switched_off(account: Account, aws: EmbeddedAWS, how: str) -> None:
    """Without performAutoTraining nothing trains, however long one waits."""
    group = account.imported(csv(two_groups()))
    solution = account.solution(group, performAutoTraining=how != "from the start")
    if how == "by an update":
        account.personalize.update_solution(solutionArn=solution, performAutoTraining=False)
        updates = [account.describe(solution)["latestSolutionUpdate"]["status"] for _ in range(3)]
        assert updates == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]
        assert account.describe(solution)["performAutoTraining"] is False
    aws.skip(30 * DAY)

    assert versions(account, solution) == []


def test_a_training_that_cannot_begin_stops_nobody_else(account: Account, aws: EmbeddedAWS) -> None:
    """While the quota of trainings is used up, other calls are answered, and the training comes later."""
    group = account.imported(csv(two_groups()))
    solution = account.solution(group, performAutoTraining=True)
    other = account.solution(group, name="other")
    account.fault(job="SolutionVersion", outcome="STALL", times=20)
    stalled = [account.start_training(other) for _ in range(20)]
    aws.skip(HOUR)
    listed = account.personalize.list_solution_versions(solutionArn=solution)["solutionVersions"]
    account.personalize.stop_solution_version_creation(solutionVersionArn=stalled[0])
    account.wait(stalled[0], {"CREATE STOPPED"})

    assert listed == []
    assert len(versions(account, solution)) == 1


def test_a_failed_training_is_tried_again_at_its_next_turn(account: Account, aws: EmbeddedAWS) -> None:
    """What a failed training did not learn is still news a week later."""
    solution = account.solution(account.imported(csv(two_groups())), performAutoTraining=True)
    account.fault(job="SolutionVersion", outcome="CREATE FAILED")
    aws.skip(HOUR)
    failed = versions(account, solution)
    aws.skip(7 * DAY)

    assert [version["status"] for version in failed] == ["CREATE FAILED"]
    assert [version["status"] for version in versions(account, solution)] == ["CREATE FAILED", "ACTIVE"]
