"""Who answers a question, with what, and how that is told: the parts of `pipelines ask` and `up` without an AWS."""

from __future__ import annotations

import ast
import io
import json
import re
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from cli.errors import CommandError
from cli.live import realtime
from cli.live.ask import Answer, Result
from cli.live.card import Standing, card
from cli.live.history import Interaction, example, history
from cli.live.nights import Nights, told
from cli.live.show import as_json, moved, show
from cli.live.sources import Question, candidates, named, sources
from cli.main import app
from cli.terminal import Terminal
from cli.view import View
from definition.paths import ROOT
from definition.service.recipes import USE_CASES
from tests.documents import LIVE, parsed

if TYPE_CHECKING:
    from cli.live.sources import Source
    from definition.file.pipeline import Pipeline

MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:shop-dev"
USER, ITEM = Question("u1"), Question(items=("i1",))
RANKING = Question("u1", ("i1", "i2"))


def solution(name: str, recipe: str, *, live: bool = False, **jobs: Any) -> dict[str, Any]:
    """Return a solution of the pipeline file."""
    return {"name": name, "recipe": f"aws-{recipe}", **({"campaign": {}} if live else {}), **jobs}


def tables(*names: str, **more: Any) -> dict[str, Any]:
    """Return batch inference jobs of a solution."""
    return {"batch_inference": [{"name": name, **more} for name in names]}


def shop(*solutions: dict[str, Any], **changes: Any) -> list[Source]:
    """Return what may answer in a shop with these solutions."""
    return sources(parsed(solutions=list(solutions), **changes), "dev")


FOR_YOU = solution("for-you", "user-personalization-v2", live=True, **tables("top"))
POPULAR = solution("popular", "popularity-count", **tables("top"))
SIMILAR = solution("similar", "similar-items", live=True, **tables("like"))
RANKED = solution("ranked", "personalized-ranking-v2", live=True, **tables("list", items=["i1", "i2"]))
TREND = solution("trend", "trending-now", live=True)
BUYERS = solution("buyers", "item-affinity", batch_segment=[{"name": "likely"}])


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (USER, ["campaign for-you", "table for-you/top"]),
        (ITEM, ["campaign similar", "table similar/like"]),
        (Question("u1", ("i1",)), None),
        (RANKING, ["campaign ranked"]),
        (Question(), ["campaign trend"]),
    ],
)
def test_a_question_goes_to_what_takes_it(question: Question, expected: list[str] | None) -> None:
    """What answers in real time goes first, then tables of its own solution; several in real time need a name."""
    pool = shop(FOR_YOU, POPULAR, SIMILAR, RANKED, TREND, BUYERS)
    if expected is None:
        with pytest.raises(CommandError, match=r"several answer such a question: campaign similar, campaign ranked"):
            candidates(pool, question)
    else:
        assert expected == [str(each) for each in candidates(pool, question)]


def test_what_takes_no_user_may_be_asked_with_one() -> None:
    """Named, or alone, trending items are found for a user, too: a filter may need one."""
    assert ["campaign trend"] == [str(each) for each in candidates(shop(TREND), USER)]


def test_tables_answer_where_nothing_does_so_in_real_time() -> None:
    """Users have one table, and an item has the users of a segment; of two tables one must be named."""
    assert ["table popular/top"] == [str(each) for each in candidates(shop(POPULAR), USER)]
    (segment,) = candidates(shop(BUYERS), ITEM)
    assert segment.finds_users
    with pytest.raises(CommandError, match="several") as error:
        candidates(shop(solution("popular", "popularity-count", **tables("top", "more"))), USER)
    assert "--solution popular/top or --solution popular/more" in error.value.remedy


