"""Identities: who messages are from, and where their bounces go."""

from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.api.shapes.identities import IdentityChange, IdentityIn, IdentityView, view
from mailtide import app
from mailtide.domain import identity as rules
from mailtide.domain import sending_rate
from mailtide.domain.content import Identity
from mailtide.domain.organisation import Scope
from mailtide.domain.sending_rate import Owner
from mailtide.http import After, Id, Limit, Listing, no_content
from mailtide.resource import Resource, found

resource = Resource("identities")
INVALID = ("invalid_address",)


@resource.get("/api/identities", Scope.READ, "List identities")
def list_identities(limit: Limit = 50, after: After = None) -> Listing[IdentityView]:
    """List the identities, page by page."""
    return resource.listed("identities", app.api().identities.page, limit, after, view)


@resource.post("/api/identities", Scope.ADMIN, "Create an identity", status=201, problems=INVALID)
def create_identity(identity: IdentityIn) -> IdentityView:
    """Check and keep a new identity."""
    new = _checked(app.new_id(), identity)
    app.api().identities.create(new, app.now())
    return view(new)


@resource.get("/api/identities/<identity_id>", Scope.READ, "Get an identity")
def get_identity(identity_id: Id) -> IdentityView:
    """Show one identity."""
    return view(_find(identity_id))


@resource.put("/api/identities/<identity_id>", Scope.ADMIN, "Replace an identity", problems=INVALID)
def replace_identity(identity_id: Id, identity: IdentityIn) -> IdentityView:
    """Put an identity in the place of the one that is there; what is left out is unset."""
    new = _checked(identity_id, identity)
    return _replaced(_find(identity_id), new)


@resource.patch(
    "/api/identities/<identity_id>", Scope.ADMIN, "Change an identity", problems=INVALID
)
def change_identity(identity_id: Id, change: IdentityChange) -> IdentityView:
    """Change an identity; started campaigns keep what they have of it, but its rate limits."""
    old = _find(identity_id)
    changed = replace(old, **_fields(change.model_dump(exclude_unset=True)))
    return _replaced(old, app.api().pool_desk.admit(rules.checked(changed)))


@resource.delete("/api/identities/<identity_id>", Scope.ADMIN, "Delete an identity")
def delete_identity(identity_id: Id) -> Response[None]:
    """Delete an identity; campaigns that were started with it go on."""
    app.api().identities.delete(_find(identity_id).org_id, identity_id)
    return no_content()


def _checked(identity_id: str, given: IdentityIn) -> Identity:
    fields = _fields(given.model_dump())
    new = rules.checked(Identity(resource.org_id, identity_id, **fields))
    return app.api().pool_desk.admit(new)


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    """Return an identity's fields with its limits in the form they are kept in."""
    if "rate_limits" not in given:
        return given
    return given | {"rate_limits": sending_rate.checked(given["rate_limits"])}


def _replaced(old: Identity, new: Identity) -> IdentityView:
    tell = app.api().rate_settings.tell
    tell(new.org_id, Owner.IDENTITY, new.identity_id, old.rate_limits, new.rate_limits)
    found(app.api().identities.replace(new), "identity")  # it may be deleted meanwhile
    return view(new)


def _find(identity_id: str) -> Identity:
    return found(app.api().identities.get(resource.org_id, identity_id), "identity")
