"""Event desk: take what an organisation tells of its contacts, and let triggers fire.

Source: docs/domain/triggers.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from mailtide.domain import address
from mailtide.domain.contact import Contact
from mailtide.domain.submission import MAX_BYTES, bytes_of
from mailtide.domain.trigger import check_custom_event
from mailtide.errors import InvalidInputError, TooLargeError
from mailtide.flows.firing import Happening


class Contacts(Protocol):
    """The contacts."""

    def get(self, org_id: str, contact_id: str) -> Contact | None:
        """Read one contact consistently."""
        ...


class Firing(Protocol):
    """The triggers (flows/firing.py)."""

    def run(self, org_id: str, happenings: Sequence[Happening]) -> list[str]:
        """Let triggers fire; return the messages that were not there before."""
        ...


@dataclass(frozen=True, slots=True)
class EventDesk:
    """The events that organisations post."""

    contacts: Contacts
    firing: Firing
    contact_id: Callable[[str, str], str]  # of an organisation and an address
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
            InvalidInputError: for a type that is none of theirs, what is no address, or whom
                nobody knows.
            TooLargeError: for properties that no message could keep.
        """
        check_custom_event(event)
        if bytes_of(properties) > MAX_BYTES:
            raise TooLargeError(f"The properties take over {MAX_BYTES:,} bytes.")
        ((place, text),) = who.items()
        by_address = place == "email"
        id_ = self.contact_id(org_id, address.normalize(text).email) if by_address else text
        contact = self.contacts.get(org_id, id_)
        if contact is None:
            at, detail = f"body.{place}", "there is no such contact"
            raise InvalidInputError(f"{at}: {detail}", errors=[{"at": at, "detail": detail}])
        happening = Happening(contact, event, name, self.clock(), properties=properties)
        return self.firing.run(org_id, [happening])
