"""Job desk: start jobs, say how far they are, give out what they made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from mailtide.domain.job import Job, JobKind, asked
from mailtide.domain.page import Page
from mailtide.errors import NotFoundError, RetryableError
from mailtide.flows.pointers import JobPointer

DOWNLOAD_TIME = timedelta(minutes=15)


class Jobs(Protocol):
    """The jobs."""

    def get(self, org_id: str, job_id: str) -> Job | None:
        """Read one job consistently."""
        ...

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Job]:
        """Return the organisation's jobs, the newest first."""
        ...

    def create(self, job: Job) -> None:
        """Write a job under a fresh id."""
        ...


class Files(Protocol):
    """The bucket."""

    def download_url(self, key: str, lifetime: timedelta) -> str:
        """Return a URL that gives an object to whoever has it."""
        ...

    def find(self, key: str) -> tuple[str, int] | None:
        """Return an object's etag and size in bytes; None when it is not there."""
        ...


class Pointers(Protocol):
    """The queue `jobs`."""

    def send(self, pointer: JobPointer) -> None:
        """Enqueue a pointer."""
        ...


@dataclass(frozen=True, slots=True)
class JobDesk:
    """What is asked of jobs before and after the work."""

    jobs: Jobs
    files: Files
    pointers: Pointers
    new_id: Callable[[datetime], str]  # of an instant; the newest sorts first
    clock: Callable[[], datetime]

    def start(self, org_id: str, kind: JobKind, task: Mapping[str, Any]) -> Job:
        """Create a job and ask for the work."""
        now = self.clock()
        job = asked(Job(org_id, self.new_id(now), kind, task, now), now)
        self.jobs.create(job)
        self.ask(job)
        return job

    def ask(self, job: Job) -> None:
        """Send a job's pointer; the row is the truth, and one that gets lost is sent again."""
        try:
            self.pointers.send(JobPointer(job.org_id, job.job_id))
        except RetryableError:
            return  # what was promised stands in the row: `job_watch` asks within minutes

    def get(self, org_id: str, job_id: str) -> Job:
        """Return one job.

        Raises:
            NotFoundError: when the organisation has none such.
        """
        job = self.jobs.get(org_id, job_id)
        if job is None:
            raise NotFoundError("There is no job with this id.")
        return job

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Job]:
        """Return the organisation's jobs, the newest first."""
        return self.jobs.page(org_id, limit, after)

    def download_url(self, job: Job) -> str | None:
        """Return where the file that came out can be fetched, while it is there."""
        if job.file is None or self.files.find(job.file) is None:
            return None
        return self.files.download_url(job.file, DOWNLOAD_TIME)
