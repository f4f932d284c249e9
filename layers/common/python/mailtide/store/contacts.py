"""Contacts, by organisation and shard.

Attributes and time zone are changed under the condition that they are what was read; engagement is
never written here, so no change of a contact can undo an open.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from mailtide.domain.contact import Contact
from mailtide.domain.identifiers import shard_of
from mailtide.domain.import_job import Write
from mailtide.domain.message import instant
from mailtide.domain.page import Page
from mailtide.store import dynamo
from mailtide.store.paging import page_of_shards
from mailtide.store.row import assign
from mailtide.store.tables import ContactRow

_OF_CONTACT = (  # the attributes that a contact is made of
    "contact_id",
    "email",
    "attributes",
    "timezone",
    "provider",
    "created_at",
    "last_open_at",
    "last_click_at",
    "last_reply_at",
    "messages_only",
)
_WRITERS = 8  # at once, in an import: conditional writes go one by one


class Contacts:
    """The contacts of all organisations."""

    def get(self, org_id: str, contact_id: str) -> Contact | None:
        """Read one contact consistently."""
        return self.get_many(org_id, [contact_id]).get(contact_id)

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts consistently; only those that exist are in the answer."""
        keys = [(shard_key(org_id, contact_id), contact_id) for contact_id in contact_ids]
        return {row.contact_id: contact_of(row) for row in dynamo.get_many(ContactRow, keys)}

    def of_shard(self, org_id: str, shard: str) -> Iterator[Contact]:
        """Yield the contacts of one shard, sorted by id, a page of DynamoDB's in memory."""
        items = dynamo.query_items(ContactRow, f"{org_id}#{shard}", _OF_CONTACT)
        return (_contact_of_item(org_id, item) for item in items)

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Contact]:
        """Return the organisation's contacts by id."""
        return page_of_shards(ContactRow, org_id, limit, after, contact_of)

    def create(self, contact: Contact) -> bool:
        """Write a new contact; False when there is one with its address."""
        found = dynamo.put(_row(contact), ContactRow.contact_id.does_not_exist())
        return found is None

    def change(self, old: Contact, new: Contact, at: datetime) -> bool:
        """Write attributes and time zone; False when they are no longer what `old` says."""
        return dynamo.update(_key(old), _changes(new, at), _as_read(old)) is None

    def delete(self, org_id: str, contact_id: str) -> bool:
        """Remove a contact; False when there is none."""
        row = ContactRow(shard_key(org_id, contact_id), contact_id)
        return dynamo.delete(row, ContactRow.contact_id.exists()) is None

    def apply(self, import_id: str, writes: Sequence[Write], at: datetime) -> Sequence[Write]:
        """Write what an import's rows say; return the writes that have to be decided anew.

        A write is done when its line, or a later one of the same import, was applied before. It
        comes back when the contact is no longer what `old` says.
        """
        with ThreadPoolExecutor(_WRITERS) as pool:
            done = list(pool.map(lambda write: _apply(import_id, write, at), writes))
        return [write for write, is_done in zip(writes, done, strict=True) if not is_done]


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
        last_reply_at=row.last_reply_at,
        messages_only=bool(row.messages_only),
    )


def _contact_of_item(org_id: str, item: dynamo.Item) -> Contact:
    """Return the contact of an item: six times as fast as by way of a row, for whole shards."""
    return Contact(
        org_id=org_id,
        contact_id=item["contact_id"]["S"],
        email=item["email"]["S"],
        provider=item["provider"]["S"],
        created_at=instant(int(item["created_at"]["N"])),
        attributes=json.loads(item["attributes"]["S"]) if "attributes" in item else {},
        timezone=item["timezone"]["S"] if "timezone" in item else None,
        last_open_at=_instant_in(item, "last_open_at"),
        last_click_at=_instant_in(item, "last_click_at"),
        last_reply_at=_instant_in(item, "last_reply_at"),
        messages_only="messages_only" in item,
    )


def _instant_in(item: dynamo.Item, name: str) -> datetime | None:
    return instant(int(item[name]["N"])) if name in item else None


def _key(contact: Contact) -> ContactRow:
    return ContactRow(shard_key(contact.org_id, contact.contact_id), contact.contact_id)


def _row(contact: Contact, import_mark: str | None = None) -> ContactRow:
    return ContactRow(
        shard_key(contact.org_id, contact.contact_id),
        contact.contact_id,
        email=contact.email,
        attributes=dict(contact.attributes),
        timezone=contact.timezone,
        provider=contact.provider,
        created_at=contact.created_at,
        messages_only=True if contact.messages_only else None,
        import_mark=import_mark,
    )


def _changes(new: Contact, at: datetime) -> list[Action]:
    return [
        ContactRow.attributes.set(dict(new.attributes)),
        assign(ContactRow.timezone, new.timezone or None),
        ContactRow.updated_at.set(at),
        assign(ContactRow.messages_only, True if new.messages_only else None),
    ]


def _as_read(old: Contact) -> Condition:
    condition: Condition = ContactRow.attributes == dict(old.attributes)
    if not old.attributes:
        condition |= ContactRow.attributes.does_not_exist()
    zone = ContactRow.timezone
    condition &= zone == old.timezone if old.timezone else zone.does_not_exist()
    condition &= ContactRow.contact_id.exists()
    return condition


def _apply(import_id: str, write: Write, at: datetime) -> bool:
    mark = ContactRow.import_mark
    mine = f"{import_id}#{write.line:010d}"
    if write.old is None:
        found = dynamo.put(_row(write.new, mine), ContactRow.contact_id.does_not_exist())
    else:
        older = mark.does_not_exist() | ~mark.startswith(f"{import_id}#") | (mark < mine)
        actions = [*_changes(write.new, at), mark.set(mine)]
        found = dynamo.update(_key(write.new), actions, _as_read(write.old) & older)
    if found is None:
        return True
    stands = str(found.get("import_mark", {}).get("S", ""))
    return stands.startswith(f"{import_id}#") and stands >= mine
