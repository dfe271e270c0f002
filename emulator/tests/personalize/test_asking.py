"""What answers come from: training, events since then, and what filters see at this moment."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from embedded_aws.personalize.asking import histories
from embedded_aws.personalize.contents import Contents
from embedded_aws.personalize.recipes import find_recipe
from embedded_aws.personalize.recipes.base import Metadata, TrainingData
from embedded_aws.personalize.recipes.interactions import Interactions
from embedded_aws.personalize.schemas import parse_schema
from embedded_aws.personalize.training import Trained
from embedded_aws.personalize.views import Records
from embedded_aws.server import EmbeddedAWS
from emulator.tests.personalize.cinema import (
    ACTION_EVENT_FIELDS,
    EVENT_FIELDS,
    PLACES,
    PRICES,
    RECIPES,
    Cinema,
    open_cinema,
)
from emulator.tests.personalize.support import avro, csv, held


@pytest.fixture(scope="module")
def cinema(aws: EmbeddedAWS) -> Cinema:
    """Give the tests the cinema."""
    return open_cinema(aws)


def test_events_change_the_next_answer(cinema: Cinema) -> None:
    """Somebody new gets what is popular; after three films of group B, films of group B."""
    before = cinema.ids(userId="newcomer", numResults=5)
    cinema.put("newcomer", "s1", ["B1", "B2", "B3"], kind="trailer")
    trailers = cinema.ids(userId="newcomer", numResults=5)
    cinema.put("newcomer", "s1", ["B1", "B2", "B3"], kind="Watch")
    after = cinema.ids(userId="newcomer", numResults=5)

    assert before == cinema.ids(userId="nobody", numResults=5) == trailers
    assert {"B"} == {item[0] for item in after}


def test_a_session_has_answers_of_its_own(cinema: Cinema) -> None:
    """Before the login the session's ID stands for the user; afterwards its events are the user's, too."""
    cinema.put(None, "visit", ["B4", "B5", "B6"])
    visitor = cinema.ids(userId="visit", numResults=5)
    cinema.put("registered", "visit", ["B7"])

    assert {"B"} == {item[0] for item in visitor}
    assert {"B"} == {item[0] for item in cinema.ids(userId="registered", numResults=5)}


def test_a_user_who_is_deleted_is_nobody_again(cinema: Cinema) -> None:
    """What a data deletion job takes away has no effect on answers any more, though the model stays as it is."""
    cinema.put("leaver", "s", ["B1", "B2", "B3"])
    before = cinema.ids(userId="leaver", numResults=5)
    job = cinema.account.personalize.create_data_deletion_job(
        jobName="leaver",
        datasetGroupArn=cinema.group,
        dataSource={"dataLocation": cinema.account.put("leavers.csv", "USER_ID\nleaver\n")},
        roleArn=cinema.account.role,
    )["dataDeletionJobArn"]
    cinema.account.wait(job, {"COMPLETED"})

    assert {"B"} == {item[0] for item in before}
    assert cinema.ids(userId="nobody", numResults=5) == cinema.ids(userId="leaver", numResults=5)


def test_bulk_imports_after_training_count_for_filters_only(cinema: Cinema) -> None:
    """A user of an incremental import is new to the model, but filters see what the user did."""
    rows = [("late", f"B{place % 30}", 1_800_000_000 + place, "watch", "tv") for place in range(1000)]
    url = cinema.account.put("late.csv", csv(rows, ",".join(field["name"] for field in EVENT_FIELDS)))
    cinema.account.active(
        cinema.account.start_import(cinema.dataset("INTERACTIONS"), url, "late", importMode="INCREMENTAL")
    )
    seen = cinema.filter('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")')

    assert cinema.ids(userId="nobody") == cinema.ids(userId="late")
    assert {f"B{place}" for place in PLACES} == set(cinema.ids(userId="late", filterArn=seen, numResults=60))


def _trained(rows: Sequence[tuple[str, str, int]], recipe: str = RECIPES[0]) -> Trained:
    """Return what training on these events would leave, without a model."""
    users, items, times = zip(*rows, strict=True)
    data = TrainingData(Interactions.of(users, items, times), Metadata(pl.DataFrame()), Metadata(pl.DataFrame()))
    found = find_recipe(f"arn:aws:personalize:::recipe/{recipe}")
    return Trained(found, None, data, {}, 0.0, {})


@pytest.mark.parametrize(
    ("solution", "recipe", "expected"),
    [
        ({}, RECIPES[0], [("u", "b", 1, 1), ("u", "a", 2, 1), ("u", "a", 3, 1), ("u", "b", 9, 1)]),
        ({"eventType": "BUY"}, RECIPES[0], [("u", "b", 1, 1), ("u", "a", 3, 1), ("u", "b", 9, 1)]),
        (
            {"eventType": "buy", "solutionConfig": {"eventValueThreshold": "5"}},
            RECIPES[0],
            [("u", "b", 1, 1), ("u", "b", 9, 1)],
        ),
        (
            {
                "solutionConfig": {
                    "eventsConfig": {
                        "eventParametersList": [
                            {"eventType": "buy", "weight": 0.5},
                            {"eventType": "see", "weight": 0.1},
                        ]
                    }
                }
            },
            RECIPES[0],
            [("u", "b", 1, 1), ("u", "a", 2, 0.2), ("u", "a", 3, 1), ("u", "b", 9, 1)],
        ),
        ({}, "aws-vod-most-popular", [("u", "b", 1, 1)]),
    ],
)
def test_histories_go_on_where_training_ended(
    solution: dict[str, Any], recipe: str, expected: list[tuple[Any, ...]]
) -> None:
    """Later events stand in their order of time, once, if they are selected and the model knows the item.

    A use case selects its own event type, here Watch, whatever else is said.
    """
    fields = [*EVENT_FIELDS[:4], {"name": "EVENT_VALUE", "type": ["float", "null"]}]
    schema = parse_schema(avro(fields), None)
    late = [
        ("u", "a", 3, "buy", 1.0),
        ("u", "b", 9, "buy", 5.0),
        ("u", "b", 1, "buy", 7.0),
        ("u", "new", 4, "buy", 7.0),
        ("u", "aa", 4, "buy", 7.0),
        ("u", "a", 2, "see", None),
        ("other", "a", 5, "buy", 7.0),
    ]
    frame = pl.DataFrame(late, schema=schema.empty.schema, orient="row")
    snapshot = {"INTERACTIONS": Records(schema, Contents(), 0, (), (frame,), ())}
    found = histories(_trained([("u", "b", 1), ("v", "a", 1)], recipe), snapshot, ["v", "u", "u"], solution)
    weights = [1.0] * len(found) if found.weights is None else found.weights
    rows = [
        (found.user_ids[user], found.item_ids[item], time, weight)
        for user, item, time, weight in zip(found.users, found.items, found.times, weights, strict=True)
    ]

    assert [("v", "a", 1, 1), *expected, *expected] == rows


def test_histories_of_actions_weigh_what_was_taken() -> None:
    """An action that was taken weighs 1, one that was only viewed 0."""
    schema = parse_schema(avro(ACTION_EVENT_FIELDS, "ActionInteractions"), None)
    late = [("u", "a", 3, "VIEWED"), ("u", "b", 2, "Taken")]
    frame = pl.DataFrame(late, schema=schema.empty.schema, orient="row")
    snapshot = {"ACTION_INTERACTIONS": Records(schema, Contents(), 0, (), (frame,), ())}
    done = Interactions.of(["u"], ["a"], [1], ["b"], [1.0])
    trained = _trained([("u", "i", 1)], "aws-next-best-action")
    trained = replace(trained, data=replace(trained.data, action_interactions=done))
    found = histories(trained, snapshot, ["u"], {})

    assert [0, 1, 0] == found.items.tolist()
    assert [1.0, 1.0, 0.0] == list(found.weights)


def test_a_filter_limits_the_answer(cinema: Cinema) -> None:
    """Only odd films cheaper than 9 that the user did not watch are left, and events count at once."""
    found = cinema.filter(
        "INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ($KIND) AND Items.PRICE < $PRICE"
        ' | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")'
    )
    request = {"userId": "picky", "filterArn": found, "filterValues": {"KIND": '"odd"', "PRICE": "9"}}
    before = cinema.ids(**request)
    cinema.put("picky", "s", ["A3", "B7"])

    assert {f"{group}{place}" for group in "AB" for place in (1, 3, 5, 7)} == set(before)
    assert set(before) - {"A3", "B7"} == set(cinema.ids(**request))
    assert "a value is missing for the parameter PRICE" in cinema.refusal(
        userId="a1", filterArn=found, filterValues={"KIND": '"odd"'}
    )


def test_a_filter_looks_at_the_current_user(cinema: Cinema) -> None:
    """The users dataset says who is under 18."""
    found = cinema.filter("EXCLUDE ItemID WHERE Items.PRICE >= 10 IF CurrentUser.AGE < 18")

    assert 10 > max(PRICES[item] for item in cinema.ids(userId="a17", filterArn=found, numResults=60))
    assert 60 == len(cinema.ids(userId="a18", filterArn=found, numResults=60))


def test_a_filter_looks_at_the_current_item(cinema: Cinema) -> None:
    """Related items can be cheaper than the item of the question; other recipes have no such item."""
    found = cinema.filter("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE")
    items = cinema.ids("aws-similar-items", itemId="A5", filterArn=found, numResults=60)

    assert {f"{group}{place}" for group in "AB" for place in range(5)} == set(items)
    assert "needs a recipe or use case of related items" in cinema.refusal(userId="a1", filterArn=found)


def test_filters_must_fit(cinema: Cinema) -> None:
    """Another group's filter, one on users, or on the events of a user who is not named, cannot be applied."""
    other = cinema.account.group("elsewhere")
    cinema.account.dataset(other, EVENT_FIELDS)
    foreign = cinema.account.personalize.create_filter(
        name="foreign", datasetGroupArn=other, filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("x")'
    )["filterArn"]
    cinema.account.active(foreign)
    users = cinema.filter("INCLUDE UserID WHERE Users.AGE < 18")
    seen = cinema.filter('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")')
    with held(cinema.account, "Filter"):
        young = cinema.account.personalize.create_filter(
            name="young", datasetGroupArn=cinema.group, filterExpression="INCLUDE ItemID WHERE Items.PRICE < 3"
        )["filterArn"]
        pending = cinema.refusal(userId="a1", filterArn=young)

    assert "The filter foreign belongs to another dataset group" == cinema.refusal(userId="a1", filterArn=foreign)
    assert "is for UserID, not for ItemID" in cinema.refusal(userId="a1", filterArn=users)
    assert "The filter needs a userId" == cinema.refusal("aws-similar-items", itemId="A1", filterArn=seen)
    assert f"Filter {young} is CREATE PENDING, not ACTIVE" == pending


