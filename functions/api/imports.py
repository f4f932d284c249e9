"""Imports: a CSV file goes up by a presigned URL, then becomes contacts of a list."""

from functions.api.shapes.imports import ImportView, NewImportView, new_view, view
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.http import Id
from mailtide.resource import Resource

resource = Resource("imports")


@resource.post("/api/lists/<list_id>/imports", Scope.SEND, "Open an import", status=201)
def open_import(list_id: Id) -> NewImportView:
    """Create an import into a list; send the file to `upload`, then start the import."""
    job, upload = app.api().imports.open(resource.org_id, list_id)
    return new_view(job, upload)


@resource.post(
    "/api/imports/<import_id>/start",
    Scope.SEND,
    "Start an import",
    status=202,
    problems=("conflict_state", "upload_missing", "import_file_invalid"),
)
def start_import(import_id: Id) -> ImportView:
    """Start an import whose file is uploaded; of one that runs, ask for the work again."""
    desk = app.api().imports
    job = desk.start(resource.org_id, import_id)
    return view(job, desk.report_url(job))


@resource.get("/api/imports/<import_id>", Scope.READ, "Get an import")
def get_import(import_id: Id) -> ImportView:
    """Show one import."""
    desk = app.api().imports
    job = desk.get(resource.org_id, import_id)
    return view(job, desk.report_url(job))
