"""Erasure: one call, which may die anywhere and be made again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.memory.batches import Batches
from local.memory.contacts import Contacts, Lists, Suppressions
from local.memory.imports import Files
from local.memory.jobs import Jobs
from local.memory.messages import Messages
from local.memory.segments import Segments
from local.memory.submissions import Submissions
from mailtide.domain import segment_json, segment_text
from mailtide.domain.contact import Contact
from mailtide.domain.contact_list import ContactList
from mailtide.domain.content import started
from mailtide.domain.job import Job, JobKind, JobState, failed
from mailtide.domain.redaction import Redactor
from mailtide.domain.segment import And, Segment
from mailtide.domain.submission import Submission
from mailtide.domain.suppression import Evidence, Reason, Stream, Suppression
from mailtide.errors import NotFoundError, RetryableError
from mailtide.flows.erasure import STOPPED, Erasure

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
NAMES_BOTH = segment_text.read('not email in ("ann@example.com", "bob@example.com")')
NAMES_BOB = segment_text.read('not email in ("{gone}", "bob@example.com")')
KEPT = [
    "attachments/acme/bob/m1/0",
    "exports/other/j1/contacts.csv",
    "imports/acme/i2/source.csv",
    "manifests/acme/x.json",
]
GONE = [
    "attachments/acme/ann/m1/0",
    "exports/acme/j1/contacts.csv",
    "imports/acme/i1/refused.csv",
]
SUBMISSION = Submission(
    "acme", "m1", "ann", Stream.TRANSACTIONAL, "identity1", "other", NOW, NOW + timedelta(days=1)
)


SEGMENTS = [("acme", "s1"), (started("acme"), "c1.s1"), ("other", "s1")]


class DeathError(Exception):
    """The process ends here."""


class World:
    """Two people of one organisation on one list, one of them suppressed by hand."""

    def __init__(self) -> None:
        self.contacts = Contacts()
        self.lists = Lists()
        self.suppressions = Suppressions()
        self.files = Files()
        self.submissions = Submissions(Batches(), Messages())
        for name in ("ann", "bob"):
            self.submissions.rows["acme", name, "m1"] = SUBMISSION
        self.lists.create(ContactList("acme", "list1", "News", NOW))
        for name in ("ann", "bob"):
            self.contacts.put(Contact("acme", name, f"{name}@example.com", "other", NOW))
        self.lists.add_members("list1", ["ann", "bob"], NOW)
        reasons = {Reason.MANUAL: Evidence(NOW, "asked by phone")}
        self.suppressions.add(Suppression("acme", "ann", reasons, "ann@example.com"))
        for key in (*KEPT, *GONE):
            self.files.put(key, b"ann@example.com")
        self.segments = Segments()
        for org_id, segment_id in SEGMENTS:
            self.segments.create(Segment(org_id, segment_id, "Not them", NAMES_BOTH, NOW))
        self.jobs = Jobs()
        task = {"segment_id": "s1", "filter": segment_json.write(NAMES_BOTH)}
        for name, kind in (("export", JobKind.EXPORT), ("count", JobKind.SEGMENT_COUNT)):
            self.jobs.create(Job("acme", name, kind, task, NOW))
        self.jobs.create(Job("other", "export", JobKind.EXPORT, {}, NOW))
        self.calls = 0

    def erasure(self, dies_at: int | None = None) -> Erasure:
        def mortal(target: Any) -> Any:
            return _Mortal(target, self, dies_at)

        return Erasure(
            contacts=mortal(self.contacts),
            lists=mortal(self.lists),
            suppressions=mortal(self.suppressions),
            submissions=mortal(self.submissions),
            segments=mortal(self.segments),
            files=mortal(self.files),
            jobs=mortal(self.jobs),
            redactor=Redactor(lambda _, address: address.split("@")[0]),
            clock=lambda: NOW,
        )

    def outcome(self) -> tuple[object, ...]:
        return (
            dict(self.contacts.rows),
            set(self.lists.rows["list1"]),
            dict(self.suppressions.rows),
            sorted(self.files.objects),
            set(self.submissions.rows),
            dict(self.segments.rows),
            {job.job_id: replace(job, revision=0) for job in self.jobs.rows.values()},
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
    assert set(world.submissions.rows) == {("acme", "bob", "m1")}


@pytest.mark.parametrize("org_id", ["acme", "other"])
def test_who_is_no_contact_of_the_organisation_is_not_found(org_id: str) -> None:
    world = World()
    before = world.outcome()
    with pytest.raises(NotFoundError):
        world.erasure().run(org_id, "ann" if org_id == "other" else "cid")
    assert world.outcome() == before


def test_who_is_known_by_a_suppression_alone_is_erased_too() -> None:
    world = World()
    world.contacts.delete("acme", "ann")
    world.erasure().run("acme", "ann")
    kept = world.suppressions.rows["acme", "ann"]
    assert (kept.email, set(kept.reasons)) == (None, {Reason.MANUAL})
    assert world.lists.rows["list1"] == {"bob"}
    with pytest.raises(NotFoundError):
        world.erasure().run("acme", "ann")


def test_filters_of_the_organisation_name_the_person_no_more_and_others_still() -> None:
    world = World()
    world.erasure().run("acme", "ann")
    filters = {key: one.filter for key, one in world.segments.rows.items()}
    assert filters == dict(zip(SEGMENTS, (NAMES_BOB, NAMES_BOB, NAMES_BOTH), strict=True))
    for job_id in ("count", "export"):
        job = world.jobs.get("acme", job_id)
        assert job is not None
        assert job.task == {"segment_id": "s1", "filter": segment_json.write(NAMES_BOB)}


class Edited(Segments):
    """Segments that somebody edits before each write of ours, until one deletes them."""

    def __init__(self, edits: int) -> None:
        super().__init__()
        self.edits = edits

    def swap(self, old: Segment, new: Segment, at: datetime) -> bool:
        if self.edits == 0:
            self.delete(old.org_id, old.segment_id)
        self.edits -= 1
        both = And((old.filter, segment_text.read("list is list1")))
        super().swap(old, replace(old, filter=both), at)
        return super().swap(old, new, at)


def test_a_segment_that_is_edited_meanwhile_keeps_the_edit_and_one_deleted_stays_so() -> None:
    world = World()
    world.segments = Edited(1)
    world.segments.create(Segment("acme", "s1", "Not them", NAMES_BOTH, NOW))
    world.erasure().run("acme", "ann")
    assert world.segments.rows == {}


def test_a_segment_that_keeps_changing_leaves_the_contact_to_the_next_call() -> None:
    world = World()
    world.segments = Edited(-1)
    world.segments.create(Segment("acme", "s1", "Not them", NAMES_BOTH, NOW))
    with pytest.raises(RetryableError):
        world.erasure().run("acme", "ann")
    assert ("acme", "ann") in world.contacts.rows


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
