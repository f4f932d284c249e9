"""Erasure: one call, which may die anywhere and be made again."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from local.memory.contacts import Contacts, Lists, Suppressions
from local.memory.imports import Files
from local.memory.jobs import Jobs
from mailtide.domain.contact import Contact
from mailtide.domain.contact_list import ContactList
from mailtide.domain.job import Job, JobKind, JobState, failed
from mailtide.domain.suppression import Evidence, Reason, Suppression
from mailtide.errors import NotFoundError, RetryableError
from mailtide.flows.erasure import STOPPED, Erasure

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
KEPT = ["exports/other/j1/contacts.csv", "imports/acme/i2/source.csv", "manifests/acme/x.json"]
GONE = ["exports/acme/j1/contacts.csv", "imports/acme/i1/refused.csv"]


class DeathError(Exception):
    """The process ends here."""


class World:
    """Two people of one organisation on one list, one of them suppressed by hand."""

    def __init__(self) -> None:
        self.contacts = Contacts()
        self.lists = Lists()
        self.suppressions = Suppressions()
        self.files = Files()
        self.lists.create(ContactList("acme", "list1", "News", NOW))
        for name in ("ann", "bob"):
            self.contacts.put(Contact("acme", name, f"{name}@example.com", "other", NOW))
        self.lists.add_members("list1", ["ann", "bob"], NOW)
        reasons = {Reason.MANUAL: Evidence(NOW, "asked by phone")}
        self.suppressions.add(Suppression("acme", "ann", reasons, "ann@example.com"))
        for key in (*KEPT, *GONE):
            self.files.put(key, b"ann@example.com")
        self.jobs = Jobs()
        for name, kind in (("export", JobKind.EXPORT), ("count", JobKind.SEGMENT_COUNT)):
            self.jobs.create(Job("acme", name, kind, {}, NOW))
        self.jobs.create(Job("other", "export", JobKind.EXPORT, {}, NOW))
        self.calls = 0

    def erasure(self, dies_at: int | None = None) -> Erasure:
        def mortal(target: Any) -> Any:
            return _Mortal(target, self, dies_at)

        return Erasure(
            contacts=mortal(self.contacts),
            lists=mortal(self.lists),
            suppressions=mortal(self.suppressions),
            files=mortal(self.files),
            jobs=mortal(self.jobs),
            clock=lambda: NOW,
        )

    def outcome(self) -> tuple[object, ...]:
        return (
            dict(self.contacts.rows),
            set(self.lists.rows["list1"]),
            dict(self.suppressions.rows),
            sorted(self.files.objects),
            {job.job_id: job.state for job in self.jobs.page("acme", 100, None).items},
        )


class _Mortal:
    """A collaborator whose process dies before a call of that number."""

    def __init__(self, target: Any, world: World, dies_at: int | None) -> None:
        self._target = target
        self._world = world
        self._dies_at = dies_at

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)

        def call(*args: Any) -> Any:
            self._world.calls += 1
            if self._world.calls == self._dies_at:
                raise DeathError
            return method(*args)

        return call


def test_a_person_is_forgotten_and_stays_suppressed_and_nobody_else_is() -> None:
    world = World()
    world.erasure().run("acme", "ann")
    assert [one.email for one in world.contacts.rows.values()] == ["bob@example.com"]
    assert world.lists.rows["list1"] == {"bob"}
    kept = world.suppressions.rows["acme", "ann"]
    assert (kept.email, set(kept.reasons)) == (None, {Reason.MANUAL})
    assert sorted(world.files.objects) == sorted(KEPT)


@pytest.mark.parametrize("org_id", ["acme", "other"])
def test_who_is_no_contact_of_the_organisation_is_not_found(org_id: str) -> None:
    world = World()
    before = world.outcome()
    with pytest.raises(NotFoundError):
        world.erasure().run(org_id, "ann" if org_id == "other" else "cid")
    assert world.outcome() == before


def test_a_second_erasure_finds_nobody() -> None:
    world = World()
    world.erasure().run("acme", "ann")
    with pytest.raises(NotFoundError):
        world.erasure().run("acme", "ann")


def test_a_death_anywhere_is_made_good_by_the_same_call() -> None:
    whole = World()
    whole.erasure().run("acme", "ann")
    for dies_at in range(1, whole.calls + 1):
        world = World()
        with pytest.raises(DeathError):
            world.erasure(dies_at).run("acme", "ann")
        world.erasure().run("acme", "ann")
        assert world.outcome() == whole.outcome()


def test_exports_that_run_are_stopped_and_other_jobs_go_on() -> None:
    world = World()
    world.erasure().run("acme", "ann")
    stopped = world.jobs.get("acme", "export")
    assert stopped is not None
    assert (stopped.state, stopped.failure_code) == (JobState.FAILED, STOPPED)
    for org_id, job_id in (("acme", "count"), ("other", "export")):
        job = world.jobs.get(org_id, job_id)
        assert job is not None
        assert job.state is JobState.WAITING


class Moving(Jobs):
    """Jobs that their runs move on before each write of ours, until one ends."""

    def __init__(self, moves: int) -> None:
        super().__init__()
        self.moves = moves

    def swap(self, old: Job, new: Job) -> bool:
        if self.moves == 0:
            super().swap(old, failed(old, "by itself", "internal", NOW))
        self.moves -= 1
        return super().swap(replace(old, revision=old.revision - 1), new)


def test_an_export_that_ends_by_itself_needs_no_stopping() -> None:
    world = World()
    world.jobs = Moving(0)
    world.jobs.create(Job("acme", "export", JobKind.EXPORT, {}, NOW))
    world.erasure().run("acme", "ann")
    ended = world.jobs.get("acme", "export")
    assert ended is not None
    assert ended.failure_code == "internal"


def test_an_export_that_cannot_be_stopped_leaves_the_contact_to_the_next_call() -> None:
    world = World()
    world.jobs = Moving(-1)
    world.jobs.create(Job("acme", "export", JobKind.EXPORT, {}, NOW))
    with pytest.raises(RetryableError):
        world.erasure().run("acme", "ann")
    assert ("acme", "ann") in world.contacts.rows
