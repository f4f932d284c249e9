"""Contacts, list members and suppressions in memory."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from local.memory.pages import page
from mailtide.domain.contact import Contact
from mailtide.domain.contact_list import ContactList
from mailtide.domain.identifiers import shard_of
from mailtide.domain.import_job import Write
from mailtide.domain.page import Page
from mailtide.domain.suppression import History, Reason, Suppression
from mailtide.domain.suppression_audit import AuditEntry


@dataclass(slots=True)
class Contacts:
    """Contacts by organisation and id."""

    rows: dict[tuple[str, str], Contact] = field(default_factory=dict)
    marks: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)  # import and line

    def put(self, contact: Contact) -> None:
        """Write a contact whatever was there."""
        self.rows[contact.org_id, contact.contact_id] = contact

    def get(self, org_id: str, contact_id: str) -> Contact | None:
        """Read one contact."""
        return self.rows.get((org_id, contact_id))

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts; only those that exist are in the answer."""
        return {one: self.rows[org_id, one] for one in contact_ids if (org_id, one) in self.rows}

    def of_shard(self, org_id: str, shard: str) -> Iterator[Contact]:
        """Return the contacts of one shard, sorted by id; who goes meanwhile is left out."""
        ids = _of_shard(self.rows, org_id, shard)
        return (self.rows[org_id, one] for one in ids if (org_id, one) in self.rows)

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Contact]:
        """Return the organisation's contacts by id."""
        mine = {contact_id: one for (org, contact_id), one in self.rows.items() if org == org_id}
        return page(mine, limit, after)

    def create(self, contact: Contact) -> bool:
        """Write a new contact; False when there is one with its address."""
        key = contact.org_id, contact.contact_id
        return self.rows.setdefault(key, contact) is contact

    def change(self, old: Contact, new: Contact, at: datetime) -> bool:
        """Write attributes and time zone; False when they are no longer what `old` says."""
        stored = self.get(old.org_id, old.contact_id)
        if stored is None or _changeable(stored) != _changeable(old):
            return False
        self.put(
            replace(
                stored,
                attributes=new.attributes,
                timezone=new.timezone,
                messages_only=new.messages_only,
            )
        )
        return True

    def delete(self, org_id: str, contact_id: str) -> bool:
        """Remove a contact; False when there is none."""
        self.marks.pop((org_id, contact_id), None)
        return self.rows.pop((org_id, contact_id), None) is not None

    def apply(self, import_id: str, writes: Sequence[Write], at: datetime) -> Sequence[Write]:
        """Write what an import's rows say; return the writes that have to be decided anew."""
        return [write for write in writes if not self._apply(import_id, write, at)]

    def _apply(self, import_id: str, write: Write, at: datetime) -> bool:
        key = write.new.org_id, write.new.contact_id
        mark_import, mark_line = self.marks.get(key, ("", 0))
        if key in self.rows and mark_import == import_id and mark_line >= write.line:
            return True
        written = (
            self.create(write.new) if write.old is None else self.change(write.old, write.new, at)
        )
        if written:
            self.marks[key] = import_id, write.line
        return written


def _of_shard(keys: Iterable[tuple[str, str]], org_id: str, shard: str) -> list[str]:
    """Return the contact ids of one shard, sorted."""
    return sorted(one for org, one in keys if org == org_id and shard_of(one) == shard)


def _changeable(contact: Contact) -> tuple[Mapping[str, object], str | None]:
    return contact.attributes, contact.timezone


@dataclass(slots=True)
class Lists:
    """Lists by organisation and id, and the members of each."""

    rows: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    lists: dict[tuple[str, str], ContactList] = field(default_factory=dict)

    def get(self, org_id: str, list_id: str) -> ContactList | None:
        """Return one list."""
        return self.lists.get((org_id, list_id))

    def exists(self, org_id: str, list_id: str) -> bool:
        """Say whether the organisation has this list."""
        return (org_id, list_id) in self.lists

    def page(self, org_id: str, limit: int, after: str | None) -> Page[ContactList]:
        """Return the organisation's lists by id."""
        return page(
            {one: row for (org, one), row in self.lists.items() if org == org_id}, limit, after
        )

    def create(self, contact_list: ContactList) -> None:
        """Write a list under a fresh id; a repeat of the same write changes nothing."""
        self.lists.setdefault((contact_list.org_id, contact_list.list_id), contact_list)

    def rename(self, org_id: str, list_id: str, name: str) -> bool:
        """Give a list another name; False when it is not there."""
        found = self.get(org_id, list_id)
        if found:
            self.lists[org_id, list_id] = replace(found, name=name)
        return found is not None

    def mark_sent(self, org_id: str, list_id: str, at: datetime) -> None:
        """Note when a campaign was last sent to a list; an earlier time changes nothing."""
        found = self.get(org_id, list_id)
        if found and (found.last_sent is None or found.last_sent < at):
            self.lists[org_id, list_id] = replace(found, last_sent=at)

    def delete(self, org_id: str, list_id: str) -> bool:
        """Delete a list without its members; False when it is not there."""
        return self.lists.pop((org_id, list_id), None) is not None

    def members(self, list_id: str, shard: str) -> Sequence[str]:
        """Return the contact ids of one shard of a list, sorted."""
        return sorted(one for one in self.rows.get(list_id, ()) if shard_of(one) == shard)

    def member_page(self, list_id: str, limit: int, after: str | None) -> Page[str]:
        """Return the contact ids of a list, sorted."""
        return page({one: one for one in self.rows.get(list_id, ())}, limit, after)

    def on_lists(
        self, list_ids: Sequence[str], contact_ids: Sequence[str]
    ) -> Mapping[str, frozenset[str]]:
        """Return which of some lists each contact is on; who is on none of them is left out."""
        found = {
            one: frozenset(name for name in list_ids if one in self.rows.get(name, ()))
            for one in contact_ids
        }
        return {one: on for one, on in found.items() if on}

    def add_members(self, list_id: str, contact_ids: Sequence[str], at: datetime) -> None:
        """Make contacts members; those that are stay so."""
        self.rows[list_id].update(contact_ids)

    def remove_members(self, list_id: str, contact_ids: Sequence[str]) -> None:
        """Take contacts off a list; those that are not on it do not matter."""
        self.rows[list_id].difference_update(contact_ids)

    def remove_member(self, list_id: str, contact_id: str) -> bool:
        """Take a contact off a list; False when it was not on it."""
        found = contact_id in self.rows.get(list_id, ())
        self.rows[list_id].discard(contact_id)
        return found

    def forget(self, org_id: str, contact_id: str) -> None:
        """Take a contact off all lists of its organisation."""
        for org, list_id in self.lists:
            if org == org_id:
                self.remove_member(list_id, contact_id)


