"""Suppression desk: suppress addresses by hand, look them up, lift suppressions, say who did.

Source: docs/domain/suppression.md.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from mailtide.domain import address
from mailtide.domain.page import Page
from mailtide.domain.redaction import Redactor
from mailtide.domain.suppression import (
    Evidence,
    Extent,
    History,
    Reason,
    Suppression,
    reason_of,
    shown_as,
)
from mailtide.domain.suppression_audit import AuditEntry
from mailtide.errors import NotFoundError


class Suppressions(Protocol):
    """Whom organisations do not write to."""

    def get(self, org_id: str, contact_id: str) -> Suppression | None:
        """Read what stands against one contact, consistently."""
        ...

    def history(self, org_id: str, contact_id: str) -> History:
        """Read all that was ever said about one contact, consistently."""
        ...

    def page(
        self, org_id: str, limit: int, after: str | None, only: Collection[Reason]
    ) -> Page[Suppression]:
        """Return the suppressions by contact id that stand for one of some reasons."""
        ...

    def add(self, suppression: Suppression) -> None:
        """Add reasons to what was said about a contact."""
        ...

    def lift(self, entry: AuditEntry) -> None:
        """Take back what arose up to the entry's instant, and keep the entry, or do neither."""
        ...

    def audit(self, org_id: str, limit: int, after: str | None) -> Page[AuditEntry]:
        """Return the liftings of an organisation, the newest first."""
        ...


class Addresses(Protocol):
    """The addresses of all contacts."""

    def in_suppressions(
        self, org_id: str, suppressions: Iterable[Suppression]
    ) -> list[Suppression]:
        """Return suppressions with the contacts' addresses, in what shows the reasons too."""
        ...


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why somebody suppresses an address by hand."""

    reason: Reason
    extent: Extent | None  # None: as the reason has it
    note: str


@dataclass(frozen=True, slots=True)
class SuppressionDesk:
    """What the API does with suppressions."""

    suppressions: Suppressions
    addresses: Addresses
    redactor: Redactor
    contact_id: Callable[[str, str], str]  # of an organisation and an address
    new_id: Callable[[datetime], str]  # of an instant; the newest sorts first
    clock: Callable[[], datetime]

    def add(self, org_id: str, email: str, grounds: Grounds, key_id: str) -> Suppression:
        """Suppress an address, whether it is a contact's or not; return what stands against it.

        Raises:
            InvalidInputError: `invalid_address`, or `suppression_scope`.
        """
        reason = reason_of(grounds.reason, grounds.extent)
        found = address.normalize(email)
        contact_id = self.contact_id(org_id, found.email)
        at = self.suppressions.history(org_id, contact_id).renewal(self.clock())
        note = self.redactor.text(org_id, grounds.note)
        said = f"API key {key_id}: {note}" if note else f"API key {key_id}"
        self.suppressions.add(
            Suppression(org_id, contact_id, {reason: Evidence(at, said)}, found.email)
        )
        return self.get(org_id, contact_id)

    def get(self, org_id: str, contact_id: str) -> Suppression:
        """Return what stands against one contact.

        Raises:
            NotFoundError: when nothing does.
        """
        standing = self.suppressions.get(org_id, contact_id)
        if standing is None:
            raise _not_suppressed()
        return self.addresses.in_suppressions(org_id, [standing])[0]

    def find(self, org_id: str, email: str) -> Page[Suppression]:
        """Return what stands against an address, as a listing of one or of nothing.

        Raises:
            InvalidInputError: `invalid_address`.
        """
        contact_id = self.contact_id(org_id, address.normalize(email).email)
        standing = self.suppressions.get(org_id, contact_id)
        return Page(self.addresses.in_suppressions(org_id, [standing] if standing else []))

    def page(
        self, org_id: str, limit: int, after: str | None, shown: Reason | None
    ) -> Page[Suppression]:
        """Return the suppressions by contact id, or those for one reason as the API names it."""
        meant = [one for one in Reason if shown in (None, shown_as(one))]
        page = self.suppressions.page(org_id, limit, after, meant)
        return replace(page, items=self.addresses.in_suppressions(org_id, page.items))

    def lift(self, org_id: str, contact_id: str, key_id: str, note: str) -> None:
        """Take back all that stands against a contact, and keep who did and why.

        Raises:
            NotFoundError: when nothing stands.
        """
        history = self.suppressions.history(org_id, contact_id)
        standing = history.standing()
        if not standing:
            raise _not_suppressed()
        at = history.lifting(self.clock())
        self.suppressions.lift(
            AuditEntry(
                org_id=org_id,
                entry_id=self.new_id(at),
                at=at,
                key_id=key_id,
                contact_id=contact_id,
                reasons={reason: evidence.at for reason, evidence in standing.items()},
                note=self.redactor.text(org_id, note),
            )
        )

    def audit(self, org_id: str, limit: int, after: str | None) -> Page[AuditEntry]:
        """Return the liftings, the newest first."""
        return self.suppressions.audit(org_id, limit, after)


def _not_suppressed() -> NotFoundError:
    return NotFoundError("This contact is not suppressed.")
