"""Counting by key while a query runs."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest

from lambdas.transform import tally
from lambdas.transform.tally import Tally


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_batches_add_up(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    """Sums and maxima are those of all rows, in however many batches they come; a maximum of nothing is nothing."""
    monkeypatch.setattr(tally, "_BATCH", batch)
    dice = Random(5)
    rows = [(f"u{dice.randrange(30)}", dice.randrange(2), dice.choice([None, *range(9)])) for _ in range(300)]
    rows += [("never", 0, None)] * 3
    counted = Tally({"user": pl.String, "n": pl.UInt32, "newest": pl.Int64}, frozenset({"newest"}))
    frame = pl.DataFrame(rows, schema={"user": pl.String, "n": pl.UInt32, "newest": pl.Int64}, orient="row")
    pl.collect_all([counted.sink(frame.lazy())], engine="streaming")

    expected = {
        user: (
            sum(n for each, n, _ in rows if each == user),
            max((time for each, _, time in rows if each == user and time is not None), default=None),
        )
        for user, _, _ in rows
    }
    assert (0, None) == expected["never"]
    assert expected == {user: (n, newest) for user, n, newest in counted.counted().rows()}
