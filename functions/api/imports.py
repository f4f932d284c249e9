"""Imports: a CSV file goes up by a presigned URL, then becomes contacts of a list."""

from datetime import datetime

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel

from mailtide import app
from mailtide.domain.import_job import ImportJob, ImportState
from mailtide.domain.organisation import Scope
from mailtide.http import Id, caller, scoped

router = APIGatewayHttpRouter()
TAGS = ["imports"]


class UploadView(BaseModel):
    """The request that takes the file."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


class NewImportView(BaseModel):
    """An import that waits for its file."""

    import_id: str
    list_id: str
    upload: UploadView


class ImportView(BaseModel):
    """How far an import is; counts are rows behind the header."""

    import_id: str
    list_id: str
    state: ImportState
    created_at: datetime
    rows_read: int
    imported: int
    merged: int
    refused: int
    bytes_done: int
    bytes_total: int
    failure: str | None
    failure_code: str | None
    report_url: str | None


def view(job: ImportJob) -> ImportView:
    """Show an import."""
    return ImportView(
        import_id=job.import_id,
        list_id=job.list_id,
        state=job.state,
        created_at=job.created_at,
        rows_read=job.counts.rows_read,
        imported=job.counts.imported,
        merged=job.counts.merged,
        refused=job.counts.refused,
        bytes_done=job.place.offset,
        bytes_total=job.bytes_total,
        failure=job.failure,
        failure_code=job.failure_code,
        report_url=app.api().imports.report_url(job),
    )


@router.post(
    "/api/lists/<list_id>/imports",
    summary="Open an import",
    status_code=201,
    tags=TAGS,
    **scoped(Scope.SEND),
)
def open_import(list_id: Id) -> NewImportView:
    """Create an import into a list; send the file to `upload`, then start the import."""
    job, upload = app.api().imports.open(caller(router).org_id, list_id)
    return NewImportView(
        import_id=job.import_id,
        list_id=job.list_id,
        upload=UploadView(method="PUT", url=upload.url, headers={}, expires_at=upload.expires_at),
    )


@router.post(
    "/api/imports/<import_id>/start",
    summary="Start an import",
    status_code=202,
    tags=TAGS,
    **scoped(Scope.SEND),
)
def start_import(import_id: Id) -> ImportView:
    """Start an import whose file is uploaded; of one that runs, ask for the work again."""
    return view(app.api().imports.start(caller(router).org_id, import_id))


@router.get("/api/imports/<import_id>", summary="Get an import", tags=TAGS, **scoped(Scope.READ))
def get_import(import_id: Id) -> ImportView:
    """Show one import."""
    return view(app.api().imports.get(caller(router).org_id, import_id))
