"""Campaigns: plan, start, pause, resume and cancel."""

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field

from functions.api.fields import Name, SomeId
from mailtide import app
from mailtide.domain.campaign import Campaign, Move, State
from mailtide.domain.organisation import Scope
from mailtide.flows.forecast import Forecast, Severity
from mailtide.http import (
    After,
    Body,
    Id,
    Limit,
    Listing,
    caller,
    listing,
    no_content,
    position,
    scoped,
)

router = APIGatewayHttpRouter()
TAGS = ["campaigns"]

ListIds = Annotated[list[SomeId], Field(min_length=1, max_length=50)]
DryRun = Annotated[bool, Query(description="count and check, and change nothing")]


class CampaignIn(Body):
    """A campaign to plan."""

    name: Name
    list_ids: ListIds
    template_id: SomeId
    identity_id: SomeId


class CampaignChange(Body):
    """What may be changed about a draft; what is left out stays."""

    name: Name = ""
    list_ids: ListIds = Field(default_factory=list)
    template_id: SomeId = ""
    identity_id: SomeId = ""


class CampaignView(BaseModel):
    """A campaign; recipients are known once it is launched."""

    campaign_id: str
    name: str
    list_ids: list[str]
    template_id: str
    identity_id: str
    state: State
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    launched: bool
    recipients: int
    excluded: int


class FindingView(BaseModel):
    """Something to know before a start; an error would refuse it."""

    check: str
    severity: Severity
    message: str


class ForecastView(BaseModel):
    """What a start would do now; `places_today` null is unlimited."""

    complete: bool
    recipients: int
    by_provider: dict[str, int]
    suppressed: dict[str, int]
    places_today: int | None
    findings: list[FindingView]


def view(campaign: Campaign) -> CampaignView:
    """Show a campaign."""
    return CampaignView(
        campaign_id=campaign.campaign_id,
        name=campaign.name,
        list_ids=list(campaign.list_ids),
        template_id=campaign.template_id,
        identity_id=campaign.identity_id,
        state=campaign.state,
        created_at=campaign.created_at,
        started_at=campaign.started_at,
        finished_at=campaign.finished_at,
        launched=campaign.started_at is not None and not campaign.launching,
        recipients=sum(campaign.planned.values()),
        excluded=sum(campaign.excluded.values()),
    )


def forecast_view(forecast: Forecast) -> ForecastView:
    """Show a forecast."""
    findings = [
        FindingView(check=one.check, severity=one.severity, message=one.message)
        for one in forecast.findings
    ]
    return ForecastView(
        complete=forecast.complete,
        recipients=forecast.recipients,
        by_provider=dict(forecast.by_provider),
        suppressed=dict(forecast.suppressed),
        places_today=forecast.places_today,
        findings=findings,
    )


@router.get("/api/campaigns", summary="List campaigns", tags=TAGS, **scoped(Scope.READ))
def list_campaigns(limit: Limit = 50, after: After = None) -> Listing[CampaignView]:
    """List the campaigns, page by page."""
    name = f"{caller(router).org_id}/campaigns"
    desk = app.api().campaigns
    page = desk.campaigns.page(caller(router).org_id, limit, position(name, after))
    return listing(name, page, view)


@router.post(
    "/api/campaigns", summary="Plan a campaign", status_code=201, tags=TAGS, **scoped(Scope.SEND)
)
def create_campaign(campaign: CampaignIn) -> CampaignView:
    """Create a draft; all that it names has to be there."""
    new = app.api().campaigns.draft(
        caller(router).org_id,
        name=campaign.name,
        list_ids=campaign.list_ids,
        template_id=campaign.template_id,
        identity_id=campaign.identity_id,
    )
    return view(new)


@router.get(
    "/api/campaigns/<campaign_id>", summary="Get a campaign", tags=TAGS, **scoped(Scope.READ)
)
def get_campaign(campaign_id: Id) -> CampaignView:
    """Show one campaign."""
    return view(app.api().campaigns.get(caller(router).org_id, campaign_id))


@router.patch(
    "/api/campaigns/<campaign_id>", summary="Change a draft", tags=TAGS, **scoped(Scope.SEND)
)
def change_campaign(campaign_id: Id, change: CampaignChange) -> CampaignView:
    """Change a draft."""
    changes = change.model_dump(exclude_unset=True)
    return view(app.api().campaigns.revise(caller(router).org_id, campaign_id, changes))


@router.delete(
    "/api/campaigns/<campaign_id>",
    summary="Delete a draft",
    status_code=204,
    tags=TAGS,
    **scoped(Scope.SEND),
)
def delete_campaign(campaign_id: Id) -> Response[None]:
    """Delete a draft; what was started stays, with its figures."""
    app.api().campaigns.delete(caller(router).org_id, campaign_id)
    return no_content()


@router.post(
    "/api/campaigns/<campaign_id>/start",
    summary="Start a campaign",
    status_code=202,
    tags=TAGS,
    **scoped(Scope.SEND),
)
def start_campaign(campaign_id: Id, dry_run: DryRun = False) -> CampaignView | ForecastView:
    """Start a campaign, or say what a start would do."""
    desk, org_id = app.api().campaigns, caller(router).org_id
    if dry_run:
        return forecast_view(desk.forecast(org_id, campaign_id))
    return view(desk.start(org_id, campaign_id))


@router.post(
    "/api/campaigns/<campaign_id>/pause",
    summary="Pause a campaign",
    tags=TAGS,
    **scoped(Scope.SEND),
)
def pause_campaign(campaign_id: Id) -> CampaignView:
    """Stop handing messages over, at the next block; nothing is lost."""
    return view(app.api().campaigns.move(caller(router).org_id, campaign_id, Move.PAUSE))


@router.post(
    "/api/campaigns/<campaign_id>/resume",
    summary="Resume a campaign",
    tags=TAGS,
    **scoped(Scope.SEND),
)
def resume_campaign(campaign_id: Id) -> CampaignView:
    """Go on where a pause stopped."""
    return view(app.api().campaigns.move(caller(router).org_id, campaign_id, Move.RESUME))


@router.post(
    "/api/campaigns/<campaign_id>/cancel",
    summary="Cancel a campaign",
    tags=TAGS,
    **scoped(Scope.SEND),
)
def cancel_campaign(campaign_id: Id) -> CampaignView:
    """Stop for good; what was handed over stays handed over."""
    return view(app.api().campaigns.move(caller(router).org_id, campaign_id, Move.CANCEL))
