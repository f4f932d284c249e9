"""Messages: single transactional ones, one or many at a time, and the files that go with them."""

from functions.api.shapes.messages import (
    MessagesView,
    SubmitIn,
    TakenView,
    UploadView,
    messages_view,
    taken_view,
    upload_view,
)
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.errors import MailtideError
from mailtide.http import DryRun
from mailtide.resource import Resource

resource = Resource("messages")


@resource.post(
    "/api/messages",
    Scope.SEND,
    "Send messages",
    status=202,
    problems=("invalid_address", "template_error", "attachment_missing", "conflict_state"),
)
def send_messages(body: SubmitIn, dry_run: DryRun = False) -> TakenView | MessagesView:
    """Send one transactional message, or up to 500 under `messages`.

    Of several each is taken or refused by itself. What is taken leaves at once and exactly once for
    each `Idempotency-Key`; a dry run makes each message and keeps nothing.
    """
    org_id, drafts, single = resource.org_id, body.drafts(resource.org_id), app.messages()
    seed = app.new_id()  # the same in each attempt of one call
    results = (
        single.rehearsal.run(org_id, drafts, seed)
        if dry_run
        else single.desk.submit(org_id, drafts, seed)
    )
    if not body.is_one:
        return messages_view(results)
    if isinstance(results[0], MailtideError):
        raise results[0]
    return taken_view(results[0])


@resource.post("/api/messages/uploads", Scope.SEND, "Upload an attachment", status=201)
def upload_attachment() -> UploadView:
    """Return where a file can be put that is too large for a request; it is usable for 14 days."""
    return upload_view(app.messages().desk.upload(resource.org_id))
