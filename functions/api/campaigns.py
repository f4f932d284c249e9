"""Campaigns: plan, schedule, start, pause, resume and cancel."""

from aws_lambda_powertools.event_handler import Response

from functions.api.shapes.campaigns import (
    CampaignChange,
    CampaignIn,
    CampaignView,
    ForecastView,
    ScheduleIn,
    forecast_view,
    view,
)
from mailtide import app
from mailtide.domain.campaign import Move
from mailtide.domain.organisation import Scope
from mailtide.http import After, DryRun, Id, Limit, Listing, no_content
from mailtide.resource import Resource

resource = Resource("campaigns")
CONFLICT = ("conflict_state",)


@resource.get("/api/campaigns", Scope.READ, "List campaigns")
def list_campaigns(limit: Limit = 50, after: After = None) -> Listing[CampaignView]:
    """List the campaigns, page by page."""
    return resource.listed("campaigns", app.api().campaigns.campaigns.page, limit, after, view)


@resource.post("/api/campaigns", Scope.SEND, "Plan a campaign", status=201)
def create_campaign(campaign: CampaignIn) -> CampaignView:
    """Create a draft; all that it names has to be there."""
    return view(app.api().campaigns.draft(resource.org_id, campaign.model_dump()))


@resource.get("/api/campaigns/<campaign_id>", Scope.READ, "Get a campaign")
def get_campaign(campaign_id: Id) -> CampaignView:
    """Show one campaign."""
    return view(app.api().campaigns.get(resource.org_id, campaign_id))


@resource.patch("/api/campaigns/<campaign_id>", Scope.SEND, "Change a draft", problems=CONFLICT)
def change_campaign(campaign_id: Id, change: CampaignChange) -> CampaignView:
    """Change a draft."""
    changes = change.model_dump(exclude_unset=True)
    return view(app.api().campaigns.revise(resource.org_id, campaign_id, changes))


@resource.delete("/api/campaigns/<campaign_id>", Scope.SEND, "Delete a draft", problems=CONFLICT)
def delete_campaign(campaign_id: Id) -> Response[None]:
    """Delete a draft; what was started stays, with its figures."""
    app.api().campaigns.delete(resource.org_id, campaign_id)
    return no_content()


@resource.post(
    "/api/campaigns/<campaign_id>/start",
    Scope.SEND,
    "Start a campaign",
    status=202,
    problems=(*CONFLICT, "ses_sender_not_verified", "ses_dkim_missing"),
)
def start_campaign(campaign_id: Id, dry_run: DryRun = False) -> CampaignView | ForecastView:
    """Start a campaign, or say what a start would do."""
    desk = app.api().campaigns
    if dry_run:
        return forecast_view(desk.forecast(resource.org_id, campaign_id))
    return view(desk.start(resource.org_id, campaign_id))


@resource.post(
    "/api/campaigns/<campaign_id>/schedule", Scope.SEND, "Schedule a campaign", problems=CONFLICT
)
def schedule_campaign(
    campaign_id: Id, schedule: ScheduleIn, dry_run: DryRun = False
) -> CampaignView | ForecastView:
    """Let a campaign start by itself, to the minute; a scheduled one gets another time.

    It starts with what it names at that time. If it cannot, it becomes a draft again, with
    `schedule_error`.
    """
    desk = app.api().campaigns
    if dry_run:
        return forecast_view(desk.forecast(resource.org_id, campaign_id, schedule.send_at))
    return view(desk.schedule(resource.org_id, campaign_id, schedule.send_at))


@resource.post(
    "/api/campaigns/<campaign_id>/unschedule",
    Scope.SEND,
    "Unschedule a campaign",
    problems=CONFLICT,
)
def unschedule_campaign(campaign_id: Id) -> CampaignView:
    """Make a scheduled campaign a draft again."""
    return _move(campaign_id, Move.UNSCHEDULE)


@resource.post(
    "/api/campaigns/<campaign_id>/pause", Scope.SEND, "Pause a campaign", problems=CONFLICT
)
def pause_campaign(campaign_id: Id) -> CampaignView:
    """Stop handing messages over, at the next block; nothing is lost."""
    return _move(campaign_id, Move.PAUSE)


@resource.post(
    "/api/campaigns/<campaign_id>/resume", Scope.SEND, "Resume a campaign", problems=CONFLICT
)
def resume_campaign(campaign_id: Id) -> CampaignView:
    """Go on where a pause stopped."""
    return _move(campaign_id, Move.RESUME)


@resource.post(
    "/api/campaigns/<campaign_id>/cancel", Scope.SEND, "Cancel a campaign", problems=CONFLICT
)
def cancel_campaign(campaign_id: Id) -> CampaignView:
    """Stop for good; what was handed over stays handed over."""
    return _move(campaign_id, Move.CANCEL)


def _move(campaign_id: str, move: Move) -> CampaignView:
    return view(app.api().campaigns.move(resource.org_id, campaign_id, move))
