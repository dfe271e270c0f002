"""What is told while an AWS stays up: the card of things to type, runs that end, events; and options that cannot be."""

from __future__ import annotations

import ast
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.live import realtime
from cli.live.card import Standing, card
from cli.live.nights import Nights, told
from cli.live.sources import sources
from cli.main import app
from tests.documents import LIVE, parsed
from tests.unit.asking import (
    BUYERS,
    MACHINE,
    RANKED,
    at,
)

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline


def lines_of(pipeline: Pipeline, *, known: tuple[str, str] | None = ("u1", "i1"), port: int = 4566) -> list[str]:
    """Return the card of a pipeline that is up."""
    everything = sources(pipeline, "dev")
    arns = {each: f"arn:{each.name}" for each in everything if known and each.kind != "table"}
    variables = {"AWS_ENDPOINT_URL": f"http://localhost:{port}"}
    return card(Standing(pipeline, "shop.yaml", "dev", "pipelines", variables, arns, {"bucket": "b"}, known, port))


def test_the_card_asks_whatever_answers() -> None:
    """Each campaign and recommender has a line with what it takes, and one sends an event; boto3 has one, too."""
    lines = lines_of(parsed(**LIVE), port=4567)

    assert [
        "  pipelines ask shop.yaml --solution for-you --user u1 --local --port 4567",
        "  pipelines ask shop.yaml --recommender best-sellers --user u1 --local --port 4567",
        "  pipelines ask shop.yaml --item i1 --local --port 4567",
        "  pipelines ask shop.yaml --solution for-you --user u1 --send-event i1 --local --port 4567",
    ] == [line for line in lines if line.startswith("  pipelines ask")]
    assert "export AWS_ENDPOINT_URL=http://localhost:4567" in lines
    assert (
        "aws personalize-runtime get-recommendations --campaign-arn arn:for-you --user-id u1 --num-results 5" in lines
    )
    assert (
        'boto3.client("personalize-runtime").get_recommendations(campaignArn="arn:for-you", userId="u1", numResults=5)'
        in lines
    )


def test_ids_of_the_card_are_texts_and_nothing_else() -> None:
    """A shell and Python take an id of the data as one value, whatever is in it."""
    user = "u'1; rm *\""
    lines = lines_of(parsed(**LIVE), known=(user, "i1"))
    asked = [line for line in lines if "ask" in line or line.startswith("aws ")]

    assert 4 == len([line for line in asked if user in shlex.split(line)])
    (snippet,) = (line for line in lines if line.startswith("boto3."))
    (call,) = (node for node in ast.walk(ast.parse(snippet)) if isinstance(node, ast.Call) and node.keywords)
    assert user in [ast.literal_eval(each.value) for each in call.keywords]


def test_the_card_of_tables_asks_tables() -> None:
    """Nothing answers in real time: there is no request, and a way to get a campaign."""
    lines = lines_of(parsed())

    assert ["  pipelines ask shop.yaml --user u1 --local"] == [
        line for line in lines if line.startswith("  pipelines ask")
    ]
    assert not [line for line in lines if "personalize-runtime" in line]
    assert any("campaign: {min_provisioned_tps: 1}" in line for line in lines)


def test_the_card_of_a_failed_run_asks_nothing() -> None:
    """Nothing is imported, so no line asks; the variables are there, to look at it and to redrive."""
    lines = lines_of(parsed(**LIVE), known=None)

    assert "No run has imported data yet, so there is nothing to ask." in lines
    assert not [line for line in lines if "pipelines ask" in line or "personalize-runtime" in line]
    assert "export AWS_ENDPOINT_URL=http://localhost:4566" in lines


def test_the_card_of_a_ranking_asks_for_one() -> None:
    """GetPersonalizedRanking takes a list of items."""
    lines = lines_of(parsed(solutions=[RANKED]))

    assert (
        "aws personalize-runtime get-personalized-ranking --campaign-arn arn:ranked --user-id u1 --input-list i1"
        in lines
    )


def test_the_card_of_segments_offers_no_campaign() -> None:
    """Recipes of user segments work in batch only; the question names an item."""
    lines = lines_of(parsed(solutions=[BUYERS]))

    assert ["  pipelines ask shop.yaml --item i1 --local"] == [
        line for line in lines if line.startswith("  pipelines ask")
    ]
    assert not [line for line in lines if "campaign" in line]


class Runtime:
    """A Personalize Runtime whose answers are given in turn."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)

    def get_recommendations(self, **_: Any) -> dict[str, Any]:
        """Return the next answer."""
        return {"itemList": [{"itemId": self._answers.pop(0), "score": 0.5}]}


def test_an_event_is_given_a_moment() -> None:
    """The first answer that is another one counts; after all looks the answer is as it was."""
    before: list[tuple[str, float | None]] = [("i1", 0.5)]

    assert [("i2", 0.5)] == realtime.after(Runtime("i1", "i1", "i2"), {}, before, pause=0)
    assert before == realtime.after(Runtime("i1", "i1"), {}, before, looks=2, pause=0)


class StepFunctions:
    """A Step Functions with executions that end while it is looked at."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}

    def list_executions(self, **_: Any) -> dict[str, Any]:
        """List executions, the newest first."""
        listed = [{"executionArn": arn, "status": status} for arn, status in self.statuses.items()]
        return {"executions": listed[::-1]}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803  # boto3's name
        """Describe an execution that took a minute and a half."""
        status = self.statuses[executionArn]
        failed = {"cause": "The ore was\nbarren"} if status == "FAILED" else {}
        times = {"startDate": at(0), "stopDate": at(90)}
        return {"executionArn": executionArn, "name": executionArn, "status": status, **times, **failed}


def test_runs_are_told_once_when_they_end() -> None:
    """Those that had ended before are not told, those that are active not yet; why one failed is."""
    service = StepFunctions()
    service.statuses = {"old": "SUCCEEDED", "active": "RUNNING"}
    nights = Nights(service, MACHINE)
    assert [] == list(nights.ended())

    service.statuses |= {"active": "SUCCEEDED", "bad": "FAILED"}
    first, second = (told(each) for each in nights.ended())
    assert re.fullmatch(r"run 19700101T000000-[0-9a-f]{6} SUCCEEDED after 1 min", first)
    assert second.endswith(" FAILED after 1 min: The ore was barren")
    assert [] == list(nights.ended())


@pytest.mark.parametrize(
    ("arguments", "told_of"),
    [
        (["up", "movielens", "--speed", "0"], "--speed"),
        (["up", "movielens", "--speed", "nan"], "--speed"),
        (["ask", "movielens", "--solution", "a", "--recommender", "b"], "--recommender"),
        (["ask", "movielens", "--num", "501"], "--num"),
    ],
)
def test_options_that_cannot_be_are_refused(arguments: list[str], told_of: str) -> None:
    """The exit code is that of a command that was typed wrongly, and the option is named."""
    done = CliRunner().invoke(app, arguments)

    assert (2, True) == (done.exit_code, told_of in done.output)
