"""Jobs: a row each in their organisation, written by compare-and-swap.

A job that is not over stands in a small index by the instant at which somebody has to look at it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from mailtide.domain.job import Job, JobKind, JobState
from mailtide.domain.page import Page
from mailtide.store import dynamo
from mailtide.store.job_tables import JobRow
from mailtide.store.paging import page
from mailtide.store.row import present

KEPT = timedelta(days=90)  # docs/domain/jobs.md
_OPEN = "1"


class Jobs:
    """The jobs of all organisations."""

    def get(self, org_id: str, job_id: str) -> Job | None:
        """Read one job consistently."""
        row = dynamo.get(JobRow, org_id, job_id)
        return _job_of(row) if row else None

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Job]:
        """Return the organisation's jobs by id, which is the newest first."""
        return page(JobRow, org_id, limit, after, _job_of)

    def create(self, job: Job) -> None:
        """Write a job under a fresh id; a repeat of the same write changes nothing."""
        dynamo.put(_row(job, job.revision), JobRow.org_id.does_not_exist())

    def swap(self, old: Job, new: Job) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`.

        True also when the row is what this call would write: an earlier reply was lost.
        """
        row = _row(new, old.revision + 1)
        found = dynamo.put(row, JobRow.revision == old.revision)
        return found is None or found == row.serialize()

    def due(self, now: datetime) -> Sequence[Job]:
        """Return jobs whose `due_at` has passed, earliest first; the index may lag a little."""
        with dynamo.calling():
            keys = [
                (row.org_id, row.job_id)
                for row in JobRow.due_index.query(_OPEN, JobRow.due_at <= now)
            ]
        jobs = map(_job_of, dynamo.get_many(JobRow, keys))
        due = [(job.due_at, job) for job in jobs if job.due_at is not None and job.due_at <= now]
        return [job for _, job in sorted(due, key=lambda found: (found[0], found[1].job_id))]


def _row(job: Job, revision: int) -> JobRow:
    return JobRow(
        job.org_id,
        job.job_id,
        kind=job.kind.value,
        task=dict(job.task),
        created_at=job.created_at,
        state=job.state.value,
        revision=revision,
        open=None if job.due_at is None else _OPEN,
        due_at=job.due_at,
        holder=job.holder,
        tries=job.tries,
        cursor=dict(job.cursor),
        progress=dict(job.progress),
        result=None if job.result is None else dict(job.result),
        file=job.file,
        failure=job.failure,
        failure_code=job.failure_code,
        finished_at=job.finished_at,
        expires_at=job.created_at + KEPT,
    )


def _job_of(row: JobRow) -> Job:
    return Job(
        org_id=row.org_id,
        job_id=row.job_id,
        kind=JobKind(row.kind),
        task=row.task,
        created_at=row.created_at,
        state=JobState(row.state),
        revision=int(row.revision),
        holder=row.holder,
        due_at=row.due_at,
        tries=int(row.tries),
        cursor=present(row.cursor),
        progress=present(row.progress),
        result=row.result,
        file=row.file,
        failure=row.failure,
        failure_code=row.failure_code,
        finished_at=row.finished_at,
    )
