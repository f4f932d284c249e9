"""Import desk: give out uploads, start imports, say how far they are.

Source: docs/domain/imports.md (the limit of a file).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mailtide.domain.import_job import ImportJob, ImportState, started
from mailtide.errors import ConflictError, InvalidInputError, NotFoundError, RetryableError
from mailtide.flows.pointers import ImportPointer

UPLOAD_TIME = timedelta(hours=1)
DOWNLOAD_TIME = timedelta(hours=1)
MEGABYTE = 1_000_000
# The offsets of all chunks stand in the job's row, which holds 400 KB: for files of this size they
# do down to 9 bytes a row, each chunk with refused ones.
MAX_BYTES = 300 * MEGABYTE


class Jobs(Protocol):
    """The import jobs."""

    def get(self, org_id: str, import_id: str) -> ImportJob | None:
        """Read one job consistently."""
        ...

    def create(self, job: ImportJob) -> None:
        """Write a job under a fresh id."""
        ...

    def swap(self, old: ImportJob, new: ImportJob, holder: str) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`."""
        ...


class Files(Protocol):
    """The bucket."""

    def upload_url(self, key: str, lifetime: timedelta) -> str:
        """Return a URL that takes one PUT of an object."""
        ...

    def download_url(self, key: str, lifetime: timedelta) -> str:
        """Return a URL that gives an object to whoever has it."""
        ...

    def find(self, key: str) -> tuple[str, int] | None:
        """Return an object's etag and size in bytes; None when it is not there."""
        ...


class Lists(Protocol):
    """The lists."""

    def exists(self, org_id: str, list_id: str) -> bool:
        """Say whether the organisation has this list."""
        ...


class Pointers(Protocol):
    """The queue `imports`."""

    def send(self, pointer: ImportPointer) -> None:
        """Enqueue a pointer."""
        ...


@dataclass(frozen=True, slots=True)
class Upload:
    """Where a file goes."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ImportDesk:
    """What is asked of imports before and after the work."""

    jobs: Jobs
    files: Files
    lists: Lists
    pointers: Pointers
    new_id: Callable[[], str]
    clock: Callable[[], datetime]

    def open(self, org_id: str, list_id: str) -> tuple[ImportJob, Upload]:
        """Create an import into a list, and the upload for its file.

        Raises:
            NotFoundError: when the organisation has no such list.
        """
        if not self.lists.exists(org_id, list_id):
            raise NotFoundError("There is no list with this id.")
        job = ImportJob(org_id, self.new_id(), list_id, self.clock())
        url = self.files.upload_url(job.source_key, UPLOAD_TIME)
        self.jobs.create(job)
        return job, Upload(url, job.created_at + UPLOAD_TIME)

    def get(self, org_id: str, import_id: str) -> ImportJob:
        """Return one import.

        Raises:
            NotFoundError: when the organisation has none such.
        """
        job = self.jobs.get(org_id, import_id)
        if job is None:
            raise NotFoundError("There is no import with this id.")
        return job

    def start(self, org_id: str, import_id: str) -> ImportJob:
        """Start an import whose file is there; of one that runs, ask for the work again.

        Raises:
            NotFoundError: when the organisation has none such.
            ConflictError: when the import is over, or `upload_missing`.
            InvalidInputError: `import_file_invalid`, for a file that is empty or too large.
        """
        job = self.get(org_id, import_id)
        if job.state is not ImportState.RUNNING:
            job = self._begin(job)
        self.pointers.send(ImportPointer(org_id, import_id))
        return job

    def report_url(self, job: ImportJob) -> str | None:
        """Return where the report of refused rows can be fetched, once there is one."""
        if job.state is ImportState.DONE and job.counts.refused:
            return self.files.download_url(job.report_key, DOWNLOAD_TIME)
        return None

    def _begin(self, job: ImportJob) -> ImportJob:
        found = self.files.find(job.source_key)
        running = started(job, *(found or ("", 0)))
        uploaded(found)
        if not self.jobs.swap(job, running, self.new_id()):
            raise RetryableError("The import is being started by another call.")
        return running


def uploaded(found: tuple[str, int] | None) -> tuple[str, int]:
    """Return etag and size of a file that was uploaded, if it can be worked on.

    Raises:
        ConflictError: `upload_missing`.
        InvalidInputError: `import_file_invalid`, for a file that is empty or too large.
    """
    if found is None:
        raise ConflictError("The file has not been uploaded yet.", code="upload_missing")
    _, size = found
    if not 0 < size <= MAX_BYTES:
        raise InvalidInputError(
            f"The file has {size} bytes; it needs at least 1 and at most {MAX_BYTES} "
            f"({MAX_BYTES // MEGABYTE} MB). Cut a larger one up, each part with the header.",
            code="import_file_invalid",
        )
    return found
