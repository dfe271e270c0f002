"""Filter expressions: what is one, what it lets through, and what is wrong with those that are none."""

import polars as pl
import pytest

from embedded_aws.personalize.exceptions import InvalidInputException
from embedded_aws.personalize.filters import Asker, View, bind, parse_attributes, parse_filter
from embedded_aws.personalize.filters.matching import newest_events
from embedded_aws.personalize.filters.tree import Target
from embedded_aws.personalize.recipes.base import Metadata
from emulator.tests.personalize.catalogue import ITEM_FIELDS, ITEM_ROWS, ITEMS, SCHEMAS, USERS_VIEW, VIEW, schema

DOCUMENTED = [
    ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click", "stream")', {}),
    ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")', {}),
    ("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($EVENT_TYPE)", {"EVENT_TYPE": False}),
    ("EXCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY)", {"CATEGORY": False}),
    ("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN CurrentItem.GENRE", {}),
    ('EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("shoe") AND Items.CATEGORY_L2 NOT IN ("boot")', {}),
    ("INCLUDE ItemID WHERE Items.PRICE <= $PRICE", {"PRICE": True}),
    ("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.CREATION_TIMESTAMP > $DATE", {"DATE": True}),
    ("EXCLUDE ItemID WHERE Items.NUMBER_OF_DOWNLOADS < 20 IF CurrentUser.AGE > 18 AND CurrentUser.AGE < 30", {}),
    ("EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) IF CurrentUser.AGE = $AGE", {"AGE": False, "GENRE": False}),
    ('INCLUDE ItemID WHERE Items.CATEGORY IN ("clothing") OR Items.CREATION_TIMESTAMP > $DATE', {"DATE": True}),
    (
        'INCLUDE ItemID WHERE Items.GENRE IN ($GENRE) | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("a","b")',
        {"GENRE": True},
    ),
    ("INCLUDE UserID WHERE Users.MEMBERSHIP_STATUS IN ($M)", {"M": True}),
    ("EXCLUDE UserID WHERE Users.AGE < $AGE", {"AGE": False}),
    ('INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("click", "rating")', {}),
    ("INCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ($EVENT_TYPE)", {"EVENT_TYPE": True}),
    ("INCLUDE ActionID WHERE Actions.VALUE > ($VALUE)", {"VALUE": True}),
    (
        'INCLUDE ActionID WHERE Action.MEMBERSHIP_LEVEL IN ("Premium") IF CurrentUser.MEMBERSHIP = $PREMIUM',
        {"PREMIUM": True},
    ),
    # As AWS's samples and blog write them.
    ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE in ("click", "stream")', {}),
    ("INCLUDE ItemID WHERE Interactions.event_type IN ('watched','favorited')", {}),
]


