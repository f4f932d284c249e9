"""Event: one thing that happened to a message, in our vocabulary, whoever reported it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mailtide.domain.bounce_rules import Said


class EventType(StrEnum):
    """What happened; the past tense of the field's words."""

    QUEUED = "queued"  # we took the message; said of submitted ones alone
    ACCEPTED = "accepted"  # the relay took the message
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    ATTEMPT_FAILED = "attempt_failed"  # one try at the receiver, in its words; counts nothing
    DEFERRED = "deferred"  # an attempt ended without a result; there is at most one per attempt
    OPENED = "opened"
    CLICKED = "clicked"
    REPLIED = "replied"  # a person answered
    AUTO_REPLIED = "auto_replied"  # a program did
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    DOUBTED = "doubted"
    ENGAGEMENT = "engagement"
    INFRASTRUCTURE = "infrastructure"  # about the relay, its connections or its policy
    UNKNOWN = "unknown"  # a word of the source that we do not know: kept, no consequence


@dataclass(frozen=True, slots=True)
class Event:
    """One reported thing.

    `rank` orders reports of the same thing by how much they say; the least is kept. `key` is what
    the source itself calls one of several things of a type, so that a repeat under it is the same,
    whenever it comes; without it time and content tell them apart.
    """

    type: EventType
    occurred_at: datetime
    source: str  # stalwart, ses, inbound, tracking
    source_type: str  # the source's own word
    message_id: str | None = None
    ip_tag: str | None = None  # sending IP as the envelope sender names it
    recipient: str | None = None
    smtp_code: int | None = None
    enhanced_code: str | None = None
    smtp_response: str | None = None
    mx_host: str | None = None
    org_id: str | None = None  # whose the message is, if the source says it
    said: Said | None = None  # of a bounce: what the source itself takes it for
    rank: int = 0
    key: str | None = None
    data: Mapping[str, str] = field(default_factory=dict)
