"""Who answers a question: campaigns, recommenders and tables, and what of a request each takes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cli.errors import CommandError
from cli.live import realtime
from cli.live.sources import Question, candidates, named, sources
from definition.paths import ROOT
from definition.service.recipes import USE_CASES
from tests.documents import LIVE, parsed
from tests.unit.asking import (
    BUYERS,
    FOR_YOU,
    ITEM,
    MACHINE,
    POPULAR,
    RANKED,
    RANKING,
    SIMILAR,
    TREND,
    USER,
    shop,
    solution,
    tables,
)


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
