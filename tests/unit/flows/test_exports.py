"""Exports: every contact once in one file, whatever is killed, repeated or changed meanwhile."""

import csv
import io
import itertools
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.memory.contacts import Contacts, Lists, Suppressions
from local.memory.imports import Files
from local.memory.segments import Segments
from local.world.faults import Fault
from mailtide.domain import identifiers, segment_json, segment_text
from mailtide.domain.contact import Contact
from mailtide.domain.contact_list import ContactList
from mailtide.domain.job import JobKind, JobState
from mailtide.domain.page import Page
from mailtide.domain.segment import Segment
from mailtide.domain.suppression import Evidence, Reason, Suppression
from mailtide.errors import InvalidInputError
from mailtide.flows.addresses import Addresses
from mailtide.flows.export_content import (
    AllContacts,
    AllSuppressions,
    HeldBySegment,
    MembersOfList,
)
from mailtide.flows.export_desk import ExportDesk, Exported
from mailtide.flows.exports import MOST_RESTARTS, Exporter, file_key
from mailtide.flows.jobs import Ending
from mailtide.flows.pointers import JobPointer
from tests.jobs import JobWorld, Wrap

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def contact(number: int, org_id: str = "acme", **attributes: Any) -> Contact:
    id_ = identifiers.contact_id(b"k" * 16, org_id, f"{number}@example.com")
    return Contact(org_id, id_, f"{number}@example.com", "other", NOW, attributes)


@dataclass
class World(JobWorld):
    """Two organisations with contacts and a list each, and what exports write."""

    make: Callable[[Wrap], Exporter] = field(init=False)
    contacts: Contacts = field(default_factory=Contacts)
    lists: Lists = field(default_factory=Lists)
    suppressions: Suppressions = field(default_factory=Suppressions)
    files: Files = field(default_factory=Files)
    page_rows: int = 3
    joined_bytes: int = 400

    def __post_init__(self) -> None:
        self.make = self.exporter
        for org_id in ("acme", "other"):
            self.lists.create(ContactList(org_id, f"list-{org_id}", "News", NOW))
            for number in range(8):
                one = contact(number, org_id, name=f"{org_id}{number}", rank=number)
                self.contacts.put(one)
                if number % 2:
                    self.lists.add_members(f"list-{org_id}", [one.contact_id], NOW)

    def exporter(self, wrap: Wrap) -> Exporter:
        contacts, lists = wrap(self.contacts, "contacts"), wrap(self.lists, "lists")
        suppressions = wrap(self.suppressions, "suppressions")
        return Exporter(
            {
                "contacts": lambda: AllContacts(contacts),
                "list": lambda: MembersOfList(contacts, lists),
                "segment": lambda: HeldBySegment(contacts, lists),
                "suppressions": lambda: AllSuppressions(suppressions, Addresses(contacts)),
            },
            wrap(self.files, "files"),
            self.page_rows,
            self.joined_bytes,
        )

    def export(self, task: Mapping[str, Any], org_id: str = "acme") -> JobPointer:
        return self.start(JobKind.EXPORT, task, org_id)

    def rows(self, pointer: JobPointer) -> list[dict[str, str]]:
        text = self.files.get(self.job(pointer).file or "").decode()
        return list(csv.DictReader(io.StringIO(text, newline="")))


ALL = {"kind": "contacts"}
LIST = {"kind": "list", "list_id": "list-acme"}


def test_an_export_holds_every_contact_of_its_organisation_once() -> None:
    world = World()
    pointer = world.export(ALL)
    assert world.run(pointer) is Ending.DONE
    job = world.job(pointer)
    assert job.result == {"rows": 8, "left_out": 0}
    assert job.progress == {"rows_surveyed": 8, "rows_written": 8}
    assert [row["name"] for row in world.rows(pointer)] == [
        one.attributes["name"]
        for (org, _), one in sorted(world.contacts.rows.items())
        if org == "acme"
    ]
    assert list(world.files.objects) == ["exports/acme/j0/contacts.csv"]
    assert world.files.uploads == {}


def test_an_export_of_a_list_holds_its_members_that_are_contacts() -> None:
    world = World()
    world.lists.add_members("list-acme", ["0gone"], NOW)
    pointer = world.export(LIST)
    world.run(pointer)
    assert {row["email"] for row in world.rows(pointer)} == {
        f"{n}@example.com" for n in (1, 3, 5, 7)
    }


def test_an_export_of_nothing_is_a_header() -> None:
    world = World()
    pointer = world.export(ALL, "empty")
    world.run(pointer)
    assert world.rows(pointer) == []
    assert world.files.get(world.job(pointer).file or "").startswith(b"email,timezone,mailtide:")


def test_a_list_that_is_deleted_meanwhile_or_anothers_fails_the_export() -> None:
    world = World()
    tasks = [("other", LIST), ("acme", {**LIST, "list_id": "none"})]
    for pointer in [world.export(task, org_id) for org_id, task in tasks]:
        assert world.run(pointer) is Ending.FAILED
        assert world.job(pointer).failure == "The list was deleted."
    assert world.files.objects == {}


