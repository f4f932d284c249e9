"""Keys: who may call the API for the organisation."""

from aws_lambda_powertools.event_handler import Response

from functions.api.shapes.keys import KeyIn, KeyView, NewKeyView, view
from mailtide import app
from mailtide.domain.organisation import ApiKey, Scope, key_hash, new_key
from mailtide.http import After, Id, Limit, Listing, no_content
from mailtide.resource import Resource, found

resource = Resource("keys")


@resource.get("/api/keys", Scope.ADMIN, "List keys")
def list_keys(limit: Limit = 50, after: After = None) -> Listing[KeyView]:
    """List the keys, revoked ones too, page by page."""
    return resource.listed("keys", app.api().organisations.keys, limit, after, view)


@resource.post("/api/keys", Scope.ADMIN, "Create a key", status=201)
def create_key(key: KeyIn) -> NewKeyView:
    """Create a key and show it, this once."""
    text = new_key(app.entropy())
    new = ApiKey(
        org_id=resource.org_id,
        key_id=app.new_id(),
        key_hash=key_hash(text),
        name=key.name,
        scopes=frozenset(key.scopes),
        created_at=app.now(),
    )
    app.api().organisations.add_key(new)
    return NewKeyView(**view(new).model_dump(), key=text)


@resource.delete("/api/keys/<key_id>", Scope.ADMIN, "Revoke a key")
def revoke_key(key_id: Id) -> Response[None]:
    """Revoke a key for good; it may still work for 10 seconds."""
    found(app.api().organisations.revoke_key(resource.org_id, key_id, app.now()), "key")
    return no_content()
