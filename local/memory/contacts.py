"""Contacts, list members and suppressions in memory."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mailtide.domain.contact import Contact
from mailtide.domain.identifiers import shard_of
from mailtide.domain.suppression import Suppression


@dataclass(slots=True)
class Contacts:
    """Contacts by organisation and id."""

    rows: dict[tuple[str, str], Contact] = field(default_factory=dict)

    def put(self, contact: Contact) -> None:
        """Write a contact whatever was there."""
        self.rows[contact.org_id, contact.contact_id] = contact

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts; only those that exist are in the answer."""
        return {one: self.rows[org_id, one] for one in contact_ids if (org_id, one) in self.rows}

    def of_shard(self, org_id: str, shard: str) -> Mapping[str, Contact]:
        """Return the contacts of one shard by id, in its order."""
        return {
            contact_id: contact
            for (org, contact_id), contact in sorted(self.rows.items(), key=lambda row: row[0])
            if org == org_id and shard_of(contact_id) == shard
        }


@dataclass(slots=True)
class Lists:
    """The members of each list."""

    rows: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def members(self, list_id: str, shard: str) -> Sequence[str]:
        """Return the contact ids of one shard of a list, sorted."""
        return sorted(one for one in self.rows.get(list_id, ()) if shard_of(one) == shard)


@dataclass(slots=True)
class Suppressions:
    """Suppressions by organisation and contact."""

    rows: dict[tuple[str, str], Suppression] = field(default_factory=dict)

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Suppression]:
        """Read suppressions; only suppressed contacts are in the answer."""
        return {one: self.rows[org_id, one] for one in contact_ids if (org_id, one) in self.rows}

    def of_shard(self, org_id: str, shard: str) -> Mapping[str, Suppression]:
        """Return the suppressions of one shard by contact id, in its order."""
        return {
            contact_id: suppression
            for (org, contact_id), suppression in sorted(self.rows.items(), key=lambda row: row[0])
            if org == org_id and shard_of(contact_id) == shard
        }

    def add(self, suppression: Suppression) -> None:
        """Add reasons to what stands against a contact; the earliest of each reason is kept."""
        key = suppression.org_id, suppression.contact_id
        email = suppression.email.casefold() if suppression.email else None
        stored = self.rows.get(key, replace(suppression, reasons={}, email=None))
        reasons = dict(stored.reasons)
        for reason, evidence in suppression.reasons.items():
            known = reasons.get(reason, evidence)
            reasons[reason] = min(known, evidence, key=lambda one: (one.at, one.text))
        self.rows[key] = replace(stored, reasons=reasons, email=stored.email or email)
