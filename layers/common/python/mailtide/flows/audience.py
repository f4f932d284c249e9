"""Audience: read what the rule of a campaign's audience looks at, one shard at a time.

A shard's contacts, members and suppressions are read once, page by page and side by side, however
many lists and segments there are: time grows with the shard, memory does not. Where lists alone
name few people, only these are read: a small list costs the same in a large organisation.
Source: docs/domain/launching.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice
from typing import Protocol, TypeVar

from mailtide.domain import audience as rules
from mailtide.domain.audience import Person, Reached
from mailtide.domain.campaign import Campaign
from mailtide.domain.contact import Contact
from mailtide.domain.segment import Segment
from mailtide.domain.suppression import Suppression

T = TypeVar("T")


class Lists(Protocol):
    """The members of lists."""

    def members(self, list_id: str, shard: str) -> Iterable[str]:
        """Return the contact ids of one shard of a list, sorted, read as they are asked for."""
        ...


class Contacts(Protocol):
    """The contacts of an organisation."""

    def of_shard(self, org_id: str, shard: str) -> Iterable[Contact]:
        """Return the contacts of one shard, sorted by id, read as they are asked for."""
        ...

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts consistently; only those that exist are in the answer."""
        ...


class Suppressions(Protocol):
    """Whom the organisation does not write to."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Suppression]:
        """Read suppressions consistently; only suppressed contacts are in the answer."""
        ...

    def of_shard(self, org_id: str, shard: str) -> Iterable[Suppression]:
        """Return the suppressions of one shard, sorted by contact id, read as asked for."""
        ...


FEW = 5000  # people of one shard who are read by id: 50 batch reads


@dataclass(frozen=True, slots=True)
class Audiences:
    """The audiences of campaigns."""

    lists: Lists
    contacts: Contacts
    suppressions: Suppressions
    few: int = FEW

    def of_shard(
        self, campaign: Campaign, segments: Mapping[str, Segment], shard: str, now: datetime
    ) -> Iterator[Reached]:
        """Yield whom a campaign reaches in one shard, with those who are left out of it.

        Args:
            campaign: whose audience.
            segments: all that the campaign names, by id.
            shard: the hex digit.
            now: the instant that filters count back from.
        """
        members = {
            list_id: _Peeked(self.lists.members(list_id, shard), self.few)
            for list_id in rules.lists_to_read(campaign, segments)
        }
        if not campaign.segment_ids and all(members[one].empty for one in campaign.list_ids):
            return
        reach = rules.rule(campaign, segments, now)
        for person in self._people(campaign, shard, members):
            reached = reach(person)
            if reached is not None:
                yield reached

    def _people(
        self, campaign: Campaign, shard: str, members: Mapping[str, "_Peeked"]
    ) -> Iterator[Person]:
        """Yield the people of a shard, or those alone whom its few members are.

        A member without a contact is looked up once more at the end: who joined while this was
        read may stand in a page of members and have come too late for the page of contacts.
        """
        org_id = campaign.org_id
        few = None if campaign.segment_ids else self._few(members[one] for one in campaign.list_ids)
        contacts: Iterable[Contact]
        suppressions: Iterable[Suppression]
        if few is None:
            contacts = self.contacts.of_shard(org_id, shard)
            suppressions = self.suppressions.of_shard(org_id, shard)
        else:
            contacts = _sorted(self.contacts.get_many(org_id, few))
            suppressions = _sorted(self.suppressions.get_many(org_id, few))
        unknown: list[Person] = []
        known = None if few is None else frozenset(few)
        for person in rules.joined(members, contacts, suppressions):
            if known is not None and person.contact_id not in known:
                continue  # on a list that is left out, and on none of the others
            if person.contact is None and person.lists:
                unknown.append(person)
            else:
                yield person
        if unknown:
            found = self.contacts.get_many(org_id, [one.contact_id for one in unknown])
            yield from (replace(one, contact=found.get(one.contact_id)) for one in unknown)

    def _few(self, lists: Iterable["_Peeked"]) -> list[str] | None:
        """Return the members of lists, sorted; None when they are not few."""
        listed: set[str] = set()
        for one in lists:
            listed.update(one.head)
            if not one.is_all or len(listed) > self.few:
                return None
        return sorted(listed)


class _Peeked:
    """The members of a list, read once, of whom the first are known ahead."""

    def __init__(self, ids: Iterable[str], most: int) -> None:
        rest = iter(ids)
        self.head = list(islice(rest, most + 1))
        self.empty = not self.head
        self.is_all = len(self.head) <= most
        self._rest = rest

    def __iter__(self) -> Iterator[str]:
        return chain(self.head, self._rest)


def _sorted(found: Mapping[str, T]) -> Iterable[T]:
    return (found[contact_id] for contact_id in sorted(found))
