"""What tables hold beyond counts, what was done over time, and how that is spread over users and items.

All of it is counted by queries that stream. What is held are counts by item, and by user a part of them at a time.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from definition.contract.report import Activity, Bin, Period, TableFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Literal

    from definition.contract.report import ReportedJob, Thing

VALUES_AT_ONCE = 4_000_000
"""Users whose interactions are counted in one pass."""

_DAYS_BY_DAY, _DAYS_BY_WEEK = 120, 900
_DAY = 86_400
_HEAD = 5
"""One part of so many of the items, those with the most interactions, is no tail."""

COLUMN: dict[Thing, str] = {"item": "ITEM_ID", "user": "USER_ID"}
"""Column of the interactions by what it names."""


class Interactions(NamedTuple):
    """The CSV of the interactions that a run has made.

    Attributes:
        uris: S3 URLs of its objects.
        users: different users.
        items: different items.
    """

    uris: Sequence[str]
    users: int
    items: int

    def scan(self) -> pl.LazyFrame:
        """Return the rows, every column as text."""
        return pl.scan_csv(list(self.uris), infer_schema=False)

    def counts(self, thing: Thing) -> pl.DataFrame:
        """Return ``thing`` and ``interactions`` of all users or all items."""
        rows = self.scan().select(pl.col(COLUMN[thing]).alias("thing")).drop_nulls()
        return rows.group_by("thing").agg(pl.len().alias("interactions")).collect(engine="streaming")


def activity(interactions: Interactions, of_items: pl.DataFrame) -> Activity | None:
    """Return interactions over time, and how many users and items have how many; None without any.

    Args:
        interactions: of the run.
        of_items: their counts by item.
    """
    day = pl.col("TIMESTAMP").cast(pl.Int64) // _DAY
    by_day = interactions.scan().select(day.alias("day")).group_by("day").agg(pl.len()).collect(engine="streaming")
    counted = {day: count for day, count in by_day.iter_rows() if day is not None}
    if not counted:
        return None
    unit, periods = _periods(counted)
    return Activity(
        unit=unit,
        periods=periods,
        per_user=_bins(_users(interactions)),
        per_item=_bins(_spread(of_items.lazy())),
    )


def facts(table: pl.LazyFrame, job: ReportedJob, finds: Thing, of_things: pl.DataFrame) -> TableFacts | None:
    """Return what a table holds, None if it has no row.

    Args:
        table: its rows; what is found is its third column.
        job: whose table it is.
        finds: what is found.
        of_things: interactions by it.
    """
    every = found(table).join(of_things.lazy(), on="thing", how="full", coalesce=True).fill_null(0)
    # Ids break ties, so that the same tables give the same numbers.
    ranked = every.sort(["interactions", "thing"], descending=[True, False]).collect(engine="streaming")
    rows, popular = ranked["rows"], ranked["interactions"]
    if not (total := int(rows.sum())):
        return None
    head = -(-len(ranked) // _HEAD)
    distinct = int((rows > 0).sum())
    return TableFacts(
        solution=job.solution,
        job=job.job,
        finds=finds,
        catalogue=len(ranked),
        found=distinct,
        coverage=distinct / len(ranked),
        gini=gini(rows),
        tail_share=int(rows[head:].sum()) / total,
        tail_share_of_interactions=int(popular[head:].sum()) / max(1, int(popular.sum())),
        mean_popularity=int((rows.cast(pl.Int64) * popular.cast(pl.Int64)).sum()) / total,
    )


def found(table: pl.LazyFrame) -> pl.LazyFrame:
    """Return ``thing`` and ``rows``: how often each is found."""
    return table.group_by(pl.nth(2).alias("thing")).agg(pl.len().alias("rows"))


def gini(counts: pl.Series) -> float:
    """Return the Gini coefficient of some counts, of which one at least is not zero."""
    ordered = counts.cast(pl.Float64).sort()
    size = len(ordered)
    weighted = float((ordered * pl.int_range(1, size + 1, eager=True)).sum())
    return 2 * weighted / (size * float(ordered.sum())) - (size + 1) / size


def _users(interactions: Interactions) -> Counter[int]:
    """Return how many users have each number of interactions, in as many passes as memory asks for."""
    users = interactions.scan().select(pl.col(COLUMN["user"]).alias("thing")).drop_nulls()
    passes = max(1, -(-interactions.users // VALUES_AT_ONCE))
    spread: Counter[int] = Counter()
    for number in range(passes):
        some = users.filter(pl.col("thing").hash() % passes == number) if passes > 1 else users
        spread.update(_spread(some.group_by("thing").agg(pl.len().alias("interactions"))))
    return spread


def _spread(counts: pl.LazyFrame) -> Counter[int]:
    found = counts.group_by("interactions").agg(pl.len()).collect(engine="streaming")
    return Counter(dict(found.iter_rows()))


def _bins(spread: Counter[int]) -> list[Bin]:
    """Return the numbers of those with 1, 2, 3 to 4, 5 to 8 interactions, and so on, each bin twice as wide."""
    counts: Counter[int] = Counter()
    for interactions, count in spread.items():
        counts[(interactions - 1).bit_length()] += count
    edges = ((1 if bits == 0 else 2 ** (bits - 1) + 1, 2**bits, bits) for bits in range(max(counts, default=-1) + 1))
    return [Bin(low=low, high=high, count=counts[bits]) for low, high, bits in edges]


def _periods(by_day: dict[int, int]) -> tuple[Literal["day", "week", "month"], list[Period]]:
    first, last = min(by_day), max(by_day)
    if last - first < _DAYS_BY_DAY:
        return "day", _summed(by_day, range(first, last + 1), lambda day: day)
    if last - first < _DAYS_BY_WEEK:
        # 1970-01-01 was a Thursday: weeks begin on Mondays.
        return "week", _summed(by_day, range(first, last + 1), lambda day: (day + 3) // 7 * 7 - 3)
    return "month", _summed(by_day, range(first, last + 1), _month)


def _month(day: int) -> int:
    date = _date(day)
    return day - date.day + 1


def _summed(by_day: dict[int, int], days: Iterable[int], begin: Callable[[int], int]) -> list[Period]:
    # Days without an interaction count, too: nothing happened on them.
    sums: Counter[int] = Counter({begin(day): 0 for day in days})
    for day, count in by_day.items():
        sums[begin(day)] += count
    return [Period(start=_date(day).isoformat(), interactions=count) for day, count in sorted(sums.items())]


def _date(day: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=day)
