"""Cut records of CSV into fields as the standard library does with ``strict``, by patterns only, where it can.

Most hold no quote and are split.
"""

from __future__ import annotations

import operator
import re
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from jobs.transform.columns import LINE, filled, first_of, text
from transform import reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame

    from transform.raw.dialect import Dialect

_FIELDS = ":fields"


def cut(
    lines: DataFrame, header: Sequence[str], columns: Sequence[str], dialect: Dialect
) -> tuple[DataFrame, Column, dict[str, Column]]:
    """Return the lines with their fields, what is wrong with a line's shape, and the text of each raw column.

    Args:
        lines: frame of LINE, without headers.
        header: names of the fields.
        columns: names of raw columns, each of which stands in the header once.
        dialect: how fields are told apart.
    """
    width = len(header)
    line = F.col(LINE)
    fields = F.split(line, re.escape(dialect.delimiter), width + 1)
    if dialect.marks:
        marked = reduce(operator.or_, [line.contains(mark) for mark in dialect.marks])
        quoted = _quoted(line, dialect) if dialect.is_standard else F.udf(dialect.cut, "array<string>")(line)
        fields = F.when(marked, quoted).otherwise(fields)
    cells = {name: filled(F.get(F.col(_FIELDS), header.index(name))) for name in columns}
    return lines.withColumn(_FIELDS, fields), _shape(width), cells


def _quoted(line: Column, dialect: Dialect) -> Column:
    """Return the fields of a record with quotes, what ``Dialect.cut`` returns if the quoting is broken."""
    delimiter, quote = re.escape(dialect.delimiter), re.escape(dialect.quote or "")
    # Possessive, so that Java's matcher does not recurse for each character.
    inside = f"{quote}(?:[^{quote}]++|{quote}{quote})*+{quote}"
    bare = rf"(?:[^{quote}{delimiter}\r][^{delimiter}\r]*+)?+"
    field = f"(?:{inside}|{bare})"
    whole = rf"^{field}(?:{delimiter}{field})*+\r*+\z"
    delimited = F.concat(F.lit(dialect.delimiter), F.regexp_replace(line, r"\r+\z", ""))
    found = F.regexp_extract_all(delimited, F.lit(f"{delimiter}({field})"), 1)
    mark = dialect.quote or ""

    def plain(cell: Column) -> Column:
        unwrapped = F.substring(cell, 2, 2**31 - 1)
        unwrapped = F.regexp_replace(unwrapped, rf"{quote}\z", "")
        return F.when(cell.startswith(mark), F.replace(unwrapped, F.lit(mark * 2), F.lit(mark))).otherwise(cell)

    unended = rf"^(?:{field}{delimiter})*+{quote}(?:[^{quote}]++|{quote}{quote})*+\z"
    broken = F.when(line.rlike(unended), F.array().cast("array<string>")).otherwise(F.array(text(None)))
    return F.when(line.rlike(whole), F.transform(found, plain)).otherwise(broken)


def _shape(width: int) -> Column:
    count = F.size(_FIELDS)
    return first_of(
        F.when(F.col(LINE) == "", text(reasons.BLANK_LINE)),
        F.when(count == 0, text(reasons.OPEN_QUOTE)),
        F.when((count == 1) & F.get(F.col(_FIELDS), 0).isNull(), text(reasons.MISPLACED_QUOTE)),
        F.when(count < width, text(reasons.fewer_fields(width))),
        F.when(count > width, text(reasons.more_fields(width))),
    )
