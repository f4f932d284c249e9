"""Suppressions: whom nothing is sent to, why, and who took it back."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.shapes.jobs import JobView
from functions.api.shapes.jobs import view as job_view
from functions.api.shapes.suppressions import (
    AuditView,
    Note,
    ShownReason,
    SuppressionImportView,
    SuppressionIn,
    SuppressionView,
    audit_view,
    import_view,
    view,
)
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.domain.page import Page
from mailtide.domain.suppression import Suppression
from mailtide.flows.suppression_desk import Grounds
from mailtide.http import After, Id, Limit, Listing, caller, no_content
from mailtide.resource import Resource

resource = Resource("suppressions")

Address = Annotated[str | None, Query(max_length=320, description="only what stands against it")]
Shown = Annotated[ShownReason | None, Query(description="only those for this reason")]
Why = Annotated[Note, Query(description="why, for the audit")]


@resource.get("/api/suppressions", Scope.READ, "List suppressions", problems=("invalid_address",))
def list_suppressions(
    limit: Limit = 50, after: After = None, email: Address = None, reason: Shown = None
) -> Listing[SuppressionView]:
    """List the suppressions, all or of a kind; a page may be short, or empty, before the end."""

    def read(org_id: str, limit: int, after: str | None) -> Page[Suppression]:
        desk = app.api().suppressions
        return desk.find(org_id, email) if email else desk.page(org_id, limit, after, reason)

    return resource.listed("suppressions", read, limit, after, view)


@resource.post(
    "/api/suppressions",
    Scope.SEND,
    "Suppress an address",
    status=201,
    problems=("invalid_address", "suppression_scope"),
)
def suppress(suppression: SuppressionIn) -> SuppressionView:
    """Suppress an address by hand, whether it is a contact's or not."""
    key = caller(resource.router)
    grounds = Grounds(suppression.reason, suppression.scope, suppression.note)
    return view(app.api().suppressions.add(key.org_id, suppression.email, grounds, key.key_id))


@resource.get("/api/suppressions/audit", Scope.READ, "List liftings")
def list_liftings(limit: Limit = 50, after: After = None) -> Listing[AuditView]:
    """List who took which suppression back, when and why, the newest first."""
    return resource.listed("audit", app.api().suppressions.audit, limit, after, audit_view)


@resource.post(
    "/api/suppressions/imports", Scope.SEND, "Open an import of suppressions", status=201
)
def open_import() -> SuppressionImportView:
    """Create an import; send a CSV file to `upload`, then start the import."""
    key = caller(resource.router)
    job, upload = app.api().suppression_uploads.open(key.org_id, key.key_id)
    return import_view(job, upload)


@resource.post(
    "/api/suppressions/imports/<job_id>/start",
    Scope.SEND,
    "Start an import of suppressions",
    status=202,
    problems=("upload_missing", "import_file_invalid", "conflict_state"),
)
def start_import(job_id: Id) -> JobView:
    """Start an import whose file is uploaded; its job tells how far it is, and what it refused."""
    return job_view(app.api().suppression_uploads.start(resource.org_id, job_id))


@resource.get("/api/suppressions/<contact_id>", Scope.READ, "Get a suppression")
def get_suppression(contact_id: Id) -> SuppressionView:
    """Show what stands against one contact."""
    return view(app.api().suppressions.get(resource.org_id, contact_id))


@resource.delete("/api/suppressions/<contact_id>", Scope.ADMIN, "Lift a suppression")
def lift(contact_id: Id, note: Why = "") -> Response[None]:
    """Take all reasons back, and keep who did; what happened before then counts no more."""
    key = caller(resource.router)
    app.api().suppressions.lift(key.org_id, contact_id, key.key_id, note)
    return no_content()
