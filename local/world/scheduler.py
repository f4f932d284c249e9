"""Scheduler: many processes in one thread, switched at every step, in an order set by a seed."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from greenlet import greenlet

from local.world.clock import Clock
from local.world.faults import DeathError, Fault
from mailtide.errors import MailtideError

Done = Callable[[bool], None]


@dataclass(slots=True, eq=False)
class Process:
    """One running invocation."""

    kind: str
    name: str
    thread: greenlet
    done: Done
    wakes_at: datetime


@dataclass(slots=True)
class Scheduler:
    """Runs processes step by step.

    `faults` maps the number of a step, counted over the whole life of the world, to what strikes
    there.
    """

    clock: Clock
    chance: random.Random
    faults: Mapping[int, Fault]
    steps: int = 0
    trace: list[str] = field(default_factory=list)  # the name of each step, for a replay
    freezes: int = 0
    processes: list[Process] = field(default_factory=list)
    running: Process | None = None

    def spawn(self, kind: str, number: int, work: Callable[[], object], done: Done) -> None:
        """Start a process; `done` is told whether it ended well."""
        thread = greenlet(lambda: self._outcome(work))
        self.processes.append(Process(kind, f"{kind}-{number}", thread, done, self.clock.now))

    def step(self, name: str) -> Fault | None:
        """Let others run before the running process makes its call; return what strikes it."""
        if self.running is None:  # set up by hand, outside any process
            return None
        self._hub().switch()
        number = self.steps
        self.steps += 1
        self.trace.append(f"{self.running.name}: {name}")
        return self.faults.get(number)

    def freeze(self, duration: timedelta) -> None:
        """Let the running process stand still."""
        if self.running is not None:
            self.freezes += 1
            self.rest(duration)

    def rest(self, duration: timedelta) -> None:
        """Let the running process wait, as it means to."""
        if self.running is not None:
            self.running.wakes_at = self.clock.now + duration
            self._hub().switch()

    def turn(self) -> bool:
        """Let one process run up to its next step; False when none can."""
        awake = [p for p in self.processes if p.wakes_at <= self.clock.now]
        if not awake:
            return False
        self.clock.advance(timedelta(milliseconds=self.chance.randint(1, 40)))
        process = self.chance.choice(awake)
        self.running = process
        ended_well = process.thread.switch()
        self.running = None
        if process.thread.dead:
            self.processes.remove(process)
            process.done(bool(ended_well))
        return True

    def next_wake(self) -> datetime | None:
        """Return when the first frozen process wakes."""
        return min((p.wakes_at for p in self.processes), default=None)

    def _outcome(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except (DeathError, MailtideError):
            return False
        return True

    def _hub(self) -> greenlet:
        if self.running is None or self.running.thread.parent is None:
            raise RuntimeError("no process is running")
        return self.running.thread.parent
