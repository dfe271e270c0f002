"""What an answer shows: ranks and what moved, titles, and the last interactions of the user."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.live.ask import Answer, Result
from cli.live.history import Interaction, example, history
from cli.live.show import as_json, moved, show
from cli.terminal import Terminal
from cli.view import View
from tests.unit.asking import (
    BUYERS,
    FOR_YOU,
    ITEM,
    POPULAR,
    USER,
    at,
    shop,
)


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
    told: dict[str, Any] = {"source": shop(FOR_YOU)[0], "question": USER, "labels": {"i1": "Toy", "i2": "Heat"}}
    return Answer(**told | changes)


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
