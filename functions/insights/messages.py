"""Messages: what happened to one, and which were sent to an address."""

from datetime import datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel

from mailtide import app
from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow
from mailtide.domain.organisation import Scope
from mailtide.flows.insights import Timeline
from mailtide.http import After, Id, Limit, Listing, caller, listing, position, scoped

router = APIGatewayHttpRouter()

Recipient = Annotated[str, Query(max_length=320, description="an email address")]


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


@router.get("/api/messages", **scoped(Scope.READ), tags=["messages"])
def messages(recipient: Recipient, limit: Limit = 20, after: After = None) -> Listing[ShownSent]:
    """Return the messages to an address, the newest first."""
    org_id = caller(router).org_id
    name = f"{org_id}/messages/{recipient}"
    page = app.insights().messages_to(org_id, recipient, limit, position(name, after))
    return listing(name, page, _sent)


@router.get("/api/messages/<message_id>", **scoped(Scope.READ), tags=["messages"])
def message(message_id: Id) -> ShownTimeline:
    """Return everything that happened to one message, with the receivers' exact words."""
    timeline = app.insights().timeline(caller(router).org_id, message_id)
    events = [_event(row, timeline) for row in timeline.rows]
    return ShownTimeline(**_message(timeline.rows[0]), events=events)


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


def _sent(row: EventRow) -> ShownSent:
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
