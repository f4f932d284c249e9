"""Audience: read what the rule of a campaign's audience looks at, one shard at a time.

A shard's contacts, members and suppressions are read once, however many lists and segments there
are, so time and memory grow with the shard. Where lists alone name few people, only these are read:
a small list costs the same in a large organisation.
Source: docs/domain/launching.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain import audience as rule
from mailtide.domain.audience import NOBODY, Audience, People
from mailtide.domain.campaign import Campaign
from mailtide.domain.contact import Contact
from mailtide.domain.segment import Segment
from mailtide.domain.suppression import Suppression


class Lists(Protocol):
    """The members of lists."""

    def members(self, list_id: str, shard: str) -> Sequence[str]:
        """Return the contact ids of one shard of a list, sorted."""
        ...


class Contacts(Protocol):
    """The contacts of an organisation."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts consistently; only those that exist are in the answer."""
        ...

    def of_shard(self, org_id: str, shard: str) -> Mapping[str, Contact]:
        """Return the contacts of one shard by id."""
        ...


class Suppressions(Protocol):
    """Whom the organisation does not write to."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Suppression]:
        """Read suppressions consistently; only suppressed contacts are in the answer."""
        ...

    def of_shard(self, org_id: str, shard: str) -> Mapping[str, Suppression]:
        """Return the suppressions of one shard by contact id."""
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
    ) -> Audience:
        """Return whom a campaign reaches in one shard.

        Args:
            campaign: whose audience.
            segments: all that the campaign names, by id.
            shard: the hex digit.
            now: the instant that filters count back from.
        """
        members = {
            list_id: frozenset(self.lists.members(list_id, shard))
            for list_id in rule.lists_to_read(campaign, segments)
        }
        listed = frozenset().union(*(members[one] for one in campaign.list_ids))
        if not campaign.segment_ids and not listed:
            return NOBODY
        if not campaign.segment_ids and len(listed) <= self.few:
            ids = sorted(listed)
            contacts = self.contacts.get_many(campaign.org_id, ids)
            suppressions = self.suppressions.get_many(campaign.org_id, ids)
        else:
            contacts = self.contacts.of_shard(campaign.org_id, shard)
            suppressions = self.suppressions.of_shard(campaign.org_id, shard)
        people = People(members=members, contacts=contacts, suppressions=suppressions)
        return rule.audience(campaign, segments, people, now)
