"""What a campaign and a forecast look like, as they come and go."""

from collections import Counter
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from functions.api.shapes.fields import Name, SomeId, View
from mailtide.domain.campaign import (
    DOUBT_EXPIRES_HOURS,
    GIVE_UP_HOURS,
    LONGEST_EXPIRY_HOURS,
    LONGEST_TRYING_HOURS,
    SHORTEST_EXPIRY_HOURS,
    Campaign,
    OnDoubt,
    State,
)
from mailtide.domain.finding import Severity
from mailtide.flows.forecast import Forecast
from mailtide.http import Body, example

ListIds = Annotated[list[SomeId], Field(max_length=50)]
GiveUpHours = Annotated[
    int,
    Field(
        strict=True,
        ge=1,
        le=LONGEST_TRYING_HOURS,
        description="from the first refusal that says later",
    ),
]
DoubtExpiresHours = Annotated[
    int,
    Field(
        strict=True,
        ge=SHORTEST_EXPIRY_HOURS,
        le=LONGEST_EXPIRY_HOURS,
        description="when no relay tries a message any more; on_doubt: retry waits as long",
    ),
]
Doubted = Annotated[
    OnDoubt,
    Field(
        description="what becomes of a message of which nobody knows whether it left: it is shown, "
        "or sent once more if nothing was heard of it in doubt_expires_hours"
    ),
]
SegmentIds = Annotated[list[SomeId], Field(max_length=20)]


class CampaignIn(Body):
    """A campaign to plan; it goes to at least one list or segment, less those it excludes."""

    model_config = example(
        {
            "name": "All but our customers",
            "segment_ids": ["segment"],
            "excluded_list_ids": ["list"],
            "template_id": "template",
            "identity_id": "identity",
        },
        name="November",
        list_ids=["list"],
        excluded_segment_ids=["segment"],
        template_id="template",
        identity_id="identity",
    )

    name: Name
    list_ids: ListIds = Field(default_factory=list)
    segment_ids: SegmentIds = Field(default_factory=list)
    excluded_list_ids: ListIds = Field(default_factory=list)
    excluded_segment_ids: SegmentIds = Field(default_factory=list)
    template_id: SomeId
    identity_id: SomeId
    give_up_hours: GiveUpHours = GIVE_UP_HOURS
    on_doubt: Doubted = OnDoubt.REPORT
    doubt_expires_hours: DoubtExpiresHours = DOUBT_EXPIRES_HOURS


class CampaignChange(Body):
    """What may be changed about a draft; what is left out stays."""

    model_config = example(
        {"segment_ids": ["segment"], "excluded_list_ids": ["list"], "identity_id": "identity"},
        {"list_ids": ["list"], "excluded_segment_ids": ["segment"], "template_id": "template"},
        name="December",
    )

    name: Name = ""
    list_ids: ListIds = Field(default_factory=list)
    segment_ids: SegmentIds = Field(default_factory=list)
    excluded_list_ids: ListIds = Field(default_factory=list)
    excluded_segment_ids: SegmentIds = Field(default_factory=list)
    template_id: SomeId = ""
    identity_id: SomeId = ""
    give_up_hours: GiveUpHours = GIVE_UP_HOURS
    on_doubt: Doubted = OnDoubt.REPORT
    doubt_expires_hours: DoubtExpiresHours = DOUBT_EXPIRES_HOURS


class ScheduleIn(Body):
    """When a campaign starts by itself."""

    model_config = example(send_at="2027-03-01T08:00:00Z")

    send_at: AwareDatetime = Field(description="with an offset; at most 366 days ahead")


class CampaignView(BaseModel):
    """A campaign; recipients are known once it is launched."""

    campaign_id: str
    name: str
    list_ids: list[str]
    segment_ids: list[str]
    excluded_list_ids: list[str]
    excluded_segment_ids: list[str]
    template_id: str
    identity_id: str
    give_up_hours: int = Field(description="how long a message is tried that is put off")
    on_doubt: OnDoubt
    doubt_expires_hours: int = Field(description="when a message in doubt is sent again, if it is")
    state: State
    created_at: datetime
    send_at: datetime | None = Field(description="when it starts by itself, or was to")
    schedule_error: str | None = Field(description="why it did not start at its time")
    started_at: datetime | None
    finished_at: datetime | None
    launched: bool
    recipients: int
    excluded: dict[str, int] = Field(description="left out at launch, by reason")


class FindingView(View):
    """Something to know before a start; an error would refuse it."""

    check: str
    severity: Severity
    message: str


class ForecastView(View):
    """What a start would do now."""

    complete: bool
    recipients: int
    by_provider: dict[str, int]
    excluded: dict[str, int] = Field(description="left out, by reason")
    places_today: int | None = Field(description="of all sending IPs; null is unlimited")
    days_needed: int | None = Field(description="until the last one; null when no day has places")
    findings: list[FindingView]


def view(campaign: Campaign) -> CampaignView:
    """Show a campaign."""
    return CampaignView(
        campaign_id=campaign.campaign_id,
        name=campaign.name,
        list_ids=list(campaign.list_ids),
        segment_ids=list(campaign.segment_ids),
        excluded_list_ids=list(campaign.excluded_list_ids),
        excluded_segment_ids=list(campaign.excluded_segment_ids),
        template_id=campaign.template_id,
        identity_id=campaign.identity_id,
        give_up_hours=campaign.give_up_hours,
        on_doubt=campaign.on_doubt,
        doubt_expires_hours=campaign.doubt_expires_hours,
        state=campaign.state,
        created_at=campaign.created_at,
        send_at=campaign.send_at,
        schedule_error=campaign.schedule_error,
        started_at=campaign.started_at,
        finished_at=campaign.finished_at,
        launched=campaign.started_at is not None and not campaign.launching,
        recipients=sum(campaign.planned.values()),
        excluded=sum(map(Counter, campaign.excluded.values()), Counter()),
    )


def forecast_view(forecast: Forecast) -> ForecastView:
    """Show a forecast."""
    return ForecastView.model_validate(forecast)
