"""What a message and its events look like."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow
from mailtide.flows.insights import Timeline


class ShownMessage(BaseModel):
    """One message, as it was handed over."""

    message_id: str
    campaign_id: str
    contact_id: str
    list_id: str
    variant: str
    identity_id: str
    ip_id: str
    provider: str


class ShownSent(ShownMessage):
    """One message of a listing."""

    sent_at: datetime
    state: str


class ShownEvent(BaseModel):
    """One thing that happened to a message; a hit has a verdict."""

    type: EventType
    at: datetime
    attempt: int
    smtp_code: int | None
    smtp_response: str | None
    details: dict[str, Any]
    verdict: str | None
    reasons: list[str]


class ShownTimeline(ShownMessage):
    """Everything that happened to one message, by time."""

    events: list[ShownEvent]


def view(timeline: Timeline) -> ShownTimeline:
    """Show everything that happened to one message."""
    events = [_event(row, timeline) for row in timeline.rows]
    known = max(timeline.rows, key=lambda row: bool(row.of.ip_id))  # before a place: no IP
    return ShownTimeline(**_message(known), events=events)


def _message(row: EventRow) -> dict[str, str]:
    of = row.of
    return {
        "message_id": row.message_id,
        "campaign_id": of.campaign_id,
        "contact_id": of.recipient_id,
        "list_id": of.list_id,
        "variant": of.variant,
        "identity_id": of.identity_id,
        "ip_id": of.ip_id,
        "provider": of.provider,
    }


def sent(row: EventRow) -> ShownSent:
    """Show one message of a listing."""
    return ShownSent(**_message(row), sent_at=row.ts, state=row.data["state"])


def _event(row: EventRow, timeline: Timeline) -> ShownEvent:
    verdict = timeline.verdicts.get(row.event_key)
    return ShownEvent(
        type=row.event_type,
        at=row.ts,
        attempt=row.attempt,
        smtp_code=row.smtp_code,
        smtp_response=row.smtp_response,
        details={name: value for name, value in row.data.items() if name != "order"},
        verdict=verdict.label if verdict else None,
        reasons=list(verdict.reasons) if verdict else [],
    )
