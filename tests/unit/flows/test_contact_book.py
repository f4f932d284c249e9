"""The contact book: many contacts at once, and one by its address."""

from datetime import UTC, datetime

import pytest

from local.memory.contacts import Contacts
from mailtide.domain import identifiers
from mailtide.errors import InvalidInputError
from mailtide.flows.contact_book import ContactBook

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.fixture
def book() -> ContactBook:
    def contact_id(org_id: str, address: str) -> str:
        return identifiers.contact_id(b"k", org_id, address)

    return ContactBook(Contacts(), contact_id, lambda: NOW)


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
