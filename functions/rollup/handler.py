"""Rollup: keep the counters equal to the sum over all event rows.

Trigger: stream of email_delivery_events, in a tumbling window (it names the shard), in order.
Writes: campaign_metrics; unreadable records to the bucket; metrics of counters and of quarantine.
Errors: raised, and the batch comes again; every counter knows what it has already.
"""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide import app
from mailtide.observability import logger, metrics


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda entry point; a window carries no state of ours from one batch to the next."""
    metrics.add_metric(name="RollupBatches", unit=MetricUnit.Count, value=1)
    counts = app.rollup().run(app.stream_records(event), event.get("shardId"))
    logger.info("rolled up", extra=counts)
    for name, count in counts.items():
        metrics.add_metric(name=f"Rollup{name.title()}", unit=MetricUnit.Count, value=count)
    return {"state": {}}
