"""Transact: hand the transactional message over that a pointer names.

Trigger: SQS `transact` (one pointer per invocation, failure reported).
Writes: batches, email_delivery_events, quota rows; mail; metrics of pointers
and endings.
Errors: a run that fails returns its pointer to the queue, where it soon finds the batch in other
hands; `release` picks the batch up when its lease has run out. After 5 receives: DLQ.
"""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide import app
from mailtide.domain.submission import message_of
from mailtide.flows.pointers import read_order
from mailtide.observability import logger, metrics
from mailtide.queue_records import one_by_one


def handle_record(record: SQSRecord, lambda_context: LambdaContext) -> None:
    """Send one message."""
    order = read_order(record.body)
    logger.append_keys(message_id=message_of(order.ref))
    until = app.deadline(lambda_context.get_remaining_time_in_millis())
    ending = app.transact().run(order, lambda_context.aws_request_id, until)
    logger.info("message left", extra={"ending": ending})
    metrics.add_metric(name=f"Message_{ending}", unit=MetricUnit.Count, value=1)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Lambda entry point."""
    metrics.add_metric(name="Pointers", unit=MetricUnit.Count, value=len(event["Records"]))
    return one_by_one(event, context, handle_record)
