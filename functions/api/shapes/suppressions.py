"""What a suppression looks like, as it comes and goes."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from functions.api.shapes.fields import Email
from functions.api.shapes.imports import UploadView, upload_view
from mailtide.domain.job import Job
from mailtide.domain.suppression import Extent, Reason, Suppression, extent_of, shown_as
from mailtide.domain.suppression_audit import AuditEntry
from mailtide.flows.import_desk import Upload
from mailtide.http import Body, example

Note = Annotated[str, StringConstraints(max_length=500)]
ShownReason = Literal[Reason.HARD_BOUNCE, Reason.COMPLAINT, Reason.UNSUBSCRIBE, Reason.MANUAL]


class SuppressionIn(Body):
    """An address to suppress by hand."""

    model_config = example(email="eve@example.com", scope="all", note="asked by phone")

    email: Email
    reason: ShownReason = Reason.MANUAL
    scope: Annotated[
        Extent | None,
        Field(description="which mail it stops; only `manual` has a choice, else `marketing`"),
    ] = None
    note: Note = ""


class ReasonView(BaseModel):
    """One reason, which mail it stops, since when, and what shows it."""

    reason: Reason
    scope: Extent
    at: datetime
    evidence: str


class SuppressionView(BaseModel):
    """What stands against writing to one contact; an erased one has no address."""

    contact_id: str
    email: str | None
    reasons: list[ReasonView]


def view(suppression: Suppression) -> SuppressionView:
    """Show a suppression, its earliest reason first."""
    reasons = [
        ReasonView(
            reason=shown_as(reason),
            scope=extent_of(reason),
            at=evidence.at,
            evidence=evidence.text,
        )
        for reason, evidence in suppression.reasons.items()
    ]
    return SuppressionView(
        contact_id=suppression.contact_id,
        email=suppression.email,
        reasons=sorted(reasons, key=lambda shown: (shown.at, shown.reason, shown.scope)),
    )


class LiftedView(BaseModel):
    """One reason that was taken back, and since when it had stood."""

    reason: Reason
    scope: Extent
    since: datetime


class AuditView(BaseModel):
    """Who took all that stood against a contact back, when and why."""

    entry_id: str
    at: datetime
    key_id: str
    contact_id: str
    reasons: list[LiftedView]
    note: str


def audit_view(entry: AuditEntry) -> AuditView:
    """Show a lifting."""
    return AuditView(
        entry_id=entry.entry_id,
        at=entry.at,
        key_id=entry.key_id,
        contact_id=entry.contact_id,
        reasons=[
            LiftedView(reason=shown_as(reason), scope=extent_of(reason), since=since)
            for reason, since in sorted(entry.reasons.items(), key=lambda item: (item[1], item[0]))
        ],
        note=entry.note,
    )


class SuppressionImportView(BaseModel):
    """An import that waits for its file; it is a job."""

    job_id: str
    upload: UploadView


def import_view(job: Job, upload: Upload) -> SuppressionImportView:
    """Show an import that waits for its file."""
    return SuppressionImportView(job_id=job.job_id, upload=upload_view(upload))
