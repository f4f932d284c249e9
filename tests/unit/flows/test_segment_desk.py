"""Segments over many contacts: pages with bounded reads, and the count as a job."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.memory.contacts import Contacts, Lists
from local.memory.segments import Segments
from local.world.faults import Fault
from mailtide.domain import segment_text
from mailtide.domain.contact_list import ContactList
from mailtide.domain.job import JobKind
from mailtide.domain.page import Page, every
from mailtide.domain.segment import Segment
from mailtide.errors import InvalidInputError, NotFoundError, RetryableError
from mailtide.flows import segment_count, segment_desk
from mailtide.flows.segment_count import SegmentCount
from mailtide.flows.segment_desk import SegmentDesk
from tests.jobs import JobWorld
from tests.segments import NOW, contact

ORG = "acme"


def people(count: int) -> Contacts:
    """Return contacts of which every third is at Gmail."""
    contacts = Contacts()
    for n in range(count):
        provider = "gmail" if n % 3 == 0 else "other"
        contacts.put(contact(contact_id=f"{n:03}".ljust(26, "0"), provider=provider))
    return contacts


class Counting(Contacts):
    """Contacts that note how often they are read."""

    reads = 0

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Any]:
        Counting.reads += 1
        return super().page(org_id, limit, after)


def desk(contacts: Contacts | None = None) -> SegmentDesk:
    lists = Lists()
    lists.create(ContactList(ORG, "list1", "News", NOW))
    lists.create(ContactList("other", "list2", "News", NOW))
    return SegmentDesk(Segments(), lists, contacts or people(30), lambda: "s1", lambda: NOW)


def ids(page: Page[Any]) -> list[int]:
    return [int(one.contact_id[:3]) for one in page.items]


def test_pages_of_any_size_hold_everyone_who_fits_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_desk, "AT_ONCE", 4)
    monkeypatch.setattr(segment_desk, "READS", 2)
    of = desk()
    of.create(ORG, "Gmail", segment_text.read("provider is gmail"), "body.text")
    for limit in range(1, 12):
        found = every(partial(of.contacts_of, ORG, "s1", limit))
        assert [int(one.contact_id[:3]) for one in found] == list(range(0, 30, 3))


def test_a_page_of_a_filter_that_holds_nobody_reads_so_many_contacts_and_no_more() -> None:
    contacts = Counting(people(3000).rows)
    of = desk(contacts)
    of.create(ORG, "Nobody", segment_text.read("provider is nobody"), "body.text")
    page = of.contacts_of(ORG, "s1", 50, None)
    assert page.items == []
    assert page.after is not None
    assert Counting.reads == segment_desk.READS


def test_membership_counts_for_each_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_desk, "AT_ONCE", 7)
    of = desk()
    of.lists.add_members("list1", [f"{n:03}".ljust(26, "0") for n in (3, 4, 29)], NOW)  # type: ignore[attr-defined]
    of.create(ORG, "On", segment_text.read("list is list1"), "body.text")
    assert ids(of.contacts_of(ORG, "s1", 50, None)) == [3, 4, 29]
    of.change(ORG, "s1", {"filter": segment_text.read("list is not list1")}, "body.text")
    assert len(of.contacts_of(ORG, "s1", 50, None).items) == 27


@pytest.mark.parametrize("list_id", ["list2", "list3"])  # another organisation's, nobody's
def test_a_filter_may_only_name_lists_of_its_organisation(list_id: str) -> None:
    of = desk()
    filter_ = segment_text.read(f"list is list1 and list is {list_id}")
    with pytest.raises(InvalidInputError) as caught:
        of.create(ORG, "Theirs", filter_, "body.text")
    assert caught.value.errors == [{"at": "body.text", "detail": f"there is no list `{list_id}`"}]
    of.create(ORG, "Mine", segment_text.read("list is list1"), "body.text")
    with pytest.raises(InvalidInputError):
        of.change(ORG, "s1", {"filter": filter_}, "body.text")


def test_a_segment_whose_list_is_gone_can_still_be_renamed() -> None:
    of = desk()
    of.create(ORG, "On", segment_text.read("list is list1"), "body.text")
    of.lists.delete(ORG, "list1")  # type: ignore[attr-defined]
    assert of.change(ORG, "s1", {"name": "Renamed"}, "body.filter").name == "Renamed"


class Shared(Segments):
    """Segments to which others do something before each write of ours, so often."""

    def __init__(self, others: Callable[[Segments], object], times: int) -> None:
        super().__init__()
        self.others = others
        self.times = times

    def swap(self, old: Segment, new: Segment, at: datetime) -> bool:
        if self.times:
            self.times -= 1
            self.others(self)
        return super().swap(old, new, at)


def renamed(segments: Segments) -> None:
    old = segments.rows[ORG, "s1"]
    segments.rows[ORG, "s1"] = replace(old, name=old.name + "!")


def shared(others: Callable[[Segments], object], times: int = 1) -> SegmentDesk:
    of = replace(desk(), segments=Shared(others, times))
    of.create(ORG, "On", segment_text.read("list is list1"), "body.text")
    return of


def test_a_change_keeps_what_others_change_meanwhile() -> None:
    of = shared(renamed)
    filter_ = segment_text.read("provider is gmail")
    changed = of.change(ORG, "s1", {"filter": filter_}, "body.text")
    assert (changed.name, changed.filter) == ("On!", filter_)
    assert of.get(ORG, "s1") == changed
    with pytest.raises(RetryableError):
        shared(renamed, times=9).change(ORG, "s1", {"filter": filter_}, "body.text")


def test_a_segment_that_is_deleted_is_not_found_even_in_the_midst_of_a_change() -> None:
    of = shared(lambda segments: segments.delete(ORG, "s1"))
    with pytest.raises(NotFoundError):
        of.change(ORG, "s1", {"name": "x"}, "body.filter")
    with pytest.raises(NotFoundError):
        of.delete(ORG, "s1")
    with pytest.raises(NotFoundError):
        of.contacts_of(ORG, "s1", 1, None)


def counting(text: str, contacts: Contacts) -> tuple[JobWorld, Mapping[str, Any]]:
    of = desk(contacts)
    segment = of.create(ORG, "Counted", segment_text.read(text), "body.text")
    world = JobWorld(lambda wrap: SegmentCount(wrap(of.lists, "lists"), wrap(contacts, "contacts")))
    return world, segment_count.task_of(segment)


def test_a_count_is_of_all_contacts_by_provider_with_a_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(segment_count, "AT_ONCE", 7)
    world, task = counting("provider exists and list is not list1", people(30))
    pointer = world.start(JobKind.SEGMENT_COUNT, task)
    world.run(pointer)
    job = world.job(pointer)
    assert job.progress == {"contacts": 30, "count": 30}
    assert job.result is not None
    assert job.result["count"] == 30
    assert job.result["by_provider"] == {"gmail": 10, "other": 20}
    assert [one[:3] for one in job.result["sample"]] == [f"{n:03}" for n in range(10)]


def test_a_count_of_nobody_is_none() -> None:
    world, task = counting("provider is gmail", Contacts())
    pointer = world.start(JobKind.SEGMENT_COUNT, task)
    world.run(pointer)
    assert world.job(pointer).result == {"count": 0, "by_provider": {}, "sample": []}


@settings(max_examples=30)
@given(st.dictionaries(st.integers(0, 60), st.sampled_from(list(Fault)), max_size=5))
def test_a_count_that_is_killed_and_repeated_counts_everyone_once(
    faults: dict[int, Fault],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segment_count, "AT_ONCE", 7)
        world, task = counting("provider is gmail", people(30))
        pointer = world.start(JobKind.SEGMENT_COUNT, task)
        world.live(faults)
    result = world.job(pointer).result
    assert result is not None
    assert (result["count"], len(result["sample"])) == (10, 10)
