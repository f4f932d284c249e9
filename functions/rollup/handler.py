"""Rollup: keep the counters equal to the sum over all event rows.

Trigger: stream of email_delivery_events, in a tumbling window (it names the shard), in order.
Writes: campaign_metrics; unreadable records to the bucket; metrics of counters and of quarantine.
Errors: raised, and the batch comes again; every counter knows what it has already.
"""

from typing import Any

from mailtide import app
from mailtide.observability import Context, count, logger, observed


@observed
def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Lambda entry point; a window carries no state of ours from one batch to the next."""
    count("RollupBatches")
    counts = app.rollup().run(app.stream_records(event), event.get("shardId"))
    logger.info("rolled up", extra=counts)
    for name, number in counts.items():
        count(f"Rollup{name.title()}", number)
    return {"state": {}}
