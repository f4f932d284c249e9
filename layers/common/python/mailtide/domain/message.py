"""Message: one email to one contact, as the rows that tell its life.

All rows of a message share its id; `event_key` says what a row means, so that a repeat meets the
row that is already there:

    queued, sent, suppressed, doubt          what we did
    delivered, bounced, complained,          at most one each; the best evidence wins
    unsubscribed
    attempt_failed#…, deferred#…,            one per happening; the key fixes the content, or
    opened#…, clicked#…,                     names what the source calls by a name of its own:
    replied#…, auto_replied#…                then the earliest report is kept
    _engagement                              derived from the hits; sorts before all others

Source: docs/events.md.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from mailtide.domain.event import EventType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_ORDER = "order"  # in a row's data: the merge order

QUEUED = "queued"
SENT = "sent"
DOUBT = "doubt"
SUPPRESSED = "suppressed"
RETRY = "retry"  # in a `sent` row's data: the hand-over before it is in doubt
ENGAGEMENT = "_engagement"
# One row per message: the best report of the thing is kept.
STATES = frozenset(
    {
        EventType.DELIVERED,
        EventType.BOUNCED,
        EventType.COMPLAINED,
        EventType.UNSUBSCRIBED,
    }
)
HITS = frozenset({EventType.OPENED, EventType.CLICKED})
ANSWERS = frozenset({EventType.REPLIED, EventType.AUTO_REPLIED})
# One row per happening.
HAPPENINGS = frozenset({EventType.ATTEMPT_FAILED, EventType.DEFERRED}) | HITS | ANSWERS
EVIDENCE = STATES | HAPPENINGS  # what others tell of a message: it shows that the message left


class SentState(StrEnum):
    """What the `sent` row says of the hand-over."""

    SENT = "sent"  # written before the bytes leave; true unless corrected
    REFUSED = "refused"  # the relay said "later": a later batch goes on with it
    FAILED = "failed"  # it never left and never will


@dataclass(frozen=True, slots=True)
class Dimensions:
    """By what a message is counted."""

    org_id: str
    campaign_id: str
    recipient_id: str  # the contact
    list_id: str
    variant: str
    identity_id: str
    ip_id: str  # "" when no IP was chosen
    provider: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """One row of a message's life."""

    message_id: str
    event_key: str
    event_type: EventType
    of: Dimensions
    ts: datetime  # when it happened, to the millisecond
    attempt: int = 1  # hand-over attempt, from 1
    smtp_code: int | None = None
    smtp_response: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def millis(at: datetime) -> int:
    """Return epoch milliseconds, rounded down."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def instant(ms: int) -> datetime:
    """Return the aware UTC instant of epoch milliseconds."""
    return _EPOCH + timedelta(milliseconds=ms)


def fingerprint(value: object) -> str:
    """Return eight hex digits that stand for a JSON-able value, the same on every machine."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return blake2b(text.encode(), digest_size=4).hexdigest()


def happening_key(type_: EventType, at: datetime, content: object) -> str:
    """Return the key of a row that may occur many times: its type, instant and content."""
    return f"{type_.value}#{millis(at):013d}#{fingerprint(content)}"


def named_key(type_: EventType, name: str) -> str:
    """Return the key of a row that may occur many times, each under a name that the source gave."""
    return f"{type_.value}#{fingerprint(name)}"


def merge_order(rank: int, at: datetime, content: object) -> str:
    """Return the order of one report of a state row: least rank, then earliest, then by hash.

    The least of all reports is kept, so any sequence of them ends in the same row.
    """
    return f"{rank:02d}#{millis(at):013d}#{fingerprint(content)}"


def order_of(row: EventRow) -> str:
    """Return the merge order stored in a state row."""
    return str(row.data[_ORDER])


def is_merged(row: EventRow) -> bool:
    """Say whether several reports may lie under the row's key, of which the least is kept."""
    return _ORDER in row.data


def settled(doubt: EventRow) -> EventRow:
    """Return the doubt row as it stands once evidence is in."""
    return replace(doubt, data={**doubt.data, "settled": True})
