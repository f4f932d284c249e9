"""A world for jobs: rows, a queue, runs that die, and the look that finds what they left."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from local.memory.jobs import Jobs as MemoryJobs
from local.memory.jobs import Pointers
from local.world.clock import Clock
from local.world.faults import Fault, Faulty, Steps
from local.world.scheduler import Scheduler
from mailtide.domain.job import Job, JobKind, asked
from mailtide.flows.job_watch import JobWatch
from mailtide.flows.jobs import Ending, Kind, Runner, Turn
from mailtide.flows.pointers import JobPointer

LIFETIME = timedelta(seconds=60)
Wrap = Callable[[Any, str], Any]


def plain(target: Any, _: str) -> Any:
    """Return a collaborator as it is."""
    return target


@dataclass
class JobWorld:
    """The jobs of one world; `make` builds a kind over collaborators that `Wrap` may disturb."""

    make: Callable[[Wrap], Kind]
    clock: Clock = field(default_factory=Clock)
    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    pointers: Pointers = field(default_factory=Pointers)

    def start(self, kind: JobKind, task: Mapping[str, Any], org_id: str = "acme") -> JobPointer:
        """Create a job and its pointer."""
        job_id = f"j{len(self.jobs.rows)}"
        job = asked(Job(org_id, job_id, kind, task, self.clock()), self.clock())
        self.jobs.create(job)
        self.pointers.send(JobPointer(org_id, job_id))
        return JobPointer(org_id, job_id)

    def job(self, pointer: JobPointer) -> Job:
        """Return a job as it stands."""
        return self.jobs.rows[pointer.org_id, pointer.job_id]

    def run(self, pointer: JobPointer, *, seconds: float = 45, holder: str = "run") -> Ending:
        """Work on a job as one run."""
        return self.runner().run(pointer, self.turn(holder, seconds))

    def runner(self, wrap: Wrap = plain) -> Runner:
        """Return the flow over collaborators that `wrap` may disturb."""
        kinds = {kind: lambda: self.make(wrap) for kind in JobKind}
        return Runner(wrap(self.jobs, "jobs"), kinds, wrap(self.pointers, "pointers"), self.clock)

    def turn(self, holder: str, seconds: float) -> Turn:
        """Return a run that begins now."""
        now = self.clock()
        return Turn(holder, now + timedelta(seconds=seconds), now + 2 * LIFETIME)

    def live(self, faults: Mapping[int, Fault], *, seconds: float = 2, seed: int = 0) -> int:
        """Live until every job is over; return how many steps it took.

        Pointers are delivered twice, what fails does not come back, minutes pass and `JobWatch`
        looks.
        """
        scheduler = Scheduler(self.clock, random.Random(seed), faults)  # noqa: S311 - a replay
        runs = 0
        for _ in range(100_000):
            while self.pointers.waiting:
                pointer = self.pointers.waiting.pop()
                for _ in range(2):
                    runs += 1
                    self._spawn(scheduler, pointer, runs, seconds)
            if scheduler.turn():
                continue
            if all(job.is_over for job in self.jobs.rows.values()) and not scheduler.processes:
                return scheduler.steps
            self.clock.advance(timedelta(minutes=1))
            JobWatch(self.jobs, self.pointers).run(self.clock())
        raise AssertionError("a job never ends")

    def _spawn(
        self, scheduler: Scheduler, pointer: JobPointer, number: int, seconds: float
    ) -> None:
        steps = Steps(scheduler.step, scheduler.freeze, lambda: scheduler.steps)

        def work() -> None:
            runner = self.runner(lambda target, name: Faulty(target, name, steps))
            runner.run(pointer, self.turn(f"run{number}", seconds))

        scheduler.spawn("run", number, work, lambda _: None)
