"""Campaigns and recommenders: what they serve, how they change, stop and start."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.personalize.support import Account, code, csv, message, two_groups
from emulator.tests.personalize.world import World

RECIPE = "arn:aws:personalize:::recipe/"


@pytest.fixture(scope="module")
def world(aws: EmbeddedAWS) -> World:
    """Give an account with a shop."""
    return World(Account(aws))


def campaign(account: Account, version: str, name: str = "live", **more: Any) -> str:
    """Create a campaign."""
    created = account.personalize.create_campaign(name=name, solutionVersionArn=version, **more)
    return account.active(created["campaignArn"])


def test_an_update_is_followed_beside_the_campaign(account: Account) -> None:
    """The campaign stays ACTIVE with its old version until latestCampaignUpdate is, and has none before its first."""
    solution = account.solution(account.imported(csv(two_groups())))
    first, second = (account.active(account.start_training(solution)) for _ in range(2))
    arn = campaign(account, first)
    before = account.describe(arn)
    account.personalize.update_campaign(campaignArn=arn, solutionVersionArn=second, minProvisionedTPS=3)
    seen = [account.describe(arn) for _ in range(3)]

    assert "latestCampaignUpdate" not in before
    assert [one["status"] for one in seen] == ["ACTIVE"] * 3
    statuses = [one["latestCampaignUpdate"]["status"] for one in seen]
    assert statuses == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]
    assert [one["solutionVersionArn"] for one in seen[:2]] == [first] * 2
    assert account.describe(arn)["solutionVersionArn"] == second
    assert account.describe(arn)["minProvisionedTPS"] == 3


def test_a_campaign_keeps_its_solution(account: Account) -> None:
    """A solution with a campaign cannot be deleted, and neither can a campaign that is being updated."""
    solution = account.solution(account.imported(csv(two_groups())))
    version = account.active(account.start_training(solution))
    arn = campaign(account, version)
    with pytest.raises(ClientError) as blocked:
        account.personalize.delete_solution(solutionArn=solution)
    account.personalize.update_campaign(campaignArn=arn, minProvisionedTPS=2)
    for operation in ("update_campaign", "delete_campaign"):
        with pytest.raises(ClientError) as busy:
            getattr(account.personalize, operation)(campaignArn=arn)
        assert code(busy) == "ResourceInUseException"

    assert code(blocked) == "ResourceInUseException"
    assert arn in message(blocked)


def test_a_campaign_can_follow_the_latest_version(account: Account) -> None:
    """$LATEST and syncWithLatestSolutionVersion go together; one without the other is refused."""
    solution = account.solution(account.imported(csv(two_groups())))
    version = account.active(account.start_training(solution))
    follow = {"campaignConfig": {"syncWithLatestSolutionVersion": True}}
    for arn, more in ((f"{solution}/$LATEST", {}), (version, follow)):
        with pytest.raises(ClientError) as caught:
            campaign(account, arn, "half", **more)
        assert code(caught) == "InvalidInputException"

    assert account.describe(campaign(account, f"{solution}/$LATEST", **follow))["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("recipe", "more", "complaint"),
    [
        ("aws-item-affinity", {}, "batch segment jobs only"),
        (
            "aws-popularity-count",
            {"campaignConfig": {"itemExplorationConfig": {"explorationWeight": "0.5"}}},
            "itemExplorationConfig is not a setting",
        ),
        (
            "aws-popularity-count",
            {"campaignConfig": {"rankingInfluence": {"POPULARITY": 0.5}}},
            "rankingInfluence is not a setting",
        ),
    ],
)
def test_what_a_recipe_cannot_do_is_refused(world: World, recipe: str, more: dict[str, Any], complaint: str) -> None:
    """Segments are never deployed, and settings of other recipes are not accepted in silence."""
    with pytest.raises(ClientError) as caught:
        campaign(world.account, world.version_of(recipe), "wrong", **more)

    assert code(caught) == "InvalidInputException"
    assert complaint in message(caught)


def test_a_recommender_stops_and_starts(world: World) -> None:
    """It passes through the documented statuses, and each operation needs the right one."""
    account, arn = world.account, world.new_recommender()
    personalize = account.personalize
    with pytest.raises(ClientError) as running:
        personalize.start_recommender(recommenderArn=arn)
    personalize.stop_recommender(recommenderArn=arn)
    seen = [account.describe(arn)["status"] for _ in range(3)]
    with pytest.raises(ClientError) as stopped:
        personalize.stop_recommender(recommenderArn=arn)
    personalize.start_recommender(recommenderArn=arn)
    seen += [account.describe(arn)["status"] for _ in range(3)]
    personalize.delete_recommender(recommenderArn=arn)
    account.vanish(arn)

    assert code(running) == code(stopped) == "ResourceInUseException"
    assert seen == [
        "STOP PENDING",
        "STOP IN_PROGRESS",
        "INACTIVE",
        "START PENDING",
        "START IN_PROGRESS",
        "ACTIVE",
    ]


def test_a_recommender_has_metrics_and_can_be_updated(world: World) -> None:
    """Its metrics are those of a use case, and other columns in training are an update that trains again."""
    account, arn = world.account, world.new_recommender()
    config = {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["TITLE"]}}}
    account.personalize.update_recommender(recommenderArn=arn, recommenderConfig=config)
    found = account.describe(arn)
    while found["latestRecommenderUpdate"]["status"] != "ACTIVE":
        found = account.describe(arn)
    account.personalize.delete_recommender(recommenderArn=arn)

    assert 0 <= found["modelMetrics"]["coverage"] <= 1
    assert found["status"] == "ACTIVE"
    config_now = account.describe(arn)["recommenderConfig"]
    assert config_now == {"minRecommendationRequestsPerSecond": 1, **config}


@pytest.mark.parametrize(
    ("recipe", "complaint"),
    [("aws-sims", "is not a use case of the domain"), ("aws-vod-top-picks", "is not a use case of the domain")],
)
def test_a_recommender_takes_a_use_case_of_its_domain(world: World, recipe: str, complaint: str) -> None:
    """Custom recipes and those of another domain are refused."""
    with pytest.raises(ClientError) as caught:
        world.account.personalize.create_recommender(
            name="wrong", datasetGroupArn=world.shop, recipeArn=f"{RECIPE}{recipe}"
        )

    assert code(caught) == "InvalidInputException"
    assert complaint in message(caught)


def test_a_solution_takes_a_custom_recipe(world: World) -> None:
    """Use cases are for recommenders."""
    with pytest.raises(ClientError) as caught:
        world.account.solution(world.shop, "aws-ecomm-recommended-for-you")

    assert code(caught) == "InvalidInputException"
    assert "for recommenders" in message(caught)


def test_a_solution_that_a_campaign_is_about_to_serve_stays(account: Account) -> None:
    """While an update to another solution is under way, neither the old nor the new one can be deleted."""
    group = account.imported(csv(two_groups()))
    old, new = account.solution(group, name="old"), account.solution(group, name="new")
    versions = [account.active(account.start_training(solution)) for solution in (old, new)]
    arn = campaign(account, versions[0])
    account.personalize.update_campaign(campaignArn=arn, solutionVersionArn=versions[1])
    codes = []
    for solution in (old, new):
        with pytest.raises(ClientError) as caught:
            account.personalize.delete_solution(solutionArn=solution)
        codes.append(code(caught))

    assert codes == ["ResourceInUseException"] * 2


def test_a_campaign_stays_in_its_group(account: Account) -> None:
    """A version of another dataset group is refused."""
    versions = []
    for name in ("one", "two"):
        solution = account.solution(account.imported(csv(two_groups()), name=name), name=name)
        versions.append(account.active(account.start_training(solution)))
    with pytest.raises(ClientError) as caught:
        account.personalize.update_campaign(campaignArn=campaign(account, versions[0]), solutionVersionArn=versions[1])

    assert code(caught) == "InvalidInputException"


def test_an_update_repairs_a_failed_recommender(world: World) -> None:
    """A recommender whose training failed is trained by an update, and then ACTIVE."""
    account = world.account
    account.fault(job="Recommender", outcome="CREATE FAILED", reason="a bad day")
    arn = account.personalize.create_recommender(
        name="unlucky", datasetGroupArn=world.shop, recipeArn=f"{RECIPE}aws-ecomm-popular-items-by-views"
    )["recommenderArn"]
    failed = account.wait(arn, {"CREATE FAILED"})
    account.personalize.update_recommender(
        recommenderArn=arn, recommenderConfig={"minRecommendationRequestsPerSecond": 2}
    )
    repaired = account.wait(arn, {"ACTIVE"})
    account.personalize.delete_recommender(recommenderArn=arn)

    assert failed["failureReason"] == "a bad day"
    assert "failureReason" not in repaired
    assert repaired["modelMetrics"]
