"""What names of columns say, where values leave it open. Words of shops, media and data sets, in a few languages."""

from __future__ import annotations

import re
from typing import Literal

Meaning = Literal[
    "user",
    "item",
    "time",
    "event",
    "value",
    "measure",
    "category",
    "text",
    "created",
    "basket",
    "rating",
    "code",
    "quantity",
    "property",
]

_WORDS: dict[Meaning, str] = {
    "user": (
        "user usr customer client visitor member session account reviewer buyer person patient student "
        "subscriber viewer listener household cust guest device uid profile author player learner shopper "
        "consumer reader kunde kunden nutzer utilisateur usuario cliente msno u"
    ),
    "item": (
        "item product prod sku skus movie film book isbn asin article song track artist video game news "
        "content doc document ad aid stock restaurant business listing recipe course job hotel anime show "
        "episode album app offer beer joke venue place poi post story goods merchandise artikel produkt "
        "producto produit page material photo paper podcast i"
    ),
    "time": ("time timestamp date datetime ts at when day created created_at zeit datum fecha epoch unixtime updated"),
    "event": "event action behavior behaviour interaction activity track verb operation",
    "rating": "rating rate score star grade bewertung note overall",
    "value": (
        "value amount weight quantity qty count price total revenue duration hours seconds minutes plays "
        "playcount watched progress ratio percent paid spent sales dwell clicks"
    ),
    "measure": (
        "price quantity qty age zip postcode year count amount total rating score weight height lat lon lng "
        "latitude longitude cost revenue duration hours percent discount number_of votes stars"
    ),
    "property": "property attribute key feature field param name",
    "quantity": "quantity qty count units menge number amount",
    "category": (
        "category categories genre genres type class brand department group tag tags topic section colour color"
    ),
    "text": "title description name text summary abstract headline overview plot review comment body desc",
    "created": (
        "created creation release released published publication launch added first_seen listed available pubdate date"
    ),
    "code": "id key code no number sku asin isbn uuid hash ean gtin nr",
    "basket": "order invoice transaction basket cart receipt bill purchase ticket impression review",
}
_COMPILED = {meaning: frozenset(words.split()) for meaning, words in _WORDS.items()}
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")


def words_of(name: str) -> list[str]:
    """Return the words of a name: ``userId``, ``USER_ID`` and ``order.user-id`` have user and id."""
    return [word.lower() for word in _PART.findall(name)]


def says(name: str, meaning: Meaning) -> bool:
    """Say whether a name means something: one of its words does, or it begins or ends with a long one."""
    known = _COMPILED[meaning]
    words = words_of(_telling(name))
    if any(word in known or word.rstrip("s") in known for word in words):
        return True
    whole = "".join(words)
    return any(len(word) > 3 and (whole.startswith(word) or whole.endswith((word, f"{word}id"))) for word in known)  # noqa: PLR2004  # short words are ends of others


def _telling(name: str) -> str:
    """Return the end of a path, where that says more than that it is an id or a value."""
    last = name.rpartition(".")[2]
    return name if set(words_of(last)) <= {"id", "key", "value", "name", "code"} else last


_EVENTS = (
    "view views click clicks purchase purchased buy bought cart carts addtocart add_to_cart add-to-cart "
    "order orders transaction play plays watch watched like likes dislike rating rate share save saved "
    "bookmark favorite favourite wishlist listen download install pv fav impression open read comment "
    "follow pay payment checkout remove_from_cart skip complete stream visit search detail book enroll "
    "subscribe product_view detailview page_view 浏览 支付 加购 创建订单 收藏 点击 购买"
)
EVENT_WORDS = frozenset(_EVENTS.split())
"""What people call the things that users do with items, in small letters."""
