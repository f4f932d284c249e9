"""Erasure: forget a person, in one call that may die anywhere and be made again.

What others keep of a person names nobody without the contact (`flows/addresses.py`), so only what
holds addresses itself is touched: the contact, its memberships, what an organisation suppressed by
hand, and the files that were made of contacts. Counters do not move: they are sums over rows that
stay as they are. That the person is suppressed stays known, by the hash that is the contact's id.
Source: docs/domain/erasure.md.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain.contact import Contact
from mailtide.domain.import_job import REPORT
from mailtide.domain.job import Job, JobKind, failed
from mailtide.domain.page import Page, every
from mailtide.errors import NotFoundError, RetryableError

STOPPED = "export_stopped"  # the code of an export that an erasure stopped
_STOPPED = "A contact was erased meanwhile; make the export again."
_ROUNDS = 5  # of stopping an export that its own run moves on
_JOBS_AT_ONCE = 100


class Contacts(Protocol):
    """The contacts."""

    def get(self, org_id: str, contact_id: str) -> Contact | None:
        """Read one contact consistently."""
        ...

    def delete(self, org_id: str, contact_id: str) -> bool:
        """Remove a contact; False when there is none."""
        ...


class Lists(Protocol):
    """The lists."""

    def forget(self, org_id: str, contact_id: str) -> None:
        """Take a contact off all lists of its organisation."""
        ...


class Suppressions(Protocol):
    """Whom organisations do not write to."""

    def forget(self, org_id: str, contact_id: str) -> None:
        """Drop the address and keep the reasons."""
        ...


class Files(Protocol):
    """The bucket."""

    def keys(self, prefix: str) -> Iterable[str]:
        """Name the objects under a prefix."""
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are gone do not matter."""
        ...


class Jobs(Protocol):
    """The jobs."""

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Job]:
        """Return the organisation's jobs, the newest first."""
        ...

    def get(self, org_id: str, job_id: str) -> Job | None:
        """Read one job consistently."""
        ...

    def swap(self, old: Job, new: Job) -> bool:
        """Write `new` if the row still has the revision of `old`."""
        ...


@dataclass(frozen=True, slots=True)
class Erasure:
    """The erasure flow with its collaborators."""

    contacts: Contacts
    lists: Lists
    suppressions: Suppressions
    files: Files
    jobs: Jobs
    clock: Callable[[], datetime]

    def run(self, org_id: str, contact_id: str) -> None:
        """Remove a person. The contact goes last, so that a repeat after a death finds it.

        Raises:
            NotFoundError: when the organisation has no such contact.
            RetryableError: when an export could not be stopped.
        """
        if self.contacts.get(org_id, contact_id) is None:
            raise NotFoundError("There is no contact with this id.")
        self.lists.forget(org_id, contact_id)
        self.suppressions.forget(org_id, contact_id)
        self._stop_exports(org_id)
        self.files.delete(list(self._files(org_id)))
        self.contacts.delete(org_id, contact_id)

    def _stop_exports(self, org_id: str) -> None:
        """Fail the exports that run: they have read the contact, or will."""
        jobs = every(lambda after: self.jobs.page(org_id, _JOBS_AT_ONCE, after))
        for job in [job for job in jobs if job.kind is JobKind.EXPORT and not job.is_over]:
            self._stop(job)

    def _stop(self, job: Job) -> None:
        left: Job | None = job
        for _ in range(_ROUNDS):
            if left is None or left.is_over:
                return
            if self.jobs.swap(left, failed(left, _STOPPED, STOPPED, self.clock())):
                return
            left = self.jobs.get(job.org_id, job.job_id)
        raise RetryableError("An export could not be stopped; try again.")

    def _files(self, org_id: str) -> Iterable[str]:
        """Name the files of an organisation that may hold addresses of its contacts.

        Nobody looks into them: a file is quickly made anew, and what was missed would stay.
        """
        yield from self.files.keys(f"exports/{org_id}/")
        imported = self.files.keys(f"imports/{org_id}/")
        yield from (key for key in imported if key.endswith(f"/{REPORT}"))
