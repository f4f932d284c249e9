"""Keys: who may call the API for the organisation."""

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field

from functions.api.fields import Name
from mailtide import app
from mailtide.domain.organisation import ApiKey, Scope, key_hash, new_key
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
TAGS = ["keys"]

Scopes = Annotated[set[Scope], Field(min_length=1, description="read < send < admin")]


class KeyIn(Body):
    """A key to create."""

    name: Name
    scopes: Scopes


class KeyView(BaseModel):
    """An API key; its text is shown once, when it is created."""

    key_id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    revoked_at: datetime | None


class NewKeyView(KeyView):
    """A new API key with its text, which is kept nowhere."""

    key: str


def view(key: ApiKey) -> KeyView:
    """Show a key without its text."""
    return KeyView(
        key_id=key.key_id,
        name=key.name,
        scopes=[scope for scope in Scope if scope in key.scopes],
        created_at=key.created_at,
        revoked_at=key.revoked_at,
    )


@router.get("/api/keys", summary="List keys", tags=TAGS, **scoped(Scope.ADMIN))
def list_keys(limit: Limit = 50, after: After = None) -> Listing[KeyView]:
    """List the keys, revoked ones too, page by page."""
    name = f"{caller(router).org_id}/keys"
    page = app.api().organisations.keys(caller(router).org_id, limit, position(name, after))
    return listing(name, page, view)


@router.post("/api/keys", summary="Create a key", status_code=201, tags=TAGS, **scoped(Scope.ADMIN))
def create_key(key: KeyIn) -> NewKeyView:
    """Create a key and show it, this once."""
    text = new_key(app.entropy())
    new = ApiKey(
        org_id=caller(router).org_id,
        key_id=app.new_id(),
        key_hash=key_hash(text),
        name=key.name,
        scopes=frozenset(key.scopes),
        created_at=app.now(),
    )
    app.api().organisations.add_key(new)
    return NewKeyView(**view(new).model_dump(), key=text)


@router.delete(
    "/api/keys/<key_id>", summary="Revoke a key", status_code=204, tags=TAGS, **scoped(Scope.ADMIN)
)
def revoke_key(key_id: Id) -> Response[None]:
    """Revoke a key for good; it may still work for 10 seconds."""
    if not app.api().organisations.revoke_key(caller(router).org_id, key_id, app.now()):
        raise NotFoundError("There is no key with this id.")
    return no_content()
