"""React: what event rows change elsewhere: the engagement of contacts, and triggers.

Trigger: stream of email_delivery_events, in order.
Writes: contacts; for what triggers send submissions, batches, first event rows and the queues
`transact` and `sending`; metric of contacts that changed.
Errors: raised, and the batch comes again; only later instants win, so nothing is done twice.
"""

from typing import Any

from mailtide import app
from mailtide.observability import Context, count, logger, observed


@observed
def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, int]:
    """Lambda entry point; returns the counts of what was done."""
    count("ReactBatches")
    counts = app.react().run(app.stream_records(event))
    logger.info("reacted", extra=counts)
    count("ContactsEngaged", counts["engaged"])
    return counts
