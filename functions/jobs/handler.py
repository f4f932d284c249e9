"""Jobs: work on exports and whatever else takes longer than a request.

Trigger: SQS `jobs` (a pointer per job, partial failures reported).
Writes: jobs, lists (members), suppression_list; objects under `exports/` and `imports/`; queue
`jobs`; metric of runs by their ending.
Errors: a run that fails returns its pointer to the queue and goes on from the last checkpoint;
after 5 receives it goes to the DLQ. `release` asks again for jobs that nobody works on.
"""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide import app
from mailtide.flows.jobs import Turn
from mailtide.flows.pointers import read_job
from mailtide.observability import logger, metrics
from mailtide.queue_records import one_by_one


def handle_record(record: SQSRecord, lambda_context: LambdaContext) -> None:
    """Work on one job."""
    pointer = read_job(record.body)
    logger.append_keys(org_id=pointer.org_id, job_id=pointer.job_id)
    remaining_ms = lambda_context.get_remaining_time_in_millis()
    holder = f"{lambda_context.aws_request_id}:{record.message_id}"
    turn = Turn(holder, app.deadline(remaining_ms), app.certain_death(remaining_ms))
    ending = app.jobs().run(pointer, turn)
    logger.info("job worked on", extra={"ending": ending})
    metrics.add_metric(name=f"Job_{ending}", unit=MetricUnit.Count, value=1)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Lambda entry point."""
    metrics.add_metric(name="Pointers", unit=MetricUnit.Count, value=len(event["Records"]))
    return one_by_one(event, context, handle_record)
