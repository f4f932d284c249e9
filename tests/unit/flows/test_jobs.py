"""Jobs: every step's effect once in the end, whatever dies, repeats or runs twice at once."""

import itertools
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.memory.jobs import Jobs as MemoryJobs
from local.memory.jobs import Pointers
from local.world.faults import Fault
from mailtide.domain.job import ASK_AGAIN, MOST_TRIES, PATIENCE, Checkpoint, Job, JobKind, JobState
from mailtide.errors import (
    ConflictError,
    InvalidInputError,
    MailtideError,
    NotFoundError,
    PermanentError,
    RetryableError,
)
from mailtide.flows.job_desk import JobDesk
from mailtide.flows.job_watch import JobWatch
from mailtide.flows.jobs import Ending
from mailtide.flows.pointers import JobPointer, read_job, write_job
from tests.jobs import JobWorld, Wrap


@dataclass
class Notes:
    """What steps wrote, by the number of the step."""

    written: dict[int, int] = field(default_factory=dict)

    def put(self, number: int) -> None:
        self.written[number] = number


@dataclass
class Counting:
    """A kind that writes one note per step."""

    notes: Any
    steps: int = 4

    def step(self, job: Job) -> Checkpoint:
        number = job.cursor.get("next", 0)
        self.notes.put(number)
        behind = number + 1
        result = {"notes": behind} if behind == self.steps else None
        return Checkpoint({"next": behind}, {"notes": behind}, result, "file" if result else None)


@dataclass
class Failing:
    """A kind whose second step raises."""

    error: Exception

    def step(self, job: Job) -> Checkpoint:
        if job.cursor:
            raise self.error
        return Checkpoint({"began": True}, {})


def counting() -> tuple[JobWorld, Notes]:
    notes = Notes()

    def make(wrap: Wrap) -> Counting:
        return Counting(wrap(notes, "notes"))

    return JobWorld(make), notes


def test_a_job_is_worked_step_by_step_until_it_is_done() -> None:
    world, notes = counting()
    pointer = world.start(JobKind.EXPORT, {})
    assert world.run(pointer) is Ending.DONE
    job = world.job(pointer)
    assert (job.state, job.result, job.file) == (JobState.DONE, {"notes": 4}, "file")
    assert list(notes.written) == [0, 1, 2, 3]
    assert job.revision == 5  # begun, and four steps


def test_when_time_runs_short_a_fresh_pointer_goes_on_at_once() -> None:
    world, _ = counting()
    pointer = world.start(JobKind.EXPORT, {})
    world.pointers.waiting.clear()
    endings: list[Ending] = []
    while not world.job(pointer).is_over:
        endings.append(world.run(pointer, seconds=0, holder=f"run{len(endings)}"))
        assert world.pointers.waiting == ([] if world.job(pointer).is_over else [pointer])
        world.pointers.waiting.clear()
    assert endings == [Ending.OUT_OF_TIME] * 3 + [Ending.DONE]


def test_what_is_over_or_unknown_or_held_is_left_alone() -> None:
    world, notes = counting()
    pointer = world.start(JobKind.EXPORT, {})
    assert world.run(JobPointer("other", pointer.job_id)) is Ending.STALE
    held = replace(world.job(pointer), holder="x", due_at=world.clock() + timedelta(seconds=1))
    world.jobs.rows[pointer.org_id, pointer.job_id] = held
    assert world.run(pointer) is Ending.STALE
    assert notes.written == {}
    world.clock.advance(timedelta(seconds=1))
    assert world.run(pointer) is Ending.DONE
    assert world.run(pointer) is Ending.STALE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInputError("Bad.", code="bad_file"), "bad_file"),
        (NotFoundError("Gone."), "not_found"),
        (ConflictError("No."), "conflict_state"),
        (PermanentError("Never."), "permanent"),
    ],
)
def test_what_can_never_work_fails_with_the_reason(error: MailtideError, code: str) -> None:
    world = JobWorld(lambda _: Failing(error))
    pointer = world.start(JobKind.EXPORT, {})
    assert world.run(pointer) is Ending.FAILED
    job = world.job(pointer)
    assert (job.state, job.failure, job.failure_code) == (JobState.FAILED, error.detail, code)
    assert job.cursor == {"began": True}


def test_what_may_work_later_is_asked_for_at_the_next_look_and_not_before() -> None:
    world = JobWorld(lambda _: Failing(RetryableError("busy")))
    pointer = world.start(JobKind.EXPORT, {})
    with pytest.raises(RetryableError, match="busy"):
        world.run(pointer)
    world.pointers.waiting.clear()
    assert JobWatch(world.jobs, world.pointers).run(world.clock()) == 1
    assert world.pointers.waiting == [pointer]
    assert JobWatch(world.jobs, world.pointers).run(world.clock()) == 0


@pytest.mark.parametrize("error", [RetryableError("busy"), ZeroDivisionError()])
def test_a_job_that_never_gets_any_further_fails_in_the_end(error: Exception) -> None:
    world = JobWorld(lambda _: Failing(error))
    pointer = world.start(JobKind.EXPORT, {})
    watch = JobWatch(world.jobs, world.pointers)
    runs = 0
    while not world.job(pointer).is_over:
        world.pointers.waiting.clear()
        try:
            world.run(pointer)
        except (RetryableError, ZeroDivisionError):
            runs += 1
        world.clock.advance(timedelta(hours=1))
        watch.run(world.clock())
    assert world.job(pointer).failure_code == "job_stalled"
    assert runs == MOST_TRIES + 1  # the first of them did a step


