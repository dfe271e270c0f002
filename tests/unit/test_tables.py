"""The project's tables against the services' own models."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import botocore.session
import pytest

from definition.file.realtime import Campaign, Recommender
from definition.file.schedule import check_expression
from definition.paths import ROOT
from definition.plan.requests import campaign_request, recommender_config
from definition.service.limits import MAX_NAME_LENGTH, NAME_PATTERN
from definition.service.resource_kinds import KINDS
from lambdas.build_layer import pins

if TYPE_CHECKING:
    from pathlib import Path

    from definition.service.resource_kinds import ResourceKind

FILES = sorted([*ROOT.glob("requirements*.txt"), ROOT / "lambdas" / "requirements.txt"])
MODEL = botocore.session.get_session().get_service_model("personalize")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kinds_follow_the_service_model(kind: ResourceKind) -> None:
    """Calls, fields and the path of the status are those that botocore knows."""
    create, describe = MODEL.operation_model(kind.create), MODEL.operation_model(kind.describe)

    def lower(name: str) -> str:
        return name[0].lower() + name[1:]

    assert lower(kind.name_field) in create.input_shape.members
    assert lower(kind.arn_field) in create.output_shape.members
    assert lower(kind.arn_field) in describe.input_shape.members
    described = describe.output_shape.members[lower(kind.name)].members
    assert {"status", lower(kind.arn_field)} <= set(described)
    assert kind.passes_role == ("roleArn" in create.input_shape.members)
    if kind.updatable:
        assert set(MODEL.operation_model(kind.update).input_shape.members) <= set(described)
        assert {"status", "creationDateTime", "failureReason"} <= set(described[lower(kind.latest_update)].members)


def test_names_follow_the_service_model() -> None:
    """Length and pattern of names are the service's."""
    shape = MODEL.shape_for("Name")

    assert MAX_NAME_LENGTH == shape.metadata["max"]
    assert NAME_PATTERN.rstrip("$") == shape.metadata["pattern"]


def pinned(requirements: str) -> set[str]:
    """Return the ``name==version`` of each package in a requirements file."""
    return set(re.findall(r"^[\w.-]+==[^\s;]+", requirements, flags=re.MULTILINE))


def test_the_layer_holds_the_pins_that_the_tests_run_with() -> None:
    """What functions get in the account is, version for version, what requirements.txt installs here."""
    assert pinned(pins())
    assert pinned(pins()) <= pinned((ROOT / "requirements.txt").read_text())


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_pin_has_its_hash(file: Path) -> None:
    """Whatever set-up, layer and benchmarks fetch is known by its hash."""
    entries = re.split(r"^(?=[a-z])", file.read_text(), flags=re.MULTILINE)[1:]
    assert entries
    assert [] == [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]


def test_the_layer_holds_what_the_functions_import() -> None:
    """Polars, pydantic and Powertools with its tracer are in the layer; botocore is the runtime's."""
    names = {pin.split("==")[0] for pin in pinned(pins())}

    assert {"polars", "pydantic", "aws-lambda-powertools", "aws-xray-sdk"} <= names
    assert "botocore" not in names


def test_cron_words_are_case_blind() -> None:
    """Month and day names may be small."""
    assert "cron(0 3 ? jan sun *)" == check_expression("cron(0 3 ? jan sun *)")


def members(operation: str, path: str) -> set[str]:
    """Return the members of a structure in a request, as Step Functions writes them."""
    names = MODEL.operation_model(operation).input_shape.members[path].members
    return {name[0].upper() + name[1:] for name in names}


def test_campaigns_and_recommenders_can_be_given_every_option() -> None:
    """Each option that botocore knows of their configuration can be said in the pipeline file."""
    exploration = {"weight": 0.25, "item_age_cut_off": 7}
    influence = {"popularity": 0.5, "freshness": 1}
    campaign = campaign_request(Campaign(exploration=exploration, ranking_influence=influence, min_provisioned_tps=3))
    columns = {"items": ["PRICE"]}
    recommender = Recommender(
        name="r",
        recipe="aws-ecomm-recommended-for-you",
        exploration=exploration,
        excluded_columns=columns,
        included_columns={"users": ["AGE"]},
    )

    assert members("CreateCampaign", "campaignConfig") == set(campaign["CampaignConfig"])
    assert members("CreateRecommender", "recommenderConfig") == set(recommender_config(recommender))
    assert {"explorationWeight": "0.25", "explorationItemAgeCutOff": "7"} == campaign["CampaignConfig"][
        "ItemExplorationConfig"
    ]
    assert {"POPULARITY": 0.5, "FRESHNESS": 1} == campaign["CampaignConfig"]["RankingInfluence"]
    assert 3 == campaign["MinProvisionedTPS"]