def test_a_question_that_nothing_takes_is_told_with_what_would() -> None:
    """The remedy names the option of each source; a table of attributes takes none."""
    with pytest.raises(CommandError) as error:
        candidates(shop(POPULAR), ITEM)
    assert "table popular/top: --user" in error.value.remedy

    attributes = [{"name": "comedies", "attributes": ['ITEMS.GENRES = "Comedy"']}]
    items = {
        "source": {"path": "items/"},
        "columns": {"ITEM_ID": "item", "GENRES": {"from": "genres", "type": "categorical"}},
    }
    only = shop(solution("fans", "item-attribute-affinity", batch_segment=attributes), datasets__items=items)
    assert [] == only
    with pytest.raises(CommandError, match="nothing of this pipeline"):
        candidates(only, ITEM)


def test_recommenders_answer_as_their_use_case_asks() -> None:
    """Best sellers take a user, and bought together an item."""
    pool = [each for each in sources(parsed(**LIVE), "dev") if each.kind == "recommender"]

    assert ["recommender best-sellers"] == [str(each) for each in candidates(pool, USER)]
    assert ["recommender together"] == [str(each) for each in candidates(pool, ITEM)]


def test_the_guide_tells_what_each_use_case_is_asked_with() -> None:
    """The table of use cases in docs/pipeline-file.md and the one by which questions go say the same."""
    guide = (ROOT / "docs" / "pipeline-file.md").read_text("utf-8")
    rows = re.findall(
        r"^[|](?: `\w+` | )[|] `(aws-(?:ecomm|vod)-[\w-]+)` [|][^|]*[|] ?([^|]*?) ?[|]$", guide, re.MULTILINE
    )

    assert {name: case.query for name, case in USE_CASES.items()} == {name: told or "nothing" for name, told in rows}


def test_a_wrong_name_is_told_with_the_one_that_it_is_like() -> None:
    """Solutions, tables and recommenders are named as in the file."""
    everything = sources(parsed(**LIVE), "dev")

    assert ["campaign for-you", "table for-you/top"] == [
        str(each) for each in named(everything, solution="for-you", recommender=None)
    ]
    assert ["table for-you/top"] == [str(each) for each in named(everything, solution="for-you/top", recommender=None)]
    for wrong, like in (({"solution": "for-yuo"}, "for-you"), ({"recommender": "bestsellers"}, "best-sellers")):
        with pytest.raises(CommandError) as error:
            named(everything, **{"solution": None, "recommender": None, **wrong})
        assert f"Did you mean {like}?" in error.value.remedy


TYPED: dict[str, Any] = {
    "filters": [
        {"name": "typed", "expression": "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($TYPE)"},
        {"name": "cheap", "expression": "INCLUDE ItemID WHERE Items.PRICE < $PRICE"},
    ],
    "datasets__items": {
        "source": {"path": "items/"},
        "columns": {"ITEM_ID": "item", "PRICE": {"from": "price", "type": "float"}},
    },
}


def filtered(name: str, *given: str) -> dict[str, Any]:
    """Return the arguments of a filter."""
    return realtime.filtered(parsed(**TYPED), "dev", MACHINE, name, given)


def test_values_of_filters_are_written_as_the_service_takes_them() -> None:
    """Texts in quotes, several with commas, numbers bare; the ARN is in the account of the state machine."""
    typed = filtered("typed", "TYPE=click", "TYPE=buy", 'TYPE="7"')

    assert {"TYPE": '"click","buy","7"'} == typed["filterValues"]
    assert typed["filterArn"].startswith("arn:aws:personalize:eu-west-1:111122223333:filter/shop-dev--typed-")
    assert {"PRICE": "9.5"} == filtered("cheap", "PRICE=9.5")["filterValues"]


