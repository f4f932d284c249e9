"""Contacts as API and imports write them: table and twin keep one contract."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.memory.contacts import Contacts as MemoryContacts
from mailtide.domain.contact import Contact
from mailtide.domain.import_job import Write
from mailtide.domain.page import Page
from mailtide.store.contacts import Contacts
from mailtide.store.tables import ContactRow
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
IDS = [f"{first}{'0' * 25}" for first in "04cv"]  # in the shards 0, 2, 6 and f
ANN = Contact("acme", IDS[0], "Ann@example.com", "gmail", NOW, {"name": "Ann"}, "Europe/Rome")
BARE = Contact("acme", IDS[1], "bob@example.com", "other", NOW)
CHANGED = replace(ANN, attributes={"name": "Anna"}, timezone=None)

Store = Contacts | MemoryContacts


@pytest.fixture(params=["memory", "table"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryContacts()
        return
    with moto_tables(ContactRow):
        yield Contacts()


def test_a_contact_is_created_once(store: Store) -> None:
    assert store.create(ANN)
    assert not store.create(CHANGED)
    assert store.get("acme", ANN.contact_id) == ANN
    assert store.get("other", ANN.contact_id) is None


@pytest.mark.parametrize("old", [ANN, BARE])
def test_a_contact_changes_from_what_was_read(store: Store, old: Contact) -> None:
    store.create(old)
    new = replace(old, attributes={"city": "Bonn"}, timezone="Asia/Tokyo")
    assert store.change(old, new, LATER)
    assert store.get("acme", old.contact_id) == new
    assert store.change(new, replace(old, attributes={}), LATER)


@pytest.mark.parametrize(
    "stale",
    [replace(ANN, attributes={}), replace(ANN, timezone=None), replace(ANN, timezone="UTC")],
)
def test_a_change_of_what_is_no_longer_so_is_refused(store: Store, stale: Contact) -> None:
    store.create(ANN)
    assert not store.change(stale, CHANGED, LATER)
    assert store.get("acme", ANN.contact_id) == ANN


def test_a_change_brings_no_deleted_contact_back(store: Store) -> None:
    store.create(BARE)
    assert store.delete("acme", BARE.contact_id)
    assert not store.delete("acme", BARE.contact_id)
    assert not store.change(BARE, replace(BARE, timezone="UTC"), LATER)
    assert store.get("acme", BARE.contact_id) is None


def test_contacts_are_listed_across_shards_page_by_page(store: Store) -> None:
    contacts = [replace(ANN, contact_id=one) for one in IDS]
    for contact in contacts:
        store.create(contact)
    store.create(replace(ANN, org_id="other"))
    assert store.page("acme", 10, None) == Page(contacts)
    first = store.page("acme", 3, None)
    assert first == Page(contacts[:3], IDS[2])
    assert store.page("acme", 3, first.after) == Page(contacts[3:])
    assert store.page("acme", 4, None) == Page(contacts)
    assert store.page("acme", 1, IDS[0]) == Page(contacts[1:2], IDS[1])


def test_an_import_writes_new_and_known_contacts(store: Store) -> None:
    store.create(BARE)
    known = replace(BARE, attributes={"name": "Bob"})
    assert store.apply("i1", [Write(None, ANN, 2), Write(BARE, known, 3)], LATER) == []
    assert store.get_many("acme", IDS) == {ANN.contact_id: ANN, BARE.contact_id: known}


def test_an_earlier_row_of_the_same_import_changes_nothing_any_more(store: Store) -> None:
    store.apply("i1", [Write(None, ANN, 2)], LATER)
    store.apply("i1", [Write(ANN, CHANGED, 9)], LATER)
    assert store.apply("i1", [Write(CHANGED, ANN, 2)], LATER) == []
    assert store.apply("i1", [Write(None, ANN, 9)], LATER) == []
    assert store.get("acme", ANN.contact_id) == CHANGED


def test_a_row_of_another_import_changes_what_it_read(store: Store) -> None:
    store.apply("i1", [Write(None, ANN, 9)], LATER)
    assert store.apply("i2", [Write(ANN, CHANGED, 2)], LATER) == []
    assert store.get("acme", ANN.contact_id) == CHANGED


@pytest.mark.parametrize("old", [None, replace(ANN, attributes={})])
def test_a_write_comes_back_when_the_contact_is_not_what_it_was(
    store: Store, old: Contact | None
) -> None:
    store.create(ANN)
    write = Write(old, CHANGED, 2)
    assert store.apply("i1", [write], LATER) == [write]
    assert store.get("acme", ANN.contact_id) == ANN


def test_a_change_keeps_engagement() -> None:
    with moto_tables(ContactRow):
        store = Contacts()
        store.create(ANN)
        ContactRow(f"acme#{0}", ANN.contact_id).update([ContactRow.last_open_at.set(NOW)])
        store.apply("i1", [Write(ANN, CHANGED, 2)], LATER)
        assert store.get("acme", ANN.contact_id) == replace(CHANGED, last_open_at=NOW)
