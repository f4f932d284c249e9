"""A campaign's counts and rates."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import AwareDatetime, BaseModel, Field

from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.flows.insights import Figures, GroupBy, Question
from mailtide.http import Id, caller, scoped

router = APIGatewayHttpRouter()

From = Annotated[AwareDatetime | None, Query(alias="from", description="inclusive")]
To = Annotated[AwareDatetime | None, Query(alias="to", description="exclusive")]
By = Annotated[GroupBy | None, Query(description="what the counts are broken down by")]
Zone = Annotated[str, Query(max_length=64, description="IANA name; whose hours and days")]

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


@router.get("/api/campaigns/<campaign_id>/insights", **scoped(Scope.READ), tags=["insights"])
def campaign_insights(
    campaign_id: Id,
    start: From = None,
    end: To = None,
    group_by: By = None,
    timezone: Zone = "UTC",
) -> ShownInsights:
    """Return a campaign's counts and rates."""
    question = Question(start, end, group_by, timezone)
    answer = app.insights().campaign(caller(router).org_id, campaign_id, question)
    return ShownInsights(
        campaign_id=campaign_id,
        timezone=timezone,
        group_by=group_by,
        complete=answer.complete,
        totals=ShownFigures(**_figures(answer.totals)),
        groups=[ShownGroup(key=key, **_figures(one)) for key, one in answer.groups.items()],
    )


def _figures(figures: Figures) -> dict[str, Any]:
    return {"counts": dict(figures.counts), "rates": dict(figures.rates)}
