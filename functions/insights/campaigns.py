"""A campaign's counts and rates."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import AwareDatetime

from functions.insights.shapes.campaigns import ShownInsights, view
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.flows.insights import GroupBy, Question
from mailtide.http import Id
from mailtide.resource import Resource

resource = Resource("insights")

From = Annotated[AwareDatetime | None, Query(alias="from", description="inclusive")]
To = Annotated[AwareDatetime | None, Query(alias="to", description="exclusive")]
By = Annotated[GroupBy | None, Query(description="what the counts are broken down by")]
Zone = Annotated[str, Query(max_length=64, description="IANA name; whose hours and days")]


@resource.get("/api/campaigns/<campaign_id>/insights", Scope.READ, "Get a campaign's figures")
def campaign_insights(
    campaign_id: Id,
    start: From = None,
    end: To = None,
    group_by: By = None,
    timezone: Zone = "UTC",
) -> ShownInsights:
    """Return a campaign's counts and rates."""
    question = Question(start, end, group_by, timezone)
    answer = app.insights().campaign(resource.org_id, campaign_id, question)
    return view(campaign_id, question, answer)
