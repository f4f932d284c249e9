"""Webhook: take events and mail from mail systems, prove whose they are, queue them, answer.

Trigger: HTTP `POST /webhooks/stalwart/{source_id}`, `POST /webhooks/inbound/{source_id}` and
`POST /webhooks/ses` (what SNS posts).
Writes: queue `events`, the bucket for large bodies; metric per class of answer, and of what SNS
posted.
Errors: problems: 401 for what is not proved, 403 for another topic, 400 for what cannot be read,
413 over 5 MB; 503 for trouble of ours, after which the mail system sends again.
"""

from typing import Any

from mailtide import app
from mailtide.edge import Answer, Edge, Request, json_object
from mailtide.edge_observability import Context, count, note, observed
from mailtide.flows.webhook import Post

edge = Edge()


@edge.route("/webhooks/stalwart/<source_id>", {"POST"})
def events(request: Request, source_id: str) -> Answer:
    """Take a batch of Stalwart's events."""
    app.webhook().events(_post(request, source_id), app.now())
    return json_object(queued=True)


@edge.route("/webhooks/inbound/<source_id>", {"POST"})
def mail(request: Request, source_id: str) -> Answer:
    """Take one inbound mail of an MTA hook."""
    return json_object(**app.webhook().mail(_post(request, source_id), app.now()))


@edge.route("/webhooks/ses", {"POST"})
def notification(request: Request) -> Answer:
    """Take one message of SNS: a notification, or one about the subscription."""
    taken = app.sns_webhook().take(request.body(), app.now())
    note(sns=taken.answer.value, topic=taken.topic)
    count(f"Sns{taken.answer.value.title()}")
    return json_object(**{taken.answer.value: True})


def _post(request: Request, source_id: str) -> Post:
    note(source_id=source_id)
    return Post(source_id, request.headers, request.body())


@observed
def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Lambda entry point."""
    return edge.resolve(event, context)
