"""Block: the recipients that a sender works on at once, and the rows that tell what became of them.

Indexes count within the block, from 0, in the manifest's order.
Source: docs/domain/sending.md.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mailtide.domain.batch import LEFT_OUT, PLACES, UNPLACED, WAITS, Batch, Planned, Tally
from mailtide.domain.campaign import Campaign
from mailtide.domain.contact import Contact
from mailtide.domain.event import EventType
from mailtide.domain.handover import Accepted, Outcome, Refused, Unknown
from mailtide.domain.message import (
    DOUBT,
    RETRY,
    SENT,
    SUPPRESSED,
    Dimensions,
    EventRow,
    SentState,
)
from mailtide.domain.suppression import Stream, Suppression, stops

EXPIRED = "expired"  # why a message failed that was put off until its time was over
ERASED = "erased"  # why a recipient is left out whose contact is gone
SETTLED = "settled"  # why one is left out whose message is in doubt no longer


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of a block as their rows say at this moment."""

    planned: Planned
    message_id: str
    contact: Contact | None
    left_out: str | None  # the reason nothing may be sent; None when it may
    expires_at: datetime | None = None  # when its message is told to have come too late


def recipients(
    planned: Sequence[Planned],
    contacts: Mapping[str, Contact],
    suppressions: Mapping[str, Suppression],
    message_id: Callable[[str], str],
    stream: Stream = Stream.MARKETING,
) -> tuple[Recipient, ...]:
    """Bring a block's contact ids together with what is known of them now."""
    found = []
    for one in planned:
        contact = contacts.get(one.contact_id)
        reason = stops(suppressions.get(one.contact_id), stream)
        left_out = reason.value if reason else (None if contact else ERASED)
        found.append(Recipient(one, message_id(one.contact_id), contact, left_out))
    return tuple(found)


def place(block: Sequence[Recipient], grants: Mapping[str, int]) -> tuple[str, tuple[str, ...]]:
    """Give the granted places to the recipients, alternating between the IPs.

    Returns:
        A character per recipient (domain/batch.py), and the IPs that the letters stand for.
    """
    ip_ids = tuple(sorted(ip for ip, granted in grants.items() if granted))[: len(PLACES)]
    turns = max((grants[ip] for ip in ip_ids), default=0)
    free = iter(
        PLACES[i] for turn in range(turns) for i, ip in enumerate(ip_ids) if turn < grants[ip]
    )
    letters = [LEFT_OUT if one.left_out else next(free, UNPLACED) for one in block]
    return "".join(letters), ip_ids


def written(
    block: Sequence[Recipient], over: Mapping[int, str], waiting: Mapping[int, int]
) -> tuple[str, tuple[str, ...]]:
    """Return what `place` does for recipients whose IPs, or turns to wait for, are known.

    Args:
        block: its recipients.
        over: the IP of each who leaves, by index.
        waiting: the number of the turn of each whom a rate limit keeps.
    """
    ip_ids = tuple(sorted(set(over.values())))

    def letter(i: int, one: Recipient) -> str:
        if one.left_out:
            return LEFT_OUT
        if i in over:
            return PLACES[ip_ids.index(over[i])]
        return WAITS[waiting[i]] if i in waiting else UNPLACED

    return "".join(letter(i, one) for i, one in enumerate(block)), ip_ids


def placed(opened: Batch) -> dict[int, str]:
    """Return the IP of each recipient who has a place, by index."""
    return {
        i: opened.ips[PLACES.index(letter)]
        for i, letter in enumerate(opened.placement)
        if letter in PLACES
    }


def waiting(opened: Batch) -> dict[int, int]:
    """Return which of the block's `waits` each recipient has whom a rate limit keeps, by index."""
    return {i: WAITS.index(letter) for i, letter in enumerate(opened.placement) if letter in WAITS}


def rows(block: Sequence[Recipient], opened: Batch, campaign: Campaign) -> dict[int, EventRow]:
    """Return the rows written ahead: `sent` for the placed, `suppressed` for those left out.

    Who is left out of a retry of doubts keeps the rows of the hand-over that is in doubt.
    """
    at = opened.placed_at
    if at is None:
        raise ValueError("the block is not open")
    ips = placed(opened)
    found = {}
    for i, one in enumerate(block):
        left_out = opened.placement[i] == LEFT_OUT
        if i not in ips and (opened.in_doubt or not left_out):
            continue
        found[i] = EventRow(
            message_id=one.message_id,
            event_key=SUPPRESSED if left_out else SENT,
            event_type=EventType.SUPPRESSED if left_out else EventType.SENT,
            of=_dimensions(one, campaign, ips.get(i, "")),
            ts=at,
            attempt=opened.attempt,
            data={"reason": one.left_out or ERASED} if left_out else _sent(opened),
        )
    return found


def _sent(opened: Batch) -> dict[str, Any]:
    return {"state": SentState.SENT, **({RETRY: True} if opened.in_doubt else {})}


def _dimensions(one: Recipient, campaign: Campaign, ip_id: str) -> Dimensions:
    return Dimensions(
        org_id=campaign.org_id,
        campaign_id=campaign.campaign_id,
        recipient_id=one.planned.contact_id,
        list_id=one.planned.list_id,
        variant=one.planned.variant,
        identity_id=campaign.identity_id,
        ip_id=ip_id,
        provider=one.contact.provider if one.contact else "",
    )


def correction(
    row: EventRow, outcome: Refused, *, carried: bool, expired: bool = False
) -> EventRow:
    """Return the `sent` row of a message that was refused.

    One that was in doubt already goes on to count as sent: the hand-over before may have been.

    Args:
        row: as written ahead.
        outcome: the refusal.
        carried: whether a later batch goes on with it.
        expired: whether the time of those who are refused "later" was over.
    """
    if row.data.get(RETRY):
        return replace(row, smtp_code=outcome.code, smtp_response=outcome.response)
    data: dict[str, str] = {"state": SentState.REFUSED if carried else SentState.FAILED}
    if expired and outcome.later and outcome.tried and not carried:
        data["reason"] = EXPIRED
    return replace(row, smtp_code=outcome.code, smtp_response=outcome.response, data=data)


def answered(row: EventRow) -> EventRow:
    """Return the `sent` row of a message that the relay is known to have taken."""
    return replace(row, data={**row.data, "answered": True})


def doubt(row: EventRow) -> EventRow:
    """Return the mark of a message that may or may not have left."""
    return replace(row, event_key=DOUBT, event_type=EventType.DOUBTED, data={"settled": False})


def tally(
    opened: Batch,
    outcomes: Mapping[int, Outcome],
    planned: Sequence[Planned],
    carried: Collection[str],
    doubted: int,
) -> Tally:
    """Count a settled block: everybody in it ends in exactly one way."""
    later = sum(one.contact_id in carried for one in planned)
    left_out = opened.placement.count(LEFT_OUT)
    failed = sum(
        isinstance(outcome, Refused) and planned[i].contact_id not in carried
        for i, outcome in outcomes.items()
    ) + sum(
        letter in (UNPLACED, *WAITS) and planned[i].contact_id not in carried
        for i, letter in enumerate(opened.placement)
    )
    accepted = len(planned) - later - left_out - failed - doubted
    return Tally(accepted, left_out, later, failed, doubted)


def used(opened: Batch, outcomes: Mapping[int, Outcome], ip_id: str) -> int:
    """Count one IP's hand-overs that happened or may have: a doubt keeps its place."""
    return sum(
        ip == ip_id and isinstance(outcomes.get(i), Accepted | Unknown)
        for i, ip in placed(opened).items()
    )
