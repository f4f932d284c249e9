"""Suppression CSV: what a file of suppressions looks like, going out and coming in.

A line per address and reason. A file that comes in needs the column `email`; `reason`, `scope` and
`note` are known, all others are left out. So an export of ours is a file that may come in.
Source: docs/domain/suppression.md (the columns).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mailtide.domain import address
from mailtide.domain.csv_records import Record
from mailtide.domain.csv_rows import EMAIL, MARK, Layout, read_values
from mailtide.domain.export_csv import lines, written
from mailtide.domain.suppression import (
    Evidence,
    Extent,
    Reason,
    extent_of,
    reason_of,
    shown_as,
)
from mailtide.errors import InvalidInputError

NOTE_LIMIT = 500  # characters, as by hand
SHOWN_REASONS = tuple(dict.fromkeys(map(shown_as, Reason)))

_REASON, _SCOPE, _NOTE = "reason", "scope", "note"
_HEADER = (EMAIL, _REASON, _SCOPE, _NOTE, f"{MARK}at", f"{MARK}contact_id")


@dataclass(frozen=True, slots=True)
class Line:
    """One reason of one suppressed address, as a file that goes out has it."""

    email: str
    contact_id: str
    reason: Reason
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one row of a file that comes in asks for."""

    email: str
    reason: Reason
    note: str


def header() -> bytes:
    """Return the header line."""
    return lines([_HEADER])


def write(suppressed: Iterable[Line]) -> bytes:
    """Return lines as they stand in a file."""
    return lines(
        (
            line.email,
            shown_as(line.reason),
            extent_of(line.reason),
            line.evidence.text.strip(),  # as a row that comes in is read
            written(line.evidence.at),
            line.contact_id,
        )
        for line in suppressed
    )


def read(record: Record, layout: Layout) -> Wanted:
    """Read one record.

    Raises:
        InvalidInputError: with the reason why this row suppresses nobody.
    """
    values = {name.lower(): value for name, value in read_values(record, layout).items()}
    found = address.normalize(values[EMAIL])
    reason = _reason(values.get(_REASON, "").lower())
    extent = _extent(values.get(_SCOPE, "").lower())
    return Wanted(found.email, reason_of(reason, extent), values.get(_NOTE, "")[:NOTE_LIMIT])


def _reason(word: str) -> Reason:
    if not word:
        return Reason.MANUAL
    if word not in SHOWN_REASONS:
        raise InvalidInputError(f"`{word[:50]}` is no reason; there are {', '.join(SHOWN_REASONS)}")
    return Reason(word)


def _extent(word: str) -> Extent | None:
    if not word:
        return None
    if word not in tuple(Extent):
        raise InvalidInputError(f"`{word[:50]}` is no scope; there are {', '.join(Extent)}")
    return Extent(word)