@dataclass(slots=True)
class Suppressions:
    """Stands in for `store.suppressions.Suppressions`, by organisation and contact."""

    histories: dict[tuple[str, str], History] = field(default_factory=dict)
    emails: dict[tuple[str, str], str] = field(default_factory=dict)
    entries: dict[tuple[str, str], AuditEntry] = field(default_factory=dict)

    @property
    def rows(self) -> Mapping[tuple[str, str], Suppression]:
        """What stands, in order."""
        found = {key: self._standing(key) for key in sorted(self.histories)}
        return {key: one for key, one in found.items() if one is not None}

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Suppression]:
        """Read suppressions; only suppressed contacts are in the answer."""
        found = {one: self._standing((org_id, one)) for one in contact_ids}
        return {contact_id: one for contact_id, one in found.items() if one is not None}

    def of_shard(self, org_id: str, shard: str) -> Iterator[Suppression]:
        """Return the suppressions of one shard, sorted by contact id."""
        found = map(self._standing, [(org_id, x) for x in _of_shard(self.histories, org_id, shard)])
        return (one for one in found if one is not None)

    def get(self, org_id: str, contact_id: str) -> Suppression | None:
        """Read what stands against one contact."""
        return self.get_many(org_id, [contact_id]).get(contact_id)

    def history(self, org_id: str, contact_id: str) -> History:
        """Read all that was ever said about one contact."""
        return self.histories.get((org_id, contact_id), History())

    def page(
        self, org_id: str, limit: int, after: str | None, only: Collection[Reason] = tuple(Reason)
    ) -> Page[Suppression]:
        """Return the suppressions by contact id that stand for one of some reasons."""
        standing = {
            contact_id: one
            for (org, contact_id), one in self.rows.items()
            if org == org_id and not one.reasons.keys().isdisjoint(only)
        }
        return page(standing, limit, after)

    def add(self, suppression: Suppression) -> None:
        """Add reasons to what was said about a contact."""
        key = suppression.org_id, suppression.contact_id
        for reason, evidence in suppression.reasons.items():
            self.histories[key] = self.history(*key).told(reason, evidence)
        if suppression.email:
            self.emails.setdefault(key, suppression.email.casefold())

    def add_many(self, suppressions: Sequence[Suppression]) -> None:
        """Add all of several, in any order."""
        for one in suppressions:
            self.add(one)

    def lift(self, entry: AuditEntry) -> None:
        """Take back what arose up to the entry's instant, and keep the entry, or do neither."""
        key = entry.org_id, entry.contact_id
        history = self.histories.get(key)
        if history is not None and (history.lifted_at is None or history.lifted_at < entry.at):
            self.histories[key] = history.lifted(entry.at)
            self.entries[entry.org_id, entry.entry_id] = entry

    def audit(self, org_id: str, limit: int, after: str | None) -> Page[AuditEntry]:
        """Return the liftings of an organisation, the newest first."""
        mine = {entry_id: one for (org, entry_id), one in self.entries.items() if org == org_id}
        return page(mine, limit, after)

    def has_address(self, org_id: str, contact_id: str) -> bool:
        """Say whether an address is kept beside the reasons, also of one that was lifted."""
        return (org_id, contact_id) in self.emails

    def forget(self, org_id: str, contact_id: str) -> None:
        """Drop the address and keep the reasons."""
        self.emails.pop((org_id, contact_id), None)

    def _standing(self, key: tuple[str, str]) -> Suppression | None:
        reasons = self.history(*key).standing()
        return Suppression(*key, reasons, self.emails.get(key)) if reasons else None
