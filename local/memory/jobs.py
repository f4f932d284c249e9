"""Jobs in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from local.memory.pages import page
from mailtide.domain.job import Job
from mailtide.domain.page import Page
from mailtide.flows.pointers import JobPointer


@dataclass(slots=True)
class Jobs:
    """Stands in for `store.jobs.Jobs`."""

    rows: dict[tuple[str, str], Job] = field(default_factory=dict)

    def get(self, org_id: str, job_id: str) -> Job | None:
        """Read one job."""
        return self.rows.get((org_id, job_id))

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Job]:
        """Return the organisation's jobs by id."""
        mine = {job_id: job for (org, job_id), job in self.rows.items() if org == org_id}
        return page(mine, limit, after)

    def create(self, job: Job) -> None:
        """Write a job under a fresh id; a repeat of the same write changes nothing."""
        self.rows.setdefault((job.org_id, job.job_id), job)

    def swap(self, old: Job, new: Job) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`."""
        key = old.org_id, old.job_id
        written = replace(new, revision=old.revision + 1)
        stored = self.rows.get(key)
        if stored is None or stored.revision != old.revision:
            return stored == written
        self.rows[key] = written
        return True

    def due(self, now: datetime) -> Sequence[Job]:
        """Return jobs whose `due_at` has passed, earliest first."""
        due = [(job.due_at, job.job_id, job) for job in self.rows.values() if job.due_at]
        return [job for at, _, job in sorted(due, key=lambda found: found[:2]) if at <= now]


@dataclass(slots=True)
class Pointers:
    """The queue `jobs`."""

    waiting: list[JobPointer] = field(default_factory=list)

    def send(self, pointer: JobPointer) -> None:
        """Enqueue a pointer."""
        self.waiting.append(pointer)
