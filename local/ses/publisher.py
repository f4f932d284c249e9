"""Publish records to SNS, each as a text of its own, as SES does."""

import asyncio
import itertools
import json
import logging
from collections.abc import Iterator
from typing import Any

from botocore.config import Config as BotoConfig
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from local.receivers.config import Ses

logger = logging.getLogger(__name__)

MOST = 10  # entries of one call, of all topics together
_TRYING = BotoConfig(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 1})


class Publisher:
    """The topics of one account."""

    def __init__(self, config: Ses) -> None:
        self._sns = get_session().create_client(
            "sns",
            region_name=config.region,
            endpoint_url=config.aws_endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the emulator's
            config=_TRYING,
        )

    async def publish(self, batch: list[dict[str, Any]]) -> bool:
        """Publish a batch; False when not all of it was taken."""
        return await asyncio.to_thread(self._publish, batch)

    def _publish(self, batch: list[dict[str, Any]]) -> bool:
        try:
            taken = [self._call(topic, texts) for topic, texts in _by_topic(batch)]
        except (BotoCoreError, ClientError) as error:
            logger.warning("SNS did not take a batch: %s", error)
            return False
        return all(taken)

    def _call(self, topic: str, texts: list[str]) -> bool:
        entries = [{"Id": str(i), "Message": text} for i, text in enumerate(texts)]
        answer = self._sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        return not answer.get("Failed")


def _by_topic(batch: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Yield each topic with its texts; SES ends each with a line end."""
    by_topic = sorted(batch, key=lambda one: str(one["topic"]))
    for topic, told in itertools.groupby(by_topic, key=lambda one: str(one["topic"])):
        yield topic, [json.dumps(one["record"]) + "\n" for one in told]
