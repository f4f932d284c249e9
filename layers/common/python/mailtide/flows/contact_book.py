"""Contact book: save and change single contacts.

Attributes are changed key by key (RFC 7396 at the first level): a key with null goes away.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from mailtide.domain import address
from mailtide.domain.contact import Contact
from mailtide.domain.contact_fields import check_attributes, check_timezone
from mailtide.domain.provider import provider_of
from mailtide.errors import InvalidInputError, NotFoundError, RetryableError

_ROUNDS = 5  # of changing a contact that others change at the same time

Change = Mapping[str, Any]  # `attributes` and `timezone`, of which either may be missing


class Contacts(Protocol):
    """The contacts."""

    def get(self, org_id: str, contact_id: str) -> Contact | None:
        """Read one contact consistently."""
        ...

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts consistently; only those that exist are in the answer."""
        ...

    def create(self, contact: Contact) -> bool:
        """Write a new contact; False when there is one with its address."""
        ...

    def change(self, old: Contact, new: Contact, at: datetime) -> bool:
        """Write attributes and time zone; False when they are no longer what `old` says."""
        ...


@dataclass(frozen=True, slots=True)
class ContactBook:
    """The contacts of all organisations, one at a time."""

    contacts: Contacts
    contact_id: Callable[[str, str], str]  # of an organisation and an address
    clock: Callable[[], datetime]

    def get(self, org_id: str, contact_id: str) -> Contact:
        """Return one contact.

        Raises:
            NotFoundError: when the organisation has none such.
        """
        contact = self.contacts.get(org_id, contact_id)
        if contact is None:
            raise NotFoundError("There is no contact with this id.")
        return contact

    def save(self, org_id: str, email: str, change: Change) -> Contact:
        """Create the contact of an address, or change it; return it.

        Raises:
            InvalidInputError: `invalid_address`, or a field that cannot be kept.
        """
        return self._save(self._blank(org_id, email), None, change)

    def save_many(
        self, org_id: str, given: Iterable[tuple[str, Change]]
    ) -> Iterator[Contact | InvalidInputError]:
        """Save contacts by (address, change), one after another; yield each, or why it was refused.

        All that are known are read at once, and each is written once, if it changes at all. What
        was saved before trouble stays: a repeat of all changes nothing about it.
        """
        asked = [(self._blank_or_why(org_id, email), change) for email, change in given]
        ids = [blank.contact_id for blank, _ in asked if isinstance(blank, Contact)]
        known = dict(self.contacts.get_many(org_id, ids))
        for blank, change in asked:
            if isinstance(blank, InvalidInputError):
                yield blank
                continue
            try:
                saved = self._save(blank, known.get(blank.contact_id), change)
            except InvalidInputError as error:
                yield error
            else:
                known[saved.contact_id] = saved
                yield saved

    def find(self, org_id: str, email: str) -> Contact | None:
        """Return the contact of an address; None when there is none.

        Raises:
            InvalidInputError: `invalid_address`.
        """
        return self.contacts.get(org_id, self.contact_id(org_id, address.normalize(email).email))

    def change(self, org_id: str, contact_id: str, change: Change) -> Contact:
        """Change a contact and return it.

        Raises:
            NotFoundError: when the organisation has none such.
            InvalidInputError: for a field that cannot be kept.
        """
        for _ in range(_ROUNDS):
            old = self.get(org_id, contact_id)
            new = _changed(old, change)
            if new == old or self.contacts.change(old, new, self.clock()):
                return new
        raise RetryableError("The contact is being changed by others; try again.")

    def _save(self, blank: Contact, known: Contact | None, change: Change) -> Contact:
        """Change a contact that was read before, or create it; either may have come too late."""
        if known is not None:
            new = _changed(known, change)
            if new == known or self.contacts.change(known, new, self.clock()):
                return new
        contact = _changed(blank, change)
        if self.contacts.create(contact):
            return contact
        return self.change(contact.org_id, contact.contact_id, change)

    def _blank(self, org_id: str, email: str) -> Contact:
        found = address.normalize(email)
        return Contact(
            org_id=org_id,
            contact_id=self.contact_id(org_id, found.email),
            email=found.email,
            provider=provider_of(found.domain),
            created_at=self.clock(),
        )

    def _blank_or_why(self, org_id: str, email: str) -> Contact | InvalidInputError:
        try:
            return self._blank(org_id, email)
        except InvalidInputError as error:
            return error


def _changed(contact: Contact, change: Change) -> Contact:
    given = change.get("attributes") or {}
    merged = {**contact.attributes, **given}
    attributes = {name: value for name, value in merged.items() if value is not None}
    check_attributes(attributes)
    timezone = change.get("timezone", contact.timezone)
    if timezone is not None:
        check_timezone(timezone)
    return replace(contact, attributes=attributes, timezone=timezone, messages_only=False)