def test_a_run_that_another_one_overtook_says_so_and_changes_nothing() -> None:
    world, notes = counting()
    pointer = world.start(JobKind.EXPORT, {})

    @dataclass
    class Slow:
        steps: Counting

        def step(self, job: Job) -> Checkpoint:
            world.clock.advance(timedelta(hours=1))
            world.make = lambda _: Counting(notes)
            assert world.run(pointer, holder="other") is Ending.DONE
            return self.steps.step(job)

    world.make = lambda _: Slow(Counting(notes))
    with pytest.raises(RetryableError, match="took this job over"):
        world.run(pointer, holder="slow")
    assert world.job(pointer).result == {"notes": 4}


def test_the_watch_sends_the_pointers_of_what_nobody_works_on() -> None:
    world, _ = counting()
    lost = world.start(JobKind.EXPORT, {})
    world.pointers.waiting.clear()
    watch = JobWatch(world.jobs, world.pointers)
    assert watch.run(world.clock()) == 0
    world.clock.advance(PATIENCE)
    assert watch.run(world.clock()) == 1
    assert world.pointers.waiting == [lost]
    assert watch.run(world.clock()) == 0
    world.clock.advance(ASK_AGAIN)
    assert watch.run(world.clock()) == 1
    assert world.run(lost) is Ending.DONE
    world.clock.advance(ASK_AGAIN)
    assert watch.run(world.clock()) == 0


def test_a_look_that_lags_behind_another_sends_nothing() -> None:
    world, _ = counting()
    world.start(JobKind.EXPORT, {})
    world.pointers.waiting.clear()
    world.clock.advance(PATIENCE)

    class Lagging(MemoryJobs):
        def swap(self, old: Job, new: Job) -> bool:
            return False

    assert JobWatch(Lagging(world.jobs.rows), world.pointers).run(world.clock()) == 0
    assert world.pointers.waiting == []


class NoFiles:
    def find(self, key: str) -> tuple[str, int] | None:
        return ("etag", 5) if key == "there" else None

    def download_url(self, key: str, lifetime: timedelta) -> str:
        return f"https://bucket.test/{key}?{lifetime.total_seconds():.0f}"


def desk(world: JobWorld, pointers: Pointers | None = None) -> JobDesk:
    return JobDesk(world.jobs, NoFiles(), pointers or world.pointers, lambda _: "j9", world.clock)


def test_the_desk_writes_the_job_and_asks_for_the_work() -> None:
    world, _ = counting()
    job = desk(world).start("acme", JobKind.EXPORT, {"kind": "contacts"})
    assert world.pointers.waiting == [JobPointer("acme", "j9")]
    assert desk(world).get("acme", "j9") == job
    assert desk(world).page("acme", 10, None).items == [job]
    with pytest.raises(NotFoundError):
        desk(world).get("other", "j9")


def test_a_job_whose_pointer_the_queue_refuses_is_begun_all_the_same() -> None:
    class Refusing(Pointers):
        def send(self, pointer: JobPointer) -> None:
            raise RetryableError("no queue")

    world, _ = counting()
    desk(world, Refusing()).start("acme", JobKind.EXPORT, {})
    world.clock.advance(PATIENCE)
    assert JobWatch(world.jobs, world.pointers).run(world.clock()) == 1


def test_only_a_file_that_is_there_has_an_address() -> None:
    world, _ = counting()
    job = desk(world).start("acme", JobKind.EXPORT, {})
    assert desk(world).download_url(job) is None
    assert desk(world).download_url(replace(job, file="expired")) is None
    assert desk(world).download_url(replace(job, file="there")) == "https://bucket.test/there?900"


def test_a_pointer_survives_the_queue() -> None:
    pointer = JobPointer("acme", "j1")
    assert read_job(write_job(pointer)) == pointer
    with pytest.raises(KeyError):
        read_job("{}")


def lived(faults: dict[int, Fault], seed: int = 0) -> tuple[Any, int]:
    world, notes = counting()
    pointers = [world.start(JobKind.EXPORT, {}), world.start(JobKind.EXPORT, {}, "other")]
    steps = world.live(faults, seed=seed)
    jobs = [world.job(pointer) for pointer in pointers]
    return ([(job.state, job.result, job.progress) for job in jobs], sorted(notes.written)), steps


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_at_any_step_changes_nothing_in_the_end(fault: Fault) -> None:
    expected, _ = lived({})
    for step in itertools.count():
        outcome, steps = lived({step: fault})
        assert outcome == expected, f"{fault} at step {step}"
        if steps <= step:
            return


@given(
    faults=st.dictionaries(st.integers(0, 100), st.sampled_from(list(Fault)), max_size=6),
    seed=st.integers(0, 1000),
)
def test_any_life_of_a_job_ends_as_the_undisturbed_one(faults: dict[int, Fault], seed: int) -> None:
    assert lived(faults, seed)[0] == lived({})[0]