def test_an_attribute_that_comes_up_after_the_survey_is_not_lost() -> None:
    world = World()
    pointer = world.export(ALL)
    while world.job(pointer).cursor.get("phase") != "write":
        world.run(pointer, seconds=0)
    late = contact(1, name="acme1", city="Bonn")
    world.contacts.put(late)
    world.run(pointer)
    (row,) = [row for row in world.rows(pointer) if row["email"] == late.email]
    assert row["mailtide:attributes"] == '{"city":"Bonn"}'


@pytest.mark.parametrize("lost", [1, MOST_RESTARTS])
def test_an_upload_that_is_lost_is_begun_again(lost: int) -> None:
    world = World()
    pointer = world.export(ALL)
    left = lost
    while not world.job(pointer).is_over:
        if left and world.job(pointer).cursor.get("etags"):
            world.files.uploads.clear()
            left -= 1
        world.run(pointer, seconds=0)
    assert left == 0
    assert world.job(pointer).state is JobState.DONE
    assert len(world.rows(pointer)) == 8


def test_a_file_that_a_run_finished_before_it_died_is_not_joined_again() -> None:
    world = World()
    pointer = world.export(ALL)
    while (cursor := world.job(pointer).cursor).get("joined") != len(cursor.get("parts") or "x"):
        world.run(pointer, seconds=0)
    world.files.finish_upload(file_key(world.job(pointer)), cursor["upload"], cursor["etags"])
    assert world.run(pointer) is Ending.DONE
    assert world.files.begun == 1
    assert len(world.rows(pointer)) == 8


def test_a_part_that_is_removed_meanwhile_fails_the_export() -> None:
    world = World()
    pointer = world.export(ALL)
    while not world.job(pointer).cursor.get("upload"):
        world.run(pointer, seconds=0)
    world.files.objects.clear()
    assert world.run(pointer) is Ending.FAILED
    assert world.job(pointer).failure_code == "not_found"


def test_an_upload_that_is_lost_again_and_again_fails_the_export() -> None:
    world = World()
    pointer = world.export(ALL)
    while not world.job(pointer).is_over:
        world.files.uploads.clear()
        world.run(pointer, seconds=0)
    assert world.job(pointer).failure_code == "permanent"


def lived(faults: dict[int, Fault], seed: int = 0) -> tuple[Any, int]:
    world = World()
    pointers = [world.export(ALL), world.export({**LIST, "list_id": "list-other"}, "other")]
    steps = world.live(faults, seed=seed)
    jobs = [world.job(pointer) for pointer in pointers]
    files = {job.file: world.files.objects[job.file or ""] for job in jobs}
    return ([(job.state, job.result, job.progress) for job in jobs], files), steps


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_at_any_step_changes_nothing_in_the_end(fault: Fault) -> None:
    expected, _ = lived({})
    for step in itertools.count():
        outcome, steps = lived({step: fault})
        assert outcome == expected, f"{fault} at step {step}"
        if steps <= step:
            return


@settings(max_examples=50)
@given(
    faults=st.dictionaries(st.integers(0, 150), st.sampled_from(list(Fault)), max_size=6),
    seed=st.integers(0, 1000),
)
def test_any_life_of_an_export_ends_as_the_undisturbed_one(
    faults: dict[int, Fault], seed: int
) -> None:
    assert lived(faults, seed)[0] == lived({})[0]


@given(
    changes=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20), st.booleans()), max_size=8)
)
def test_nobody_comes_twice_and_who_stays_is_there_whatever_changes_meanwhile(
    changes: list[tuple[int, int, bool]],
) -> None:
    world = World()
    stays = {one.email for (org, _), one in world.contacts.rows.items() if org == "acme"}
    pointer = world.export(ALL)
    due = sorted(changes)
    for run in itertools.count():
        while due and due[0][0] <= run:
            _, number, removed = due.pop(0)
            one = contact(number)
            if removed:
                world.contacts.delete("acme", one.contact_id)
                stays.discard(one.email)
            else:
                world.contacts.put(one)
        if world.job(pointer).is_over:
            break
        world.run(pointer, seconds=0)
    found = [row["email"] for row in world.rows(pointer)]
    assert len(found) == len(set(found))
    assert stays <= set(found)