@pytest.mark.parametrize(("text", "placeholders"), DOCUMENTED)
def test_documented_examples_are_read(text: str, placeholders: dict[str, bool]) -> None:
    """Every example is an expression; the placeholders of INCLUDE are those that a request must fill."""
    assert placeholders == parse_filter(text).placeholders


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "at its end: expected EXCLUDE or INCLUDE"),
        ("INCLUDE ItemID Items.A IN ('x')", "at character 16 (Items.A): expected WHERE"),
        ("INCLUDE ItemID WHERE Items.A ~ 3", "at character 30 (~): expected IN or NOT or one of = != < <= > >="),
        ("INCLUDE ItemID WHERE Items.A IN ('x'", "at its end: expected ) or ,"),
        ("INCLUDE ItemID WHERE Items.A IN ()", "expected a $placeholder or a name or a number or a quoted text"),
        ("INCLUDE ItemID WHERE Items.A IN 'x'", "at character 33 ('x'): expected ( or a name"),
        ("INCLUDE ItemID WHERE Items.A = Items.B", "at character 32: Items.B is no value"),
        ("INCLUDE ItemID WHERE Things.A = 3", "at character 22: Things is no dataset"),
        ("INCLUDE ItemID WHERE Items.A NOT IN ($X)", "at character 30: a placeholder cannot stand behind NOT IN"),
        ("INCLUDE ItemID WHERE Items.A IN ('*')", "* is only for the EVENT_TYPE of interactions"),
        ("INCLUDE ItemID WHERE Items.A = 3 AND Interactions.B = 3", "cannot stand in one expression"),
        ("INCLUDE ItemID WHERE Users.A = 3", "ItemID can be filtered by ITEMS or INTERACTIONS, not by USERS"),
        ("INCLUDE ItemID WHERE CurrentUser.A = 3", "CurrentUser can only stand behind IF"),
        ("INCLUDE ItemID WHERE Items.A = 3 IF Users.A = 3", "IF is only for conditions on CurrentUser"),
        ("INCLUDE ItemID WHERE Items.A = 3 IF CurrentUser.A = CurrentItem.A", "only be compared with fields of Items"),
        ("INCLUDE ItemID WHERE Interactions.A = CurrentItem.A", "only be compared with fields of Items"),
        ("INCLUDE ItemID WHERE Items.A = 3 IF CurrentUser.A = 3 OR CurrentUser.B = 3", "at character 55 (OR)"),
        ("INCLUDE ItemID WHERE Items.A = 3 IF CurrentUser.A = 3 IF CurrentUser.B = 3", "at character 55 (IF)"),
        ("INCLUDE UserID WHERE Users.A = 3 IF CurrentUser.A = 3", "user segments have none"),
        ("INCLUDE ItemID WHERE Items.A = 3 | EXCLUDE UserID WHERE Users.A = 3", "about the same one of"),
    ],
)
def test_wrong_expressions_say_where_and_what_was_expected(text: str, problem: str) -> None:
    """The error names the character and what could have stood there."""
    with pytest.raises(InvalidInputException) as caught:
        parse_filter(text)

    assert caught.value.message.startswith("Invalid filter expression, ")
    assert problem in caught.value.message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("INCLUDE ItemID WHERE Items.COLOUR IN ('x')", "The ITEMS dataset has no field COLOUR"),
        ("INCLUDE ItemID WHERE Items.DESCRIPTION IN ('x')", "ITEMS.DESCRIPTION is textual"),
        ("INCLUDE ItemID WHERE Items.ADULT IN ('true')", "ITEMS.ADULT is boolean"),
        ("INCLUDE ItemID WHERE Items.GENRE < 3", "GENRE is text, which has no order"),
        ("INCLUDE ItemID WHERE Items.PRICE IN (3)", "PRICE is a number, and IN is for text"),
        ("INCLUDE ItemID WHERE Items.PRICE = '3'", "'3' is not a number"),
        ("INCLUDE ItemID WHERE Items.GENRE = 3", "3.0 is not text in quotes"),
        ("INCLUDE ItemID WHERE Items.PRICE = CurrentItem.GENRE", "PRICE and CurrentItem.GENRE differ in type"),
        ("INCLUDE ItemID WHERE Items.PRICE = CurrentItem.COLOUR", "The ITEMS dataset has no field COLOUR"),
        ("INCLUDE ItemID WHERE Items.PRICE = 3 IF CurrentUser.NAME = 'x'", "The USERS dataset has no field NAME"),
    ],
)
def test_expressions_must_fit_the_schemas(text: str, problem: str) -> None:
    """Fields must exist, be usable, and be compared with what they hold."""
    with pytest.raises(InvalidInputException) as caught:
        parse_filter(text).check(SCHEMAS)

    assert problem in caught.value.message


def test_expressions_need_their_dataset() -> None:
    """A dataset group without the dataset cannot have the filter."""
    with pytest.raises(InvalidInputException, match="The dataset group has no dataset of type USERS"):
        parse_filter("EXCLUDE UserID WHERE Users.AGE < 3").check({"ITEMS": SCHEMAS["ITEMS"]})


def test_names_of_datasets_and_fields_ignore_case() -> None:
    """AWS's samples write Interactions.event_type for a column EVENT_TYPE."""
    parse_filter("include itemid where items.genre in ('x')").check(SCHEMAS)


