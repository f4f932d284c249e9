"""Imports: the same contacts and counts, whatever is killed, repeated or run twice at once."""

import csv
import itertools
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.memory.contacts import Contacts, Lists
from local.memory.imports import Files as MemoryFiles
from local.memory.imports import Imports as MemoryImports
from local.memory.imports import Pointers as MemoryPointers
from local.world.clock import Clock
from local.world.faults import Fault, Faulty, Steps
from local.world.scheduler import Scheduler
from mailtide.domain import identifiers
from mailtide.domain.contact import Contact
from mailtide.domain.contact_list import ContactList
from mailtide.domain.import_job import Counts, ImportJob, ImportState
from mailtide.errors import RetryableError
from mailtide.flows.imports import Ending, Importer
from mailtide.flows.pointers import ImportPointer

KEY = b"k" * 16
POINTER = ImportPointer("acme", "import1")


def contact_id(org_id: str, address: str) -> str:
    return identifiers.contact_id(KEY, org_id, address)


def ident(address: str) -> str:
    return contact_id("acme", address)


@dataclass
class Jobs(MemoryImports):
    """Keeps every version, to see that no import ever goes back."""

    versions: list[ImportJob] = field(default_factory=list)

    def swap(self, old: ImportJob, new: ImportJob, holder: str) -> bool:
        swapped = super().swap(old, new, holder)
        self.versions.append(self.jobs[old.org_id, old.import_id])
        return swapped


@dataclass
class World:
    """One import of one file, with all it works on."""

    source: bytes
    clock: Clock = field(default_factory=Clock)
    jobs: Jobs = field(default_factory=Jobs)
    files: MemoryFiles = field(default_factory=MemoryFiles)
    contacts: Contacts = field(default_factory=Contacts)
    lists: Lists = field(default_factory=Lists)
    pointers: MemoryPointers = field(default_factory=MemoryPointers)
    chunk_rows: int = 3
    block_bytes: int = 5

    def __post_init__(self) -> None:
        job = ImportJob("acme", "import1", "list1", self.clock())
        self.files.put(job.source_key, self.source)
        etag, size = self.files.find(job.source_key) or ("", 0)
        self.jobs.create(replace(job, state=ImportState.RUNNING, etag=etag, bytes_total=size))
        self.lists.create(ContactList("acme", "list1", "News", self.clock()))

    @property
    def job(self) -> ImportJob:
        return self.jobs.jobs["acme", "import1"]

    @property
    def report(self) -> list[list[str]]:
        found = self.files.objects.get(self.job.report_key, b"").decode()
        return list(csv.reader(found.splitlines(keepends=True)))

    def importer(self, wrap: Callable[[Any, str], Any] = lambda target, _: target) -> Importer:
        return Importer(
            jobs=wrap(self.jobs, "jobs"),
            files=wrap(self.files, "files"),
            contacts=wrap(self.contacts, "contacts"),
            lists=wrap(self.lists, "lists"),
            pointers=wrap(self.pointers, "pointers"),
            contact_id=contact_id,
            clock=self.clock,
            chunk_rows=self.chunk_rows,
            block_bytes=self.block_bytes,
        )

    def run(self, holder: str = "worker", minutes: int = 60) -> Ending:
        until = self.clock() + timedelta(minutes=minutes)
        return self.importer().run(POINTER, holder, until)

    def outcome(self) -> tuple[Any, ...]:
        """All that an import leaves behind, but for the times."""
        contacts = {
            one.email.casefold(): (dict(one.attributes), one.timezone)
            for one in self.contacts.rows.values()
        }
        job = self.job
        files = sorted(self.files.objects)
        return job.state, job.counts, contacts, self.lists.rows["list1"], self.report, files


FILE = b"""email,name,timezone
ann@example.com,Ann,Europe/Rome
bob@gmail.com,Bob,
not an address,Nobody,
ANN@example.com,,
cid@example.com,"Cid
the second",
ann@example.com,Anna,
cid@example.com
bob@gmail.com,Robert,Europe/Oslo

dan@example.com,Dan,Mars/Base
eve@example.com,Eve,
"""


def test_a_file_becomes_contacts_members_counts_and_a_report() -> None:
    world = World(FILE)
    assert world.run() is Ending.DONE
    assert world.job.counts == Counts(imported=4, merged=3, refused=3)
    assert world.job.counts.rows_read == 10
    assert world.job.place.offset == world.job.bytes_total
    members = {
        ident(a) for a in ("ann@example.com", "bob@gmail.com", "cid@example.com", "eve@example.com")
    }
    assert world.lists.rows["list1"] == members
    head, *refused = world.report
    assert head == ["line", "reason", "row"]
    assert [(row[0], row[2]) for row in refused] == [
        ("4", "not an address,Nobody,"),
        ("9", "cid@example.com"),
        ("12", "dan@example.com,Dan,Mars/Base"),
    ]


def test_of_the_files_of_an_import_that_is_over_only_the_report_stays() -> None:
    world = World(FILE)
    world.run()
    assert list(world.files.objects) == [world.job.report_key]
    failed = World(b"name\nAnn\n")
    assert failed.run() is Ending.FAILED
    assert failed.files.objects == {}


