"""What a job looks like, as it goes."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from mailtide.domain.job import Job, JobKind, JobState


class JobView(BaseModel):
    """How far a job is."""

    job_id: str
    kind: JobKind
    state: JobState
    task: dict[str, Any] = Field(description="what was asked")
    created_at: datetime
    finished_at: datetime | None
    progress: dict[str, int] = Field(description="counts so far, by what is counted")
    result: dict[str, Any] | None = Field(description="what came of it, once it is done")
    failure: str | None
    failure_code: str | None
    download_url: str | None


def view(job: Job, download_url: str | None = None) -> JobView:
    """Show a job."""
    return JobView(
        job_id=job.job_id,
        kind=job.kind,
        state=job.state,
        task=dict(job.task),
        created_at=job.created_at,
        finished_at=job.finished_at,
        progress=dict(job.progress),
        result=None if job.result is None else dict(job.result),
        failure=job.failure,
        failure_code=job.failure_code,
        download_url=download_url,
    )
