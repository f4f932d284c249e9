"""Imports: stream a CSV file from the bucket into contacts and list members, chunk by chunk.

A chunk's effects are all keyed by the file: contacts by address (a row counts only over an earlier
row of the same import), members by contact, refused rows and seen contacts by the chunk's offset.
So a chunk may be worked twice, by one worker after the other or by two at once; the checkpoint is
a compare-and-swap, and its counts follow from the file alone.
Source: docs/domain/imports.md.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from mailtide.domain.csv_records import Place, Record
from mailtide.domain.csv_rows import (
    REPORT_HEAD,
    Layout,
    Row,
    read_row,
    write_refused,
)
from mailtide.domain.import_job import (
    Counts,
    ImportJob,
    ImportState,
    Seen,
    advanced,
    pack,
)
from mailtide.errors import InvalidInputError, NotFoundError, RetryableError
from mailtide.flows import csv_file
from mailtide.flows.csv_file import BLOCK_BYTES, CHUNK_ROWS, CsvFile, FileChangedError
from mailtide.flows.import_contacts import Contacts, write_contacts
from mailtide.flows.pointers import ImportPointer


class Ending(StrEnum):
    """Why a run ended."""

    STALE = "stale"  # there is nothing to do
    DONE = "done"
    FAILED = "failed"
    OUT_OF_TIME = "out_of_time"  # a fresh pointer goes on


class Jobs(Protocol):
    """The import jobs."""

    def get(self, org_id: str, import_id: str) -> ImportJob | None:
        """Read one job consistently."""
        ...

    def swap(self, old: ImportJob, new: ImportJob, holder: str) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`.

        True also when the row is what this holder would write: an earlier reply was lost.
        """
        ...


