"""Suppressions: whom nothing is sent to, and why."""

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, StringConstraints

from functions.api.fields import Email
from mailtide import app
from mailtide.domain import address
from mailtide.domain.organisation import Scope
from mailtide.domain.suppression import Evidence, Reason, Suppression
from mailtide.errors import NotFoundError
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
from mailtide.observability import logger

router = APIGatewayHttpRouter()
TAGS = ["suppressions"]

Note = Annotated[str, StringConstraints(max_length=500)]


class SuppressionIn(Body):
    """An address to suppress by hand."""

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


def find(contact_id: str) -> Suppression:
    """Return what stands against one of the caller's contacts.

    Raises:
        NotFoundError: when nothing does.
    """
    found = app.api().suppressions.get(caller(router).org_id, contact_id)
    if found is None:
        raise NotFoundError("This contact is not suppressed.")
    return found


@router.get("/api/suppressions", summary="List suppressions", tags=TAGS, **scoped(Scope.READ))
def list_suppressions(limit: Limit = 50, after: After = None) -> Listing[SuppressionView]:
    """List the suppressions, page by page."""
    name = f"{caller(router).org_id}/suppressions"
    page = app.api().suppressions.page(caller(router).org_id, limit, position(name, after))
    return listing(name, page, view)


@router.post(
    "/api/suppressions",
    summary="Suppress an address",
    status_code=201,
    tags=TAGS,
    **scoped(Scope.SEND),
)
def suppress(suppression: SuppressionIn) -> SuppressionView:
    """Suppress an address by hand, whether it is a contact's or not."""
    org_id = caller(router).org_id
    email = address.normalize(suppression.email).email
    contact_id = app.contact_id(org_id, email)
    evidence = Evidence(app.now(), suppression.note or f"by the API key {caller(router).key_id}")
    app.api().suppressions.add(Suppression(org_id, contact_id, {Reason.MANUAL: evidence}, email))
    return view(find(contact_id))


@router.get(
    "/api/suppressions/<contact_id>", summary="Get a suppression", tags=TAGS, **scoped(Scope.READ)
)
def get_suppression(contact_id: Id) -> SuppressionView:
    """Show what stands against one contact."""
    return view(find(contact_id))


@router.delete(
    "/api/suppressions/<contact_id>",
    summary="Lift a suppression",
    status_code=204,
    tags=TAGS,
    **scoped(Scope.ADMIN),
)
def lift(contact_id: Id) -> Response[None]:
    """Take all reasons back: the contact can be written to again."""
    find(contact_id)
    lifted = app.api().suppressions.remove(caller(router).org_id, contact_id)
    reasons = sorted(lifted.reasons) if lifted else []
    logger.info("suppression lifted", extra={"contact_id": contact_id, "reasons": reasons})
    return no_content()
