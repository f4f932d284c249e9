"""Sender: work the batch that a pointer names, until it is done or time runs short.

Trigger: SQS `sending` (one pointer per invocation, failure reported).
Writes: batches, email_delivery_events, quota rows; mail; metrics of pointers
and endings.
Errors: a run that fails returns its pointer to the queue, where it soon finds the batch in other
hands; `release` picks the batch up when its lease has run out. After 5 receives: DLQ.
"""

from typing import Any

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from mailtide import app
from mailtide.flows.pointers import read_order
from mailtide.observability import Context, count, logger, note, observed
from mailtide.queue_records import one_by_one


def handle_record(record: SQSRecord, lambda_context: Context) -> None:
    """Work one batch."""
    order = read_order(record.body)
    note(campaign_id=order.ref.campaign_id, batch_id=order.ref.batch_id)
    until = app.deadline(lambda_context.get_remaining_time_in_millis())
    ending = app.sender().run(order, lambda_context.aws_request_id, until)
    logger.info("batch left", extra={"ending": ending})
    count(f"Batch_{ending}")


@observed
def lambda_handler(event: dict[str, Any], context: Context) -> PartialItemFailureResponse:
    """Lambda entry point."""
    count("Pointers", len(event["Records"]))
    return one_by_one(event, context, handle_record)