class Files(Protocol):
    """The bucket."""

    def read(self, key: str, etag: str, offset: int, size: int) -> bytes:
        """Read up to `size` bytes of an object from `offset` on, less at its end.

        Raises:
            FileChangedError: when the object is gone or is not the one with this etag.
        """
        ...

    def get_many(self, keys: Sequence[str]) -> Iterable[bytes]:
        """Read whole objects, in order, several at a time."""
        ...

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        ...

    def join(self, target: str, head: bytes, keys: Sequence[str]) -> None:
        """Write `head` and the objects, in order, as one, in bounded memory."""
        ...

    def keys(self, prefix: str) -> Iterable[str]:
        """Name the objects under a prefix."""
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are gone do not matter."""
        ...


class Lists(Protocol):
    """The lists."""

    def exists(self, org_id: str, list_id: str) -> bool:
        """Say whether the organisation has this list."""
        ...

    def add_members(self, list_id: str, contact_ids: Sequence[str], at: datetime) -> None:
        """Make contacts members; those that are stay so."""
        ...


class Pointers(Protocol):
    """The queue `imports`."""

    def send(self, pointer: ImportPointer) -> None:
        """Enqueue a pointer."""
        ...


@dataclass(slots=True)
class _Chunk:
    """What one chunk of the file says."""

    after: Place
    rows: dict[str, Row] = field(default_factory=dict)  # by contact, merged
    good: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)  # line, reason, row
    size: int = 0  # rows, refused ones too


@dataclass(frozen=True, slots=True)
class Importer:
    """The import flow with its collaborators."""

    jobs: Jobs
    files: Files
    contacts: Contacts
    lists: Lists
    pointers: Pointers
    contact_id: Callable[[str, str], str]  # of an organisation and an address
    clock: Callable[[], datetime]
    chunk_rows: int = CHUNK_ROWS
    block_bytes: int = BLOCK_BYTES

    def run(self, pointer: ImportPointer, holder: str, until: datetime) -> Ending:
        """Work on an import until it is done or time runs short.

        Args:
            pointer: names the import.
            holder: names this run; no two runs share it.
            until: no further chunk is begun after this instant; one chunk is worked in any case.

        Raises:
            RetryableError: also when another worker moved the import on: the pointer must come
                back, in case that one dies.
        """
        job = self.jobs.get(pointer.org_id, pointer.import_id)
        if job is None or job.state is not ImportState.RUNNING:
            self._clear(job)
            return Ending.STALE
        try:
            return self._work(job, holder, until)
        except FileChangedError:
            why = "The file was replaced or removed meanwhile."
            return self._fail(pointer, holder, why, "import_file_changed")
        except (InvalidInputError, NotFoundError) as error:
            return self._fail(pointer, holder, error.detail, error.code)

    def _work(self, job: ImportJob, holder: str, until: datetime) -> Ending:
        file = CsvFile(job.source_key, job.etag or "", job.bytes_total)
        layout = file.layout(self.files)
        place = job.place if job.chunks else layout.start
        job = replace(job, place=place)
        seen = self._seen(job)
        stream = file.records(self.files, place, layout, self.block_bytes)
        while (chunk := self._read_chunk(job, stream, layout)).size:
            job = self._swap(job, self._apply(job, chunk, seen), holder)
            if self.clock() >= until:
                self.pointers.send(ImportPointer(job.org_id, job.import_id))
                return Ending.OUT_OF_TIME
        self._report(job)
        end = Place(job.bytes_total, job.place.line)
        self._swap(job, replace(job, state=ImportState.DONE, place=end), holder)
        self._clear(replace(job, state=ImportState.DONE))
        return Ending.DONE

    def _seen(self, job: ImportJob) -> Seen:
        return Seen(self.files.get_many([job.seen_key(offset) for offset in job.chunks]))

    def _read_chunk(self, job: ImportJob, stream: Iterator[Record], layout: Layout) -> _Chunk:
        """Read the rows up to a number or a size; none are left when the chunk has none."""
        chunk = _Chunk(job.place)
        for record in csv_file.chunk(stream, job.place, self.chunk_rows):
            self._take(job, chunk, record, layout)
        return chunk

    def _take(self, job: ImportJob, chunk: _Chunk, record: Record, layout: Layout) -> None:
        chunk.size += 1
        chunk.after = record.after
        try:
            row = read_row(record, layout)
        except InvalidInputError as error:
            chunk.refused.append((record.line, error.detail, record.text))
            return
        contact_id = self.contact_id(job.org_id, row.email)
        earlier = chunk.rows.get(contact_id)
        chunk.rows[contact_id] = earlier.merged(row) if earlier else row
        chunk.good += 1

    def _apply(self, job: ImportJob, chunk: _Chunk, seen: Seen) -> ImportJob:
        """Write all that a chunk says; return the job behind it.

        Raises:
            NotFoundError: when the list was deleted: what became its members would stay for good.
        """
        if not self.lists.exists(job.org_id, job.list_id):
            raise NotFoundError("The list was deleted.")
        write_contacts(self.contacts, job, chunk.rows, self.clock)
        self.lists.add_members(job.list_id, list(chunk.rows), self.clock())
        first = [contact_id for contact_id in chunk.rows if seen.add(contact_id)]
        offset = job.place.offset
        self.files.put(job.seen_key(offset), pack(first))
        if chunk.refused:
            self.files.put(job.refused_key(offset), write_refused(chunk.refused))
        counts = Counts(len(first), chunk.good - len(first), len(chunk.refused))
        return advanced(job, chunk.after, counts)

    def _report(self, job: ImportJob) -> None:
        if job.refused_chunks:
            keys = [job.refused_key(offset) for offset in job.refused_chunks]
            self.files.join(job.report_key, REPORT_HEAD, keys)

    def _fail(self, pointer: ImportPointer, holder: str, why: str, code: str) -> Ending:
        job = self.jobs.get(pointer.org_id, pointer.import_id)
        if job is not None and job.state is ImportState.RUNNING:
            failed = replace(job, state=ImportState.FAILED, failure=why, failure_code=code)
            self._swap(job, failed, holder)
            self._clear(failed)
        return Ending.FAILED

    def _clear(self, job: ImportJob | None) -> None:
        """Remove the files of an import that is over, but for its report: they hold addresses.

        Whoever dies before that leaves the pointer, with which it is done again.
        """
        if job is not None and job.is_over:
            found = self.files.keys(job.key(""))
            self.files.delete([key for key in found if key != job.report_key])

    def _swap(self, old: ImportJob, new: ImportJob, holder: str) -> ImportJob:
        if not self.jobs.swap(old, new, holder):
            raise RetryableError("another worker moved this import on")
        return replace(new, revision=old.revision + 1)