class Many(Contacts):
    """Contacts that are made when they are read."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.total = total

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Contact]:
        first = int(after) + 1 if after else 0
        last = min(first + limit, self.total)
        rows = [
            Contact(org_id, f"{n:07}", f"{n}@example.com", "gmail", NOW, {"name": f"n{n}", "n": n})
            for n in range(first, last)
        ]
        return Page(rows, f"{last - 1:07}" if last < self.total else None)


class Sizes(Files):
    """A bucket that keeps the sizes of what it is given, not the bytes."""

    def put(self, key: str, body: bytes) -> None:
        self.objects[key] = str(len(body)).encode()

    def get(self, key: str) -> bytes:
        return bytes(int(self.objects[key]))

    def add_part(self, key: str, upload: str, number: int, body: bytes) -> str:
        return str(len(body))

    def finish_upload(self, key: str, upload: str, etags: Sequence[str]) -> None:
        self.objects[key] = str(sum(map(int, etags))).encode()


def peak_of_exporting(total: int) -> int:
    world = World(contacts=Many(total), files=Sizes(), page_rows=500, joined_bytes=100_000)
    pointer = world.export(ALL)
    tracemalloc.start()
    world.run(pointer)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert world.job(pointer).result == {"rows": total, "left_out": 0}
    return peak


def test_the_memory_of_an_export_is_that_of_a_page() -> None:
    few, many = peak_of_exporting(2_000), peak_of_exporting(8_000)
    assert many < 1.2 * few


class Started:
    """A job desk that keeps what it is asked."""

    def __init__(self) -> None:
        self.tasks: list[Any] = []

    def start(self, org_id: str, kind: JobKind, task: Mapping[str, Any]) -> Any:
        self.tasks.append((org_id, kind, task))


FILTER = segment_text.read('email starts with "3" or list is "list-acme"')
SEGMENT = Segment("acme", "s1", "Some", FILTER, NOW)
HELD = {"kind": "segment", "segment_id": "s1", "filter": segment_json.write(FILTER)}


def desk(started: Started) -> ExportDesk:
    segments = Segments()
    segments.create(SEGMENT)
    return ExportDesk(started, World().lists, segments)


@pytest.mark.parametrize(
    ("kind", "ids", "at"),
    [
        (Exported.LIST, {}, "body.list_id"),
        (Exported.LIST, {"list_id": None}, "body.list_id"),
        (Exported.LIST, {"list_id": "list-other"}, "body.list_id"),
        (Exported.LIST, {"list_id": "list-acme", "segment_id": "s1"}, "body.segment_id"),
        (Exported.CONTACTS, {"list_id": "list-acme"}, "body.list_id"),
        (Exported.SEGMENT, {"segment_id": "s2"}, "body.segment_id"),
        (Exported.SEGMENT, {"list_id": "list-acme"}, "body.list_id"),
        (Exported.SEGMENT, {}, "body.segment_id"),
    ],
)
def test_an_export_of_what_is_not_there_is_refused(
    kind: Exported, ids: Mapping[str, str | None], at: str
) -> None:
    started = Started()
    with pytest.raises(InvalidInputError) as error:
        desk(started).start("acme", kind, ids)
    assert [place["at"] for place in error.value.errors] == [at]
    assert started.tasks == []


@pytest.mark.parametrize(
    ("kind", "ids", "task"),
    [
        (Exported.CONTACTS, {}, ALL),
        (Exported.LIST, {"list_id": "list-acme", "segment_id": None}, LIST),
        (Exported.SEGMENT, {"segment_id": "s1"}, HELD),
    ],
)
def test_an_export_becomes_a_job(
    kind: Exported, ids: Mapping[str, str | None], task: Mapping[str, Any]
) -> None:
    started = Started()
    desk(started).start("acme", kind, ids)
    assert started.tasks == [("acme", JobKind.EXPORT, task)]


def test_an_export_of_a_segment_holds_whom_its_filter_held_at_the_start() -> None:
    world = World()
    pointer = world.export(HELD)
    world.run(pointer)
    found = {row["email"] for row in world.rows(pointer)}
    assert found == {f"{n}@example.com" for n in (1, 3, 5, 7)}


def test_an_export_of_suppressions_leaves_out_who_has_no_address() -> None:
    world = World()
    ann, bob, cid = (contact(number) for number in range(3))
    world.contacts.delete("acme", cid.contact_id)
    for one, reasons in ((ann, [Reason.COMPLAINT, Reason.MANUAL_ALL]), (bob, [Reason.MANUAL])):
        told = {reason: Evidence(NOW, "=words") for reason in reasons}
        world.suppressions.add(Suppression("acme", one.contact_id, told))
    for org_id, one in (("acme", cid), ("other", contact(1, "other"))):
        told = {Reason.MANUAL: Evidence(NOW, "")}
        world.suppressions.add(Suppression(org_id, one.contact_id, told))
    pointer = world.export({"kind": "suppressions"})
    world.run(pointer)
    assert world.job(pointer).result == {"rows": 3, "left_out": 1}
    assert world.job(pointer).progress["rows_surveyed"] == 0
    found = {(row["email"], row["reason"], row["scope"]) for row in world.rows(pointer)}
    assert found == {
        ("0@example.com", "complaint", "all"),
        ("0@example.com", "manual", "all"),
        ("1@example.com", "manual", "marketing"),
    }
    assert {row["note"] for row in world.rows(pointer)} == {"'=words"}
