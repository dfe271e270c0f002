"""Cut the lines of CSV into records, whose quoted fields may hold line feeds (RFC 4180).

A record is never made of text within a quoted field, whatever is broken around it. A writer doubles each quote of a
field's text, so within a field a run of quotes has an even length; one of odd length begins or ends a field, or is a
mistake. What stands around it tells which:

    after a delimiter or at the beginning, text follows        it begins a field
    before a delimiter or at the end, text stands before it    it ends a field
    both                                                       it may be either: the field's text begins or ends so
    neither                                                    a mistake

So a quote that never closes is found at the next run that begins a field: until there everything stood outside, but for
the line of that quote. Where what follows does not fit, where it never comes, and where runs that may be either make a
record of another width than the first one of the object, the lines are given up: they are rejected by their numbers,
and reading goes on at the next place that cannot be within a field.

Where an escape takes its meaning from the next character, neither that quote nor that line end counts. Comments are
dropped where they surely stand outside.
"""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from enum import Enum
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transform.raw.dialect import Dialect

LONGEST = 4 * 1024 * 1024
"""Characters that are kept to find the end of a record; what is longer is given up."""

_BATCH = 10_000


class Record(NamedTuple):
    """A record of an object.

    Attributes:
        number: of its first line, from 1.
        text: its lines with their line ends.
        given_up: whether it is a line that looks like a record, but may be a part of a field that never ends.
    """

    number: int
    text: str
    given_up: bool


class Batch(NamedTuple):
    """Some records of an object: number and text of each, and the places in the batch of those that are given up."""

    numbers: Sequence[int]
    texts: Sequence[str]
    given_up: frozenset[int] = frozenset()

    def records(self) -> Iterator[Record]:
        """Yield the records."""
        for at, (number, text) in enumerate(zip(self.numbers, self.texts, strict=True)):
            yield Record(number, text, at in self.given_up)

    def without_first(self) -> Batch:
        """Return all records but the first one."""
        return Batch(self.numbers[1:], self.texts[1:], frozenset(at - 1 for at in self.given_up if at))


class _Run(Enum):
    """What a run of an odd number of quotes does."""

    BEGINS = 1
    ENDS = 2
    EITHER = 3
    NEITHER = 4


_RUNS = {
    (True, False): _Run.BEGINS,
    (False, True): _Run.ENDS,
    (True, True): _Run.EITHER,
    (False, False): _Run.NEITHER,
}
"""By whether a field may begin at the run, and whether one may end there."""


def batches(key: str, lines: Iterator[str], dialect: Dialect) -> Iterator[Batch]:
    """Yield the records of an object, none of them twice, in batches that are never empty.

    Args:
        key: of the object.
        lines: its lines with their line ends.
        dialect: how fields are told apart.

    Raises:
        DelimiterError: the first line names another delimiter.
    """
    reader = _Reader(dialect, dialect.quote) if dialect.quote is not None else None
    number = 1 + len(list(islice(lines, dialect.skip_lines)))
    first = list(islice(lines, 1))
    if first and dialect.names_delimiter(key, first[0]):
        number, first = number + 1, []
    for numbers, lot in _lots(number, chain(first, lines), dialect):
        found = reader.read(numbers, lot) if reader else _records(numbers, lot, dialect)
        if found.texts:
            yield found
    if reader and (rest := reader.end()).texts:
        yield rest


def _lots(number: int, lines: Iterator[str], dialect: Dialect) -> Iterator[tuple[Sequence[int], list[str]]]:
    """Yield some lines at a time, with their numbers from ``number`` on; several as one if they are escaped."""
    if dialect.escape is None:
        while lot := list(islice(lines, _BATCH)):
            yield range(number, number + len(lot)), lot
            number += len(lot)
    joined = _joined(number, lines, dialect)
    while some := list(islice(joined, _BATCH)):
        yield [first for first, _ in some], [line for _, line in some]


def _joined(number: int, lines: Iterator[str], dialect: Dialect) -> Iterator[tuple[int, str]]:
    """Yield lines whose end is not escaped, and the number of the first one in each.

    An escape means the same within quotes and outside, so it need not be known where a line stands. But for one that
    may be a comment: outside of quotes its end is one, and within them it makes no difference.
    """
    numbered = enumerate(lines, number)
    for first, line in numbered:
        parts = [line]
        goes_on = dialect.goes_on(line) and not dialect.is_comment(line)
        while goes_on and (following := next(numbered, None)):
            parts.append(following[1])
            goes_on = dialect.goes_on(following[1])
        yield first, "".join(parts)


