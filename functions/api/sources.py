"""Sources: mail systems that post events, with the keys that they sign with."""

from datetime import datetime

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel

from functions.api.fields import Name
from mailtide import app
from mailtide.domain.organisation import Scope, Source, SourceKind
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
TAGS = ["sources"]


class SourceIn(Body):
    """A source to create."""

    kind: SourceKind = SourceKind.STALWART
    name: Name


class SourceView(BaseModel):
    """A source, with what its mail system has to be told."""

    source_id: str
    kind: SourceKind
    name: str
    created_at: datetime
    webhook_url: str
    inbound_url: str
    signature_key: str
    inbound_token: str


def view(source: Source) -> SourceView:
    """Show a source with its keys, which are derived from its id."""
    keyring = app.api().keyring
    own_host = f"https://{router.current_event.request_context.domain_name}"
    base = app.settings().public_url or own_host
    return SourceView(
        source_id=source.source_id,
        kind=source.kind,
        name=source.name,
        created_at=source.created_at,
        webhook_url=f"{base}/webhooks/{source.kind.value}/{source.source_id}",
        inbound_url=f"{base}/webhooks/inbound/{source.source_id}",
        signature_key=keyring.source_key(source.source_id),
        inbound_token=keyring.inbound_token(source.source_id),
    )


@router.get("/api/sources", summary="List sources", tags=TAGS, **scoped(Scope.ADMIN))
def list_sources(limit: Limit = 50, after: After = None) -> Listing[SourceView]:
    """List the sources with their keys, page by page."""
    name = f"{caller(router).org_id}/sources"
    page = app.api().organisations.sources(caller(router).org_id, limit, position(name, after))
    return listing(name, page, view)


@router.post(
    "/api/sources", summary="Create a source", status_code=201, tags=TAGS, **scoped(Scope.ADMIN)
)
def create_source(source: SourceIn) -> SourceView:
    """Create a source."""
    new = Source(caller(router).org_id, app.new_id(), source.kind, source.name, app.now())
    app.api().organisations.add_source(new)
    return view(new)


@router.get("/api/sources/<source_id>", summary="Get a source", tags=TAGS, **scoped(Scope.ADMIN))
def get_source(source_id: Id) -> SourceView:
    """Show one source with its keys."""
    found = app.api().organisations.get_source(caller(router).org_id, source_id)
    if found is None:
        raise _missing()
    return view(found)


@router.delete(
    "/api/sources/<source_id>",
    summary="Delete a source",
    status_code=204,
    tags=TAGS,
    **scoped(Scope.ADMIN),
)
def delete_source(source_id: Id) -> Response[None]:
    """Delete a source; events that it still posts count for nobody."""
    if not app.api().organisations.delete_source(caller(router).org_id, source_id):
        raise _missing()
    return no_content()


def _missing() -> NotFoundError:
    return NotFoundError("There is no source with this id.")
