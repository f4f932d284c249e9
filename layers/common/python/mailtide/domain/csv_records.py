"""CSV records: cut a stream of bytes into records, in bounded memory, wherever the cuts lie.

`csv` decides what a quote means; this module only feeds it line by line, so that the byte behind
each record is known: a reader can go on from there. A record that cannot be read is told as such
and never takes later lines with it: an unclosed quote costs one line.
Units: offsets and sizes are bytes; lines count from 1.
Source: RFC 4180.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

LIMIT = 64 * 1024  # bytes of one record; a contact has 8 KB of attributes at most
SHOWN = 200  # characters of a refused record that go into the report


@dataclass(frozen=True, slots=True)
class Place:
    """A point in a file: the byte and the line that come next."""

    offset: int = 0
    line: int = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the file; it has fields or a problem."""

    line: int  # of its first line
    after: Place
    fields: tuple[str, ...]
    text: str  # its first characters, as they stand in the file
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    text: str  # with its end; of a line over the limit only the start
    size: int
    bytes_ok: bool


class _OverlongError(Exception):
    """A record goes on beyond the limit."""


def records(blocks: Iterable[bytes], start: Place, delimiter: str) -> Iterator[Record]:
    """Yield the records of the blocks, the first of which begins at `start`.

    Lines without any value are no records.
    """
    feed = _Feed(_lines(blocks))
    place = start
    while feed.begin():
        fields, problem = _read(feed, delimiter)
        taken = feed.keep_first() if problem else feed.taken
        after = Place(place.offset + sum(line.size for line in taken), place.line + len(taken))
        text = "".join(line.text for line in taken)
        if not all(line.bytes_ok for line in taken):
            problem = "this is not UTF-8 text"
        elif "\0" in text:
            problem = "it holds a NUL byte"
        if problem or any(fields):
            shown = text[:SHOWN].rstrip("\r\n")
            yield Record(place.line, after, () if problem else tuple(fields), shown, problem)
        place = after


def _read(feed: "_Feed", delimiter: str) -> tuple[list[str], str | None]:
    """Return the fields of the next record, or what is wrong with it."""
    try:
        return next(csv.reader(feed, delimiter=delimiter, strict=True)), None
    except _OverlongError:
        return [], f"it is longer than {LIMIT} bytes, or a quote is never closed"
    except csv.Error as error:
        return [], f"it cannot be read: {error}"


@dataclass(slots=True)
class _Feed:
    """Hands lines to `csv` and remembers which of them the current record has taken."""

    lines: Iterator[_Line]
    taken: list[_Line] = field(default_factory=list)
    size: int = 0  # of what is taken
    waiting: deque[_Line] = field(default_factory=deque)  # given back, to be read again

    def begin(self) -> bool:
        """Start a record; False at the end of the stream."""
        self.taken = []
        self.size = 0
        if not self.waiting:
            self.waiting.extend(line for line in [next(self.lines, None)] if line)
        return bool(self.waiting)

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self.waiting.popleft() if self.waiting else next(self.lines)
        self.taken.append(line)
        self.size += line.size
        if self.size > LIMIT:
            raise _OverlongError
        return line.text

    def keep_first(self) -> list[_Line]:
        """Give back all lines of the record but its first."""
        self.waiting.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]
        return self.taken


def _lines(blocks: Iterable[bytes]) -> Iterator[_Line]:
    """Cut blocks into lines; of a line over the limit nothing but the start is kept."""
    start = b""
    size = 0
    for block in blocks:
        begin = 0
        while (end := block.find(b"\n", begin) + 1) > 0:
            yield _line(start + block[begin : min(end, begin + LIMIT)], size + end - begin)
            start, size, begin = b"", 0, end
        size += len(block) - begin
        if len(start) <= LIMIT:
            start += block[begin : begin + LIMIT]
    if size:
        yield _line(start, size)


def _line(raw: bytes, size: int) -> _Line:
    if size > LIMIT:  # the cut may have hit the middle of a character
        return _Line(raw[:LIMIT].decode("utf-8", "ignore")[:SHOWN], size, bytes_ok=True)
    try:
        return _Line(raw.decode("utf-8"), size, bytes_ok=True)
    except UnicodeDecodeError:
        return _Line(raw.decode("utf-8", "replace"), size, bytes_ok=False)
