"""Addresses: put the addresses of contacts back into what is shown, while there are such contacts.

Addresses live in the contacts alone; event rows and suppressions name people by reference
(`domain/redaction.py`). So what is shown after an erasure shows nobody.
Source: docs/domain/erasure.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from mailtide.domain.contact import Contact
from mailtide.domain.message import EventRow
from mailtide.domain.redaction import map_texts, references, show
from mailtide.domain.suppression import Evidence, Suppression


class Contacts(Protocol):
    """The contacts."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts; only those that exist are in the answer."""
        ...


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of all contacts."""

    contacts: Contacts

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
        return {contact_id: contact.email for contact_id, contact in found.items()}


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