@pytest.mark.parametrize(
    ("name", "given", "message", "remedy"),
    [
        ("typo", (), "has no filter typo", "Did you mean typed?"),
        ("typed", (), "lacks the value of TYPE", "--filter-value TYPE=VALUE"),
        ("typed", ("KIND=click",), "does not take KIND=click", "It takes TYPE=VALUE"),
        ("typed", ("click",), "does not take click", "It takes TYPE=VALUE"),
    ],
)
def test_a_wrong_filter_is_told(name: str, given: tuple[str, ...], message: str, remedy: str) -> None:
    """Filters, placeholders and values are held against the pipeline file before anything is asked."""
    with pytest.raises(CommandError, match=message) as error:
        filtered(name, *given)
    assert remedy in error.value.remedy


def test_an_event_has_the_type_of_all_rows_or_the_one_given() -> None:
    """A constant of the file serves; where rows have several, the error lists them."""
    several = parsed(datasets__interactions__columns__EVENT_TYPE={"from": "what", "map": {"k": "buy", "c": "click"}})

    assert "click" == realtime.event_type(parsed(), None)
    assert "buy" == realtime.event_type(several, "buy")
    with pytest.raises(CommandError) as error:
        realtime.event_type(several, None)
    assert "--event-type TYPE, such as buy or click" in error.value.remedy


@pytest.mark.parametrize(
    ("before", "now", "told"), [(None, 1, "new"), (3, 1, "3 +2"), (1, 4, "1 -3"), (2, 2, "2"), (5, None, "5")]
)
def test_what_moved_is_told_by_ranks(before: int | None, now: int | None, told: str) -> None:
    """A rise is positive; what is new was not there; what is gone had its rank."""
    assert told == moved(before, now)


class Bucket:
    """An S3 with some objects."""

    class exceptions:  # noqa: N801  # as boto3's clients have it
        """Errors of the client."""

        class NoSuchKey(ClientError):  # noqa: N818  # boto3's name
            """There is no such object."""

    def __init__(self, **objects: bytes) -> None:
        self._objects = objects

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803  # boto3's names
        """Return an object."""
        if Key not in self._objects:
            raise self.exceptions.NoSuchKey({"Error": {"Code": "NoSuchKey", "Message": Bucket}}, "GetObject")
        return {"Body": io.BytesIO(self._objects[Key])}

    def get_paginator(self, _: str) -> Bucket:
        """Return what lists, a page at a time."""
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803  # boto3's names
        """Return a page with the objects below a prefix."""
        assert Bucket
        found = [key for key in sorted(self._objects) if key.startswith(Prefix)]
        return [{"Contents": [{"Key": key, "Size": len(self._objects[key])} for key in found]}]


RUN = "20261122T030000-1ebdeb"
IMPORTED = json.dumps({"datasets": [{"dataset": "interactions", "run": RUN}]}).encode()
FOLDER = f"transformed/{RUN}/interactions/"
HEADER = b"USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n"
PARTS = {
    f"{FOLDER}a.csv": HEADER + b'u1,"i,1",10,click\nu2,i2,20,\n',
    f"{FOLDER}b.csv": b"",
    f"{FOLDER}c.csv": HEADER + b"u1,i3,30,\nu1,i4,5,buy\n",
}


def at(seconds: int) -> datetime:
    """Return a time."""
    return datetime.fromtimestamp(seconds, UTC)


def test_the_last_interactions_are_those_of_what_was_imported() -> None:
    """The newest first over all parts, of this user only; an empty part is none; nothing means none, and not unread."""
    bucket = Bucket(**{"runs/imports.json": IMPORTED}, **PARTS)

    assert [Interaction(at(30), "i3"), Interaction(at(10), "i,1", "click")] == history(
        bucket, "b", "u1", 2
    ).interactions
    assert (RUN, [], "") == (
        (found := history(bucket, "b", "u9", 2)).run,
        found.interactions,
        found.unread,
    )
    assert ("u1", "i,1") == example(bucket, "b")


