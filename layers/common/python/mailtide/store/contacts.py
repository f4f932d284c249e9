"""Contacts, as the sending side reads them."""

from collections.abc import Mapping, Sequence

from mailtide.domain.contact import Contact
from mailtide.domain.identifiers import shard_of
from mailtide.store import dynamo
from mailtide.store.tables import ContactRow


class Contacts:
    """The contacts of all organisations."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts consistently; only those that exist are in the answer."""
        keys = [(shard_key(org_id, contact_id), contact_id) for contact_id in contact_ids]
        return {row.contact_id: contact_of(row) for row in dynamo.get_many(ContactRow, keys)}

    def of_shard(self, org_id: str, shard: str) -> Mapping[str, Contact]:
        """Return the contacts of one shard by id, in its order."""
        with dynamo.calling():
            rows = ContactRow.query(f"{org_id}#{shard}", consistent_read=True)
            return {row.contact_id: contact_of(row) for row in rows}


def shard_key(org_id: str, contact_id: str) -> str:
    """Return the partition of a contact, and of what is suppressed about it."""
    return f"{org_id}#{shard_of(contact_id)}"


def contact_of(row: ContactRow) -> Contact:
    """Return the contact that a row holds."""
    return Contact(
        org_id=row.shard_key.split("#")[0],
        contact_id=row.contact_id,
        email=row.email,
        provider=row.provider,
        created_at=row.created_at,
        attributes=row.attributes or {},
        timezone=row.timezone,
        last_open_at=row.last_open_at,
        last_click_at=row.last_click_at,
    )
