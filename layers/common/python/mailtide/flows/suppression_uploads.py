"""Suppression uploads: give out uploads for files of suppressions, and start their import."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from mailtide.domain.job import Job, JobKind, asked
from mailtide.domain.message import millis
from mailtide.errors import ConflictError, NotFoundError, RetryableError
from mailtide.flows.import_desk import UPLOAD_TIME, Upload, uploaded
from mailtide.flows.suppression_import import source_key


class Jobs(Protocol):
    """The jobs."""

    def get(self, org_id: str, job_id: str) -> Job | None:
        """Read one job consistently."""
        ...

    def create(self, job: Job) -> None:
        """Write a job under a fresh id."""
        ...

    def swap(self, old: Job, new: Job) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`."""
        ...


class Files(Protocol):
    """The bucket."""

    def upload_url(self, key: str, lifetime: timedelta) -> str:
        """Return a URL that takes one PUT of an object."""
        ...

    def find(self, key: str) -> tuple[str, int] | None:
        """Return an object's etag and size in bytes; None when it is not there."""
        ...


@dataclass(frozen=True, slots=True)
class SuppressionUploads:
    """What is asked of imports of suppressions before the work."""

    jobs: Jobs
    files: Files
    ask: Callable[[Job], None]  # sends the pointer of a job
    new_id: Callable[[datetime], str]  # of an instant; the newest sorts first
    clock: Callable[[], datetime]

    def open(self, org_id: str, key_id: str) -> tuple[Job, Upload]:
        """Create an import that waits for its file, and the upload for it."""
        now = self.clock()
        kind = JobKind.SUPPRESSION_IMPORT
        job = Job(org_id, self.new_id(now), kind, {"key_id": key_id}, now)
        url = self.files.upload_url(source_key(job), UPLOAD_TIME)
        self.jobs.create(job)
        return job, Upload(url, now + UPLOAD_TIME)

    def start(self, org_id: str, job_id: str) -> Job:
        """Start an import whose file is there; of one that runs, ask for the work again.

        Raises:
            NotFoundError: when the organisation has none such.
            ConflictError: when it is over, or `upload_missing`.
            InvalidInputError: `import_file_invalid`, for a file that is empty or too large.
        """
        job = self.jobs.get(org_id, job_id)
        if job is None or job.kind is not JobKind.SUPPRESSION_IMPORT:
            raise NotFoundError("There is no import of suppressions with this id.")
        if job.is_over:
            raise ConflictError(f"This import is {job.state.value}; open another for a new file.")
        if not job.cursor:
            job = self._begin(job)
        self.ask(job)
        return job

    def _begin(self, job: Job) -> Job:
        etag, size = uploaded(self.files.find(source_key(job)))
        now = self.clock()
        cursor = {"etag": etag, "bytes": size, "started_ms": millis(now)}
        begun = asked(replace(job, cursor=cursor), now)
        if not self.jobs.swap(job, begun):
            raise RetryableError("The import is being started by another call.")
        return replace(begun, revision=job.revision + 1)