def test_a_filter_has_at_most_ten_distinct_fields() -> None:
    """The same field twice, in any case, counts once; the eleventh is too many."""
    names = [f"C{number}" for number in range(11)]
    many = {"ITEMS": schema([ITEM_FIELDS[0], *({"name": name, "type": "int"} for name in names)], "Items")}
    ten = " AND ".join(f"Items.{name} = 1 AND Items.{name.lower()} > 0" for name in names[:10])
    parse_filter(f"INCLUDE ItemID WHERE {ten}").check(many)

    with pytest.raises(InvalidInputException, match="11 distinct fields; there can be at most 10"):
        parse_filter(f"INCLUDE ItemID WHERE {ten} | EXCLUDE ItemID WHERE Items.C10 = 1").check(many)


def allowed(text: str, view: View, asker: Asker, **values: str) -> set[str]:
    """Return what a filter lets through for one asker."""
    found = parse_filter(text)
    found.check(SCHEMAS)
    row = bind(found, values).allowed(view, [asker])[0]
    return {name for name, fits in zip(view.ids, row, strict=True) if fits}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INCLUDE ItemID WHERE Items.GENRE IN ('drama')", {"cheap", "dear"}),
        ("INCLUDE ItemID WHERE Items.GENRE IN ('comedy', 'horror')", {"cheap", "old"}),
        ("INCLUDE ItemID WHERE Items.GENRE = 'comedy'", {"cheap"}),
        ("INCLUDE ItemID WHERE Items.GENRE IN ('Drama')", set()),
        ("INCLUDE ItemID WHERE Items.GENRE IN ('dram')", set()),
        ("INCLUDE ItemID WHERE Items.TITLE IN ('Up')", {"cheap"}),
        ("EXCLUDE ItemID WHERE Items.GENRE IN ('drama')", {"old", "bare", "unknown"}),
        ("INCLUDE ItemID WHERE Items.GENRE NOT IN ('drama')", {"old", "bare", "unknown"}),
        ("INCLUDE ItemID WHERE Items.GENRE != 'drama'", {"old", "bare", "unknown"}),
        ("INCLUDE ItemID WHERE Items.ITEM_ID IN ('dear')", {"dear"}),
        ("INCLUDE ItemID WHERE Items.PRICE < 20", {"cheap"}),
        ("INCLUDE ItemID WHERE Items.PRICE <= 20", {"cheap", "old"}),
        ("INCLUDE ItemID WHERE Items.PRICE > 20", {"dear"}),
        ("INCLUDE ItemID WHERE Items.PRICE >= 2.0e1", {"dear", "old"}),
        ("INCLUDE ItemID WHERE Items.PRICE = 20", {"old"}),
        ("INCLUDE ItemID WHERE Items.PRICE != 20", {"cheap", "dear", "bare", "unknown"}),
        ("INCLUDE ItemID WHERE Items.GENRE IN ('drama') AND Items.PRICE > 9", {"dear"}),
        (
            "INCLUDE ItemID WHERE Items.GENRE IN ('horror') OR Items.GENRE IN ('drama') AND Items.PRICE > 9",
            {"old", "dear"},
        ),
        ("INCLUDE ItemID WHERE Items.PRICE < 9 | INCLUDE ItemID WHERE Items.PRICE > 40", {"cheap", "dear"}),
        ("EXCLUDE ItemID WHERE Items.PRICE < 9 | EXCLUDE ItemID WHERE Items.PRICE > 40", {"old", "bare", "unknown"}),
        ("EXCLUDE ItemID WHERE Items.PRICE < 9 | INCLUDE ItemID WHERE Items.GENRE IN ('drama')", {"dear"}),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ('click')", {"cheap", "dear"}),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ('CLICK')", {"cheap", "dear"}),
        ("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ('*')", {"bare", "unknown"}),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN ('click')", {"old"}),
        ("INCLUDE ItemID WHERE Interactions.DEVICE IN ('phone')", {"cheap", "old"}),
        ("INCLUDE ItemID WHERE Interactions.DEVICE IN ('phone') AND Interactions.EVENT_VALUE > 3", {"old"}),
        ("INCLUDE ItemID WHERE Items.PRICE > 9 IF CurrentUser.AGE < 18", {"dear", "old"}),
        ("INCLUDE ItemID WHERE Items.PRICE > 9 IF CurrentUser.AGE >= 18", set(ITEMS)),
        (
            "EXCLUDE ItemID WHERE Items.PRICE > 9 IF CurrentUser.AGE > 16 AND CurrentUser.MEMBERSHIP = 'gold'",
            set(ITEMS),
        ),
        ("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE", {"cheap"}),
        ("INCLUDE ItemID WHERE Items.GENRE IN CurrentItem.GENRE", {"old"}),
        ("INCLUDE ItemID WHERE Items.GENRE IN ('drama', CurrentItem.GENRE)", {"cheap", "dear", "old"}),
    ],
)
def test_filters_let_through_what_they_say(text: str, expected: set[str]) -> None:
    """For ann, who is 17 and asks about the item `old`, of these items come through."""
    assert expected == allowed(text, VIEW, Asker("ann", "old"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE", set()),
        ("INCLUDE ItemID WHERE Items.PRICE != CurrentItem.PRICE", set(ITEMS)),
        ("INCLUDE ItemID WHERE Items.GENRE IN CurrentItem.GENRE", set()),
        ("INCLUDE ItemID WHERE Items.GENRE NOT IN CurrentItem.GENRE", set(ITEMS)),
    ],
)
@pytest.mark.parametrize("item", ["bare", "never seen"])
def test_an_item_without_a_value_equals_nothing(text: str, expected: set[str], item: str) -> None:
    """Nothing is in the list of no values, and everything differs from it."""
    assert expected == allowed(text, VIEW, Asker("ann", item))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ('*')", set(ITEMS)),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ('*')", set()),
        ("INCLUDE ItemID WHERE Items.PRICE > 9 IF CurrentUser.AGE > 1", set(ITEMS)),
        ("INCLUDE ItemID WHERE Items.PRICE > 9 IF CurrentUser.AGE != 1", {"dear", "old"}),
    ],
)
def test_datasets_without_records_know_nothing(text: str, expected: set[str]) -> None:
    """Nobody did anything, and no user has an age."""
    assert expected == allowed(text, View(ITEMS, Target.ITEM, SCHEMAS, ITEM_ROWS), Asker("ann"))


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("INCLUDE ItemID WHERE Items.GENRE IN ($G)", {"G": '"comedy"'}, {"cheap"}),
        ("INCLUDE ItemID WHERE Items.GENRE IN ($G)", {"G": '"comedy", "horror"'}, {"cheap", "old"}),
        ("INCLUDE ItemID WHERE Items.PRICE <= $P", {"P": "20"}, {"cheap", "old"}),
        ("INCLUDE ItemID WHERE Items.PRICE <= $P", {"P": '"20"'}, {"cheap", "old"}),
        ("EXCLUDE ItemID WHERE Items.GENRE IN ($G)", {}, set(ITEMS)),
        ("EXCLUDE ItemID WHERE Items.GENRE IN ($G) AND Items.PRICE > 9", {}, set(ITEMS)),
        ("INCLUDE ItemID WHERE Items.PRICE > 9 | EXCLUDE ItemID WHERE Items.GENRE IN ($G)", {}, {"dear", "old"}),
        ("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($E)", {"E": '"Watch"'}, set(ITEMS) - {"old"}),
    ],
)
def test_placeholders_take_values_of_the_request(text: str, values: dict[str, str], expected: set[str]) -> None:
    """Values are quoted texts or numbers; an EXCLUDE expression without its values is left out."""
    assert expected == allowed(text, VIEW, Asker("ann"), **values)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "a value is missing for the parameter GENRE"),
        ({"genre": '"x"'}, "genre is no parameter of the filter; it has GENRE"),
        ({"GENRE": "comedy"}, "GENRE, at character 1 (comedy): expected a number or a quoted text"),
        ({"GENRE": '"a" "b"'}, 'GENRE, at character 5 ("b"): expected , or the end'),
        ({"GENRE": "3"}, "text must be in quotes"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, str], problem: str) -> None:
    """The error names the parameter."""
    with pytest.raises(InvalidInputException) as caught:
        allowed("INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)", VIEW, Asker("ann"), **values)

    assert problem in caught.value.message


