"""Messages: what happened to one, and which were sent to an address."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.insights.shapes.messages import ShownSent, ShownTimeline, sent, view
from mailtide import app
from mailtide.domain.message import EventRow
from mailtide.domain.organisation import Scope
from mailtide.domain.page import Page
from mailtide.http import After, Id, Limit, Listing
from mailtide.resource import Resource

resource = Resource("messages")

Recipient = Annotated[
    str, Query(max_length=320, description="an email address", examples=["ann@example.com"])
]


@resource.get("/api/messages", Scope.READ, "Find messages", problems=("invalid_address",))
def messages(recipient: Recipient, limit: Limit = 20, after: After = None) -> Listing[ShownSent]:
    """Return the messages to an address, the newest first."""

    def read(org_id: str, limit: int, after: str | None) -> Page[EventRow]:
        return app.insights().messages_to(org_id, recipient, limit, after)

    return resource.listed(f"messages/{recipient}", read, limit, after, sent)


@resource.get("/api/messages/<message_id>", Scope.READ, "Get a message's life")
def message(message_id: Id) -> ShownTimeline:
    """Return everything that happened to one message, with the receivers' exact words."""
    return view(app.insights().timeline(resource.org_id, message_id))