def test_files_that_a_dead_worker_left_go_when_its_pointer_comes_back() -> None:
    world = World(FILE)
    world.run()
    world.files.put(world.job.refused_key(0), b"left by a worker that was frozen")
    assert world.run() is Ending.STALE
    assert list(world.files.objects) == [world.job.report_key]


def test_of_an_address_that_stands_twice_the_last_values_win_where_there_are_any() -> None:
    world = World(FILE)
    world.run()
    ann = world.contacts.get("acme", ident("ann@example.com"))
    bob = world.contacts.get("acme", ident("bob@gmail.com"))
    assert ann is not None
    assert bob is not None
    assert (ann.attributes, ann.timezone) == ({"name": "Anna"}, "Europe/Rome")
    assert (bob.attributes, bob.timezone, bob.provider) == (
        {"name": "Robert"},
        "Europe/Oslo",
        "gmail",
    )


def test_a_contact_that_is_there_keeps_its_engagement_and_other_attributes() -> None:
    world = World(b"email,name\nann@example.com,Anna\n")
    old = Contact(
        "acme",
        ident("ann@example.com"),
        "Ann@example.com",
        "other",
        world.clock() - timedelta(days=9),
        {"name": "Ann", "city": "Bonn"},
        "Europe/Rome",
        last_open_at=world.clock() - timedelta(days=1),
    )
    world.contacts.put(old)
    world.run()
    assert world.contacts.get("acme", old.contact_id) == replace(
        old, attributes={"name": "Anna", "city": "Bonn"}
    )


def test_a_file_without_bad_rows_has_no_report() -> None:
    world = World(b"email\nann@example.com\n")
    assert world.run() is Ending.DONE
    assert world.job.report_key not in world.files.objects


def test_a_header_alone_is_an_import_of_nothing() -> None:
    world = World(b"email\n")
    assert world.run() is Ending.DONE
    assert world.job.counts == Counts()


@pytest.mark.parametrize("source", [b"name\nAnn\n", "email\né@x.de".encode("latin-1"), b""])
def test_an_unusable_file_fails_the_import_and_writes_nothing(source: bytes) -> None:
    world = World(source)
    assert world.run() is Ending.FAILED
    assert world.job.state is ImportState.FAILED
    assert (world.job.failure or "").startswith("The file cannot be imported: ")
    assert world.job.failure_code == "import_file_invalid"
    assert not world.contacts.rows


def test_a_file_that_is_replaced_meanwhile_fails_the_import() -> None:
    world = World(FILE)
    world.files.put(world.job.source_key, FILE + b"fay@example.com,Fay,\n")
    assert world.run() is Ending.FAILED
    assert "replaced" in (world.job.failure or "")
    assert world.job.failure_code == "import_file_changed"


def test_a_list_that_is_deleted_meanwhile_gets_no_more_members() -> None:
    world = World(FILE)

    class Fleeting(Lists):
        def add_members(self, *added: Any) -> None:
            super().add_members(*added)
            self.delete("acme", "list1")

    world.lists = Fleeting(lists=world.lists.lists)
    assert world.run() is Ending.FAILED
    assert world.job.failure_code == "not_found"
    assert world.lists.rows["list1"] == {ident("ann@example.com"), ident("bob@gmail.com")}


def test_a_deleted_list_fails_the_import() -> None:
    world = World(FILE)
    world.lists.delete("acme", "list1")
    assert world.run() is Ending.FAILED
    assert world.job.failure == "The list was deleted."
    assert world.job.failure_code == "not_found"


@pytest.mark.parametrize("state", [ImportState.WAITING, ImportState.DONE, ImportState.FAILED])
def test_a_pointer_to_an_import_that_does_not_run_is_stale(state: ImportState) -> None:
    world = World(FILE)
    world.jobs.jobs["acme", "import1"] = replace(world.job, state=state)
    assert world.run() is Ending.STALE


def test_a_pointer_to_no_import_is_stale() -> None:
    world = World(FILE)
    world.jobs.jobs.clear()
    assert world.run() is Ending.STALE


def test_when_time_runs_short_a_fresh_pointer_goes_on() -> None:
    world = World(FILE)
    runs = 0
    while world.run(f"worker{runs}", minutes=0) is Ending.OUT_OF_TIME:
        assert world.pointers.waiting.pop() == POINTER
        runs += 1
    once = World(FILE)
    once.run()
    assert runs == 4  # chunks of three rows, and a last look that finds none
    assert world.outcome() == once.outcome()


def test_a_row_of_ten_megabytes_is_one_refused_row() -> None:
    world = World(
        b"email,name\nann@example.com,Ann\nbob@example.com,"
        + b"x" * 10_000_000
        + b"\ncid@example.com,\n",
        block_bytes=256 * 1024,
    )
    assert world.run() is Ending.DONE
    assert world.job.counts == Counts(imported=2, refused=1)
    assert world.report[1][0] == "3"
    assert len(world.report[1][2]) <= 200