@pytest.mark.parametrize("value", ['"dear"', "1, 2"])
def test_a_number_is_compared_with_one_number(value: str) -> None:
    """Neither text nor a list can be compared with a price."""
    with pytest.raises(InvalidInputException, match="number"):
        allowed("INCLUDE ItemID WHERE Items.PRICE < $PRICE", VIEW, Asker("ann"), PRICE=value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE",
            [{"cheap", "old"}, {"cheap"}, set(), {"cheap", "old"}],
        ),
        ("INCLUDE ItemID WHERE Items.PRICE < 9 IF CurrentUser.MEMBERSHIP = 'beta'", [ITEMS, {"cheap"}, ITEMS, ITEMS]),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ('click')", [{"cheap", "dear"}, set(), set(), set()]),
        ("INCLUDE ItemID WHERE Items.PRICE > 40", [{"dear"}] * 4),
    ],
)
def test_each_asker_has_an_own_row(text: str, expected: list[set[str]]) -> None:
    """Users and items of the questions decide; the unknown have neither events nor attributes."""
    askers = [Asker("ann", "dear"), Asker("bob", "old"), Asker("cid", "unknown"), Asker("nobody", "dear")]
    rows = bind(parse_filter(text), {}).allowed(VIEW, askers)

    assert [set(names) for names in expected] == [
        {name for name, fits in zip(ITEMS, row, strict=True) if fits} for row in rows
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INCLUDE UserID WHERE Users.MEMBERSHIP IN ('beta')", {"bob"}),
        ("EXCLUDE UserID WHERE Users.AGE < 18", {"bob", "cid"}),
        ("INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ('watch')", {"ann", "bob"}),
        ("EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ('click') | INCLUDE UserID WHERE Users.AGE > 1", {"bob"}),
    ],
)
def test_user_segments_are_filtered_by_users_and_their_events(text: str, expected: set[str]) -> None:
    """Filters on UserID look at every user of the segment."""
    assert expected == allowed(text, USERS_VIEW, Asker())