def test_each_line_of_a_batch_job_has_its_own_filter_values(cinema: Cinema) -> None:
    """A line whose values are missing or wrong has an error in its place; the others have what their values say.

    An event of the last 15 minutes, which requests in real time see, is not seen by the job.
    """
    account = cinema.account
    found = cinema.filter(
        "INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ($KIND)"
        ' | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("trailer")'
    )
    cinema.put("a1", "s", ["A1"], kind="trailer")
    kinds = ['"odd"', None, '"even","odd"', "odd", "3", '"none"']
    lines = [{"userId": "a1", **({} if kind is None else {"filterValues": {"KIND": kind}})} for kind in kinds]
    source = account.put("batch/in.json", "\n".join(map(json.dumps, lines)))
    job = account.start_batch(
        cinema.versions[RECIPES[0]],
        source,
        f"s3://{account.bucket}/batch/out/",
        numResults=60,
        filterArn=found,
    )
    account.active(job)
    answers = account.answers("batch/out/in.json.out")
    now = cinema.ids(userId="a1", numResults=60, filterArn=found, filterValues={"KIND": '"odd"'})

    assert 29 == len(now)
    assert [30, 0, 60, 0, 0, 0] == [len(answer["output"]["recommendedItems"]) for answer in answers]
    assert [None, "missing", None, "expected a number or a quoted text", "text must be in quotes", None] == [
        answer["error"] and next(word for word in _ERRORS if word in answer["error"]) for answer in answers
    ]


