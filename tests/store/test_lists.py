"""Lists and members as the API writes them: table and twin keep one contract."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.memory.contacts import Lists as MemoryLists
from mailtide.domain.contact_list import ContactList
from mailtide.domain.page import Page
from mailtide.store.lists import Lists
from mailtide.store.tables import ListRow
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
NEWS = ContactList("acme", "l1", "News", NOW)
OTHER = ContactList("acme", "l2", "Other", NOW)
IDS = [f"{first}{'0' * 25}" for first in "04cv"]

Store = Lists | MemoryLists


@pytest.fixture(params=["memory", "table"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryLists()
        return
    with moto_tables(ListRow):
        yield Lists()


def test_a_list_is_read_as_it_was_written(store: Store) -> None:
    store.create(NEWS)
    store.create(replace(NEWS, name="late repeat"))
    assert store.get("acme", "l1") == NEWS
    assert store.exists("acme", "l1")
    assert not store.exists("other", "l1")


def test_lists_are_listed_page_by_page(store: Store) -> None:
    store.create(NEWS)
    store.create(OTHER)
    store.create(replace(NEWS, org_id="elsewhere"))
    assert store.page("acme", 1, None) == Page([NEWS], "l1")
    assert store.page("acme", 1, "l1") == Page([OTHER])


def test_a_list_is_renamed_if_it_is_there(store: Store) -> None:
    assert not store.rename("acme", "l1", "Letters")
    store.create(NEWS)
    assert store.rename("acme", "l1", "Letters")
    assert store.get("acme", "l1") == replace(NEWS, name="Letters")


def test_the_latest_campaign_is_when_a_list_was_last_sent_to(store: Store) -> None:
    store.mark_sent("acme", "l1", NOW)  # it was deleted meanwhile
    assert store.get("acme", "l1") is None
    store.create(NEWS)
    store.mark_sent("acme", "l1", NOW)
    store.mark_sent("acme", "l1", NOW - timedelta(hours=1))
    assert store.get("acme", "l1") == replace(NEWS, last_sent=NOW)
    store.mark_sent("acme", "l1", NOW + timedelta(hours=1))
    assert store.get("acme", "l1") == replace(NEWS, last_sent=NOW + timedelta(hours=1))


def test_members_are_listed_across_shards_page_by_page(store: Store) -> None:
    store.add_members("l1", IDS[2:], NOW)
    store.add_members("l1", IDS[:3], NOW)
    first = store.member_page("l1", 3, None)
    assert first == Page(IDS[:3], IDS[2])
    assert store.member_page("l1", 3, first.after) == Page(IDS[3:])


def test_a_member_is_removed_once(store: Store) -> None:
    store.add_members("l1", IDS, NOW)
    assert store.remove_member("l1", IDS[1])
    assert not store.remove_member("l1", IDS[1])
    assert store.member_page("l1", 9, None) == Page([IDS[0], *IDS[2:]])


def test_a_list_is_deleted_once(store: Store) -> None:
    store.create(NEWS)
    assert store.delete("acme", "l1")
    assert not store.delete("acme", "l1")
    assert store.get("acme", "l1") is None


def test_members_are_removed_whether_they_are_on_the_list_or_not(store: Store) -> None:
    store.add_members("l1", IDS[1:], NOW)
    store.add_members("l2", IDS, NOW)
    store.remove_members("l1", IDS[:-1])
    store.remove_members("l1", [])
    assert store.member_page("l1", 9, None) == Page(IDS[-1:])
    assert store.member_page("l2", 9, None) == Page(IDS)


def test_another_organisation_cannot_delete_a_list(store: Store) -> None:
    store.create(NEWS)
    assert not store.delete("elsewhere", "l1")
    assert store.exists("acme", "l1")


def test_a_forgotten_contact_is_on_no_list_of_its_organisation(store: Store) -> None:
    for contact_list in (NEWS, OTHER):
        store.create(contact_list)
        store.add_members(contact_list.list_id, IDS[:2], NOW)
    store.forget("acme", IDS[0])
    assert store.member_page("l1", 9, None) == store.member_page("l2", 9, None) == Page([IDS[1]])


def test_who_of_a_stretch_of_contacts_is_on_which_of_some_lists(store: Store) -> None:
    store.add_members("l1", IDS, NOW)
    store.add_members("l2", IDS[1:2], NOW)
    store.add_members("l3", IDS, NOW)
    between = IDS[1][:-1] + "1"  # behind the second, in its shard
    assert store.on_lists(["l1", "l2", "l9"], [IDS[0], IDS[1], between, IDS[3]]) == {
        IDS[0]: frozenset({"l1"}),
        IDS[1]: frozenset({"l1", "l2"}),
        IDS[3]: frozenset({"l1"}),
    }
    assert store.on_lists([], IDS) == {}
    assert store.on_lists(["l1"], []) == {}
