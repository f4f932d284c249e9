"""Identities: who messages are from, and where their bounces go."""

from dataclasses import replace
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, StringConstraints

from functions.api.fields import Email, Line, Name
from mailtide import app
from mailtide.domain import identity as rules
from mailtide.domain.content import Identity
from mailtide.domain.organisation import Scope
from mailtide.domain.suppression import Stream
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

router = APIGatewayHttpRouter()
TAGS = ["identities"]

FromName = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True), Line]
Domain = Annotated[str, StringConstraints(max_length=255)]


class IdentityIn(Body):
    """Who messages are from."""

    name: Name
    from_name: FromName
    from_address: Email
    bounce_domain: Domain
    stream: Stream = Stream.MARKETING
    reply_to: Email | None = None


class IdentityChange(Body):
    """What may be changed about an identity; what is left out stays."""

    name: Name = ""
    from_name: FromName = ""
    from_address: Email = ""
    bounce_domain: Domain = ""
    stream: Stream = Stream.MARKETING
    reply_to: Email | None = None


class IdentityView(BaseModel):
    """A sender identity."""

    identity_id: str
    name: str
    from_name: str
    from_address: str
    bounce_domain: str
    stream: Stream
    reply_to: str | None


def view(identity: Identity) -> IdentityView:
    """Show an identity."""
    return IdentityView(
        identity_id=identity.identity_id,
        name=identity.name,
        from_name=identity.from_name,
        from_address=identity.from_address,
        bounce_domain=identity.bounce_domain,
        stream=identity.stream,
        reply_to=identity.reply_to,
    )


def find(identity_id: str) -> Identity:
    """Return an identity of the caller's organisation.

    Raises:
        NotFoundError: when there is none such.
    """
    found = app.api().identities.get(caller(router).org_id, identity_id)
    if found is None:
        raise _missing()
    return found


@router.get("/api/identities", summary="List identities", tags=TAGS, **scoped(Scope.READ))
def list_identities(limit: Limit = 50, after: After = None) -> Listing[IdentityView]:
    """List the identities, page by page."""
    name = f"{caller(router).org_id}/identities"
    page = app.api().identities.page(caller(router).org_id, limit, position(name, after))
    return listing(name, page, view)


@router.post(
    "/api/identities",
    summary="Create an identity",
    status_code=201,
    tags=TAGS,
    **scoped(Scope.ADMIN),
)
def create_identity(identity: IdentityIn) -> IdentityView:
    """Check and keep a new identity."""
    given = Identity(caller(router).org_id, app.new_id(), **identity.model_dump())
    new = rules.checked(given)
    app.api().identities.create(new, app.now())
    return view(new)


@router.get(
    "/api/identities/<identity_id>", summary="Get an identity", tags=TAGS, **scoped(Scope.READ)
)
def get_identity(identity_id: Id) -> IdentityView:
    """Show one identity."""
    return view(find(identity_id))


@router.patch(
    "/api/identities/<identity_id>", summary="Change an identity", tags=TAGS, **scoped(Scope.ADMIN)
)
def change_identity(identity_id: Id, change: IdentityChange) -> IdentityView:
    """Change an identity; campaigns that were started keep the one they were started with."""
    changed = replace(find(identity_id), **change.model_dump(exclude_unset=True))
    new = rules.checked(changed)
    if not app.api().identities.replace(new):  # deleted meanwhile
        raise _missing()
    return view(new)


@router.delete(
    "/api/identities/<identity_id>",
    summary="Delete an identity",
    status_code=204,
    tags=TAGS,
    **scoped(Scope.ADMIN),
)
def delete_identity(identity_id: Id) -> Response[None]:
    """Delete an identity; campaigns that were started with it go on."""
    app.api().identities.delete(find(identity_id).org_id, identity_id)
    return no_content()


def _missing() -> NotFoundError:
    return NotFoundError("There is no identity with this id.")
