"""Suppressions: whom nothing is sent to, and why."""

from dataclasses import replace

from aws_lambda_powertools.event_handler import Response

from functions.api.shapes.suppressions import SuppressionIn, SuppressionView, view
from mailtide import app
from mailtide.domain import address
from mailtide.domain.organisation import Scope
from mailtide.domain.page import Page
from mailtide.domain.suppression import Evidence, Reason, Suppression
from mailtide.errors import NotFoundError
from mailtide.http import After, Id, Limit, Listing, caller, no_content
from mailtide.observability import logger
from mailtide.resource import Resource

resource = Resource("suppressions")


@resource.get("/api/suppressions", Scope.READ, "List suppressions")
def list_suppressions(limit: Limit = 50, after: After = None) -> Listing[SuppressionView]:
    """List the suppressions, page by page."""
    return resource.listed("suppressions", _page, limit, after, view)


@resource.post(
    "/api/suppressions",
    Scope.SEND,
    "Suppress an address",
    status=201,
    problems=("invalid_address",),
)
def suppress(suppression: SuppressionIn) -> SuppressionView:
    """Suppress an address by hand, whether it is a contact's or not."""
    key = caller(resource.router)
    email = address.normalize(suppression.email).email
    contact_id = app.contact_id(key.org_id, email)
    evidence = Evidence(app.now(), suppression.note or f"by the API key {key.key_id}")
    new = Suppression(key.org_id, contact_id, {Reason.MANUAL: evidence}, email)
    app.api().suppressions.add(new)
    return view(_find(contact_id))


@resource.get("/api/suppressions/<contact_id>", Scope.READ, "Get a suppression")
def get_suppression(contact_id: Id) -> SuppressionView:
    """Show what stands against one contact."""
    return view(_find(contact_id))


@resource.delete("/api/suppressions/<contact_id>", Scope.ADMIN, "Lift a suppression")
def lift(contact_id: Id) -> Response[None]:
    """Take all reasons back: the contact can be written to again."""
    _find(contact_id)
    lifted = app.api().suppressions.remove(resource.org_id, contact_id)
    reasons = sorted(lifted.reasons) if lifted else []
    logger.info("suppression lifted", extra={"contact_id": contact_id, "reasons": reasons})
    return no_content()


def _page(org_id: str, limit: int, after: str | None) -> Page[Suppression]:
    page = app.api().suppressions.page(org_id, limit, after)
    return replace(page, items=app.api().addresses.in_suppressions(org_id, page.items))


def _find(contact_id: str) -> Suppression:
    standing = app.api().suppressions.get(resource.org_id, contact_id)
    if standing is None:
        raise NotFoundError("This contact is not suppressed.")
    return app.api().addresses.in_suppressions(resource.org_id, [standing])[0]
