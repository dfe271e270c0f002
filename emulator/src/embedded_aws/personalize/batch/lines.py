"""What input and output files have in common: JSON lines in, the same lines with an answer or an error out."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from embedded_aws.personalize import strict_json
from embedded_aws.personalize.exceptions import JobFailedError

_BLOCK: Final = 2000
"""Records that are answered together: as many as keep masks over a large catalogue small."""

Output = dict[str, Any]


@dataclass(frozen=True)
class RecordError:
    """What is wrong with one record."""

    text: str


@dataclass(frozen=True)
class Answering:
    """How records are answered.

    Args:
        keys: the members that a record must have, with a text each, or a list of texts for `lists`.
        answer: takes records that have those members; returns the member `output` of each, or what is wrong with it.
        empty: the output of a record with an error.
        most_records: the quota of records in a file.
        lists: those of `keys` that hold lists.
    """

    keys: Sequence[str]
    answer: Callable[[Sequence[dict[str, Any]]], Sequence[Output | RecordError]]
    empty: Output
    most_records: int
    lists: frozenset[str] = frozenset()

    def check_size(self, name: str, content: bytes) -> None:
        """Check the quota of records.

        Raises:
            JobFailedError: the file has more.
        """
        records = sum(1 for line in content.split(b"\n") if line.strip())
        if records > self.most_records:
            raise JobFailedError(f"{name} holds {records} records; there can be at most {self.most_records}")


def answer_file(content: bytes, answering: Answering, broken: tuple[int, str] | None = None) -> bytes:
    """Return the output of an input file, a line for each that is not empty.

    Args:
        content: the input.
        answering: how its records are answered.
        broken: how many lines, from the first, have that error instead of an answer: a fault on demand.
    """
    lines = [line for line in content.split(b"\n") if line.strip()]
    written: list[str] = []
    for start in range(0, len(lines), _BLOCK):
        written += _answered(lines[start : start + _BLOCK], answering, broken, start)
    return ("\n".join(written) + "\n").encode()


def _answered(lines: Sequence[bytes], answering: Answering, broken: tuple[int, str] | None, start: int) -> list[str]:
    records = [_record(line, answering) for line in lines]
    if broken is not None:
        count, reason = broken
        records = [
            (asked, RecordError(reason) if start + number < count else error)
            for number, (asked, error) in enumerate(records)
        ]
    outputs = iter(answering.answer([asked for asked, error in records if error is None]))
    return [_line(asked, next(outputs) if error is None else error, answering) for asked, error in records]


def _record(line: bytes, answering: Answering) -> tuple[Any, RecordError | None]:
    try:
        asked = strict_json.loads(line.decode())
    except ValueError:
        return line.decode("utf-8", "replace"), RecordError("User error: The record is not valid JSON")
    if not isinstance(asked, dict) or not all(_has(asked, key, answering) for key in answering.keys):
        keys = ", ".join(answering.keys)
        return asked, RecordError(f"User error: Required fields for the provided recipe are {keys}")
    values = asked.get("filterValues")
    if values is not None and not _are_texts(values):
        return asked, RecordError("User error: filterValues must be an object of texts")
    return asked, None


def _are_texts(values: Any) -> bool:
    return isinstance(values, dict) and all(isinstance(value, str) for value in values.values())


def _has(asked: dict[str, Any], key: str, answering: Answering) -> bool:
    value = asked.get(key)
    if key in answering.lists:
        return isinstance(value, list) and bool(value) and all(isinstance(one, str) and one for one in value)
    return isinstance(value, str) and bool(value)


def _line(asked: Any, output: Output | RecordError, answering: Answering) -> str:
    error = output.text if isinstance(output, RecordError) else None
    found = answering.empty if isinstance(output, RecordError) else output
    return json.dumps({"input": asked, "output": found, "error": error}, ensure_ascii=False, separators=(",", ":"))
