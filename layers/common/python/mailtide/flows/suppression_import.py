"""Suppression import: an uploaded file of addresses, suppressed chunk by chunk, as a job.

    read ──► report ──► tidy
    a chunk  refused    the upload
    a step   rows       goes

Evidence has the instant of the start, so a chunk may be worked twice, and a suppression that was
lifted after the start stays lifted. Refused rows are kept by the offset of their chunk.
Source: docs/domain/suppression.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mailtide.domain import suppression_csv
from mailtide.domain.csv_records import Place, Record
from mailtide.domain.csv_rows import REPORT_HEAD, Layout, write_refused
from mailtide.domain.import_job import REPORT
from mailtide.domain.job import Checkpoint, Job
from mailtide.domain.message import instant
from mailtide.domain.redaction import Redactor
from mailtide.domain.suppression import Evidence, Suppression
from mailtide.errors import InvalidInputError, NotFoundError
from mailtide.flows import csv_file
from mailtide.flows.csv_file import CHUNK_ROWS, CsvFile, FileChangedError


class Files(Protocol):
    """The bucket."""

    def read(self, key: str, etag: str, offset: int, size: int) -> bytes:
        """Read up to `size` bytes of an object from `offset` on, less at its end.

        Raises:
            FileChangedError: when the object is gone or is not the one with this etag.
        """
        ...

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        ...

    def join(self, target: str, head: bytes, keys: Sequence[str]) -> None:
        """Write `head` and the objects, in order, as one, in bounded memory."""
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are gone do not matter."""
        ...


class Suppressions(Protocol):
    """Whom organisations do not write to."""

    def add_many(self, suppressions: Sequence[Suppression]) -> None:
        """Add all of several, in any order."""
        ...


@dataclass(frozen=True, slots=True)
class SuppressionImport:
    """The kind `suppression_import`; the desk leaves the file's etag, size and start."""

    files: Files
    suppressions: Suppressions
    redactor: Redactor
    contact_id: Callable[[str, str], str]  # of an organisation and an address
    chunk_rows: int = CHUNK_ROWS

    def step(self, job: Job) -> Checkpoint:
        """Do one step.

        Raises:
            InvalidInputError: when the file cannot be read, or is another.
            NotFoundError: when the rows that were refused are gone.
        """
        try:
            match job.cursor.get("phase"):
                case "report":
                    return self._report(job)
                case "tidy":
                    return self._tidy(job)
                case _:
                    return self._read(job)
        except FileChangedError as error:
            self._remove(job)
            why = "The file was replaced or removed meanwhile."
            raise InvalidInputError(why, code="import_file_changed") from error
        except (InvalidInputError, NotFoundError):
            self._remove(job)
            raise

    def _read(self, job: Job) -> Checkpoint:
        cursor = job.cursor
        file = CsvFile(source_key(job), cursor["etag"], cursor["bytes"])
        layout = file.layout(self.files)
        place = Place(*cursor["place"]) if "place" in cursor else layout.start
        chunk = list(
            csv_file.chunk(file.records(self.files, place, layout), place, self.chunk_rows)
        )
        if not chunk:
            return Checkpoint({**cursor, "phase": "report"}, job.progress)
        refused = self._suppress(job, chunk, layout)
        chunks = list(cursor.get("refused", []))
        if refused:
            self.files.put(_refused_key(job, place.offset), write_refused(refused))
            chunks.append(place.offset)
        after = chunk[-1].after
        behind = {**cursor, "place": [after.offset, after.line], "refused": chunks}
        return Checkpoint(behind, _counted(job.progress, len(chunk), len(refused)))

    def _suppress(
        self, job: Job, chunk: Sequence[Record], layout: Layout
    ) -> list[tuple[int, str, str]]:
        """Suppress whom the records name; return line, reason and text of those that do not."""
        refused = []
        found = []
        for record in chunk:
            try:
                found.append(self._wanted(job, suppression_csv.read(record, layout)))
            except InvalidInputError as error:
                refused.append((record.line, error.detail, record.text))
        self.suppressions.add_many(found)
        return refused

    def _wanted(self, job: Job, row: suppression_csv.Wanted) -> Suppression:
        note = self.redactor.text(job.org_id, row.note)
        said = f"import {job.job_id}: {note}" if note else f"import {job.job_id}"
        evidence = Evidence(instant(job.cursor["started_ms"]), said)
        contact_id = self.contact_id(job.org_id, row.email)
        return Suppression(job.org_id, contact_id, {row.reason: evidence}, row.email)

    def _report(self, job: Job) -> Checkpoint:
        if job.cursor.get("refused"):
            self.files.join(report_key(job), REPORT_HEAD, _parts(job))
        return Checkpoint({**job.cursor, "phase": "tidy"}, job.progress)

    def _tidy(self, job: Job) -> Checkpoint:
        self._remove(job)
        counts = _counted(job.progress, 0, 0)
        return Checkpoint({}, counts, counts, report_key(job) if _parts(job) else None)

    def _remove(self, job: Job) -> None:
        """Remove what nobody will read any more: it holds addresses."""
        self.files.delete([source_key(job), *_parts(job)])


def source_key(job: Job) -> str:
    """The uploaded file."""
    return f"imports/{job.org_id}/{job.job_id}/source.csv"


def report_key(job: Job) -> str:
    """The report of all refused rows; erasure knows it by its name."""
    return f"imports/{job.org_id}/{job.job_id}/{REPORT}"


def _refused_key(job: Job, offset: int) -> str:
    return f"imports/{job.org_id}/{job.job_id}/refused/{offset}.csv"


def _parts(job: Job) -> list[str]:
    return [_refused_key(job, offset) for offset in job.cursor.get("refused", [])]


def _counted(progress: Mapping[str, Any], rows: int, refused: int) -> dict[str, int]:
    return {
        "rows_read": progress.get("rows_read", 0) + rows,
        "suppressed": progress.get("suppressed", 0) + rows - refused,
        "refused": progress.get("refused", 0) + refused,
    }
