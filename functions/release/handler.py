"""Release: hand out the batches that are due, ask again for launches and jobs, finish campaigns.

Trigger: a schedule, every minute.
Writes: batches, campaigns, jobs (who asked again); pointers to the queues `sending`, `launch` and
`jobs`; metrics of looks and batches.
Errors: raised; what was not done is still due a minute later.
"""

from dataclasses import asdict
from typing import Any

from mailtide import app
from mailtide.observability import Context, count, logger, observed


@observed
def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, int]:
    """Lambda entry point; returns the counts of what was done."""
    count("Looks")
    released = app.release().run(app.now(), context.aws_request_id)
    logger.info("released", extra=asdict(released))
    count("BatchesReleased", released.batches)
    return asdict(released)