def test_after_a_night_without_new_data_the_last_import_is_read() -> None:
    """A run that found the data unchanged transforms nothing: the data is that of the run whose job imported it."""
    later = "20261123T030000-aaaaaa"
    job = f"arn:aws:personalize:us-east-1:123456789012:dataset-import-job/shop-dev--interactions-{RUN}"
    said = {"datasets": [{"dataset": "interactions", "run": later, "import_job_arn": job}]}
    found = history(Bucket(**{"runs/imports.json": json.dumps(said).encode()}, **PARTS), "b", "u1", 9)

    assert (RUN, 3) == (found.run, len(found.interactions or ()))


@pytest.mark.parametrize(
    ("objects", "largest", "why"),
    [
        ({}, 1000, "no run has imported interactions yet"),
        ({"runs/imports.json": b'{"datasets": []}'}, 1000, "being imported now, or their last import has failed"),
        ({"runs/imports.json": IMPORTED}, 1000, f"the data of run {RUN} is gone from the bucket"),
        ({"runs/imports.json": IMPORTED, **PARTS}, 10, "MB of interactions"),
    ],
)
def test_interactions_that_are_not_read_say_why(objects: dict[str, bytes], largest: int, why: str) -> None:
    """They are unknown then, and not none."""
    found = history(Bucket(**objects), "b", "u1", 2, largest=largest)

    assert found.interactions is None
    assert why in found.unread


def answer(**changes: Any) -> Answer:
    """Return an answer of the shop's campaign."""
    return Answer(**{"source": shop(FOR_YOU)[0], "question": USER, "labels": {"i1": "Toy", "i2": "Heat"}} | changes)


def shown(given: Answer) -> str:
    """Return what the terminal shows of an answer."""
    written = io.StringIO()
    show(given, View(Terminal(file=written, width=110)))
    return written.getvalue()


def test_an_answer_shows_titles_scores_and_what_moved() -> None:
    """Ranks before stand beside the new ones, what is gone stands below, and the event above the interactions."""
    event = Interaction(at(100), "i1", "click")
    told = shown(
        answer(
            results=[Result(1, "i2", 0.5), Result(2, "i3", None)],
            before=[Result(1, "i1", 0.4), Result(2, "i2", 0.3)],
            event=event,
            interactions=[Interaction(at(0), "i2")],
            notes=["look here"],
        )
    )
    lines = [line.split() for line in told.splitlines()]
    cells = [[cell for cell in line if cell not in {"│", "┃"} and "─" not in cell] for line in lines]

    assert told.startswith("campaign for-you (aws-user-personalization-v2), for user u1\n")
    assert ["1", "2", "+1", "i2", "Heat", "0.5000"] == cells[5][:6]
    assert ["2", "new", "i3", "-"] == cells[6][:4]
    assert ["gone", "1", "i1", "Toy", "0.4000"] == cells[7]
    assert ["just", "sent", "Toy", "click"] == cells[5][6:]
    assert ["1970-01-01", "00:00", "Heat", "-"] == cells[6][4:]
    assert "Look: look here" in told


def test_a_table_says_that_it_is_none_of_real_time() -> None:
    """Run and time of publication stand in the heading, on the terminal and in JSON."""
    given = answer(source=shop(POPULAR)[0], run=RUN, published=at(0), results=[Result(1, "i1", None)])

    assert f"of run {RUN}, published 1970-01-01 00:00 UTC, not in real time" in shown(given)
    document = json.loads(as_json(given))
    assert {"run": RUN, "published": "1970-01-01T00:00:00+00:00"} == document["table"]
    assert [{"rank": 1, "id": "i1", "label": "Toy", "score": None}] == document["results"]
    assert (None, None, None) == (document["before"], document["event"], document["interactions"])


def test_users_of_a_segment_have_no_titles() -> None:
    """Ids of users may well be those of some items."""
    given = answer(source=shop(BUYERS)[0], question=ITEM, run=RUN, published=at(0), results=[Result(1, "i2", None)])

    assert "Heat" not in shown(given)
    assert "for item Toy" in shown(given)
    assert json.loads(as_json(given))["results"][0]["label"] is None


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
