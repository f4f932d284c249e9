"""Segments: stored filters over contacts, usable wherever a list is."""

from aws_lambda_powertools.event_handler import Response

from functions.api.shapes import contacts, jobs
from functions.api.shapes.contacts import ContactView
from functions.api.shapes.jobs import JobView
from functions.api.shapes.segments import SegmentChange, SegmentIn, SegmentView, view
from mailtide import app
from mailtide.domain.contact import Contact
from mailtide.domain.job import JobKind
from mailtide.domain.organisation import Scope
from mailtide.domain.page import Page
from mailtide.flows.segment_count import task_of
from mailtide.http import After, Id, Limit, Listing, no_content
from mailtide.resource import Resource

resource = Resource("segments")
FILTER = ("filter_error",)


@resource.get("/api/segments", Scope.READ, "List segments")
def list_segments(limit: Limit = 50, after: After = None) -> Listing[SegmentView]:
    """List the segments, page by page."""
    return resource.listed("segments", app.api().segments.segments.page, limit, after, view)


@resource.post("/api/segments", Scope.SEND, "Create a segment", status=201, problems=FILTER)
def create_segment(segment: SegmentIn) -> SegmentView:
    """Check and keep a filter."""
    desk = app.api().segments
    return view(desk.create(resource.org_id, segment.name, segment.needed(), segment.place))


@resource.get("/api/segments/<segment_id>", Scope.READ, "Get a segment")
def get_segment(segment_id: Id) -> SegmentView:
    """Show one segment."""
    return view(app.api().segments.get(resource.org_id, segment_id))


@resource.patch("/api/segments/<segment_id>", Scope.SEND, "Change a segment", problems=FILTER)
def change_segment(segment_id: Id, change: SegmentChange) -> SegmentView:
    """Change name or filter; campaigns that were started keep the filter they had."""
    desk = app.api().segments
    return view(desk.change(resource.org_id, segment_id, change.changes(), change.place))


@resource.delete("/api/segments/<segment_id>", Scope.SEND, "Delete a segment")
def delete_segment(segment_id: Id) -> Response[None]:
    """Delete a segment; a campaign that names it cannot be started until it names another."""
    app.api().segments.delete(resource.org_id, segment_id)
    return no_content()


@resource.get("/api/segments/<segment_id>/contacts", Scope.READ, "List who fits")
def list_segment_contacts(
    segment_id: Id, limit: Limit = 50, after: After = None
) -> Listing[ContactView]:
    """List the contacts who fit now, by id.

    A page looks at up to 2,000 contacts: it may hold fewer than `limit`, and still have a `next`.
    """

    def read(org_id: str, limit: int, after: str | None) -> Page[Contact]:
        return app.api().segments.contacts_of(org_id, segment_id, limit, after)

    return resource.listed(f"segments/{segment_id}", read, limit, after, contacts.view)


@resource.post("/api/segments/<segment_id>/count", Scope.SEND, "Count who fits", status=202)
def count_segment(segment_id: Id) -> JobView:
    """Start a job that counts who fits: in all, by provider, and ten of them by id."""
    segment = app.api().segments.get(resource.org_id, segment_id)
    job = app.api().jobs.start(resource.org_id, JobKind.SEGMENT_COUNT, task_of(segment))
    return jobs.view(job)
