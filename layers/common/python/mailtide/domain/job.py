"""Job: long work for one organisation, done step by step, and how far it is.

    waiting ──begin──► running ──► done
                          └──────► failed   it can never work; the failure says why

A step's effects are keyed by the job and by where the step began, so a repeat of it changes
nothing; the job moves behind a step in one write, after all of its effects. Whoever works on a job
holds it until it is certainly dead: a second worker leaves a held job alone.
Source: docs/domain/jobs.md (the limits).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

PATIENCE = timedelta(minutes=1)  # a pointer that has not arrived by then is sent again
ASK_AGAIN = timedelta(minutes=15)  # between further pointers: they may only stand in a long queue
MOST_TRIES = 20  # runs in a row that may end without a step done
STALLED = "job_stalled"


class JobKind(StrEnum):
    """What a job does."""

    EXPORT = "export"
    SUPPRESSION_IMPORT = "suppression_import"
    SEGMENT_COUNT = "segment_count"
    LIST_DELETION = "list_deletion"


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"  # nobody has begun
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


OVER = frozenset({JobState.DONE, JobState.FAILED})


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a job stands behind a step; the job is done when there is a result."""

    cursor: Mapping[str, Any]  # JSON for the next step; nobody else reads it
    progress: Mapping[str, int]  # counts by name, shown to people
    result: Mapping[str, Any] | None = None  # JSON, shown to people
    file: str | None = None  # key of an object that came out, for download


@dataclass(frozen=True, slots=True)
class Job:
    """One job; every write to it raises `revision` by one."""

    org_id: str
    job_id: str  # the newest sorts first
    kind: JobKind
    task: Mapping[str, Any]  # JSON: what was asked
    created_at: datetime
    state: JobState = JobState.WAITING
    revision: int = 0
    holder: str | None = None  # the run that works on it
    due_at: datetime | None = None  # with a holder: dead by then; without: ask for the work again
    tries: int = 0  # runs begun since the last step was done
    cursor: Mapping[str, Any] = field(default_factory=dict)
    progress: Mapping[str, int] = field(default_factory=dict)
    result: Mapping[str, Any] | None = None
    file: str | None = None
    failure: str | None = None  # for people
    failure_code: str | None = None  # a problem's code
    finished_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.state in OVER

    def is_held(self, now: datetime) -> bool:
        """Say whether a run that may be alive works on the job."""
        return self.holder is not None and self.due_at is not None and now < self.due_at


def asked(job: Job, now: datetime) -> Job:
    """Return the job whose first pointer is on its way."""
    return replace(job, due_at=now + PATIENCE)


def asked_again(job: Job, now: datetime) -> Job:
    """Return a job without a living holder, for which another pointer is on its way."""
    return replace(job, holder=None, due_at=now + ASK_AGAIN)


def begun(job: Job, holder: str, dead_at: datetime) -> Job:
    """Return the job in the hands of a run that is certainly dead at an instant."""
    return replace(job, state=JobState.RUNNING, holder=holder, due_at=dead_at, tries=job.tries + 1)


def advanced(job: Job, behind: Checkpoint, now: datetime) -> Job:
    """Return the job behind a step."""
    moved = replace(job, tries=0, cursor=behind.cursor, progress=behind.progress)
    if behind.result is None:
        return moved
    return replace(
        moved,
        state=JobState.DONE,
        result=behind.result,
        file=behind.file,
        finished_at=now,
        holder=None,
        due_at=None,
    )


def let_go(job: Job, now: datetime) -> Job:
    """Return a job that its holder leaves to the next run."""
    return job if job.is_over else replace(job, holder=None, due_at=now + PATIENCE)


def dropped(job: Job, now: datetime) -> Job:
    """Return a job that its holder cannot go on with now; the next look asks again."""
    return replace(job, holder=None, due_at=now)


def failed(job: Job, why: str, code: str, now: datetime) -> Job:
    """Return a job that is given up."""
    return replace(
        job,
        state=JobState.FAILED,
        failure=why,
        failure_code=code,
        finished_at=now,
        holder=None,
        due_at=None,
    )
