"""Cut JSON into its values, whatever stands between them: line ends, nothing, or the commas of an array.

A value that begins with a bracket ends at the bracket that closes it. Brackets within texts do not count, and no text
of JSON goes on over a line end. Each value is a record that is decoded elsewhere, so what is well bracketed and still
no JSON costs itself alone.

Where brackets or quotes do not fit, lines are given up: they are rejected by their numbers, and reading goes on where
one object ends and another one begins with nothing between. There is no such place within an object or an array, and
within a text the quote before the second one's first name would end it, after which no name can come. Between the
objects of an array stand commas, so an array that does not fit is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transform.errors import UndecodableError
from transform.raw.records import LONGEST, Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH = 10_000
_SIGN = re.compile(r"[^\s,\ufeff]")
"""The first sign of a value; before it may stand a BOM, where files were joined."""

_TEXT = r'"(?:[^"\\\n]++|\\.)*+"(?=[\s,:\]}]|\Z)'
"""A text, behind which no name or number stands: otherwise an earlier quote was not what it seemed to be."""

_MARKS = re.compile(rf'{_TEXT}|\}}\s*+\{{|["\[\]{{}}]')
"""Whole texts, an object's end before another one's beginning, brackets, and quotes that begin no text."""

_SCALAR = re.compile(rf'{_TEXT}|[^\s,"\[\]{{}}]++')
_CLOSING = {"{": "}", "[": "]"}
_BEGINNING = r'\s*+(?=\{\s*+(?:"\w|\Z))'
_BACK, _BACK_ON_NEXT_LINE = re.compile(rf"\}}{_BEGINNING}"), re.compile(_BEGINNING)
"""Where reading goes on: behind the end of an object, on the same line or on the next one."""

_NAME = re.compile(r'\s*+"\w')
"""How the next line begins where such an object begins at the end of one: a text may well hold ``}{`` there."""


def batches(key: str, lines: Iterator[str]) -> Iterator[Batch]:
    """Yield the values of an object in batches that are never empty, each with a line feed at its end.

    Args:
        key: of the object.
        lines: its lines with their line ends.

    Raises:
        UndecodableError: it holds an array that is broken or cut off.
    """
    reader = _Reader(key)
    for number, line in enumerate(lines, 1):
        reader.read(number, line)
        if len(reader.texts) >= _BATCH:
            yield reader.hand_out()
    reader.end()
    if reader.texts:
        yield reader.hand_out()


class _Reader:
    """Reads lines in turn.

    Attributes:
        texts: of the values that are whole and of the lines that are given up.

    ``open`` are the brackets that wait to be closed, from the first one of a value on, and ``held`` the lines of that
    value. ``array`` is the line where an array around the values begins, 0 if there is none. ``lost`` says that lines
    are given up; ``after_object``, that the last sign which was looked at is the end of an object; ``doubtful``, that
    the object which is open began where reading went on, and nothing of it was seen yet.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._array = 0
        self._lost = self._after_object = self._doubtful = False
        self._open: list[str] = []
        self._forget()
        self._clear()

    def _forget(self) -> None:
        self._held: list[tuple[int, str]] = []
        self._size = 0

    def _clear(self) -> None:
        self.texts: list[str] = []
        self._numbers: list[int] = []
        self._given_up: set[int] = set()

    def hand_out(self) -> Batch:
        """Return what was found since the last time."""
        done = Batch(self._numbers, self.texts, frozenset(self._given_up))
        self._clear()
        return done

    def read(self, number: int, line: str) -> None:
        """Take a further line.

        Raises:
            UndecodableError: an array is broken.
        """
        at = 0
        while at < len(line):
            if self._lost:
                at = self._find_back(number, line, at)
            elif self._open:
                at = self._within(number, line, at)
            else:
                at = self._between(number, line, at)

    def end(self) -> None:
        """Give up what has not ended.

        Raises:
            UndecodableError: an array has not.
        """
        if self._array:
            raise self._refusal("is cut off", self._array)
        self._give_up()

    def _between(self, number: int, line: str, at: int) -> int:
        """Look for the next value, and return the place after what was looked at."""
        found = _SIGN.search(line, at)
        if found is None:
            return len(line)
        at, sign = found.start(), found[0]
        if sign == "{" or (sign == "[" and self._array):
            self._open.append(_CLOSING[sign])
            self._hold(number, sign)
        elif sign == "[":
            self._array = number
        elif sign == "]" and self._array:
            self._array = 0
        elif self._array and (scalar := _SCALAR.match(line, at)):
            self._found(number, scalar[0])
            return scalar.end()
        else:
            return self._skip(number, line, at)
        return at + 1

    def _within(self, number: int, line: str, at: int) -> int:
        """Look for the end of a value, and return the place after what was looked at."""
        if self._is_disproved(line, at):
            self._stop(number)
            return at
        if self._after_object and (beginning := _BACK_ON_NEXT_LINE.match(line)):
            return self._begin_again(number, beginning.end())
        self._after_object = False
        for mark in _MARKS.finditer(line, at):
            sign = mark[0]
            if sign in _CLOSING:
                self._open.append(_CLOSING[sign])
            elif sign[0] == self._open[-1]:
                self._open.pop()
                end = mark.start() + 1
                if self._open and len(sign) == 1:
                    continue
                self._hold(number, line[at:end])
                if self._open:
                    return self._begin_again(number, end)
                self._found(self._held[0][0], "".join(text for _, text in self._held))
                self._forget()
                return end
            elif sign[0] != '"' or len(sign) == 1:
                self._stop(number)
                return at
        self._hold(number, line[at:])
        self._after_object = line.rstrip().endswith("}")
        if self._size > LONGEST and len(self._held) > 1:
            self._stop(number)
            self._give_up()
        return len(line)

    def _is_disproved(self, line: str, at: int) -> bool:
        """Say whether what seemed to begin an object at a line's end is none, by the next line that is not blank."""
        if not self._doubtful or not line[at:].strip():
            return False
        self._doubtful = False
        return at == 0 and not _NAME.match(line)

    def _skip(self, number: int, line: str, at: int) -> int:
        """Give up what is no value and stands within none, and return the place after it."""
        self._stop(number)
        self._lost = False
        found = _BACK.search(line, at)
        end = found.end() if found else len(line)
        self._hold(number, line[at:end])
        self._give_up()
        self._doubtful = found is not None
        return end

    def _find_back(self, number: int, line: str, at: int) -> int:
        """Look for the place where reading can go on, and return it, or the line's end."""
        on_next_line = _BACK_ON_NEXT_LINE.match(line) if self._after_object and at == 0 else None
        found = on_next_line or _BACK.search(line, at)
        end = found.end() if found else len(line)
        given_up = line[at:end]
        self._hold(number, given_up)
        self._after_object = given_up.rstrip().endswith("}") or (self._after_object and not given_up.strip())
        if found:
            return self._begin_again(number, end)
        self._give_up()
        return end

    def _begin_again(self, number: int, at: int) -> int:
        """Give up what is held, since an object begins where none can within a value; return its place."""
        self._stop(number)
        self._give_up()
        self._lost = self._after_object = False
        self._doubtful = True
        return at

    def _hold(self, number: int, text: str) -> None:
        self._size += len(text)
        if self._held and self._held[-1][0] == number:
            text = self._held.pop()[1] + text
        self._held.append((number, text))

    def _found(self, number: int, text: str) -> None:
        self._numbers.append(number)
        self.texts.append(f"{text}\n")

    def _stop(self, number: int) -> None:
        """Read no further in this value."""
        if self._array:
            raise self._refusal("is broken", number)
        self._open = []
        self._lost = True

    def _give_up(self) -> None:
        """Hand out what is held, a record for each line, to be rejected."""
        for number, text in self._held:
            if text.strip():
                self._given_up.add(len(self.texts))
                self._found(number, text.rstrip("\r\n"))
        self._forget()

    def _refusal(self, what: str, number: int) -> UndecodableError:
        return UndecodableError(
            f"{self._key} holds a JSON array that {what} at line {number}: nothing tells where its next object begins. "
            "Mend it, or write one object per line (format: jsonl), where a broken one costs only itself."
        )
