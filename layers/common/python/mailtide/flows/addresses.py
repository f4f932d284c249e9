"""Addresses: put the addresses of contacts back into what is shown, while there are such contacts.

Addresses live in the contacts alone; event rows and suppressions name people by reference
(`domain/redaction.py`). So what is shown after an erasure shows nobody. The organisation's own
senders are hidden like everybody, since a source's words do not say whose an address is; they come
back out of its identities.
Source: docs/domain/erasure.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity
from mailtide.domain.message import EventRow
from mailtide.domain.page import Page, every
from mailtide.domain.redaction import map_texts, references, show
from mailtide.domain.suppression import Evidence, Suppression

_PAGE = 100  # identities read at once; an organisation has a few


class Contacts(Protocol):
    """The contacts."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts; only those that exist are in the answer."""
        ...


class Identities(Protocol):
    """The identities."""

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Identity]:
        """Return the organisation's identities by id."""
        ...


OwnAddresses = Callable[[str], Mapping[str, str]]  # of an organisation, by the id in references


@dataclass(frozen=True, slots=True)
class Senders:
    """The addresses that organisations write from."""

    identities: Identities
    contact_id: Callable[[str, str], str]  # of an organisation and an address

    def of(self, org_id: str) -> Mapping[str, str]:
        """Return an organisation's own addresses by the id that stands in references to them."""
        identities = every(lambda after: self.identities.page(org_id, _PAGE, after))
        return {
            self.contact_id(org_id, address): address
            for identity in identities
            for address in (identity.from_address, identity.reply_to)
            if address
        }


def _nobody(_org_id: str) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of all contacts, and the organisation's own where they are wanted."""

    contacts: Contacts
    own: OwnAddresses = _nobody

    def in_rows(self, org_id: str, rows: Sequence[EventRow]) -> list[EventRow]:
        """Return event rows with the addresses that their texts refer to."""
        known = self._known(org_id, (text for row in rows for text in _texts(row)))
        return [
            replace(
                row,
                smtp_response=show(row.smtp_response, known) if row.smtp_response else None,
                data=map_texts(row.data, lambda text: show(text, known)),
            )
            for row in rows
        ]

    def in_suppressions(
        self, org_id: str, suppressions: Iterable[Suppression]
    ) -> list[Suppression]:
        """Return suppressions with the contacts' addresses, in what shows the reasons too.

        An address that was suppressed without there being a contact stands in its suppression.
        """
        listed = list(suppressions)
        told = [e.text for one in listed for e in one.reasons.values()]
        known = self._known(org_id, told, (one.contact_id for one in listed))
        return [_named(one, known) for one in listed]

    def _known(
        self, org_id: str, texts: Iterable[str], ids: Iterable[str] = ()
    ) -> Mapping[str, str]:
        wanted = set(ids).union(*map(references, texts))
        found = self.contacts.get_many(org_id, sorted(wanted)) if wanted else {}
        known = {contact_id: contact.email for contact_id, contact in found.items()}
        return known if wanted <= known.keys() else {**self.own(org_id), **known}


def _texts(row: EventRow) -> list[str]:
    found = [row.smtp_response or ""]

    def look(text: str) -> str:
        found.append(text)
        return text

    map_texts(row.data, look)
    return found


def _named(suppression: Suppression, known: Mapping[str, str]) -> Suppression:
    reasons = {
        reason: Evidence(evidence.at, show(evidence.text, known))
        for reason, evidence in suppression.reasons.items()
    }
    email = known.get(suppression.contact_id, suppression.email)
    return replace(suppression, reasons=reasons, email=email)
