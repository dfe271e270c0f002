"""Some lines of each table, with the latest interactions of their users: what a person can look up on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from definition.contract.report import Interaction, ItemFacts, Sample, SampledLine, UserHistory

if TYPE_CHECKING:
    from collections.abc import Collection

    from definition.contract.report import ReportedJob, Thing
    from lambdas.report.tables import Interactions

MOST_LINES = 100
"""Lines of each table."""

_MOST_FOUND = 10
_LATEST = 10
_MOST_ITEMS = 500
_FULL_HASH = 1 << 64
_MARGIN = 3
"""So many times the lines that are wanted are looked at: a hash spreads them well, not evenly."""


def sample(table: pl.LazyFrame, job: ReportedJob, keyed_by: Thing, finds: Thing, keys: int) -> Sample:
    """Return some lines of a table; the same users are chosen in all tables, as far as these name them.

    Args:
        table: its rows: what a line names, rank, what was found.
        job: whose table it is.
        keyed_by: what a line names.
        finds: what is found.
        keys: lines of the table.
    """
    key, rank, thing = table.collect_schema().names()[:3]
    hashed = pl.col(key).hash(seed=0)
    few = table.filter(pl.col(key).is_not_null())
    if keys > MOST_LINES * _MARGIN:
        few = few.filter(hashed < _FULL_HASH * MOST_LINES * _MARGIN // keys)
    rows = few.select(key, rank, thing).collect(engine="streaming")
    names = rows.select(pl.col(key).unique()).sort(hashed)[key].head(MOST_LINES).sort()
    chosen = (
        rows.filter(pl.col(key).is_in(names.implode())).sort(key, rank).group_by(key, maintain_order=True)
        .agg(pl.col(thing).head(_MOST_FOUND), pl.len().alias("of"))
    )  # fmt: skip
    lines = [SampledLine(key=name, found=found, of=of) for name, found, of in chosen.iter_rows()]
    return Sample(solution=job.solution, job=job.job, keyed_by=keyed_by, finds=finds, keys=keys, lines=lines)


def histories(interactions: Interactions, users: Collection[str]) -> list[UserHistory]:
    """Return the latest interactions of some users."""
    rows = interactions.scan()
    event = pl.col("EVENT_TYPE") if "EVENT_TYPE" in rows.collect_schema() else pl.lit(None, pl.String)
    wanted = pl.Series(sorted(users), dtype=pl.String)
    columns = [pl.col("USER_ID"), pl.col("ITEM_ID"), pl.col("TIMESTAMP").cast(pl.Int64), event.alias("EVENT_TYPE")]
    by_user = (
        rows.filter(pl.col("USER_ID").is_in(wanted.implode()))
        .select(columns)
        .group_by("USER_ID")
        .agg(
            pl.len().alias("all"),
            pl.struct("TIMESTAMP", "ITEM_ID", "EVENT_TYPE")
            .sort_by("TIMESTAMP", "ITEM_ID", descending=[True, False])
            .head(_LATEST),
        )
        .sort("USER_ID")
        .collect(engine="streaming")
    )
    return [
        UserHistory(
            user=user,
            interactions=count,
            latest=[
                Interaction(item=each["ITEM_ID"], time=each["TIMESTAMP"], event=each["EVENT_TYPE"]) for each in latest
            ],
        )
        for user, count, latest in by_user.iter_rows()
    ]


def items(
    samples: list[Sample], latest: list[UserHistory], of_items: pl.DataFrame, offered: pl.DataFrame
) -> list[ItemFacts]:
    """Return the items of samples and histories, and those that are offered most.

    Args:
        samples: of the tables.
        latest: of their users.
        of_items: ``thing`` and ``interactions`` of all items.
        offered: ``thing`` and ``rows`` of all items that some table offers.
    """
    named = {each.item for history in latest for each in history.latest}
    named |= {item for of in samples if of.finds == "item" for line in of.lines for item in line.found}
    named |= {line.key for of in samples if of.keyed_by == "item" for line in of.lines}
    named |= set(offered.sort(["rows", "thing"], descending=[True, False])["thing"].head(_MOST_ITEMS))
    wanted = pl.DataFrame({"thing": sorted(named)}, schema={"thing": pl.String})
    rows = wanted.join(of_items, on="thing", how="left").join(offered, on="thing", how="left")
    counted = rows.select("thing", "interactions", "rows").fill_null(0).sort("thing")
    return [ItemFacts(item=item, interactions=many, offered=times) for item, many, times in counted.iter_rows()]
