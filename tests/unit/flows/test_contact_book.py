"""The contact book: many contacts at once, and one by its address."""

from datetime import UTC, datetime

import pytest

from local.memory.contacts import Contacts
from mailtide.domain import identifiers
from mailtide.domain.contact import Contact
from mailtide.errors import InvalidInputError
from mailtide.flows.contact_book import ContactBook

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


class Counted(Contacts):
    """Contacts that count the writes they were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def create(self, contact: Contact) -> bool:
        self.writes += 1
        return super().create(contact)

    def change(self, old: Contact, new: Contact, at: datetime) -> bool:
        self.writes += 1
        return super().change(old, new, at)


def over(contacts: Contacts) -> ContactBook:
    def contact_id(org_id: str, address: str) -> str:
        return identifiers.contact_id(b"k", org_id, address)

    return ContactBook(contacts, contact_id, lambda: NOW)


@pytest.fixture
def book() -> ContactBook:
    return over(Contacts())


def test_a_refused_contact_stops_no_other(book: ContactBook) -> None:
    ann, nobody, mars, bob = book.save_many(
        "acme",
        [
            ("ann@example.com", {}),
            ("nobody", {}),
            ("mars@example.com", {"timezone": "Mars/Base"}),
            ("bob@example.com", {"attributes": {"name": "Bob"}}),
        ],
    )
    assert not isinstance(bob, InvalidInputError)
    assert bob.attributes == {"name": "Bob"}
    assert isinstance(nobody, InvalidInputError)
    assert isinstance(mars, InvalidInputError)
    assert [nobody.code, mars.code] == ["invalid_address", "invalid_request"]
    assert book.find("acme", "ann@example.com") == ann
    assert book.find("acme", "mars@example.com") is None


def test_of_two_with_one_address_the_later_is_applied_last(book: ContactBook) -> None:
    changes = [{"attributes": {"plan": plan, plan: 1}} for plan in ("free", "paid")]
    first, second = book.save_many("acme", [("ann@example.com", one) for one in changes])
    assert not isinstance(second, InvalidInputError)
    assert second.attributes == {"plan": "paid", "free": 1, "paid": 1}
    assert book.find("acme", "ANN@Example.com") == second != first


def test_an_address_is_looked_up_in_its_organisation(book: ContactBook) -> None:
    book.save("acme", "ann@example.com", {})
    assert book.find("other", "ann@example.com") is None
    with pytest.raises(InvalidInputError):
        book.find("acme", "nobody")


def test_of_many_those_that_change_are_written_once_and_others_not_at_all() -> None:
    contacts = Counted()
    book = over(contacts)
    people = [(f"{name}@example.com", {"timezone": "UTC"}) for name in ("ann", "bob", "cid")]
    list(book.save_many("acme", people))
    assert contacts.writes == 3
    moved = [people[0], ("bob@example.com", {"timezone": "Asia/Tokyo"})]
    assert [one.timezone for one in book.save_many("acme", moved) if isinstance(one, Contact)] == [
        "UTC",
        "Asia/Tokyo",
    ]
    assert contacts.writes == 4


@pytest.mark.parametrize("is_erased", [False, True])
def test_one_of_many_that_others_change_or_erase_meanwhile_is_saved(is_erased: bool) -> None:
    contacts = Contacts()
    book = over(contacts)
    ann = book.save("acme", "ann@example.com", {"attributes": {"city": "Bonn"}})
    results = book.save_many(
        "acme", [("bob@example.com", {}), ("ann@example.com", {"timezone": "UTC"})]
    )
    next(results)
    if is_erased:
        contacts.delete("acme", ann.contact_id)
    else:
        book.change("acme", ann.contact_id, {"attributes": {"city": "Rome"}})
    [saved] = results
    assert saved == contacts.get("acme", ann.contact_id)
    assert isinstance(saved, Contact)
    assert saved.timezone == "UTC"
    assert saved.attributes == ({} if is_erased else {"city": "Rome"})
