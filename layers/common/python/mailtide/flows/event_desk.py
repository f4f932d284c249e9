"""Event desk: take what an organisation tells of its contacts, and let triggers fire.

Source: docs/domain/triggers.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from mailtide.domain.contact import Contact
from mailtide.domain.trigger import check_custom_event
from mailtide.errors import NotFoundError
from mailtide.flows.firing import Happening


class Book(Protocol):
    """The contacts."""

    def get(self, org_id: str, contact_id: str) -> Contact:
        """Return one contact; raises NotFoundError when there is none."""
        ...

    def find(self, org_id: str, email: str) -> Contact | None:
        """Return the contact of an address; raises InvalidInputError for what is none."""
        ...


class Firing(Protocol):
    """The triggers (flows/firing.py)."""

    def run(self, org_id: str, happenings: Sequence[Happening]) -> list[str]:
        """Let triggers fire; return the messages that were not there before."""
        ...


@dataclass(frozen=True, slots=True)
class EventDesk:
    """The events that organisations post."""

    book: Book
    firing: Firing
    clock: Callable[[], datetime]

    def take(
        self,
        org_id: str,
        event: str,
        who: Mapping[str, str],
        name: str,
        properties: Mapping[str, Any],
    ) -> list[str]:
        """Take one event; return the messages that it made triggers send.

        Args:
            org_id: whose event.
            event: its type.
            who: the contact, by `contact_id` or `email`.
            name: what the event is called: the same name again is the same event.
            properties: what its templates find as `variables`.

        Raises:
            InvalidInputError: for a type that is none of theirs, or what is no address.
            NotFoundError: when there is no such contact.
        """
        check_custom_event(event)
        if "contact_id" in who:
            contact: Contact | None = self.book.get(org_id, who["contact_id"])
        else:
            contact = self.book.find(org_id, who["email"])
        if contact is None:
            raise NotFoundError("There is no contact with this address.")
        happening = Happening(contact, event, name, self.clock(), properties=properties)
        return self.firing.run(org_id, [happening])
