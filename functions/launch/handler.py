"""Launch: turn one shard of a campaign's lists into batches.

Trigger: SQS `launch` (a pointer per shard, partial failures reported).
Writes: batches, manifests and who was left out in the bucket, campaigns (what is launched),
lists (when they were last sent to); queues `sending` and `launch`; metrics of pointers and
recipients.
A shard that takes longer than the function may run goes on in the next run, which it asks for.
Errors: a shard that fails returns to the queue and goes on from the stored batches; after 5
receives it goes to the DLQ, and `release` asks for the launch again.
"""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide import app
from mailtide.flows.pointers import read_shard
from mailtide.observability import logger, metrics
from mailtide.queue_records import one_by_one


def handle_record(record: SQSRecord, lambda_context: LambdaContext) -> None:
    """Launch one shard, or as much of it as there is time for."""
    pointer = read_shard(record.body)
    logger.append_keys(campaign_id=pointer.campaign_id, shard=pointer.shard)
    until = app.deadline(lambda_context.get_remaining_time_in_millis())
    planned = app.launch().run(pointer.org_id, pointer.campaign_id, pointer.shard, until)
    logger.info("launched", extra={"planned": planned})
    metrics.add_metric(name="RecipientsPlanned", unit=MetricUnit.Count, value=planned)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Lambda entry point."""
    metrics.add_metric(name="Pointers", unit=MetricUnit.Count, value=len(event["Records"]))
    return one_by_one(event, context, handle_record)
