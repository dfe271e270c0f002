"""Filter expressions: each is read, or the error says where it is none; the file's half finds its placeholders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition.plan.filters import placeholders, references, with_values
from embedded_aws.personalize.exceptions import InvalidInputException
from embedded_aws.personalize.filters import parse_filter
from emulator.tests.personalize.test_filters import DOCUMENTED
from tests.fuzz.ground import TEXTS, altered

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.ground import Ground

_WORDS = [
    "INCLUDE", "EXCLUDE", "ItemID", "UserID", "WHERE", "IF", "IN", "NOT", "AND", "OR", "|", "(", ")", ",", "=", "!=",
    "<", ">=", "Items.PRICE", "Interactions.EVENT_TYPE", "CurrentUser.AGE", "CurrentItem.PRICE", "$A", "3", "-1.5e3",
    '"x"', "'x'", '"\\""',
]  # fmt: skip


def case(chance: Random, _ground: Ground) -> None:
    """Read one expression, made of words or of a documented one."""
    if chance.random() < 0.4:
        text = " ".join(chance.choice([*_WORDS, *TEXTS]) for _ in range(chance.randrange(12)))
    else:
        text = chance.choice(DOCUMENTED)[0]
        for _ in range(chance.randint(1, 3)):
            text = altered(chance, text)
    names = placeholders(text)
    filled = with_values(text, {name: ["v"] for name in names})
    try:
        found = parse_filter(text)
    except InvalidInputException as error:
        assert str(error.message).startswith("Invalid filter expression"), error.message
        return
    assert set(found.placeholders) <= set(names), (text, found.placeholders, names)
    assert references(text) == references(filled), (text, filled)
    assert not parse_filter(filled).placeholders, filled
