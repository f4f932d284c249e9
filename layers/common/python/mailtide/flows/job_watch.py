"""Job watch: once a minute, send the pointers of jobs again that nobody works on.

A pointer may get lost, lie among the dead letters, or be in the hands of a run that died. The rows
say so: a job that is not over is due when its holder is certainly dead, or when nobody took it up
in time. A pointer too many changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain.job import Job, asked_again
from mailtide.flows.pointers import JobPointer


class Jobs(Protocol):
    """The jobs of all organisations."""

    def due(self, now: datetime) -> Sequence[Job]:
        """Return jobs whose `due_at` has passed, as an index says (it may lag)."""
        ...

    def swap(self, old: Job, new: Job) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`."""
        ...


class Pointers(Protocol):
    """The queue `jobs`."""

    def send(self, pointer: JobPointer) -> None:
        """Enqueue a pointer."""
        ...


@dataclass(frozen=True, slots=True)
class JobWatch:
    """The look at jobs, with its collaborators."""

    jobs: Jobs
    pointers: Pointers

    def run(self, now: datetime) -> int:
        """Ask for the work on all jobs that are due; return how many."""
        found = 0
        for job in self.jobs.due(now):
            if self.jobs.swap(job, asked_again(job, now)):
                self.pointers.send(JobPointer(job.org_id, job.job_id))
                found += 1
        return found
