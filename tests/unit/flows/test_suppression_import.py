"""Imports of suppressions: the same rows stand, whatever is killed, repeated or run at once."""

import csv
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.memory.contacts import Suppressions
from local.memory.imports import Files as MemoryFiles
from local.memory.jobs import Jobs as MemoryJobs
from local.world.faults import Fault
from mailtide.domain import identifiers
from mailtide.domain.job import Job, JobState
from mailtide.domain.message import millis
from mailtide.domain.redaction import Redactor
from mailtide.domain.suppression import Reason
from mailtide.domain.suppression_audit import AuditEntry
from mailtide.errors import ConflictError, InvalidInputError, NotFoundError, RetryableError
from mailtide.flows.jobs import Ending
from mailtide.flows.pointers import JobPointer
from mailtide.flows.suppression_import import SuppressionImport, report_key, source_key
from mailtide.flows.suppression_uploads import SuppressionUploads
from tests.jobs import JobWorld, Wrap


def contact_id(org_id: str, address: str) -> str:
    return identifiers.contact_id(b"k" * 16, org_id, address)


@dataclass
class Files(MemoryFiles):
    """Files with addresses."""

    def upload_url(self, key: str, lifetime: timedelta) -> str:
        return f"https://bucket.test/{key}"


@dataclass
class World(JobWorld):
    """Jobs that suppress, and what they write."""

    make: Callable[[Wrap], SuppressionImport] = field(init=False)
    files: Files = field(default_factory=Files)
    suppressions: Suppressions = field(default_factory=Suppressions)

    def __post_init__(self) -> None:
        self.make = lambda wrap: SuppressionImport(
            wrap(self.files, "files"),
            wrap(self.suppressions, "suppressions"),
            Redactor(contact_id),
            contact_id,
            chunk_rows=2,
        )

    def uploads(self, jobs: MemoryJobs | None = None) -> SuppressionUploads:
        ids = (f"i{len(self.jobs.rows)}" for _ in itertools.count())
        return SuppressionUploads(
            jobs or self.jobs,
            self.files,
            lambda job: self.pointers.send(JobPointer(job.org_id, job.job_id)),
            lambda _: next(ids),
            self.clock,
        )

    def upload(self, body: bytes, org_id: str = "acme") -> JobPointer:
        job, upload = self.uploads().open(org_id, "key1")
        assert upload.url.endswith(source_key(job))
        self.files.put(source_key(job), body)
        return JobPointer(org_id, job.job_id)

    def begin(self, body: bytes, org_id: str = "acme") -> JobPointer:
        pointer = self.upload(body, org_id)
        self.uploads().start(org_id, pointer.job_id)
        return pointer

    def standing(self) -> dict[str, dict[Reason, str]]:
        """Return evidence by address and reason."""
        return {
            str(one.email): {reason: said.text for reason, said in one.reasons.items()}
            for one in self.suppressions.rows.values()
        }

    def report(self, job: Job) -> list[list[str]]:
        found = self.files.objects.get(report_key(job), b"").decode()
        return list(csv.reader(found.splitlines(keepends=True)))


FILE = b"""email,reason,scope,note
ann@example.com,,,asked by phone
bob@example.com,complaint,,
nobody,,,
Ann@example.com,,all,
cid@example.com,bored,,
cid@example.com,unsubscribe,all,
dan@example.com,hard_bounce,,550 eve@example.com unknown
"""


def test_a_file_becomes_suppressions_and_a_report() -> None:
    world = World()
    pointer = world.begin(FILE)
    assert world.run(pointer) is Ending.DONE
    job = world.job(pointer)
    assert job.result == {"rows_read": 7, "suppressed": 4, "refused": 3}
    eve = contact_id("acme", "eve@example.com")
    assert world.standing() == {
        "ann@example.com": {
            Reason.MANUAL: "import i0: asked by phone",
            Reason.MANUAL_ALL: "import i0",
        },
        "bob@example.com": {Reason.COMPLAINT: "import i0"},
        "dan@example.com": {Reason.HARD_BOUNCE: f"import i0: 550 {{contact:{eve}}} unknown"},
    }
    assert [row[0] for row in world.report(job)] == ["line", "4", "6", "7"]
    assert job.file == report_key(job)
    assert list(world.files.objects) == [report_key(job)]


def test_a_file_without_bad_rows_has_no_report() -> None:
    world = World()
    pointer = world.begin(b"email\nann@example.com\n")
    world.run(pointer)
    assert (world.job(pointer).file, world.files.objects) == (None, {})


def test_a_header_alone_suppresses_nobody() -> None:
    world = World()
    pointer = world.begin(b"email\n")
    world.run(pointer)
    assert world.job(pointer).result == {"rows_read": 0, "suppressed": 0, "refused": 0}