def _records(numbers: Sequence[int], lines: Sequence[str], dialect: Dialect) -> Batch:
    """Return what lines without quotes hold: a record each, if they are no comments."""
    if dialect.comment is None:
        return Batch(numbers, lines)
    kept = [at for at, line in enumerate(lines) if not dialect.is_comment(line)]
    return Batch([numbers[at] for at in kept], [lines[at] for at in kept])


class _Reader:
    """Reads lines in turn and holds those whose place is not known yet.

    ``held`` are the lines from a record on that has not surely ended; ``starts`` tells at which of them a record begins
    as far as is known, ``wrong`` which of those records are broken. ``inside`` says whether the last line ended within
    a field; ``doubtful``, whether that rests on a run that may be either; ``guessed``, whether anything that is held
    does. ``runs`` counts the runs that began or ended a field, ``last`` is the line of the last one. ``lost`` says
    that no end was found within ``LONGEST``. ``width`` is the number of fields of the object's first record.
    """

    def __init__(self, dialect: Dialect, quote: str) -> None:
        self._dialect = dialect
        self._quote = quote
        self._pattern = re.compile(f"{re.escape(quote)}+")
        self._width: int | None = None
        self._lost = False
        self._numbers: list[int] = []
        self._texts: list[str] = []
        self._given_up: set[int] = set()
        self._forget()

    def _forget(self) -> None:
        self._held: list[tuple[int, str]] = []
        self._size = 0
        self._starts: list[int] = []
        self._wrong: set[int] = set()
        self._inside = self._doubtful = self._guessed = False
        self._runs = self._last = 0

    def read(self, numbers: Sequence[int], lines: list[str]) -> Batch:
        """Return the records that are whole after some further lines."""
        if not self._held and not self._lost and self._quote not in "".join(lines):
            found = _records(numbers, lines, self._dialect)
            if found.texts:
                self._measure(found.texts[0])
            return found
        at = 0
        while at < len(lines):
            if not self._held and not self._lost:
                whole = self._whole(lines, at)
                self._numbers += numbers[at:whole]
                self._texts += lines[at:whole]
                at = whole
            if at < len(lines):
                self._take(numbers[at], lines[at])
                at += 1
        return self._hand_out()

    def end(self) -> Batch:
        """Return what is left at the end of the object."""
        if self._inside:
            self._give_up(len(self._held))
        else:
            self._commit()
        return self._hand_out()

    def _hand_out(self) -> Batch:
        done = Batch(self._numbers, self._texts, frozenset(self._given_up))
        self._numbers, self._texts, self._given_up = [], [], set()
        return done

    def _whole(self, lines: list[str], at: int) -> int:
        """Return the index of the first line from ``at`` on that is not read as a record, as far as is known."""
        if not self._dialect.is_standard:
            return at
        following: Iterator[str] = islice(lines, at, None)
        if self._dialect.comment is not None:
            following = takewhile(lambda line: not self._dialect.is_comment(line), following)
        reader = csv.reader(following, delimiter=self._dialect.delimiter, strict=True)
        count = 0
        with suppress(csv.Error):  # that line is looked at by itself
            for fields in reader:
                if reader.line_num != count + 1:
                    break
                self._width = self._width or len(fields)
                count += 1
        return at + count

    def _measure(self, record: str) -> None:
        if self._width is None:
            self._width = len(self._dialect.fields(record))

    def _take(self, number: int, line: str) -> None:
        if self._lost:
            self._find_back(number, line)
        elif not self._held and self._dialect.is_comment(line):
            pass
        elif not self._held and self._dialect.is_whole(line):
            self._measure(line)
            self._numbers.append(number)
            self._texts.append(line)
        else:
            self._hold(number, line)

    def _hold(self, number: int, line: str) -> None:
        # What may be a comment is held like a record, for it may be text of a field as well.
        runs = [] if not self._inside and self._dialect.is_comment(line) else self._runs_of(line)
        if self._held and runs[:1] == [_Run.BEGINS]:
            # Nothing has begun or ended since the last run, so all that came after its line stood outside.
            again: list[tuple[int, str]] = []
            if self._inside:
                known = 1 if self._runs == 1 else self._last + 1
                again = self._held[known:]
                self._give_up(known)
                self._forget()
            else:
                self._commit()
            for each in (*again, (number, line)):
                self._take(*each)
            return
        if not self._inside:
            self._starts.append(len(self._held))
        self._held.append((number, line))
        self._size += len(line)
        self._follow(runs)

    def _follow(self, runs: list[_Run]) -> None:
        """Follow the runs of the line that was held last, and hand out what is held if it has surely ended."""
        for run in runs:
            if (run is _Run.BEGINS and self._inside) or (run is _Run.ENDS and self._doubtful and not self._inside):
                # What came before was read wrongly, and so was this line.
                number, line = self._held[-1]
                self._give_up(len(self._held) - 1)
                self._hold_wrong(number, line, inside=run is _Run.BEGINS)
            elif self._inside or run in {_Run.BEGINS, _Run.EITHER}:
                self._turn(run)
            # Anything else is text of a field without quotes.
        if not self._inside and not self._doubtful:
            self._commit()
        elif self._size > LONGEST:
            self._give_up(len(self._held))
            self._forget()
            self._lost = True

    def _turn(self, run: _Run) -> None:
        """Go into a field, or out of one."""
        if run is _Run.NEITHER:
            self._wrong.add(self._starts[-1])
        out_by_guess = self._inside and run in {_Run.EITHER, _Run.NEITHER}
        self._doubtful = out_by_guess or (self._doubtful and run is _Run.EITHER)
        self._guessed = self._guessed or out_by_guess
        self._inside = not self._inside
        self._last = len(self._held) - 1
        self._runs += 1

    def _hold_wrong(self, number: int, line: str, *, inside: bool) -> None:
        """Hold nothing but a line whose record is broken."""
        self._forget()
        self._held, self._size, self._starts, self._wrong = [(number, line)], len(line), [0], {0}
        self._inside, self._runs = inside, 1

    def _find_back(self, number: int, line: str) -> None:
        """Look for a run that tells whether it stands within a field; until there lines are given up."""
        runs = self._runs_of(line)
        if not runs or runs[0] not in {_Run.BEGINS, _Run.ENDS}:
            self._give_up_line(number, line)
            return
        self._lost = False
        if runs[0] is _Run.BEGINS:
            self._take(number, line)
        else:
            self._hold_wrong(number, line, inside=False)
            self._follow(runs[1:])

    def _commit(self) -> None:
        """Hand out what is held, in records."""
        ends = [*self._starts[1:], len(self._held)] if self._starts else []
        records = [self._held[start:end] for start, end in zip(self._starts, ends, strict=True)]
        texts = ["".join(line for _, line in lines) for lines in records]
        fit = all(len(lines) == 1 or self._fits(text) for lines, text in zip(records, texts, strict=True))
        for start, lines, text in zip(self._starts, records, texts, strict=True):
            if start in self._wrong or (self._guessed and not fit):
                for each in lines:
                    self._give_up_line(*each)
            elif not self._dialect.is_comment(text):
                self._measure(text)
                self._numbers.append(lines[0][0])
                self._texts.append(text)
        self._forget()

    def _fits(self, record: str) -> bool:
        """Say whether a record has as many fields as the first one of the object."""
        return self._width is None or len(self._dialect.fields(record)) == self._width

    def _give_up(self, count: int) -> None:
        for each in self._held[:count]:
            self._give_up_line(*each)

    def _give_up_line(self, number: int, line: str) -> None:
        """Hand out a line as a record that is rejected: for its own quoting, if that is broken."""
        if self._dialect.is_whole(line):
            self._given_up.add(len(self._texts))
        self._numbers.append(number)
        self._texts.append(line)

    def _runs_of(self, line: str) -> list[_Run]:
        body = self._dialect.without_escaped(line.removesuffix("\n").removesuffix("\r"))
        delimiter = self._dialect.delimiter
        found = []
        for run in self._pattern.finditer(body):
            if (run.end() - run.start()) % 2:
                begins = run.start() == 0 or body.endswith(delimiter, 0, run.start())
                ends = run.end() == len(body) or body.startswith(delimiter, run.end())
                found.append(_RUNS[begins, ends])
        return found