def test_each_query_of_a_segment_has_its_own_filter_values(cinema: Cinema) -> None:
    """Users older than the query says are not in the segment; a query without the value has an error."""
    account = cinema.account
    version = account.active(account.start_training(account.solution(cinema.group, "aws-item-affinity", "segment")))
    lines = [
        {"itemId": "A1", "filterValues": {"AGE": "5"}},
        {"itemId": "A1"},
        {"itemId": "A1", "filterValues": {"AGE": "2"}},
    ]
    source = account.put("segment/in.json", "\n".join(map(json.dumps, lines)))
    job = account.personalize.create_batch_segment_job(
        jobName="segment",
        solutionVersionArn=version,
        filterArn=cinema.filter("EXCLUDE UserID WHERE Users.AGE >= $AGE | INCLUDE UserID WHERE Users.AGE < $AGE"),
        numResults=100,
        jobInput={"s3DataSource": {"path": source}},
        jobOutput={"s3DataDestination": {"path": f"s3://{account.bucket}/segment/out/"}},
        roleArn=account.role,
    )["batchSegmentJobArn"]
    account.active(job)
    answers = account.answers("segment/out/in.json.out")

    assert [{f"{group}{age}" for group in "ab" for age in range(limit)} for limit in (5, 0, 2)] == [
        set(answer["output"]["usersList"]) for answer in answers
    ]
    assert "a value is missing for the parameter AGE" in answers[1]["error"]


_ERRORS = ("missing", "expected a number or a quoted text", "text must be in quotes")
