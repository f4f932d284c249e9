"""Exports: contacts, a list or a segment, and the suppressions, as one CSV file."""

from functions.api.shapes.exports import ExportIn
from functions.api.shapes.jobs import JobView, view
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.resource import Resource

resource = Resource("exports")


@resource.post("/api/exports", Scope.SEND, "Start an export", status=202)
def start_export(export: ExportIn) -> JobView:
    """Write a CSV file as a job; once it is done, the job has a `download_url` for 7 days."""
    ids = {"list_id": export.list_id, "segment_id": export.segment_id}
    return view(app.api().exports.start(resource.org_id, export.kind, ids))
