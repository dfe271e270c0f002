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
"""

from __future__ import annotations

import re
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    given_up: bool = False


class _Run(Enum):
    """What a run of an odd number of quotes does."""

    BEGINS = 1
    ENDS = 2
    EITHER = 3
    NEITHER = 4


def batches(lines: Iterator[str], dialect: Dialect) -> Iterator[list[Record]]:
    """Yield the records of an object in lists.

    Args:
        lines: the object's lines with their line ends.
        dialect: how fields are told apart.
    """
    if dialect.quote is None:
        number = 1
        while batch := list(islice(lines, _BATCH)):
            yield list(map(Record, range(number, number + len(batch)), batch))
            number += len(batch)
        return
    reader = _Reader(dialect, dialect.quote)
    while batch := list(islice(lines, _BATCH)):
        yield reader.read(batch)
    yield reader.end()


class _Reader:
    """Reads lines in turn and holds those whose place is not known yet.

    ``held`` are the lines from a record on that has not surely ended; ``starts`` tells at which of them a record begins
    as far as is known, ``wrong`` which of those records are broken. ``inside`` says whether the last line ended within
    a field; ``doubtful``, whether that rests on a run that may be either; ``guessed``, whether anything that is held
    does. ``width`` is the number of fields of the first record.
    """

    def __init__(self, dialect: Dialect, quote: str) -> None:
        self._dialect = dialect
        self._quote = quote
        self._runs = re.compile(f"(?:{re.escape(quote)})+")
        self._number = 1
        self._done: list[Record] = []
        self._lost = False
        self._width: int | None = None
        self._forget()

    def _forget(self) -> None:
        self._held: list[tuple[int, str]] = []
        self._size = 0
        self._starts: list[int] = []
        self._wrong: set[int] = set()
        self._inside = self._doubtful = self._guessed = False
        self._last_run = 0
        self._count = 0

    def read(self, batch: list[str]) -> list[Record]:
        """Return the records that are whole after some further lines."""
        first = self._number
        self._number += len(batch)
        if self._width is None and batch and self._dialect.is_whole(batch[0]):
            self._width = len(self._dialect.header(batch[0]))
        if not self._held and not self._lost and self._quote not in "".join(batch):
            return list(map(Record, range(first, self._number), batch))
        for number, line in enumerate(batch, first):
            self._take(number, line)
        return self._taken()

    def end(self) -> list[Record]:
        """Return what is left at the end of the object."""
        if self._inside:
            self._give_up(len(self._held))
        else:
            self._commit()
        return self._taken()

    def _taken(self) -> list[Record]:
        done, self._done = self._done, []
        return done

    def _take(self, number: int, line: str) -> None:
        if self._lost:
            self._find_back(number, line)
        elif not self._held and self._dialect.is_whole(line):
            self._done.append(Record(number, line))
        else:
            self._hold(number, line)

    def _hold(self, number: int, line: str) -> None:
        runs = self._runs_of(line)
        if self._held and not self._inside and runs[:1] == [_Run.BEGINS]:
            # What is held has ended before this line.
            self._commit()
            self._take(number, line)
            return
        if not self._inside:
            self._starts.append(len(self._held))
        self._held.append((number, line))
        self._size += len(line)
        self._follow(runs)
        if self._held and not self._inside and not self._doubtful:
            self._commit()
        elif self._size > LONGEST:
            self._give_up(len(self._held))
            self._forget()
            self._lost = True

    def _follow(self, runs: list[_Run]) -> None:
        """Follow the runs of the line that was held last."""
        here = len(self._held) - 1
        for at, run in enumerate(runs):
            if (run is _Run.BEGINS and self._inside) or (run is _Run.ENDS and not self._inside and self._doubtful):
                self._contradict(run, runs[at + 1 :])
                return
            if run in {_Run.NEITHER, _Run.ENDS} and not self._inside:
                continue  # text of a field without quotes
            if run is _Run.NEITHER:
                self._wrong.add(self._starts[-1])
            closes_doubtfully = self._inside and run in {_Run.EITHER, _Run.NEITHER}
            self._doubtful = closes_doubtfully or (self._doubtful and run is _Run.EITHER)
            self._guessed |= closes_doubtfully
            self._inside = not self._inside
            self._last_run = here
            self._count += 1

    def _contradict(self, run: _Run, rest: list[_Run]) -> None:
        """Go on where a run says that what came before it was read wrongly."""
        here, count, last = len(self._held) - 1, self._count, self._last_run
        lines = self._held
        if run is _Run.BEGINS and last < here:
            # Since the last run nothing began or ended, so all that came after its line stood outside.
            self._give_up(1 if count == 1 else last + 1)
            again = lines[1 if count == 1 else last + 1 :]
            self._forget()
            for number, line in again:
                self._take(number, line)
            return
        self._give_up(here)
        self._forget()
        self._held, self._size = [lines[here]], len(lines[here][1])
        self._starts, self._wrong = [0], {0}
        self._inside = run is _Run.BEGINS
        self._count = 1
        self._follow(rest)

    def _find_back(self, number: int, line: str) -> None:
        """Look for a run that tells whether it stands within a field; until there lines are given up."""
        runs = self._runs_of(line) if self._quote in line else []
        if not runs or runs[0] not in {_Run.BEGINS, _Run.ENDS}:
            self._done.append(self._given_up(number, line))
            return
        self._lost = False
        if runs[0] is _Run.BEGINS:
            self._take(number, line)
            return
        self._held, self._size = [(number, line)], len(line)
        self._starts, self._wrong = [0], {0}
        self._follow(runs[1:])
        if self._held and not self._inside and not self._doubtful:
            self._commit()

    def _commit(self) -> None:
        """Hand out what is held, in records."""
        if not self._held:
            return
        if self._guessed and not self._fits():
            self._give_up(len(self._held))
            self._forget()
            return
        for start, end in zip(self._starts, [*self._starts[1:], len(self._held)], strict=True):
            lines = self._held[start:end]
            if start in self._wrong:
                self._done += [self._given_up(number, line) for number, line in lines]
            else:
                self._done.append(Record(lines[0][0], "".join(line for _, line in lines)))
        self._forget()

    def _fits(self) -> bool:
        """Say whether each record of several lines has as many fields as the first record of the object."""
        ends = [*self._starts[1:], len(self._held)]
        for start, end in zip(self._starts, ends, strict=True):
            text = "".join(line for _, line in self._held[start:end])
            if end - start > 1 and self._width is not None and len(self._dialect.header(text)) != self._width:
                return False
        return True

    def _give_up(self, count: int) -> None:
        self._done += [self._given_up(number, line) for number, line in self._held[:count]]

    def _given_up(self, number: int, line: str) -> Record:
        """Return a line as a record that is rejected: for its own quoting, if that is broken."""
        return Record(number, line, given_up=self._dialect.is_whole(line))

    def _runs_of(self, line: str) -> list[_Run]:
        body = line.removesuffix("\n").removesuffix("\r")
        delimiter, length = self._dialect.delimiter, len(self._quote)
        found = []
        for run in self._runs.finditer(body):
            if (run.end() - run.start()) // length % 2:
                begins = run.start() == 0 or body.endswith(delimiter, 0, run.start())
                ends = run.end() == len(body) or body.startswith(delimiter, run.end())
                found.append(_KINDS[begins, ends])
        return found


_KINDS = {
    (True, False): _Run.BEGINS,
    (False, True): _Run.ENDS,
    (True, True): _Run.EITHER,
    (False, False): _Run.NEITHER,
}
