"""Ingest: turn queued source payloads into event rows and their immediate consequences.

Trigger: SQS `events` (batches, partial failures reported).
Writes: email_delivery_events, suppression_list; payloads as they came to the bucket; metric per
event type, and of what was refused.
Errors: a payload that fails returns alone to the queue; after 5 receives it goes to the DLQ.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide import app
from mailtide.observability import logger, metrics
from mailtide.queue_records import all_at_once

if TYPE_CHECKING:
    from mailtide.flows.ingest import Told


def write(payloads: "Sequence[Told]") -> None:
    """Bring what queued payloads tell into the rows."""
    counts = app.ingest().write(payloads)
    logger.info("ingested", extra={"events": counts})
    for event_type, count in counts.items():
        metrics.add_metric(name=event_type.title(), unit=MetricUnit.Count, value=count)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Lambda entry point."""
    metrics.add_metric(name="Payloads", unit=MetricUnit.Count, value=len(event["Records"]))
    return all_at_once(event, context, lambda body: app.ingest().read(body), write)
