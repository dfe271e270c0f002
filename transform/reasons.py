"""Why rows are rejected, in words that are the same whichever engine finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition.mapping import encodings
from definition.mapping.mapping import SEVERAL

if TYPE_CHECKING:
    from definition.mapping.mapping import FormattedTime, TimeUnit
    from definition.mapping.source import SourceFormat
    from definition.service.dataset_types import AvroType

BLANK_LINE = "blank line"
OPEN_QUOTE = "a quoted field does not end"
MISPLACED_QUOTE = "text or a carriage return stands where a quoted field must end"
BROKEN_QUOTING = (OPEN_QUOTE, MISPLACED_QUOTE)
"""The reasons of lines by which records may have been cut at line feeds within a field."""
SEVERAL_OBJECTS = "several JSON objects on one line: set format: json"
ARRAY = "a JSON array, not an object (format: json reads the objects of an array)"


def given_up(kind: SourceFormat) -> str:
    """Return the reason for a line that may be a part of something that does not end."""
    return "not JSON, or a part of what is not" if kind == "json" else "may be text of a quoted field that does not end"


def no_object(raw_column: str, parent: str, *, is_list: bool, may_explode: bool) -> str:
    """Return the reason for a path that leads through something else than an object."""
    what = "list" if is_list else "text or a number"
    return f"{parent} is a {what}, through which {raw_column} cannot lead{_remedy(parent) if may_explode else ''}"


def unexploded(raw_column: str) -> str:
    """Return the reason for a list in the place of one value."""
    return f"{raw_column} is a list{_remedy(raw_column)}"


def no_list(raw_column: str) -> str:
    """Return the reason for something else in the place of the list that is exploded."""
    return f"{raw_column} is no list, which explode needs"


def fewer_parts(raw_column: str, parts: int) -> str:
    """Return the reason for an element of a list that is a text, which cannot be cut into its parts."""
    return f"{raw_column} has an element of fewer than {parts} parts"


def fewer_fields(width: int) -> str:
    """Return the reason for a line of CSV with fewer fields than the header's ``width``."""
    return f"fewer than {_fields(width)}"


def more_fields(width: int) -> str:
    """Return the reason for a line of CSV with more fields than the header's ``width``."""
    return f"more than {_fields(width)}"


def undecodable(encoding: str) -> str:
    """Return the reason for a line with bytes that are none of the encoding's."""
    windows = encodings.windows(encoding)
    return f"bytes that are not {encoding}" + (f"; such files are often {windows}" if windows else "")


def bar_in_list(raw_column: str) -> str:
    """Return the reason for a list of which a value holds what joins the values."""
    return f"{raw_column} holds {SEVERAL} within a list"


def unreadable(where: str, raw_column: str) -> str:
    """Return the reason for a raw column that is read as a number and holds none; ``where`` is `keep` or a column."""
    return f"{where}: {not_a_number(raw_column)}"


def no_match(lookup: str, on: str) -> str:
    """Return the reason for a key that no row of a look-up has; ``on`` is the raw column that holds it."""
    return f"no row of {lookup} has this {on}"


def no_key(lookup: str, on: str) -> str:
    """Return the reason for a row without the key of a look-up."""
    return f"{on} is empty, so nothing is found in {lookup}"


def name_taken(name: str, lookup: str) -> str:
    """Return the reason for a row with a field of a name that means a column of a look-up."""
    return f"{name} is a field of the row and of the look-up: give the look-up {lookup} another name"


def failed_check(name: str, condition: str) -> str:
    """Return why a row is shown that is not rejected: it fails a check."""
    return f"check {name}: {condition} is not true"


def empty(column: str) -> str:
    """Return the reason for nothing where there must be something."""
    return f"{column} is empty"


def not_a_number(column: str) -> str:
    """Return the reason for a text that is no number."""
    return f"{column} is not a number"


def too_large(column: str, kind: AvroType) -> str:
    """Return the reason for a number that the column's type cannot hold."""
    return f"{column} is beyond what a {kind} can hold"


def not_whole(column: str, kind: AvroType) -> str:
    """Return the reason for what is no whole number, or one that the column's type cannot hold."""
    return f"{column} is not a whole number that {kind} can hold"


def too_long(column: str, characters: int) -> str:
    """Return the reason for a text of more characters than Personalize takes."""
    return f"{column} is longer than {characters} characters"


def control_character(column: str) -> str:
    """Return the reason for a text with one of ``definition.mapping.mapping.CONTROL_CHARACTERS``."""
    return f"{column} holds a control character"


def quote(column: str) -> str:
    """Return the reason for a text with one of ``definition.mapping.mapping.QUOTES``."""
    return f"{column} holds a quote or a backslash"


def not_in_map(column: str) -> str:
    """Return the reason for a text that the column's map does not list."""
    return f"{column}: its value is not in the map"


def not_an_epoch_time(column: str) -> str:
    """Return the reason for a text that is no count of units since 1970."""
    return f"{column} is not an epoch time"


def other_unit(column: str, unit: TimeUnit, fitting: TimeUnit) -> str:
    """Return the reason for a count that is no time of our age in its unit, but one in another."""
    return f"{outside(column)} in {unit}, but not in {fitting}: set unit: {fitting}"


def not_of_form(column: str, time: FormattedTime) -> str:
    """Return the reason for a text that is no time of the format."""
    return f"{column} is not a time of the form {time.format}"


def skipped(column: str, time: FormattedTime) -> str:
    """Return the reason for a time on the clock that the zone's change to summer time leaves out."""
    return f"{column} falls into the hour that {time.timezone} skips"


def outside(column: str) -> str:
    """Return the reason for a time before ``definition.mapping.mapping.EARLIEST`` or from ``LATEST`` on."""
    return f"{column} is outside 1971 to 2099"


def _remedy(raw_column: str) -> str:
    return f"; explode: {raw_column} makes each element a record"


def _fields(width: int) -> str:
    return f"{width} {'field' if width == 1 else 'fields'}"
