"""Take raw columns out of JSON Lines, one object a line, as text.

Lines are decoded in Python: Spark's own decoder writes numbers anew, so long ids and decimals would not stay as they
are spelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from jobs.transform.columns import LINE
from transform.raw.json_lines import decode, paths_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pyspark.sql import Column, DataFrame

_JSON = ":json"


def take(
    lines: DataFrame, columns: Sequence[str], lists: Collection[str]
) -> tuple[DataFrame, Column, dict[str, Column]]:
    """Return the lines decoded, what is wrong with a line's shape, and the text of each raw column.

    Args:
        lines: frame of LINE.
        columns: names of raw columns, or paths to them.
        lists: those that may hold a list, which is read as its values joined by ``SEVERAL``.
    """
    paths = paths_of(columns, lists)
    decoded = F.udf(lambda line: decode(line, paths), "array<string>")
    cells = {name: F.get(F.col(_JSON), index) for index, name in enumerate(columns, 1)}
    return lines.withColumn(_JSON, decoded(F.col(LINE))), F.get(F.col(_JSON), 0), cells
