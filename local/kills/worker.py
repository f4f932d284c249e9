"""Worker: a sender in a process of its own: it takes pointers from the queue until it is killed."""

import os
from contextlib import suppress

from botocore.exceptions import ClientError

from functions.sender.handler import lambda_handler
from local import stage
from mailtide import app

TIMEOUT_MS = int(os.environ["MAILTIDE_SENDER_TIMEOUT_SECONDS"]) * 1000
VISIBILITY_SECONDS = 2  # after which a pointer that a dead worker had comes again


def main() -> None:
    """Work one pointer after the other; a pointer that fails comes again by itself."""
    sqs, queue = app.client("sqs"), app.settings().queue_sending
    while True:
        answer = sqs.receive_message(
            QueueUrl=queue, VisibilityTimeout=VISIBILITY_SECONDS, WaitTimeSeconds=1
        )
        for message in answer.get("Messages", ()):
            context = stage.Context(remaining_ms=TIMEOUT_MS)
            result = lambda_handler(stage.sqs_event([message["Body"]]), context)
            if not result["batchItemFailures"]:
                with suppress(ClientError):  # it came again meanwhile, under another handle
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


if __name__ == "__main__":
    main()
