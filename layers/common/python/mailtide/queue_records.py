"""Queue records: how a function that drains a queue deals with its records, one by one.

A record that fails goes back to the queue alone; why it failed is logged, since Lambda itself
says nothing of it.
"""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide.observability import logger

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
