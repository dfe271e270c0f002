"""Take raw columns out of JSON Lines, one object a line, as text.

Lines are decoded in Python: Spark's own decoder writes numbers anew, so long ids and decimals would not stay as they
are spelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from jobs.transform.columns import ELEMENTS_TYPE, LINE
from transform.raw.json_lines import decode, paths_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame

    from definition.mapping.source import SourceMapping

_JSON = ":json"


def take(
    lines: DataFrame, columns: Sequence[str], mapping: SourceMapping
) -> tuple[DataFrame, Column, dict[str, Column], Column | None]:
    """Return the lines decoded, their shape, the text of each raw column, and ELEMENTS if a list is exploded.

    Args:
        lines: frame of LINE.
        columns: names of raw columns of the rows, or paths to them.
        mapping: how objects are to be read.
    """
    paths = paths_of(columns, mapping)
    if paths.exploded is None:
        rows = lines.withColumn(_JSON, F.udf(lambda line: decode(line, paths), "array<string>")(F.col(LINE)))
        texts, elements = F.col(_JSON), None
    else:
        whole = F.udf(lambda line: _apart(decode(line, paths)), f"struct<texts:array<string>,elements:{ELEMENTS_TYPE}>")
        rows = lines.withColumn(_JSON, whole(F.col(LINE)))
        texts, elements = F.col(_JSON)["texts"], F.col(_JSON)["elements"]
    return rows, F.get(texts, 0), {name: F.get(texts, index) for index, name in enumerate(columns, 1)}, elements


def _apart(decoded: tuple[Any, ...]) -> tuple[Any, Any]:
    *texts, elements = decoded
    return texts, elements
