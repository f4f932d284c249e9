"""Import job: one file of contacts on its way into a list, and how far it got.

    waiting ──start──► running ──► done
                          └──────► failed   the file cannot be used; the detail says why

A file is worked in chunks. Where a chunk ends depends on the file and its start alone, so whoever
works it again ends at the same place with the same counts. `place` moves behind a chunk in one
write, after all of its effects: a death before it repeats the chunk, which changes nothing.
Units: counts are rows (records behind the header); rows_read = imported + merged + refused.
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from mailtide.domain.contact import Contact
from mailtide.domain.csv_records import Place
from mailtide.errors import ConflictError

REPORT = "refused.csv"  # the name of the report of all refused rows

_BUCKET_BITS = 12
_KEY_BYTES = 8
_BUCKET_SHIFT = 8 * _KEY_BYTES - _BUCKET_BITS


class ImportState(StrEnum):
    """Where an import stands."""

    WAITING = "waiting"  # for its file
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows."""

    imported: int = 0  # addresses, each counted at the first row that has it
    merged: int = 0  # rows of an address that an earlier row had
    refused: int = 0

    @property
    def rows_read(self) -> int:
        """All rows behind the header."""
        return self.imported + self.merged + self.refused

    def plus(self, other: "Counts") -> "Counts":
        """Return the sum."""
        return Counts(
            self.imported + other.imported,
            self.merged + other.merged,
            self.refused + other.refused,
        )


@dataclass(frozen=True, slots=True)
class ImportJob:
    """One import; every write to it raises `revision` by one."""

    org_id: str
    import_id: str
    list_id: str
    created_at: datetime
    state: ImportState = ImportState.WAITING
    revision: int = 0
    etag: str | None = None  # of the file as it was at the start; another file fails the import
    bytes_total: int = 0
    place: Place = field(default_factory=Place)  # what comes next
    counts: Counts = field(default_factory=Counts)
    chunks: tuple[int, ...] = ()  # offsets of the chunks that are done
    refused_chunks: tuple[int, ...] = ()  # those of them that have refused rows
    failure: str | None = None  # what is wrong, for people
    failure_code: str | None = None  # a problem's code

    @property
    def is_over(self) -> bool:
        """Say whether nothing will be done any more."""
        return self.state in (ImportState.DONE, ImportState.FAILED)

    def key(self, name: str) -> str:
        """Return where something of this import lies in the bucket."""
        return f"imports/{self.org_id}/{self.import_id}/{name}"

    @property
    def source_key(self) -> str:
        """The uploaded file."""
        return self.key("source.csv")

    @property
    def report_key(self) -> str:
        """The report of all refused rows."""
        return self.key(REPORT)

    def refused_key(self, offset: int) -> str:
        """The refused rows of one chunk."""
        return self.key(f"refused/{offset}.csv")

    def seen_key(self, offset: int) -> str:
        """The contacts that a chunk was the first to name."""
        return self.key(f"seen/{offset}")


@dataclass(frozen=True, slots=True)
class Write:
    """What an import makes of one contact; `old` is None for a new one."""

    old: Contact | None
    new: Contact
    line: int  # of the row that says so


def started(job: ImportJob, etag: str, bytes_total: int) -> ImportJob:
    """Return the job with its file.

    Raises:
        ConflictError: when the import is over.
    """
    if job.state is ImportState.RUNNING:
        return job
    if job.state is not ImportState.WAITING:
        raise ConflictError(f"This import is {job.state.value}; make a new one for a new file.")
    return replace(job, state=ImportState.RUNNING, etag=etag, bytes_total=bytes_total)


def advanced(job: ImportJob, after: Place, counts: Counts) -> ImportJob:
    """Return the job behind a chunk that began at its place."""
    offset = job.place.offset
    return replace(
        job,
        place=after,
        counts=job.counts.plus(counts),
        chunks=(*job.chunks, offset),
        refused_chunks=(*job.refused_chunks, offset) if counts.refused else job.refused_chunks,
    )


class Seen:
    """Contacts that rows have named so far, in about 10 bytes each.

    They are known by 64 of the 128 bits of their ids: among a million contacts two share them with
    a probability of 3 in 10^8.
    """

    def __init__(self, packed: Iterable[bytes] = ()) -> None:
        """Remember what `pack` packed; each bucket is sorted once, not at every number."""
        self._buckets = [array("Q") for _ in range(1 << _BUCKET_BITS)]
        for one in packed:
            for number in _unpacked(one):
                self._buckets[number >> _BUCKET_SHIFT].append(number)
        for index, bucket in enumerate(self._buckets):
            self._buckets[index] = array("Q", sorted(bucket))

    def add(self, contact_id: str) -> bool:
        """Remember a contact; False when it was there already."""
        number = _short(contact_id)
        bucket = self._buckets[number >> _BUCKET_SHIFT]
        index = bisect_left(bucket, number)
        if index < len(bucket) and bucket[index] == number:
            return False
        bucket.insert(index, number)
        return True


def pack(contact_ids: list[str]) -> bytes:
    """Return contacts as `Seen` knows them, 8 bytes each."""
    return b"".join(_short(one).to_bytes(_KEY_BYTES) for one in contact_ids)


def _unpacked(packed: bytes) -> array[int]:
    numbers = array("Q", packed)
    if sys.byteorder == "little":  # pragma: no branch - as every machine of ours is
        numbers.byteswap()
    return numbers


def _short(contact_id: str) -> int:
    """Return the first 64 bits of an id, out of its first 13 digits of 5 bits."""
    return int(contact_id[:13], 32) >> 1
