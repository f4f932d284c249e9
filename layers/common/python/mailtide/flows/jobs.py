"""Jobs: work that takes longer than a request, one step after the other, whoever dies meanwhile.

How a kind of job is added:
1. a word in `domain.job.JobKind`;
2. a class with `step(job) -> Checkpoint` (`Kind` below). `job.task` is what was asked, `job.cursor`
   what the last checkpoint left ({} at first). A step takes seconds, not minutes: a run has one
   minute and begins its last step 15 s before the end. It may be repeated after a death, from the
   same cursor, so its effects are keyed by the job and the cursor, or conditional. Memory is
   bounded by the step. What several runs write under one name would mix, so an object that a step
   writes is named by `job.revision`, which no two runs share, and the cursor keeps the name;
3. a builder in `app/job_kinds.py` (`_kinds`), its grants in `infra/access.py` under `jobs`;
4. `app.api().jobs.start(org_id, kind, task)` in a route that answers 202 with the job's view.

A step ends in one of three ways. It returns a checkpoint; with a result the job is done. It raises
InvalidInputError, NotFoundError, ConflictError or PermanentError: the job fails for good with its
words and code. It raises anything else or dies: the run ends, and the job goes on from its last
checkpoint, behind a RetryableError at the next look (`flows/job_watch.py`), else when its holder
is certainly dead. After `MOST_TRIES` such runs in a row the job fails as `job_stalled`. So no job
hangs for ever.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from mailtide.domain.job import (
    MOST_TRIES,
    STALLED,
    Checkpoint,
    Job,
    JobKind,
    advanced,
    begun,
    dropped,
    failed,
    let_go,
)
from mailtide.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PermanentError,
    RetryableError,
)
from mailtide.flows.pointers import JobPointer

_FOR_GOOD = (InvalidInputError, NotFoundError, ConflictError, PermanentError)


class Ending(StrEnum):
    """Why a run ended."""

    STALE = "stale"  # there is nothing to do, or another run does it
    DONE = "done"
    FAILED = "failed"
    OUT_OF_TIME = "out_of_time"  # a fresh pointer goes on


class Jobs(Protocol):
    """The jobs."""

    def get(self, org_id: str, job_id: str) -> Job | None:
        """Read one job consistently."""
        ...

    def swap(self, old: Job, new: Job) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`.

        True also when the row is what this call would write: an earlier reply was lost.
        """
        ...


class Kind(Protocol):
    """What one kind of job does."""

    def step(self, job: Job) -> Checkpoint:
        """Do the step that begins at the job's cursor; return where the job stands behind it."""
        ...


class Pointers(Protocol):
    """The queue `jobs`."""

    def send(self, pointer: JobPointer) -> None:
        """Enqueue a pointer."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """One run of the function, and its time."""

    holder: str  # names this run; no two runs share it
    until: datetime  # no further step is begun after this instant; one is done in any case
    dead_at: datetime  # the run has certainly ended by then


@dataclass(frozen=True, slots=True)
class Runner:
    """The flow that works on jobs, with its collaborators."""

    jobs: Jobs
    kinds: Mapping[JobKind, Callable[[], Kind]]
    pointers: Pointers
    clock: Callable[[], datetime]

    def run(self, pointer: JobPointer, turn: Turn) -> Ending:
        """Work on a job until it is over or time runs short.

        Raises:
            RetryableError: also when another run took the job over.
        """
        job = self.jobs.get(pointer.org_id, pointer.job_id)
        if job is None or job.is_over or job.is_held(self.clock()):
            return Ending.STALE
        if job.tries >= MOST_TRIES:
            why = f"It was begun {job.tries} times without getting any further; the logs say why."
            return self._fail(job, why, STALLED)
        job = self._swap(job, begun(job, turn.holder, turn.dead_at))
        kind = self.kinds[job.kind]()
        while not job.is_over:
            try:
                behind = advanced(job, kind.step(job), self.clock())
            except _FOR_GOOD as error:
                return self._fail(job, error.detail, error.code)
            except RetryableError:
                self._swap(job, dropped(job, self.clock()))
                raise
            if self.clock() >= turn.until:
                return self._leave(job, behind)
            job = self._swap(job, behind)
        return Ending.DONE

    def _leave(self, job: Job, behind: Job) -> Ending:
        """Write the last checkpoint of a run; the row is free before the pointer is on its way."""
        left = self._swap(job, let_go(behind, self.clock()))
        if left.is_over:
            return Ending.DONE
        self.pointers.send(JobPointer(job.org_id, job.job_id))
        return Ending.OUT_OF_TIME

    def _fail(self, job: Job, why: str, code: str) -> Ending:
        self._swap(job, failed(job, why, code, self.clock()))
        return Ending.FAILED

    def _swap(self, old: Job, new: Job) -> Job:
        if not self.jobs.swap(old, new):
            raise RetryableError("another run took this job over")
        return replace(new, revision=old.revision + 1)
