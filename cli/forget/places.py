"""What lies where in the bucket, and how users are taken out of it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from cli.forget import formats
from definition import layout

if TYPE_CHECKING:
    from cli.forget.formats import Taking


class Way(Enum):
    """What is done with the objects of an area.

    REWRITE  what is not of the users stays
    DELETE   all of it goes: copies of data that a run needed while it went on
    RAW      the user's own data, which the command rewrites if it is told to
    LEAVE    it holds no ids, or is what the command itself writes
    """

    REWRITE = "rewrite"
    DELETE = "delete"
    RAW = "raw"
    LEAVE = "leave"


WAYS = {
    layout.RAW.area: Way.RAW,
    layout.QUERY_RESULT.area: Way.DELETE,
    layout.STAGING.area: Way.DELETE,
    layout.DATASET.area: Way.REWRITE,
    layout.REJECTS.area: Way.REWRITE,
    layout.BATCH_INPUT.area: Way.REWRITE,
    layout.TABLE.area: Way.REWRITE,
    layout.EXPORT.area: Way.REWRITE,
    layout.RUN.area: Way.REWRITE,
    layout.HISTORY.area: Way.REWRITE,
    # Sums of what recommendations have led to, by what recommended.
    layout.ATTRIBUTION.area: Way.LEAVE,
    layout.FORGOTTEN.area: Way.LEAVE,
    layout.DELETED_USERS.area: Way.LEAVE,
}
"""By area; a test holds every area of the table to be here."""

_JSON = ".json"


def way_of(key: str) -> Way:
    """Return what is done with an object; what somebody else has put beside the pipeline's areas is left."""
    return WAYS.get(key.partition("/")[0], Way.LEAVE)


def taking(key: str) -> Taking | None:
    """Return what takes users out of an object that is rewritten, None where it can hold none."""
    area, _, rest = key.partition("/")
    ends = {
        layout.DATASET.area: {".csv": formats.dataset},
        layout.REJECTS.area: {".jsonl": formats.json_lines},
        # Personalize calls its output after the input, `users.json.out`, and leaves an empty `_CHECK` beside it.
        layout.BATCH_INPUT.area: {_JSON: formats.json_lines, ".out": formats.json_lines},
        layout.TABLE.area: {".parquet": formats.parquet, _JSON: formats.document},
        layout.EXPORT.area: {".csv": formats.csv_table, ".jsonl": formats.json_lines},
        layout.RUN.area: {".html": formats.page, _JSON: formats.document},
        layout.HISTORY.area: {_JSON: formats.document},
    }
    found = ends.get(area, {})
    return next((take for end, take in found.items() if rest.endswith(end)), None)
