"""Imports: turn uploaded CSV files into contacts and list members.

Trigger: SQS `imports` (a pointer per import, partial failures reported).
Writes: contacts, lists (members, jobs), objects under `imports/`; metric of runs by their ending.
Errors: a run that fails returns its pointer to the queue and goes on from the last checkpoint;
after 5 receives it goes to the DLQ.
"""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide import app
from mailtide.flows.pointers import read_import
from mailtide.observability import logger, metrics
from mailtide.queue_records import one_by_one


def handle_record(record: SQSRecord, lambda_context: LambdaContext) -> None:
    """Work on one import."""
    pointer = read_import(record.body)
    logger.append_keys(import_id=pointer.import_id)
    until = app.deadline(lambda_context.get_remaining_time_in_millis())
    holder = f"{lambda_context.aws_request_id}:{record.message_id}"
    ending = app.imports().run(pointer, holder, until)
    logger.info("import worked on", extra={"ending": ending})
    metrics.add_metric(name=f"Import_{ending}", unit=MetricUnit.Count, value=1)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Lambda entry point."""
    metrics.add_metric(name="Pointers", unit=MetricUnit.Count, value=len(event["Records"]))
    return one_by_one(event, context, handle_record)