def test_only_the_newest_hundred_events_of_a_type_count() -> None:
    """The 101st click back is forgotten, a single older watch is not."""
    clicks = [("ann", f"i{time}", time, "click" if time % 2 else "Click") for time in range(1, 102)]
    rows = pl.DataFrame(
        [*clicks, ("ann", "seen", 0, "watch")], schema=["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"], orient="row"
    )
    kept = set(newest_events(rows).get_column("ITEM_ID"))

    assert {f"i{time}" for time in range(2, 102)} | {"seen"} == kept


def test_backslashes_quote_quotes() -> None:
    """A text may hold both kinds of quotes and a backslash."""
    text = r"""INCLUDE ItemID WHERE Items.TITLE IN ("say \"it's\" \\ \now")"""

    assert (r"""say "it's" \ \now""",) == parse_filter(text).conditions[0].values


def test_attributes_of_items_must_all_be_there() -> None:
    """An item with two genres has either, and both."""
    items = Metadata(ITEM_ROWS, SCHEMAS["ITEMS"].fields)

    def matching(text: str) -> set[str]:
        return {name for name, fits in zip(ITEMS, parse_attributes(text).matching(items), strict=True) if fits}

    assert {"cheap"} == matching('ITEMS.genre = "comedy" AND ITEMS.genre = "drama"')
    assert {"dear"} == matching('items.GENRE = "drama" and Items.PRICE = 50')


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Invalid itemAttributes, at its end: expected a name"),
        ('ITEMS.genre IN ("x")', "Invalid itemAttributes, at character 13 (IN): expected ="),
        (
            'ITEMS.genre = "x" OR ITEMS.price = 3',
            "Invalid itemAttributes, at character 19 (OR): expected AND or the end",
        ),
        ('USERS.genre = "x"', "Invalid itemAttributes, at character 1: USERS is not ITEMS"),
        ('ITEMS.description = "x"', "ITEMS.DESCRIPTION is textual"),
        ('ITEMS.colour = "x"', "The ITEMS dataset has no field colour"),
        ('ITEMS.price = "x"', "'x' is not a number"),
    ],
)
def test_wrong_attributes_are_refused(text: str, problem: str) -> None:
    """Only = and AND, on fields that items have."""
    with pytest.raises(InvalidInputException) as caught:
        parse_attributes(text).matching(Metadata(ITEM_ROWS, SCHEMAS["ITEMS"].fields))

    assert problem in caught.value.message
