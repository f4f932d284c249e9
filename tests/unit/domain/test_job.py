"""A job's moves, one by one."""

from datetime import UTC, datetime, timedelta

import pytest

from mailtide.domain.job import (
    ASK_AGAIN,
    PATIENCE,
    Checkpoint,
    Job,
    JobKind,
    JobState,
    advanced,
    asked,
    asked_again,
    begun,
    failed,
    let_go,
)

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
DEAD_AT = NOW + timedelta(seconds=90)
JOB = Job("acme", "j1", JobKind.EXPORT, {}, NOW)


def test_a_job_that_was_asked_for_waits_and_is_looked_at_soon() -> None:
    job = asked(JOB, NOW)
    assert (job.state, job.due_at) == (JobState.WAITING, NOW + PATIENCE)
    assert not job.is_held(NOW)


@pytest.mark.parametrize(("seconds", "held"), [(0, True), (89, True), (90, False)])
def test_a_run_holds_its_job_until_it_is_certainly_dead(seconds: int, held: bool) -> None:
    job = begun(asked(JOB, NOW), "run", DEAD_AT)
    assert job.state is JobState.RUNNING
    assert job.is_held(NOW + timedelta(seconds=seconds)) is held


def test_a_step_that_is_done_makes_up_for_the_runs_that_got_nowhere() -> None:
    twice = begun(begun(JOB, "a", DEAD_AT), "b", DEAD_AT)
    assert twice.tries == 2
    behind = advanced(twice, Checkpoint({"after": 1}, {"rows": 5}), NOW)
    assert (behind.tries, behind.cursor, behind.progress) == (0, {"after": 1}, {"rows": 5})
    assert (behind.state, behind.holder) == (JobState.RUNNING, "b")


def test_a_result_ends_the_job() -> None:
    done = advanced(begun(JOB, "a", DEAD_AT), Checkpoint({}, {}, {"rows": 5}, "key"), NOW)
    assert (done.state, done.result, done.file) == (JobState.DONE, {"rows": 5}, "key")
    assert (done.holder, done.due_at, done.finished_at) == (None, None, NOW)
    assert done.is_over
    assert let_go(done, NOW) == done


def test_an_empty_result_ends_the_job_too() -> None:
    assert advanced(JOB, Checkpoint({}, {}, {}), NOW).is_over


def test_a_job_that_is_let_go_or_asked_for_again_is_free() -> None:
    held = begun(JOB, "a", DEAD_AT)
    assert not let_go(held, NOW).is_held(NOW)
    again = asked_again(held, NOW)
    assert not again.is_held(NOW)
    assert again.due_at == NOW + ASK_AGAIN


def test_a_failure_says_why_and_ends_the_job() -> None:
    over = failed(begun(JOB, "a", DEAD_AT), "It broke.", "broken", NOW)
    assert (over.state, over.failure, over.failure_code) == (JobState.FAILED, "It broke.", "broken")
    assert (over.holder, over.due_at, over.finished_at, over.is_over) == (None, None, NOW, True)
