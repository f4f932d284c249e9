"""Audience: whom a campaign reaches in one shard, and why others are left out.

One rule for the launch and the forecast. A contact enters a campaign once, under the first of its
lists, then of its segments, that holds them; an exclusion holds wherever they came from. What is
known of people comes in streams that all lie sorted by contact id, so it is joined by merging: one
pass, and nobody is in memory longer than their turn takes.
Source: docs/domain/launching.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from itertools import groupby
from operator import itemgetter

from mailtide.domain.block import ERASED
from mailtide.domain.campaign import Campaign
from mailtide.domain.contact import Contact
from mailtide.domain.content import started
from mailtide.domain.segment import Segment, evaluate, lists_of
from mailtide.domain.suppression import Stream, Suppression, stops

EXCLUDED_LIST = "excluded_list"  # why a contact is left out, beside the reasons of suppressions
EXCLUDED_SEGMENT = "excluded_segment"
_contact_id = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of one person."""

    contact_id: str
    lists: frozenset[str]  # of those that `lists_to_read` names
    contact: Contact | None
    suppression: Suppression | None


@dataclass(frozen=True, slots=True)
class Invited:
    """A person whom the campaign is to reach."""

    contact: Contact
    under: str  # the list or segment it counts under


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A person whom the campaign's lists or segments hold, and who gets nothing."""

    contact_id: str
    reason: str
    under: str


Reached = Invited | LeftOut
Fits = Callable[[Person, Contact], bool]


def joined(
    members: Mapping[str, Iterable[str]],
    contacts: Iterable[Contact],
    suppressions: Iterable[Suppression],
) -> Iterator[Person]:
    """Bring together what is known of each person of a shard, by contact id.

    Args:
        members: the contact ids of each list.
        contacts: those of the shard.
        suppressions: those of the shard; all three are sorted by contact id.
    """
    told: Iterator[tuple[str, str | Contact | Suppression]] = merge(
        *(_told(ids, list_id) for list_id, ids in members.items()),
        ((one.contact_id, one) for one in contacts),
        ((one.contact_id, one) for one in suppressions),
        key=_contact_id,
    )
    for contact_id, of_person in groupby(told, key=_contact_id):
        lists: list[str] = []
        contact = suppression = None
        for _, what in of_person:
            if isinstance(what, Contact):
                contact = what
            elif isinstance(what, Suppression):
                suppression = what
            else:
                lists.append(what)
        yield Person(contact_id, frozenset(lists), contact, suppression)


def rule(
    campaign: Campaign, segments: Mapping[str, Segment], now: datetime
) -> Callable[[Person], Reached | None]:
    """Return what says how a campaign reaches a person; None for one it is not for.

    Args:
        campaign: whose audience.
        segments: all that the campaign names, by id.
        now: the instant that filters count back from.
    """
    wanted = [(one, _fits(segments[one], now)) for one in campaign.segment_ids]
    unwanted = frozenset(campaign.excluded_list_ids)
    unfit = [_fits(segments[one], now) for one in campaign.excluded_segment_ids]

    def reach(person: Person) -> Reached | None:
        contact = person.contact
        under = next((one for one in campaign.list_ids if one in person.lists), None)
        if under is None and contact is not None and not contact.messages_only:
            under = next((one for one, fits in wanted if fits(person, contact)), None)
        if under is None:
            return None
        suppressed = stops(person.suppression, Stream.MARKETING)
        if suppressed is not None:  # what stands longest is named first
            return LeftOut(person.contact_id, suppressed.value, under)
        if contact is None:
            return LeftOut(person.contact_id, ERASED, under)
        if not unwanted.isdisjoint(person.lists):
            return LeftOut(person.contact_id, EXCLUDED_LIST, under)
        if any(fits(person, contact) for fits in unfit):
            return LeftOut(person.contact_id, EXCLUDED_SEGMENT, under)
        return Invited(contact, under)

    return reach


def lists_to_read(campaign: Campaign, segments: Mapping[str, Segment]) -> tuple[str, ...]:
    """Return the lists whose members the rule looks at, each once."""
    named = [one for segment in segments.values() for one in lists_of(segment.filter)]
    return tuple(dict.fromkeys([*campaign.list_ids, *campaign.excluded_list_ids, *named]))


def kept(segment: Segment, campaign_id: str) -> Segment:
    """Return the copy that a campaign keeps of a segment when it is started."""
    copy = kept_id(campaign_id, segment.segment_id)
    return replace(segment, org_id=started(segment.org_id), segment_id=copy)


def kept_id(campaign_id: str, segment_id: str) -> str:
    """Return the id of the copy."""
    return f"{campaign_id}.{segment_id}"


def _fits(segment: Segment, now: datetime) -> Fits:
    def fits(person: Person, contact: Contact) -> bool:
        return evaluate(segment.filter, contact, person.lists, now)

    return fits


def _told(members: Iterable[str], list_id: str) -> Iterator[tuple[str, str]]:
    return ((one, list_id) for one in members)
