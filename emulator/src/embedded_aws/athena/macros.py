"""What Trino means by functions and casts that DuckDB takes otherwise, as macros of DuckDB.

A macro's arguments may be of any type, and each branch of its CASE must be possible for each type: what an argument is
told by `typeof`, which DuckDB answers before it reads a row. `cast_to_type(a, b)` gives `a` the type of `b`.
"""

from typing import Final

_SPACES: Final = (
    9,
    10,
    11,
    12,
    13,
    32,
    0x1680,
    *range(0x2000, 0x2007),
    *range(0x2008, 0x200B),
    0x2028,
    0x2029,
    0x205F,
    0x3000,
)
_SPACE: Final = " || ".join(f"chr({code})" for code in _SPACES)
"""What Trino trims, Java's white space, as DuckDB's SQL."""


def _refused(what: str) -> str:
    return f"error('NOT_SUPPORTED: {what} is not emulated: the embedded AWS cannot run this query')"


MACROS: Final = (
    # Guards: what DuckDB would answer otherwise than Trino is refused.
    (
        "trino_no_date(x) AS CASE WHEN typeof(x) = 'DATE' THEN "
        f"{_refused('time added to or taken from a date')} ELSE x END"
    ),
    (
        f"trino_no_decimal(x) AS CASE WHEN starts_with(typeof(x), 'DECIMAL') THEN "
        f"{_refused('this function or division of decimals')} ELSE x END"
    ),
    f"trino_no_real(x) AS CASE WHEN typeof(x) = 'FLOAT' THEN {_refused('a sum or average of reals')} ELSE x END",
    (
        "trino_joined(x) AS CASE WHEN typeof(x) IN ('VARCHAR', '\"NULL\"', 'BLOB') OR ends_with(typeof(x), ']') THEN x "
        "ELSE error('TYPE_MISMATCH: Unexpected parameters (' || typeof(x) || ') for function concat') END"
    ),
    "trino_keep(x, y) AS cast_to_type(x, y)",
    # Texts.
    f"trino_trim(x) AS trim(x, {_SPACE})",
    f"trino_ltrim(x) AS ltrim(x, {_SPACE})",
    f"trino_rtrim(x) AS rtrim(x, {_SPACE})",
    "trino_from(x, s) AS CASE WHEN s = 0 OR s < -length(x) THEN '' ELSE substring(x, s) END",
    (
        "trino_from_for(x, s, n) AS CASE WHEN n <= 0 OR s = 0 OR s < -length(x) THEN '' "
        "WHEN s > 0 THEN substring(x, s, n) ELSE substring(substring(x, s), 1, n) END"
    ),
    "trino_split(x, d) AS string_split(x, d)",
    (
        "trino_split_part(x, d, i) AS CASE WHEN i < 1 THEN "
        "error('INVALID_FUNCTION_ARGUMENT: Index must be greater than zero') ELSE string_split(x, d)[i] END"
    ),
    (
        "trino_lpad(x, n, p) AS CASE WHEN n < 0 THEN "
        "error('INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]') ELSE lpad(x, n, p) END"
    ),
    (
        "trino_rpad(x, n, p) AS CASE WHEN n < 0 THEN "
        "error('INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]') ELSE rpad(x, n, p) END"
    ),
    "trino_regexp_like(x, p) AS regexp_matches(x, p)",
    "trino_regexp_extract(x, p, g) AS CASE WHEN regexp_matches(x, p) THEN regexp_extract(x, p, g) END",
    "trino_md5(x) AS unhex(md5(x))",
    "trino_sha256(x) AS unhex(sha256(x))",
    # Numbers.
    "trino_greatest(x, y) AS CASE WHEN x IS NULL OR y IS NULL THEN NULL ELSE greatest(x, y) END",
    "trino_least(x, y) AS CASE WHEN x IS NULL OR y IS NULL THEN NULL ELSE least(x, y) END",
    "trino_ceil(x) AS cast_to_type(ceil(x), x)",
    "trino_floor(x) AS cast_to_type(floor(x), x)",
    "trino_sign(x) AS cast_to_type(sign(x), x)",
    "trino_truncate(x) AS cast_to_type(trunc(x), x)",
    "trino_round(x, n) AS cast_to_type(round(x, n), x)",
    "trino_mod(x, y) AS x % y",
    # Times.
    "trino_date(x) AS CAST(x AS DATE)",
    "trino_date_trunc(u, x) AS cast_to_type(date_trunc(u, x), x)",
    "trino_milliseconds(x) AS date_trunc('milliseconds', x)",
    "trino_millisecond(x) AS millisecond(x) % 1000",
    (
        "trino_replace(x, y, z) AS CASE WHEN y = '' THEN "
        f"{_refused('replace of an empty text')} ELSE replace(x, y, z) END"
    ),
    (
        "trino_no_text(x) AS CASE WHEN typeof(x) = 'VARCHAR' THEN "
        "error('TYPE_MISMATCH: Unexpected parameters (varchar) for function from_unixtime') ELSE x END"
    ),
    "trino_from_unixtime(x) AS date_trunc('milliseconds', to_timestamp(CAST(trino_no_text(x) AS DOUBLE)))",
    (
        "trino_utc(x) AS CASE WHEN typeof(x) = 'VARCHAR' AND NOT "
        "regexp_full_match(CAST(x AS VARCHAR), '.*( UTC|Z|[+]00:00)', 's') THEN "
        f"{_refused('a time with another zone than UTC')} ELSE x END"
    ),
    "trino_from_iso8601_timestamp(x) AS CAST(trino_utc(x) AS TIMESTAMPTZ)",
    # Arrays, maps and JSON.
    "trino_cardinality(x) AS len(x)",
    "trino_array_sort(x) AS list_sort(x, 'ASC', 'NULLS LAST')",
    (
        "trino_element_at(x, i) AS CASE WHEN ends_with(typeof(x), ']') AND TRY_CAST(i AS BIGINT) = 0 THEN "
        "error('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1') ELSE x[i] END"
    ),
    "trino_has_null(x) AS list_count(x) < len(x)",
    "trino_array_max(x) AS CASE WHEN trino_has_null(x) THEN NULL ELSE list_max(x) END",
    "trino_array_min(x) AS CASE WHEN trino_has_null(x) THEN NULL ELSE list_min(x) END",
    (
        "trino_contains(x, y) AS CASE WHEN x IS NULL OR y IS NULL THEN NULL WHEN list_contains(x, y) THEN true "
        "WHEN trino_has_null(x) THEN NULL ELSE false END"
    ),
    (
        "trino_subscript(x, i) AS CASE WHEN x[i] IS NULL AND x IS NOT NULL AND i IS NOT NULL THEN "
        "error('INVALID_FUNCTION_ARGUMENT: Array subscript out of bounds, key not present in map, or an element that "
        "is NULL, of which the embedded AWS cannot tell which: use element_at') ELSE x[i] END"
    ),
    "trino_sequence(x, y) AS generate_series(CAST(x AS BIGINT), CAST(y AS BIGINT))",
    # What is no JSON must not come to the functions that read it, not even where a CASE leaves them out.
    "trino_json(x) AS CASE WHEN json_valid(x) THEN x END",
    (
        "trino_scalar(x, p) AS CASE WHEN json_type(x, p) IN ('ARRAY', 'OBJECT', 'NULL') THEN NULL "
        "WHEN json_type(x, p) = 'DOUBLE' AND NOT contains(x, json_extract_string(x, p)) THEN "
        f"{_refused('a number in JSON that is not written as it is read, such as 1.50')} "
        "ELSE json_extract_string(x, p) END"
    ),
    "trino_json_extract_scalar(x, p) AS trino_scalar(trino_json(x), p)",
    # Casts. Java writes a number from 10^7 on, and below 10^-3, with an exponent.
    "trino_exponent(m, e) AS CASE WHEN contains(m, '.') THEN m ELSE m || '.0' END || 'E' || e",
    "trino_large(d, n) AS d[1] || '.' || CASE WHEN length(d) > 1 THEN substring(d, 2) ELSE '0' END || 'E' || n",
    (
        "trino_plain(t) AS CASE WHEN contains(t, 'e') "
        "THEN trino_exponent(split_part(t, 'e', 1), CAST(split_part(t, 'e', 2) AS INTEGER)) "
        "WHEN length(split_part(t, '.', 1)) > 7 "
        "THEN trino_large(rtrim(replace(t, '.', ''), '0'), length(split_part(t, '.', 1)) - 1) "
        "WHEN starts_with(t, '0.000') THEN trino_large(ltrim(split_part(t, '.', 2), '0'), "
        "length(ltrim(split_part(t, '.', 2), '0')) - length(split_part(t, '.', 2)) - 1) ELSE t END"
    ),
    (
        "trino_number(x) AS CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' "
        "ELSE '-Infinity' END WHEN x = 0 THEN CAST(x AS VARCHAR) ELSE CASE WHEN x < 0 THEN '-' ELSE '' END || "
        "trino_plain(CAST(abs(x) AS VARCHAR)) END"
    ),
    (
        "trino_text(x) AS CASE typeof(x) WHEN 'DOUBLE' THEN trino_number(TRY_CAST(x AS DOUBLE)) "
        "WHEN 'FLOAT' THEN trino_number(TRY_CAST(x AS FLOAT)) "
        "WHEN 'TIMESTAMP' THEN strftime(TRY_CAST(x AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g') "
        "WHEN 'TIMESTAMP WITH TIME ZONE' THEN strftime(TRY_CAST(x AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g') || ' UTC' "
        "WHEN 'BLOB' THEN error('TYPE_MISMATCH: Cannot cast varbinary to varchar') "
        f"WHEN 'INTERVAL' THEN {_refused('an interval as text')} ELSE CAST(x AS VARCHAR) END"
    ),
    "trino_is_no_integer(x) AS typeof(x) = 'VARCHAR' AND NOT regexp_full_match(CAST(x AS VARCHAR), '[+-]?[0-9]+')",
    (
        "trino_whole(x) AS CASE WHEN trino_is_no_integer(x) THEN "
        "error('INVALID_CAST_ARGUMENT: Cannot cast ''' || CAST(x AS VARCHAR) || ''' to an integer') "
        "WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN cast_to_type(round(TRY_CAST(x AS DOUBLE)), x) ELSE x END"
    ),
    (
        "trino_try_whole(x) AS CASE WHEN trino_is_no_integer(x) THEN NULL "
        "WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN cast_to_type(round(TRY_CAST(x AS DOUBLE)), x) ELSE x END"
    ),
)
"""In an order in which each knows those that it uses."""
