"""Audience: whom a campaign reaches in one shard, and why others are left out.

One rule for the launch and the forecast. A contact enters a campaign once, under the first of its
lists, then of its segments, that holds them; an exclusion holds wherever they came from.
Source: docs/domain/launching.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mailtide.domain.block import ERASED
from mailtide.domain.campaign import Campaign
from mailtide.domain.contact import Contact
from mailtide.domain.content import started
from mailtide.domain.segment import Segment, evaluate, lists_of
from mailtide.domain.suppression import Stream, Suppression, stops

EXCLUDED_LIST = "excluded_list"  # why a contact is left out, beside the reasons of suppressions
EXCLUDED_SEGMENT = "excluded_segment"

Fits = Callable[[Contact], bool]


@dataclass(frozen=True, slots=True)
class People:
    """What is known of one shard's people."""

    members: Mapping[str, frozenset[str]]  # of each list that `lists_to_read` names
    contacts: Mapping[str, Contact]
    suppressions: Mapping[str, Suppression]


@dataclass(frozen=True, slots=True)
class Audience:
    """One shard's people whom the campaign's lists and segments hold."""

    under: Mapping[str, str]  # contact id -> the list or segment it counts under
    excluded: Mapping[str, str]  # contact id -> why it is left out
    recipients: tuple[Contact, ...]  # all others


NOBODY = Audience({}, {}, ())


def audience(
    campaign: Campaign, segments: Mapping[str, Segment], people: People, now: datetime
) -> Audience:
    """Return the audience of one shard; `segments` has all that the campaign names, by id."""
    under: dict[str, str] = {}
    for list_id in campaign.list_ids:
        for contact_id in people.members[list_id]:
            under.setdefault(contact_id, list_id)
    for segment_id in campaign.segment_ids:
        fits = _fits(segments[segment_id], people, now)
        for contact_id, contact in people.contacts.items():
            if contact_id not in under and fits(contact):
                under[contact_id] = segment_id
    why = _exclusion(campaign, segments, people, now)
    reasons = {contact_id: why(contact_id) for contact_id in under}
    return Audience(
        under=under,
        excluded={one: reason for one, reason in reasons.items() if reason is not None},
        recipients=tuple(people.contacts[one] for one, why in reasons.items() if why is None),
    )


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


def _exclusion(
    campaign: Campaign, segments: Mapping[str, Segment], people: People, now: datetime
) -> Callable[[str], str | None]:
    """Return what says why a contact is left out; what stands longest is named first."""
    unwanted = [people.members[one] for one in campaign.excluded_list_ids]
    unfit = [_fits(segments[one], people, now) for one in campaign.excluded_segment_ids]

    def why(contact_id: str) -> str | None:
        suppressed = stops(people.suppressions.get(contact_id), Stream.MARKETING)
        contact = people.contacts.get(contact_id)
        if suppressed is not None or contact is None:
            return ERASED if suppressed is None else suppressed.value
        if any(contact_id in members for members in unwanted):
            return EXCLUDED_LIST
        return EXCLUDED_SEGMENT if any(fits(contact) for fits in unfit) else None

    return why


def _fits(segment: Segment, people: People, now: datetime) -> Fits:
    named = lists_of(segment.filter)

    def fits(contact: Contact) -> bool:
        on = frozenset(one for one in named if contact.contact_id in people.members[one])
        return evaluate(segment.filter, contact, on, now)

    return fits
