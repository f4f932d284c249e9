"""Erasure: forget a person, in one call that may die anywhere and be made again.

What others keep of a person names nobody without the contact (`flows/addresses.py`), so only what
holds addresses itself is touched: the contact, its memberships, what an organisation suppressed by
hand, single messages, filters that name the address, and the files that were made of contacts.
Counters do not move: they are sums over rows that stay as they are. That the person is suppressed
stays known, by the hash that is the contact's id.
Source: docs/domain/erasure.md.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from mailtide.domain import segment_json
from mailtide.domain.contact import Contact
from mailtide.domain.content import started
from mailtide.domain.import_job import REPORT
from mailtide.domain.job import Job, JobKind, failed
from mailtide.domain.page import Page, every
from mailtide.domain.redaction import Redactor
from mailtide.domain.segment import Segment
from mailtide.domain.segment_erasure import without
from mailtide.errors import NotFoundError, RetryableError

STOPPED = "export_stopped"  # the code of an export that an erasure stopped
_STOPPED = "A contact was erased meanwhile; make the export again."
_ROUNDS = 5  # of changing what others change at the same time
_AT_ONCE = 100  # jobs or segments of one read

Names = Callable[[str], bool]  # text → whether it has the person's address


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

    def has_address(self, org_id: str, contact_id: str) -> bool:
        """Say whether an address is kept beside the reasons, also of one that was lifted."""
        ...

    def forget(self, org_id: str, contact_id: str) -> None:
        """Drop the address and keep the reasons."""
        ...


class Submissions(Protocol):
    """What is kept of single messages."""

    def forget(self, org_id: str, contact_id: str) -> None:
        """Remove what is kept of the messages to one contact."""
        ...


class Segments(Protocol):
    """The segments, and the copies that started campaigns keep."""

    def get(self, org_id: str, segment_id: str) -> Segment | None:
        """Return one segment."""
        ...

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Segment]:
        """Return the organisation's segments by id."""
        ...

    def swap(self, old: Segment, new: Segment, at: datetime) -> bool:
        """Write name and filter of `new` if the row still has those of `old`."""
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
    submissions: Submissions
    segments: Segments
    files: Files
    jobs: Jobs
    redactor: Redactor
    clock: Callable[[], datetime]

    def run(self, org_id: str, contact_id: str) -> None:
        """Remove a person, who may be known by a suppression alone.

        What the person is known by goes last, so that a repeat after a death finds it.

        Raises:
            NotFoundError: when the organisation knows no address with this id.
            RetryableError: when a job or a segment kept changing meanwhile.
        """
        known = self.contacts.get(org_id, contact_id) is not None
        if not known and not self.suppressions.has_address(org_id, contact_id):
            raise NotFoundError("There is no contact with this id.")
        self.lists.forget(org_id, contact_id)
        self.submissions.forget(org_id, contact_id)

        def names(text: str) -> bool:
            return self.redactor.names(org_id, text, contact_id)

        for job in every(partial(self.jobs.page, org_id, _AT_ONCE)):
            self._change_job(job, names)
        for owner in (org_id, started(org_id)):
            for segment in every(partial(self.segments.page, owner, _AT_ONCE)):
                self._change_segment(segment, names)
        attached = self.files.keys(f"attachments/{org_id}/{contact_id}/")
        self.files.delete([*attached, *self._files(org_id)])
        self.suppressions.forget(org_id, contact_id)
        self.contacts.delete(org_id, contact_id)

    def _change_job(self, job: Job, names: Names) -> None:
        """Fail an export that runs: it has read the contact, or will; mend a task's filter."""
        left: Job | None = job
        for _ in range(_ROUNDS):
            if left is None or (changed := self._job_without(left, names)) == left:
                return
            if self.jobs.swap(left, changed):
                return
            left = self.jobs.get(job.org_id, job.job_id)
        raise RetryableError("A job is being changed by others; try again.")

    def _job_without(self, job: Job, names: Names) -> Job:
        if job.kind is JobKind.EXPORT and not job.is_over:
            job = failed(job, _STOPPED, STOPPED, self.clock())
        if "filter" not in job.task:
            return job
        filter_ = without(segment_json.read(job.task["filter"]), names)
        return replace(job, task={**job.task, "filter": segment_json.write(filter_)})

    def _change_segment(self, segment: Segment, names: Names) -> None:
        left: Segment | None = segment
        for _ in range(_ROUNDS):
            if left is None or (filter_ := without(left.filter, names)) == left.filter:
                return
            if self.segments.swap(left, replace(left, filter=filter_), self.clock()):
                return
            left = self.segments.get(segment.org_id, segment.segment_id)
        raise RetryableError("A segment is being changed by others; try again.")

    def _files(self, org_id: str) -> Iterable[str]:
        """Name the files of an organisation that may hold addresses of its contacts.

        Nobody looks into them: a file is quickly made anew, and what was missed would stay.
        """
        yield from self.files.keys(f"exports/{org_id}/")
        imported = self.files.keys(f"imports/{org_id}/")
        yield from (key for key in imported if key.endswith(f"/{REPORT}"))
