"""What an import looks like, as it goes."""

from datetime import datetime

from pydantic import BaseModel

from mailtide.domain.import_job import ImportJob, ImportState
from mailtide.flows.import_desk import Upload


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


def upload_view(upload: Upload) -> UploadView:
    """Show where a file goes."""
    return UploadView(method="PUT", url=upload.url, headers={}, expires_at=upload.expires_at)


def new_view(job: ImportJob, upload: Upload) -> NewImportView:
    """Show an import that waits for its file, which goes to `upload`."""
    return NewImportView(
        import_id=job.import_id,
        list_id=job.list_id,
        upload=upload_view(upload),
    )


def view(job: ImportJob, report_url: str | None) -> ImportView:
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
        report_url=report_url,
    )
