"""Webhook: take events and mail from mail systems, prove whose they are, queue them, answer.

Trigger: HTTP `POST /webhooks/stalwart/{source_id}`, `POST /webhooks/inbound/{source_id}` and
`POST /webhooks/ses` (what SNS posts).
Writes: queue `events`, the bucket for large bodies; metric per class of answer, and of what SNS
posted.
Errors: problems: 401 for what is not proved, 403 for another topic, 400 for what cannot be read,
413 over 5 MB; 503 for trouble of ours, after which the mail system sends again.
"""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide import app
from mailtide.edge import Edge
from mailtide.flows.webhook import Post
from mailtide.observability import logger, metrics

edge = Edge()


@edge.post("/webhooks/stalwart/<source_id>")
def events(source_id: str) -> dict[str, bool]:
    """Take a batch of Stalwart's events."""
    app.webhook().events(_post(source_id), app.now())
    return {"queued": True}


@edge.post("/webhooks/inbound/<source_id>")
def mail(source_id: str) -> dict[str, str]:
    """Take one inbound mail of an MTA hook."""
    return app.webhook().mail(_post(source_id), app.now())


@edge.post("/webhooks/ses")
def notification() -> dict[str, bool]:
    """Take one message of SNS: a notification, or one about the subscription."""
    taken = app.sns_webhook().take(edge.body(), app.now())
    logger.append_keys(sns=taken.answer.value, topic=taken.topic)
    metrics.add_metric(name=f"Sns{taken.answer.value.title()}", unit=MetricUnit.Count, value=1)
    return {taken.answer.value: True}


def _post(source_id: str) -> Post:
    logger.append_keys(source_id=source_id)
    headers = {name.lower(): value for name, value in edge.current_event.headers.items()}
    return Post(source_id, headers, edge.body())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda entry point."""
    return edge.resolve(event, context)
