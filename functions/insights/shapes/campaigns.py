"""What a campaign's figures look like."""

from typing import Any

from pydantic import BaseModel, Field

from mailtide.flows.insights import Answer, Figures, GroupBy, Question

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


def view(campaign_id: str, question: Question, answer: Answer) -> ShownInsights:
    """Show the answer to a question about a campaign."""
    return ShownInsights(
        campaign_id=campaign_id,
        timezone=question.timezone,
        group_by=question.group_by,
        complete=answer.complete,
        totals=ShownFigures(**_figures(answer.totals)),
        groups=[ShownGroup(key=key, **_figures(one)) for key, one in answer.groups.items()],
    )


def _figures(figures: Figures) -> dict[str, Any]:
    return {"counts": dict(figures.counts), "rates": dict(figures.rates)}
