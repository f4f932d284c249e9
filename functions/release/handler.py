"""Release: hand out the batches that are due, ask again for launches and jobs, finish campaigns.

Trigger: a schedule, every minute.
Writes: batches, campaigns, jobs (who asked again); pointers to the queues `sending`, `launch` and
`jobs`; metrics of looks and batches.
Errors: raised; what was not done is still due a minute later.
"""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide import app
from mailtide.observability import logger, metrics


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Lambda entry point; returns the counts of what was done."""
    metrics.add_metric(name="Looks", unit=MetricUnit.Count, value=1)
    released = app.release().run(app.now(), context.aws_request_id)
    logger.info("released", extra=asdict(released))
    metrics.add_metric(name="BatchesReleased", unit=MetricUnit.Count, value=released.batches)
    return asdict(released)
