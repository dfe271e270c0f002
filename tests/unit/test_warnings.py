"""What a run's report warns of: each sentence where the data calls for it, and not a row earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from definition.plan.mappings import dataset_mapping
from lambdas.transform.execute import execute
from lambdas.transform.report import dataset_report
from tests.documents import parsed
from tests.unit.raw import Folder, fill
from transform.contract import TransformRequest
from transform.warnings import warnings

if TYPE_CHECKING:
    from pathlib import Path

AT = 1_700_000_000
STARTED = AT + 1_000_000

Row = tuple[str, str, int, str]
"""User, item, time, device."""


def warned(folder: Path, rows: list[Row], known_items: list[str] | None = None) -> list[str]:
    """Return what is told of interactions with these rows, by the function's engine."""
    columns = {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": {"from": "at", "unit": "s"}}
    section = {"source": {"path": "a.csv"}, "columns": {**columns, "DEVICE": {"from": "device", "type": "string"}}}
    mapping = dataset_mapping(parsed(datasets__interactions=section), "interactions")
    body = "".join(",".join(map(str, row)) + "\n" for row in (("user", "item", "at", "device"), *rows))
    objects = fill(folder, {"raw/a.csv": body})
    (folder / "staging").mkdir()
    outcome = execute(mapping, Folder(folder), objects, staging="staging/", started=STARTED)
    asked = TransformRequest(bucket="b", run="r", started=STARTED, datasets=[mapping])
    ids = None if known_items is None else pl.Series(known_items)
    report = dataset_report(asked, mapping, objects, outcome, known_items=ids)
    assert (len(rows), len(rows)) == (report.rows_in, report.records)
    return warnings([report])


def calm(users: int = 2, times: int = 2) -> list[Row]:
    """Return interactions of so many users each, a day apart, of which there is nothing to tell."""
    return [(f"u{user}", "i", AT + 86_400 * at, "phone") for user in range(users) for at in range(times)]


def test_ordinary_interactions_give_no_warning(tmp_path: Path) -> None:
    """Two users with two interactions each, on two days, all fields given: nothing is remarkable."""
    assert [] == warned(tmp_path, calm(), known_items=["i"])


def test_items_that_the_items_lack_are_told(tmp_path: Path) -> None:
    """Items of the interactions that the items dataset does not have are counted, and their interactions."""
    rows = [*calm(), ("u0", "j", AT, "tv"), ("u1", "j", AT, "tv"), ("u1", "k", AT, "tv")]

    expected = (
        "2 items with 3 interactions are not in the items. "
        "Complete the items, or check that both files spell ids alike."
    )
    assert [expected] == warned(tmp_path, rows, known_items=["i", "other"])


@pytest.mark.parametrize(("late", "told"), [(0, False), (1, True)])
def test_interactions_after_the_start_are_told(tmp_path: Path, late: int, *, told: bool) -> None:
    """What lies after the start of the run has not happened; what lies at its very second may have."""
    rows = [*calm(), ("u0", "i", STARTED + late, "tv"), ("u1", "i", STARTED + late, "tv")]

    expected = "2 interactions lie after the start of the run. Check unit, format and timezone of TIMESTAMP."
    assert ([expected] if told else []) == warned(tmp_path, rows)


@pytest.mark.parametrize(("span", "told"), [(3600, True), (3601, False)])
def test_a_short_span_is_told(tmp_path: Path, span: int, *, told: bool) -> None:
    """Interactions that all lie within an hour have a wrong unit, most likely."""
    rows = [(user, "i", AT + after, "tv") for user in "ab" for after in (0, span)]

    expected = (
        "All interactions lie within 3,600 seconds. Check the unit of TIMESTAMP: Personalize learns from their order."
    )
    assert ([expected] if told else []) == warned(tmp_path, rows)


def test_a_single_interaction_has_no_span(tmp_path: Path) -> None:
    """One interaction cannot lie apart from others: only that its user has no second one is told."""
    assert ["100% of the users have one interaction only. Models learn from users with two or more."] == warned(
        tmp_path, [("a", "i", AT, "tv")]
    )


@pytest.mark.parametrize(("once", "told"), [(2, False), (3, True)])
def test_users_with_one_interaction_are_told(tmp_path: Path, once: int, *, told: bool) -> None:
    """It is told when more than half of the users have one interaction."""
    rows = calm(users=2) + [(f"once{user}", "i", AT, "tv") for user in range(once)]

    expected = "60% of the users have one interaction only. Models learn from users with two or more."
    assert ([expected] if told else []) == warned(tmp_path, rows)


@pytest.mark.parametrize(
    ("others", "share", "told"),
    [(99, 23, True), (99, 22, False), (98, 23, False)],
    ids=["one tenth and more", "one tenth", "few users"],
)
def test_a_user_with_many_interactions_is_told(tmp_path: Path, others: int, share: int, *, told: bool) -> None:
    """One of a hundred users or more who has more than a tenth of the interactions may be a machine."""
    rows = calm(users=others) + [("robot", "i", AT + at * 3600, "tv") for at in range(share)]

    expected = "One user has 10% of the interactions. If that is a placeholder or a machine, leave it out with keep."
    assert ([expected] if told else []) == warned(tmp_path, rows)


@pytest.mark.parametrize(("empty", "told"), [(2, False), (3, True)])
def test_a_column_without_values_is_told(tmp_path: Path, empty: int, *, told: bool) -> None:
    """It is told of a column that more than half of the records leave empty."""
    rows = [(*row[:3], "" if at < empty else "tv") for at, row in enumerate(calm())]

    expected = "DEVICE of interactions is empty in 75% of the records."
    assert ([expected] if told else []) == warned(tmp_path, rows)


@pytest.mark.parametrize(("users", "told"), [(50, True), (51, False)])
def test_words_for_no_value_are_told(tmp_path: Path, users: int, *, told: bool) -> None:
    """An id or a text that is NULL or None in one of a hundred records names the key that makes nothing of it."""
    rows = calm(users)
    rows[1] = ("NULL", "NaN", *rows[1][2:3], "None")
    remedy = f"1 of {users * 2} records. If it stands for no value, list it in datasets.interactions.source.nulls."
    expected = [
        f"{column} of interactions is a word such as NULL, NaN or None in {remedy}"
        for column in ("USER_ID", "ITEM_ID", "DEVICE")
    ]

    assert (expected if told else []) == warned(tmp_path, rows)
