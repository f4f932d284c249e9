"""Jobs: table and twin keep one contract."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.memory.jobs import Jobs as MemoryJobs
from mailtide.domain.job import Checkpoint, Job, JobKind, advanced, asked, begun, failed
from mailtide.store.job_tables import JobRow
from mailtide.store.jobs import Jobs
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
JOB = asked(Job("acme", "j1", JobKind.EXPORT, {"kind": "contacts"}, NOW), NOW)

Store = Jobs | MemoryJobs


@pytest.fixture(params=["memory", "table"])
def jobs(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryJobs()
        return
    with moto_tables(JobRow):
        yield Jobs()


def test_a_job_is_read_as_it_was_written(jobs: Store) -> None:
    jobs.create(JOB)
    assert jobs.get("acme", "j1") == JOB
    assert jobs.get("other", "j1") is None


def test_every_field_survives_and_every_swap_raises_the_revision(jobs: Store) -> None:
    jobs.create(JOB)
    running = begun(JOB, "run", LATER)
    assert jobs.swap(JOB, running)
    stored = replace(running, revision=1)
    assert jobs.get("acme", "j1") == stored
    done = advanced(stored, Checkpoint({"after": "x"}, {"rows": 3}, {"rows": 3}, "exports/x"), NOW)
    assert jobs.swap(stored, done)
    assert jobs.get("acme", "j1") == replace(done, revision=2)


def test_a_failure_is_kept(jobs: Store) -> None:
    jobs.create(JOB)
    given_up = failed(JOB, "why", "not_found", NOW)
    jobs.swap(JOB, given_up)
    assert jobs.get("acme", "j1") == replace(given_up, revision=1)


def test_a_swap_from_an_older_version_is_refused(jobs: Store) -> None:
    jobs.create(JOB)
    jobs.swap(JOB, begun(JOB, "a", LATER))
    assert not jobs.swap(JOB, begun(JOB, "b", LATER))
    assert not jobs.swap(replace(JOB, job_id="none"), JOB)


def test_a_repeat_of_a_swap_whose_reply_was_lost_is_no_refusal(jobs: Store) -> None:
    jobs.create(JOB)
    assert jobs.swap(JOB, begun(JOB, "a", LATER))
    assert jobs.swap(JOB, begun(JOB, "a", LATER))
    found = jobs.get("acme", "j1")
    assert found is not None
    assert found.revision == 1


def test_a_late_creation_does_not_undo_a_start(jobs: Store) -> None:
    jobs.create(JOB)
    jobs.swap(JOB, begun(JOB, "a", LATER))
    jobs.create(JOB)
    found = jobs.get("acme", "j1")
    assert found is not None
    assert found.holder == "a"


def test_the_jobs_of_an_organisation_come_by_id(jobs: Store) -> None:
    for job_id in ("c", "a", "b"):
        jobs.create(replace(JOB, job_id=job_id))
    jobs.create(replace(JOB, org_id="other", job_id="d"))
    first = jobs.page("acme", 2, None)
    assert [job.job_id for job in first.items] == ["a", "b"]
    assert [job.job_id for job in jobs.page("acme", 2, first.after).items] == ["c"]


def test_due_are_the_open_jobs_of_all_organisations_whose_instant_has_passed(jobs: Store) -> None:
    in_time = NOW + timedelta(minutes=1)
    jobs.create(JOB)
    jobs.create(replace(JOB, org_id="other", job_id="j2", due_at=NOW))
    jobs.create(replace(JOB, job_id="j3", due_at=LATER))
    jobs.create(replace(JOB, job_id="j4", due_at=None))
    over = replace(JOB, job_id="j5")
    jobs.create(over)
    jobs.swap(over, failed(over, "why", "x", NOW))
    assert [job.job_id for job in jobs.due(in_time)] == ["j2", "j1"]
    assert [job.job_id for job in jobs.due(NOW)] == ["j2"]
