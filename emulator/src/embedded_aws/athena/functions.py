"""The functions of Athena's SQL that are emulated, and what each is in DuckDB.

What is not in these tables is refused by name: a function of the same name may well mean something else in DuckDB.
Targets that begin with `trino_` are macros (see `macros`), written where the two differ. Source: Trino's reference,
section "Functions and operators".
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Function:
    """What a function is in DuckDB, and how many arguments it may have here; None: any number."""

    target: str
    least: int = 1
    most: int | None = 1


def _same(names: str, least: int = 1, most: int | None = 1) -> dict[str, Function]:
    return {name: Function(name, least, most) for name in names.split()}


def _macros(names: str, least: int = 1, most: int | None = 1) -> dict[str, Function]:
    return {name: Function(f"trino_{name}", least, most) for name in names.split()}


SCALARS: Final = {
    # Conditions.
    **_same("coalesce", 2, None),
    **_same("nullif", 2, 2),
    **_macros("greatest least", 2, 2),
    # Texts. Those of binary data, such as a hash, are themselves binary.
    **_same("length lower upper reverse chr"),
    **_macros("trim ltrim rtrim"),
    **_same("strpos starts_with", 2, 2),
    **_macros("split_part", 3, 3),
    **_macros("lpad rpad", 3, 3),
    "codepoint": Function("unicode"),
    "to_utf8": Function("encode"),
    "from_utf8": Function("decode"),
    "to_hex": Function("hex"),
    "from_hex": Function("unhex"),
    **_macros("md5 sha256"),
    # Numbers.
    **_same("abs sqrt exp ln log2 log10 degrees radians sin cos tan asin acos atan"),
    **_same("power pow atan2", 2, 2),
    "log": Function("log", 2, 2),
    "mod": Function("trino_mod", 2, 2),
    **_same("pi", 0, 0),
    **_macros("ceil floor sign truncate"),
    "ceiling": Function("trino_ceil"),
    "rand": Function("random", 0, 0),
    "random": Function("random", 0, 0),
    # Times.
    **_same("year month day quarter week hour minute second"),
    "day_of_month": Function("day"),
    "day_of_week": Function("isodow"),
    "dow": Function("isodow"),
    "day_of_year": Function("dayofyear"),
    "doy": Function("dayofyear"),
    "week_of_year": Function("week"),
    "year_of_week": Function("isoyear"),
    "yow": Function("isoyear"),
    "millisecond": Function("trino_millisecond"),
    "last_day_of_month": Function("last_day"),
    "from_unixtime": Function("trino_from_unixtime"),
    "to_unixtime": Function("epoch"),
    "from_iso8601_timestamp": Function("trino_from_iso8601_timestamp"),
    "from_iso8601_date": Function("trino_date"),
    "date": Function("trino_date"),
    # Arrays and maps.
    "cardinality": Function("trino_cardinality"),
    "contains": Function("trino_contains", 2, 2),
    "array_sort": Function("trino_array_sort"),
    "array_max": Function("trino_array_max"),
    "array_min": Function("trino_array_min"),
    "array_join": Function("array_to_string", 2, 2),
    "map": Function("map", 2, 2),
    "map_keys": Function("map_keys"),
    "map_values": Function("map_values"),
    "element_at": Function("trino_element_at", 2, 2),
    "sequence": Function("trino_sequence", 2, 2),
    "grouping": Function("grouping", 1, None),
}
"""By Trino's names in small letters."""

AGGREGATES: Final = {
    **_same("count", 0),
    **_same("min max stddev stddev_samp stddev_pop variance var_samp var_pop bool_and bool_or array_agg count_if"),
    **_same("sum avg"),
    "every": Function("bool_and"),
    "arbitrary": Function("any_value"),
    "any_value": Function("any_value"),
    "max_by": Function("arg_max_null", 2, 2),
    "min_by": Function("arg_min_null", 2, 2),
    "approx_distinct": Function("count"),
    "approx_percentile": Function("quantile_disc", 2, 2),
}
WINDOWS: Final = {
    **_same("row_number rank dense_rank percent_rank cume_dist", 0, 0),
    **_same("ntile first_value last_value"),
    **_same("lag lead", 1, 3),
    **_same("nth_value", 2, 2),
}
NO_DECIMALS: Final = {"avg", "ceil", "ceiling", "floor", "round", "truncate", "mod", "sign"}
"""Functions of which a decimal's result has another type, and so other digits, in DuckDB."""

UNITS: Final = {
    "millisecond": "to_milliseconds",
    "second": "to_seconds",
    "minute": "to_minutes",
    "hour": "to_hours",
    "day": "to_days",
    "week": "to_weeks",
    "month": "to_months",
    "quarter": "to_quarters",
    "year": "to_years",
}
"""What makes an interval of so many of them, by units of time."""

WITHIN_A_DAY: Final = {"millisecond", "second", "minute", "hour"}
EXTRACTS: Final = {
    "YEAR": "year",
    "QUARTER": "quarter",
    "MONTH": "month",
    "WEEK": "week",
    "DAY": "day",
    "DAY_OF_MONTH": "day",
    "DAY_OF_WEEK": "day_of_week",
    "DOW": "day_of_week",
    "DAY_OF_YEAR": "day_of_year",
    "DOY": "day_of_year",
    "HOUR": "hour",
    "MINUTE": "minute",
    "SECOND": "second",
}
FORMATS: Final = {
    "%Y": "%Y", "%m": "%m", "%d": "%d", "%H": "%H", "%i": "%M", "%s": "%S", "%S": "%S", "%T": "%H:%M:%S",
    "%j": "%j", "%b": "%b", "%M": "%B", "%a": "%a", "%W": "%A", "%p": "%p", "%h": "%I", "%I": "%I", "%f": "%f",
    "%%": "%%",
}  # fmt: skip
"""What the specifiers of date_format and date_parse are in DuckDB; Trino's are MySQL's."""