def test_an_unusable_file_fails_and_is_not_kept() -> None:
    world = World()
    pointer = world.begin(b"name\nAnn\n")
    assert world.run(pointer) is Ending.FAILED
    assert world.job(pointer).failure_code == "import_file_invalid"
    assert world.files.objects == {}


def test_a_file_that_is_replaced_meanwhile_fails_the_import() -> None:
    world = World()
    pointer = world.begin(FILE)
    for _ in range(2):
        world.run(pointer, seconds=0)
    assert len(world.files.objects) == 2  # the upload, and a refused row
    world.files.put(source_key(world.job(pointer)), FILE + b"x@example.com,,,\n")
    assert world.run(pointer) is Ending.FAILED
    assert world.job(pointer).failure_code == "import_file_changed"
    assert world.files.objects == {}  # they held addresses


def test_what_is_lifted_after_the_start_stays_lifted() -> None:
    world = World()
    world.run(world.begin(b"email\nann@example.com\n"))
    pointer = world.begin(b"email\nann@example.com\n")
    ann = contact_id("acme", "ann@example.com")
    world.clock.advance(timedelta(minutes=1))
    world.suppressions.lift(AuditEntry("acme", "e1", world.clock(), "key1", ann, {}, ""))
    world.run(pointer)
    assert world.standing() == {}
    world.clock.advance(timedelta(minutes=1))
    world.run(world.begin(b"email\nann@example.com\n"))
    assert set(world.standing()) == {"ann@example.com"}


def test_a_start_needs_the_file_and_can_be_repeated() -> None:
    world = World()
    pointer = world.upload(FILE)
    world.files.objects.clear()
    with pytest.raises(ConflictError) as error:
        world.uploads().start("acme", pointer.job_id)
    assert error.value.code == "upload_missing"
    world.files.put(source_key(world.job(pointer)), b"")
    with pytest.raises(InvalidInputError):
        world.uploads().start("acme", pointer.job_id)
    assert world.pointers.waiting == []
    world.files.put(source_key(world.job(pointer)), FILE)
    world.uploads().start("acme", pointer.job_id)
    again = world.uploads().start("acme", pointer.job_id)
    assert world.pointers.waiting == [pointer, pointer]
    assert again.cursor["started_ms"] == millis(again.created_at)
    world.run(pointer)
    with pytest.raises(ConflictError, match="done"):
        world.uploads().start("acme", pointer.job_id)


def test_an_import_that_is_not_started_is_looked_at_by_nobody() -> None:
    world = World()
    world.upload(FILE)
    assert world.jobs.due(world.clock() + timedelta(days=9)) == []


def test_only_imports_of_the_organisation_can_be_started() -> None:
    world = World()
    pointer = world.upload(FILE)
    for org_id, job_id in (("other", pointer.job_id), ("acme", "none")):
        with pytest.raises(NotFoundError):
            world.uploads().start(org_id, job_id)


def test_a_start_that_loses_against_another_is_tried_again_later() -> None:
    class Taken(MemoryJobs):
        def swap(self, old: Job, new: Job) -> bool:
            return False

    world = World()
    pointer = world.upload(FILE)
    with pytest.raises(RetryableError):
        world.uploads(Taken(world.jobs.rows)).start("acme", pointer.job_id)
    assert world.job(pointer).state is JobState.WAITING


def lived(faults: dict[int, Fault], seed: int = 0) -> tuple[Any, int]:
    world = World()
    pointers = [world.begin(FILE), world.begin(FILE.replace(b"ann", b"eve"), "other")]
    steps = world.live(faults, seed=seed)
    jobs = [world.job(pointer) for pointer in pointers]
    ends = [(job.state, job.result, world.report(job)) for job in jobs]
    return (ends, world.suppressions.rows, sorted(world.files.objects)), steps


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_at_any_step_changes_nothing_in_the_end(fault: Fault) -> None:
    expected, _ = lived({})
    for step in itertools.count():
        outcome, steps = lived({step: fault})
        assert outcome[:2] == expected[:2], f"{fault} at step {step}"
        if steps <= step:
            return


@settings(max_examples=50)
@given(
    faults=st.dictionaries(st.integers(0, 120), st.sampled_from(list(Fault)), max_size=6),
    seed=st.integers(0, 1000),
)
def test_any_life_of_an_import_ends_as_the_undisturbed_one(
    faults: dict[int, Fault], seed: int
) -> None:
    assert lived(faults, seed)[0][:2] == lived({})[0][:2]


def test_a_step_takes_no_more_of_the_file_than_two_megabytes_and_a_row() -> None:
    world = World()
    row = "ann@example.com,," + "x" * 60_000 + "\n"
    pointer = world.begin(("email,reason,more\n" + 50 * row).encode())
    kind = replace(world.make(lambda target, _: target), chunk_rows=2000)
    first = kind.step(world.job(pointer))
    assert first.progress["rows_read"] == 34
    assert world.run(pointer) is Ending.DONE
    assert world.job(pointer).progress["rows_read"] == 50
