"""JSON that is not one object a line: objects one after the other, over several lines, and in arrays."""

from __future__ import annotations

import gzip
import json
from typing import Any

from tests.corpus.case import AT, Case, shop

_NO_JSON = "not JSON, or a part of what is not"
_NO_OBJECT = "not a JSON object"
_ARRAY = "a JSON array, not an object (format: json reads the objects of an array)"


def _event(user: Any, item: Any = "i", **more: Any) -> str:
    return json.dumps({"user": user, "item": item, "at": AT, **more})


def _lines(user: str, indent: int | str = 2) -> str:
    return json.dumps(json.loads(_event(user)), indent=indent)


def _json(section: dict[str, Any], **source: Any) -> dict[str, Any]:
    return {**section, "source": {"format": "json", **source}}


_BRACKETS = '}{"user": "mallory", "item": "i", "at": 1}] "\\ {\n}\n{'

DOCUMENTS = [
    Case(
        "objects with nothing, a comma or line ends between",
        _json(shop()),
        {
            "a": _event("u1") + _event("u2") + _event("u3", "") + "\n\n" + _event("u4") + ",\n\ufeff" + _event("u5"),
            "b": _lines("u6") + _lines("u7", "\t").replace("\n", "\r\n") + _event("u8", note=_BRACKETS),
            "c.gz": gzip.compress(f"\ufeff{_event('u9')}".encode()),
            "d": " \n",
        },
        [(user, "i", AT) for user in ("u1", "u2", "u4", "u5", "u6", "u7", "u8", "u9")],
        [("a", 1, "ITEM_ID is empty")],
    ),
    Case(
        "arrays of objects, some of whose elements are none",
        _json(shop()),
        {
            "a": f'[\n{_lines("u1")}, 3,\nnull, "x, y",\n[{_event("u0")}], {{"user"}}, {_event("")},\n'
            f"{_event('u2')}]\n",
            "b": f"[]\n[{_event('u3')},{_event('u4')},]{_event('u5')}\n[]",
        },
        [(user, "i", AT) for user in ("u1", "u2", "u3", "u4", "u5")],
        [
            ("a", 6, _NO_OBJECT),
            ("a", 7, _NO_OBJECT),
            ("a", 7, _NO_OBJECT),
            ("a", 8, _ARRAY),
            ("a", 8, "not JSON"),
            ("a", 8, "USER_ID is empty"),
        ],
    ),
    Case(
        "objects beside broken ones",
        _json(shop()),
        {
            "a": f'{_event("u1")}\n{{"user": "u0", "item": {{"x": 1}}\n{_event("u2")}\n]\n{_event("u3")}',
            "b": f'{_event("u4")}{{"user": "u0", "it{_event("u0")}{_event("u5")}}}{_event("u6")}\n{{"user":',
            "c": '{"user": "u0", "note": "two\n}\n{\\"user\\": \\"mallory\\"}", "item": [\n'
            f"{_event('mallory')},\n]}}\n{_lines('u7')}",
            "d": f"user,item,at\nu0,i,{AT}\n",
        },
        [(user, "i", AT) for user in ("u1", "u2", "u3", "u4", "u5", "u6", "u7")],
        [
            *(("a", line, _NO_JSON) for line in (2, 4)),
            *(("b", line, _NO_JSON) for line in (1, 1, 2)),
            *(("c", line, _NO_JSON) for line in (1, 2, 3, 4, 5)),
            *(("d", line, _NO_JSON) for line in (1, 2)),
        ],
    ),
]
