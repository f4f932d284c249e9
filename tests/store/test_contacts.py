"""Contacts and list members, as the sending side reads them: table and twin keep one contract."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from local.memory.contacts import Contacts as MemoryContacts
from local.memory.contacts import Lists as MemoryLists
from mailtide.domain.contact import Contact
from mailtide.store import dynamo
from mailtide.store.contacts import Contacts
from mailtide.store.lists import Lists
from mailtide.store.tables import ContactRow, ListRow
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
ORG = "acme"


@dataclass
class Stores:
    contacts: Contacts | MemoryContacts
    lists: Lists | MemoryLists

    def put(self, contact: Contact) -> None:
        if isinstance(self.contacts, MemoryContacts):
            self.contacts.put(contact)
            return
        dynamo.put(
            ContactRow(
                f"{contact.org_id}#{int(contact.contact_id[0], 32) >> 1:x}",
                contact.contact_id,
                email=contact.email,
                provider=contact.provider,
                created_at=contact.created_at,
                attributes=dict(contact.attributes),
                timezone=contact.timezone,
                last_open_at=contact.last_open_at,
                last_click_at=contact.last_click_at,
                last_reply_at=contact.last_reply_at,
            )
        )

    def add(self, list_id: str, contact_id: str) -> None:
        if isinstance(self.lists, MemoryLists):
            self.lists.rows[list_id].add(contact_id)
            return
        shard = f"{int(contact_id[0], 32) >> 1:x}"
        dynamo.put(ListRow(f"{list_id}#{shard}", contact_id, added_at=NOW))


@pytest.fixture(params=["memory", "table"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    if request.param == "memory":
        yield Stores(MemoryContacts(), MemoryLists())
        return
    with moto_tables(ContactRow, ListRow):
        yield Stores(Contacts(), Lists())


def contact(contact_id: str, org_id: str = ORG) -> Contact:
    return Contact(org_id, contact_id, f"{contact_id}@example.test", "gmail", NOW)


def test_a_contact_is_read_with_every_field(stores: Stores) -> None:
    full = Contact(
        ORG, "a1", "a@example.test", "gmail", NOW, {"n": [1, "ü"]}, "Europe/Vienna", NOW, NOW
    )
    stores.put(full)
    assert stores.contacts.get_many(ORG, ["a1"]) == {"a1": full}


def test_only_contacts_that_exist_in_the_organisation_are_in_the_answer(stores: Stores) -> None:
    stores.put(contact("a1"))
    stores.put(contact("v1"))
    stores.put(contact("a2", "other"))
    assert set(stores.contacts.get_many(ORG, ["a1", "v1", "a2", "a3"])) == {"a1", "v1"}
    assert stores.contacts.get_many(ORG, []) == {}


def test_a_contact_that_is_asked_for_twice_is_read_once(stores: Stores) -> None:
    stores.put(contact("a1"))
    assert set(stores.contacts.get_many(ORG, ["a1", "a1"])) == {"a1"}


def test_more_contacts_than_one_call_takes_are_all_read(stores: Stores) -> None:
    ids = [f"a{i:03}" for i in range(101)]
    for contact_id in ids:
        stores.put(contact(contact_id))
    assert set(stores.contacts.get_many(ORG, ids)) == set(ids)


def test_a_shard_holds_its_own_contacts_in_order(stores: Stores) -> None:
    for contact_id in ("b2", "a1", "c1"):  # a and b lie in shard 5, c in 6
        stores.put(contact(contact_id))
    stores.put(contact("a2", "other"))
    found = list(stores.contacts.of_shard(ORG, "5"))
    assert [one.contact_id for one in found] == ["a1", "b2"]
    assert found == list(stores.contacts.get_many(ORG, ["a1", "b2"]).values())


def test_members_come_sorted_by_shard_and_list(stores: Stores) -> None:
    for contact_id in ("b2", "a1", "c1"):
        stores.add("l1", contact_id)
    stores.add("l2", "a2")
    assert list(stores.lists.members("l1", "5")) == ["a1", "b2"]
    assert list(stores.lists.members("l1", "6")) == ["c1"]
    assert list(stores.lists.members("l3", "5")) == []
