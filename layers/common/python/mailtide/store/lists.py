"""Lists and their members: a row per list in its organisation, a row per member in its shard."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from mailtide.domain.contact_list import ContactList
from mailtide.domain.identifiers import shard_of
from mailtide.domain.page import Page, every
from mailtide.store import dynamo
from mailtide.store.paging import page, page_of_shards
from mailtide.store.row import present
from mailtide.store.tables import ListRow

_LIST = "list#"
_AT_ONCE = 100  # lists read at once to take a contact off all of them


class Lists:
    """The lists of all organisations."""

    def get(self, org_id: str, list_id: str) -> ContactList | None:
        """Return one list."""
        row = dynamo.get(ListRow, org_id, _LIST + list_id)
        return _list_of(row) if row else None

    def exists(self, org_id: str, list_id: str) -> bool:
        """Say whether the organisation has this list."""
        return self.get(org_id, list_id) is not None

    def page(self, org_id: str, limit: int, after: str | None) -> Page[ContactList]:
        """Return the organisation's lists by id."""
        return page(ListRow, org_id, limit, after, _list_of, prefix=_LIST)

    def create(self, contact_list: ContactList) -> None:
        """Write a list under a fresh id; a repeat of the same write changes nothing."""
        row = ListRow(
            contact_list.org_id,
            _LIST + contact_list.list_id,
            list_id=contact_list.list_id,
            name=contact_list.name,
            created_at=contact_list.created_at,
        )
        dynamo.put(row, ListRow.pk.does_not_exist())

    def rename(self, org_id: str, list_id: str, name: str) -> bool:
        """Give a list another name; False when it is not there."""
        row = ListRow(org_id, _LIST + list_id)
        return dynamo.update(row, [ListRow.name.set(name)], ListRow.pk.exists()) is None

    def mark_sent(self, org_id: str, list_id: str, at: datetime) -> None:
        """Note when a campaign was last sent to a list; an earlier time changes nothing."""
        row = ListRow(org_id, _LIST + list_id)
        later = ListRow.last_sent.does_not_exist() | (ListRow.last_sent < at)
        dynamo.update(row, [ListRow.last_sent.set(at)], ListRow.pk.exists() & later)

    def delete(self, org_id: str, list_id: str) -> bool:
        """Delete a list without its members; False when it is not there."""
        return dynamo.delete(ListRow(org_id, _LIST + list_id), ListRow.pk.exists()) is None

    def members(self, list_id: str, shard: str) -> Iterator[str]:
        """Yield the contact ids of one shard of a list, sorted, a page of them in memory."""
        items = dynamo.query_items(ListRow, f"{list_id}#{shard}", ["sk"])
        return (str(item["sk"]["S"]) for item in items)

    def member_page(self, list_id: str, limit: int, after: str | None) -> Page[str]:
        """Return the contact ids of a list, sorted."""
        return page_of_shards(ListRow, list_id, limit, after, lambda row: str(row.sk))

    def on_lists(
        self, list_ids: Sequence[str], contact_ids: Sequence[str]
    ) -> Mapping[str, frozenset[str]]:
        """Return which of some lists each contact is on; who is on none of them is left out.

        The contacts are a stretch of the organisation's, in order: what is read of a list is its
        members from the first to the last of them, shard by shard.
        """
        found: dict[str, set[str]] = {}
        for shard, of_shard in groupby(contact_ids, shard_of):
            ids = list(of_shard)
            for list_id in list_ids:
                for member in _members_between(f"{list_id}#{shard}", ids[0], ids[-1]):
                    found.setdefault(member, set()).add(list_id)
        return {one: frozenset(found[one]) for one in contact_ids if one in found}

    def add_members(self, list_id: str, contact_ids: Sequence[str], at: datetime) -> None:
        """Make contacts members; those that are stay so."""
        rows = [ListRow(_shard(list_id, one), one, added_at=at) for one in contact_ids]
        dynamo.put_many(ListRow.Meta.table_name, [row.serialize() for row in rows])

    def remove_member(self, list_id: str, contact_id: str) -> bool:
        """Take a contact off a list; False when it was not on it."""
        row = ListRow(_shard(list_id, contact_id), contact_id)
        return dynamo.delete(row, ListRow.pk.exists()) is None

    def remove_members(self, list_id: str, contact_ids: Sequence[str]) -> None:
        """Take contacts off a list; those that are not on it do not matter."""
        _remove((list_id, one) for one in contact_ids)

    def forget(self, org_id: str, contact_id: str) -> None:
        """Take a contact off all lists of its organisation."""
        lists = every(lambda after: self.page(org_id, _AT_ONCE, after))
        _remove((one.list_id, contact_id) for one in lists)


def _remove(memberships: Iterable[tuple[str, str]]) -> None:
    """Remove memberships by list and contact."""
    keys = [ListRow.raw_key(_shard(list_id, one), one) for list_id, one in memberships]
    dynamo.delete_many(ListRow.Meta.table_name, keys)


def _members_between(shard: str, first: str, last: str) -> Iterator[str]:
    rows = dynamo.query_items(ListRow, shard, ["sk"], between=(first, last))
    return (str(item["sk"]["S"]) for item in rows)


def _shard(list_id: str, contact_id: str) -> str:
    return f"{list_id}#{shard_of(contact_id)}"


def _list_of(row: ListRow) -> ContactList:
    return ContactList(
        org_id=row.pk,
        list_id=row.sk.removeprefix(_LIST),
        name=row.name or "",
        created_at=present(row.created_at),
        last_sent=row.last_sent,
    )
