"""Jobs: long work, how far it is, and what it made."""

from functions.api.shapes.jobs import JobView, view
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.http import After, Id, Limit, Listing
from mailtide.resource import Resource

resource = Resource("jobs")


@resource.get("/api/jobs", Scope.READ, "List jobs")
def list_jobs(limit: Limit = 50, after: After = None) -> Listing[JobView]:
    """List the jobs of the last 90 days, the newest first; each alone shows its download."""
    return resource.listed("jobs", app.api().jobs.page, limit, after, view)


@resource.get("/api/jobs/<job_id>", Scope.READ, "Get a job")
def get_job(job_id: Id) -> JobView:
    """Show how far a job is; `download_url` leads to what it made, for 15 minutes."""
    desk = app.api().jobs
    job = desk.get(resource.org_id, job_id)
    return view(job, desk.download_url(job))
