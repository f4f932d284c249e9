"""Queue records: how a function that drains a queue deals with its records.

A record that fails goes back to the queue alone; why it failed is logged, since Lambda itself
says nothing of it.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide.observability import logger

Read = TypeVar("Read")

_processor = BatchProcessor(
    event_type=EventType.SQS,
    raise_on_entire_batch_failure=False,
    logger=logger,  # type: ignore[arg-type] # Powertools' Logger is none by its type
)


def one_by_one(
    event: dict[str, Any], context: LambdaContext, handle: Callable[..., None]
) -> PartialItemFailureResponse:
    """Run `handle` on each SQS record of an event; return the ids of those that failed.

    `handle` takes the record, and the context too if it has a parameter `lambda_context`.
    """
    return process_partial_response(event, handle, _processor, context)


def all_at_once(
    event: dict[str, Any],
    context: LambdaContext,
    read: Callable[[str], Read],
    write: Callable[[Sequence[Read]], None],
) -> PartialItemFailureResponse:
    """Read each SQS record's body by itself and write all that were read together.

    When that fails, each is written by itself, so that one that never can be written keeps no
    other back; a write may therefore be done again. Returns the ids of those that failed.
    """
    were_read: dict[str, Read] = {}

    def take(record: SQSRecord) -> None:
        were_read[record.message_id] = read(record.body)

    response = one_by_one(event, context, take)
    try:
        write(list(were_read.values()))
    except Exception as error:
        logger.warning("not written together, but one by one", exc_info=error)
        records = [one for one in event["Records"] if one["messageId"] in were_read]
        alone = one_by_one(
            {"Records": records}, context, lambda record: write([were_read[record.message_id]])
        )
        response["batchItemFailures"] += alone["batchItemFailures"]
    return response
