"""What a suppression looks like, as it comes and goes."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from functions.api.shapes.fields import Email
from mailtide.domain.suppression import Reason, Suppression
from mailtide.http import Body, example

Note = Annotated[str, StringConstraints(max_length=500)]


class SuppressionIn(Body):
    """An address to suppress by hand."""

    model_config = example(email="eve@example.com", note="asked by phone")

    email: Email
    note: Note = ""


class ReasonView(BaseModel):
    """One reason, since when, and what shows it."""

    reason: Reason
    at: datetime
    evidence: str


class SuppressionView(BaseModel):
    """What stands against writing to one contact; an erased one has no address."""

    contact_id: str
    email: str | None
    reasons: list[ReasonView]


def view(suppression: Suppression) -> SuppressionView:
    """Show a suppression, its earliest reason first."""
    reasons = [
        ReasonView(reason=reason, at=evidence.at, evidence=evidence.text)
        for reason, evidence in suppression.reasons.items()
    ]
    return SuppressionView(
        contact_id=suppression.contact_id,
        email=suppression.email,
        reasons=sorted(reasons, key=lambda shown: (shown.at, shown.reason)),
    )
