"""Insights: what became of a campaign, of a message, and of the messages to an address.

Trigger: HTTP `GET /api/campaigns/{campaign_id}/insights`, `GET /api/messages`,
`GET /api/messages/{message_id}`.
Writes: nothing.
Errors: problems (docs/problems.md).
"""

from datetime import datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import AwareDatetime, BaseModel, Field

from mailtide import app
from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow
from mailtide.domain.organisation import Scope
from mailtide.flows.insights import Figures, GroupBy, Question, Timeline
from mailtide.http import (
    After,
    Id,
    Limit,
    Listing,
    build_resolver,
    caller,
    listing,
    position,
    scoped,
)
from mailtide.observability import logger

resolver = build_resolver(app.find_key, app.now)

From = Annotated[AwareDatetime | None, Query(alias="from", description="inclusive")]
To = Annotated[AwareDatetime | None, Query(alias="to", description="exclusive")]
By = Annotated[GroupBy | None, Query(description="what the counts are broken down by")]
Zone = Annotated[str, Query(max_length=64, description="IANA name; whose hours and days")]
Recipient = Annotated[str, Query(max_length=320, description="an email address")]

Rates = dict[str, float | dict[str, float | None] | None]


class ShownFigures(BaseModel):
    """Counts of a quarter-hour lie where it begins; rates are of the whole campaign or group."""

    counts: dict[str, int]
    rates: Rates


class ShownGroup(ShownFigures):
    """The figures of one hour, day, provider and so on."""

    key: str


class ShownInsights(BaseModel):
    """A campaign's figures."""

    campaign_id: str
    timezone: str
    group_by: GroupBy | None
    complete: bool = Field(description="false while something is known to be missing")
    totals: ShownFigures
    groups: list[ShownGroup]


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


@resolver.get("/api/campaigns/<campaign_id>/insights", **scoped(Scope.READ), tags=["insights"])
def campaign_insights(
    campaign_id: Id,
    start: From = None,
    end: To = None,
    group_by: By = None,
    timezone: Zone = "UTC",
) -> ShownInsights:
    """Return a campaign's counts and rates."""
    question = Question(start, end, group_by, timezone)
    answer = app.insights().campaign(caller(resolver).org_id, campaign_id, question)
    return ShownInsights(
        campaign_id=campaign_id,
        timezone=timezone,
        group_by=group_by,
        complete=answer.complete,
        totals=ShownFigures(**_figures(answer.totals)),
        groups=[ShownGroup(key=key, **_figures(one)) for key, one in answer.groups.items()],
    )


@resolver.get("/api/messages", **scoped(Scope.READ), tags=["messages"])
def messages(recipient: Recipient, limit: Limit = 20, after: After = None) -> Listing[ShownSent]:
    """Return the messages to an address, the newest first."""
    org_id = caller(resolver).org_id
    name = f"{org_id}/messages/{recipient}"
    page = app.insights().messages_to(org_id, recipient, limit, position(name, after))
    return listing(name, page, _sent)


@resolver.get("/api/messages/<message_id>", **scoped(Scope.READ), tags=["messages"])
def message(message_id: Id) -> ShownTimeline:
    """Return everything that happened to one message, with the receivers' exact words."""
    timeline = app.insights().timeline(caller(resolver).org_id, message_id)
    events = [_event(row, timeline) for row in timeline.rows]
    return ShownTimeline(**_message(timeline.rows[0]), events=events)


def _figures(figures: Figures) -> dict[str, Any]:
    return {"counts": dict(figures.counts), "rates": dict(figures.rates)}


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


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda entry point."""
    return resolver.resolve(event, context)