def test_contacts_that_others_keep_changing_are_tried_again_later() -> None:
    class Busy(Contacts):
        def change(self, *_: object) -> bool:
            return False

    world = World(b"email,name\nann@example.com,Anna\n", contacts=Busy())
    world.contacts.put(
        Contact("acme", ident("ann@example.com"), "ann@example.com", "other", world.clock())
    )
    with pytest.raises(RetryableError):
        world.run()
    assert world.job.counts == Counts()


def test_a_worker_that_another_one_overtook_hands_its_pointer_back() -> None:
    world = World(FILE)
    overtaken = world.importer()

    class Slow(Lists):
        def add_members(self, *_: object) -> None:
            other = World(FILE, jobs=world.jobs, files=world.files, contacts=world.contacts)
            other.lists = world.lists
            other.run("other")

    slow = replace(overtaken, lists=Slow(lists=world.lists.lists))
    with pytest.raises(RetryableError, match="another worker"):
        slow.run(POINTER, "slow", world.clock() + timedelta(hours=1))
    assert world.job.state is ImportState.DONE
    assert world.job.counts == Counts(imported=4, merged=3, refused=3)


def test_a_failure_that_another_worker_wrote_already_is_no_second_one() -> None:
    world = World(b"name\n")

    class Late(MemoryFiles):
        def read(self, key: str, etag: str, offset: int, size: int) -> bytes:
            if world.job.state is ImportState.RUNNING:
                world.run("other")
            return world.files.read(key, etag, offset, size)

    late = replace(world.importer(), files=Late())
    assert late.run(POINTER, "late", world.clock()) is Ending.FAILED
    assert len(world.jobs.versions) == 1


@dataclass
class Queue:
    """SQS for one pointer: what fails comes back, a little later each time."""

    world: World
    scheduler: Scheduler
    workers: int
    started: int = 0
    failed: bool = False  # a pointer came back

    def pump(self) -> None:
        """Run until nothing is left to do; `workers` read the first pointer at once."""
        for _ in range(self.workers):
            self.spawn()
        for _ in range(100_000):
            if not self.scheduler.turn():
                if self.failed or self.world.job.state is ImportState.RUNNING:
                    self.failed = False
                    self.spawn()  # the pointer came back, perhaps although a frozen worker has it
                elif wake := self.scheduler.next_wake():
                    self.world.clock.forward_to(wake)
                else:
                    return
            while self.world.pointers.waiting:
                self.world.pointers.waiting.pop()
                self.spawn()
        raise AssertionError("the import never ends")

    def spawn(self) -> None:
        self.started += 1
        name = f"worker{self.started}"
        self.scheduler.spawn("worker", self.started, lambda: self._work(name), self._ended)

    def _ended(self, well: bool) -> None:
        """Let the pointer of a worker that failed or died come back."""
        if not well:
            self.failed = True

    def _work(self, name: str) -> None:
        steps = Steps(self.scheduler.step, self.scheduler.freeze, lambda: self.scheduler.steps)
        importer = self.world.importer(lambda target, what: Faulty(target, what, steps))
        importer.run(POINTER, name, self.world.clock() + timedelta(seconds=2))


def lived(source: bytes, faults: Mapping[int, Fault], workers: int, seed: int) -> tuple[Any, ...]:
    world = World(source, chunk_rows=2)
    scheduler = Scheduler(world.clock, random.Random(seed), faults)  # noqa: S311 - a replay
    Queue(world, scheduler, workers).pump()
    offsets = [one.place.offset for one in world.jobs.versions]
    assert offsets == sorted(offsets)
    return *world.outcome(), scheduler.steps


def undisturbed(source: bytes) -> tuple[Any, ...]:
    world = World(source, chunk_rows=2)
    world.run()
    return world.outcome()


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_at_any_step_changes_nothing_in_the_end(fault: Fault) -> None:
    expected = undisturbed(FILE)
    for step in itertools.count():
        *outcome, steps = lived(FILE, {step: fault}, 1, 0)
        assert tuple(outcome) == expected, f"{fault} at step {step}"
        if steps <= step:  # it came after the end
            return


def rows(names: Iterable[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda name, value, zone: f"{name}@example.com,{value},{zone}",
        st.sampled_from(sorted(names)),
        st.sampled_from(["", "x", "y", "z"]),
        st.sampled_from(["", "Europe/Rome", "Mars/Base"]),
    )


@given(
    lines=st.lists(
        rows({"ann", "ANN", "bob", "cid"}) | st.just("bad") | st.just('"open,x,'), max_size=12
    ),
    faults=st.dictionaries(st.integers(0, 150), st.sampled_from(list(Fault)), max_size=5),
    workers=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_any_life_of_an_import_ends_as_the_undisturbed_one(
    lines: list[str], faults: dict[int, Fault], workers: int, seed: int
) -> None:
    source = "\n".join(["email,name,timezone", *lines]).encode()
    assert lived(source, faults, workers, seed)[:-1] == undisturbed(source)
