"""Audience: read what the rule of a campaign's audience looks at, one shard at a time.

A shard's contacts, members and suppressions are read once, page by page and side by side, however
many lists and segments there are: time grows with the shard, memory does not.
Source: docs/domain/launching.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Protocol

from mailtide.domain import audience as rules
from mailtide.domain.audience import Person, Reached
from mailtide.domain.campaign import Campaign
from mailtide.domain.contact import Contact
from mailtide.domain.segment import Segment
from mailtide.domain.suppression import Suppression


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

    def of_shard(self, org_id: str, shard: str) -> Iterable[Suppression]:
        """Return the suppressions of one shard, sorted by contact id, read as asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Audiences:
    """The audiences of campaigns."""

    lists: Lists
    contacts: Contacts
    suppressions: Suppressions

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
            list_id: _Peeked(self.lists.members(list_id, shard))
            for list_id in rules.lists_to_read(campaign, segments)
        }
        if not campaign.segment_ids and all(members[one].empty for one in campaign.list_ids):
            return
        reach = rules.rule(campaign, segments, now)
        for person in self._people(campaign.org_id, shard, members):
            reached = reach(person)
            if reached is not None:
                yield reached

    def _people(
        self, org_id: str, shard: str, members: Mapping[str, Iterable[str]]
    ) -> Iterator[Person]:
        """Yield the people of a shard.

        A member without a contact is looked up once more at the end: who joined while this was
        read may stand in a page of members and have come too late for the page of contacts.
        """
        contacts = self.contacts.of_shard(org_id, shard)
        suppressions = self.suppressions.of_shard(org_id, shard)
        unknown: list[Person] = []
        for person in rules.joined(members, contacts, suppressions):
            if person.contact is None and person.lists:
                unknown.append(person)
            else:
                yield person
        if unknown:
            found = self.contacts.get_many(org_id, [one.contact_id for one in unknown])
            yield from (replace(one, contact=found.get(one.contact_id)) for one in unknown)


class _Peeked:
    """An iterable, read once, of which is known whether it is empty."""

    def __init__(self, ids: Iterable[str]) -> None:
        rest = iter(ids)
        first = next(rest, None)
        self.empty = first is None
        self._all = rest if first is None else chain((first,), rest)

    def __iter__(self) -> Iterator[str]:
        return self._all
