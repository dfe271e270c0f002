"""Steps and questions of a first contact: what is written down when one of them fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cli.errors import CommandError
from cli.first_contact.documents import FILMS, Films, document
from cli.first_contact.journal import Journal
from cli.first_contact.points import Answer, LeftOut, Point, ask
from cli.first_contact.steps import Step, go
from cli.first_contact.world import World, tried
from cli.view import View
from definition.load import parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def raising(error: BaseException) -> Callable[..., Any]:
    """Return something that fails."""

    def call(*_: Any, **__: Any) -> Any:
        raise error

    return call


def refusal(code: str) -> ClientError:
    """Return an error of AWS."""
    return ClientError({"Error": {"Code": code, "Message": "No | `way`"}}, "CreateThing")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world that nothing is asked of."""
    return World(None, "dev", 0.01, Films([], []), tmp_path, View(), token="1")  # type: ignore[arg-type]  # no AWS


@pytest.fixture
def journal() -> Journal:
    """An empty journal."""
    return Journal("123456789012", "eu-west-1", "dev", "https://personalize.eu-west-1.amazonaws.com")


def point(question: str, do: Callable[..., Any]) -> Point:
    """Return a question."""
    return Point(question, "why", "tried", "where", do)


@pytest.mark.parametrize(
    ("error", "told"),
    [(CommandError("it broke", remedy="Mend it"), "it broke Mend it"), (refusal("Refused"), "Refused: No | `way`")],
)
def test_a_failed_step_ends_it_and_is_written_down(world: World, journal: Journal, error: Exception, told: str) -> None:
    """The steps before stand as done, the failed one with its error, and none follows."""
    steps = tuple(
        Step(name, "why", do)
        for name, do in (("one", lambda *_: "fine"), ("two", raising(error)), ("three", lambda *_: "never"))
    )
    with pytest.raises(CommandError):
        go(steps, world, journal)

    assert [("one", True, "fine")] == [(step.name, step.done, step.outcome) for step in journal.steps[:1]]
    (failed,) = journal.steps[1:]
    assert ("two", False, True) == (failed.name, failed.done, failed.outcome.startswith(told))
    assert not journal.succeeded


def test_a_step_that_is_stopped_by_hand_is_written_down(world: World, journal: Journal) -> None:
    """Ctrl-C leaves a record, and goes on as it is."""
    with pytest.raises(KeyboardInterrupt):
        go((Step("one", "why", raising(KeyboardInterrupt())),), world, journal)

    assert ["stopped by hand"] == [step.outcome for step in journal.steps]


def test_an_error_that_nobody_foresaw_is_written_down(world: World, journal: Journal) -> None:
    """A fault of the script is told as one, not as a stop by hand."""
    with pytest.raises(ZeroDivisionError):
        go((Step("one", "why", raising(ZeroDivisionError())),), world, journal)

    assert [("it stopped at an error that nobody foresaw: report it", False)] == [
        (step.outcome, step.done) for step in journal.steps
    ]


def test_a_question_without_answer_does_not_stop_the_others(world: World, journal: Journal) -> None:
    """What failed is told as no answer, what an emulator lacks as not emulated, and the next one is asked."""
    ask(
        [
            point("first?", raising(refusal("Refused"))),
            point("second?", raising(refusal("NotImplementedException"))),
            point("third?", raising(CommandError("it took too long", remedy=""))),
            point("fourth?", lambda _: Answer("yes", "as assumed")),
        ],
        world,
        journal,
    )

    assert [
        ("Refused: No | `way`", "no answer: CreateThing failed"),
        ("NotImplementedException: No | `way`", "not emulated"),
        ("it took too long", "no answer: it could not be tried to the end"),
        ("yes", "as assumed"),
    ] == [(asked.said, asked.verdict) for asked in journal.asked]


@pytest.mark.parametrize(("show", "seen"), [(False, "********9012"), (True, "123456789012")])
def test_the_report_masks_the_account(world: World, journal: Journal, tmp_path: Path, *, show: bool, seen: str) -> None:
    """Wherever the account's id occurs it is masked, unless it is asked for; tables and code stay whole."""
    ask([point("why not?", raising(refusal("arn:aws:iam::123456789012:role/x")))], world, journal)
    go((Step("one", "why", lambda *_: "a | b"),), world, journal)
    file = tmp_path / "new" / "report.md"
    journal.write(file, [LeftOut("What?", "Too dear.")], show_account=show, unasked=[point("later?", print)])
    text = file.read_text()

    assert ("123456789012" in text) is show
    assert f"- AWS answered: `arn:aws:iam::{seen}:role/x: No | 'way'`" in text
    assert f"| account | {seen} |" in text
    assert "a \\| b |" in text
    assert "- What? Too dear." in text
    assert "Not come to:\n\n- later?" in text
    assert "0 of 1 questions were answered" in text
    assert "emulation" not in text


def test_refused_and_accepted_calls_are_told_in_one_line() -> None:
    """A refusal holds the code, an acceptance the answer without what only HTTP needs."""
    refused = tried(raising(refusal("Refused")))
    accepted = tried(lambda **given: {**given, "ResponseMetadata": {}}, Arn="a")

    assert ("Refused", "Refused: No | `way`", False) == (refused.code, refused.said, refused.accepted)
    assert ("", 'accepted: {"Arn": "a"}', True) == (accepted.code, accepted.said, accepted.accepted)


@pytest.mark.slow
def test_the_films_are_cut_as_the_runs_need_them() -> None:
    """Every user has a rating in the first object, the later one is enough for an import, and a column is missing."""
    films = Films.read(FILMS)
    first, later = films.first().splitlines(), films.later().splitlines()

    assert 610 == len(films.users) == len({line.split(",")[0] for line in first[1:]})
    assert 100_836 == len(first) + len(later) - 2
    assert 1_000 <= sum(float(line.split(",")[2]) >= 3.5 for line in later[1:])
    assert "userId,film,rating,timestamp" == films.broken().splitlines()[0]
    assert 1_000 <= len(films.imported().splitlines()) - 1
    assert 25 == len(films.few())
    assert all(len(films.liked[user]) <= 100 for user in films.few())


def test_the_change_is_one_of_a_solution_and_a_filter() -> None:
    """The changed file makes another solution of one, leaves the others alone, and keeps the dataset group."""
    films = Films.read(FILMS)
    before, after = (parse(json.dumps(document(films, changed=changed))) for changed in (False, True))

    assert before.solutions[:2] == after.solutions[:2]
    assert before.solutions[2].hyperparameters != after.solutions[2].hyperparameters
    assert before.datasets == after.datasets
    assert [] == before.filters
    assert ["unseen"] == [each.name for each in after.filters]
