"""React: what event rows change elsewhere: the engagement of contacts, and triggers.

Trigger: stream of email_delivery_events, in order.
Writes: contacts; for what triggers send submissions, batches, first event rows and the queue
`transact`; metric of contacts that changed.
Errors: raised, and the batch comes again; only later instants win, so nothing is done twice.
"""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide import app
from mailtide.observability import logger, metrics


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Lambda entry point; returns the counts of what was done."""
    metrics.add_metric(name="ReactBatches", unit=MetricUnit.Count, value=1)
    counts = app.react().run(app.stream_records(event))
    logger.info("reacted", extra=counts)
    metrics.add_metric(name="ContactsEngaged", unit=MetricUnit.Count, value=counts["engaged"])
    return counts
