"""Sources: mail systems that post events, with the keys that they sign with."""

from aws_lambda_powertools.event_handler import Response

from functions.api.shapes import sources as shapes
from functions.api.shapes.sources import SourceIn, SourceView
from mailtide import app
from mailtide.domain.organisation import Scope, Source
from mailtide.http import After, Id, Limit, Listing, no_content
from mailtide.resource import Resource, found

resource = Resource("sources")


@resource.get("/api/sources", Scope.ADMIN, "List sources")
def list_sources(limit: Limit = 50, after: After = None) -> Listing[SourceView]:
    """List the sources with their keys, page by page."""
    return resource.listed("sources", app.api().organisations.sources, limit, after, _view)


@resource.post("/api/sources", Scope.ADMIN, "Create a source", status=201)
def create_source(source: SourceIn) -> SourceView:
    """Create a source."""
    new = Source(resource.org_id, app.new_id(), source.kind, source.name, app.now())
    app.api().organisations.add_source(new)
    return _view(new)


@resource.get("/api/sources/<source_id>", Scope.ADMIN, "Get a source")
def get_source(source_id: Id) -> SourceView:
    """Show one source with its keys."""
    return _view(found(app.api().organisations.get_source(resource.org_id, source_id), "source"))


@resource.delete("/api/sources/<source_id>", Scope.ADMIN, "Delete a source")
def delete_source(source_id: Id) -> Response[None]:
    """Delete a source; events that it still posts count for nobody."""
    found(app.api().organisations.delete_source(resource.org_id, source_id), "source")
    return no_content()


def _view(source: Source) -> SourceView:
    own_host = f"https://{resource.router.current_event.request_context.domain_name}"
    return shapes.view(source, app.settings().public_url or own_host, app.api().keyring)
