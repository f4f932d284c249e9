"""Post events as Stalwart's webhook does: a batch in one request, signed, under fresh ids.

Unlike Stalwart nothing is discarded with age (see `outbox`).
"""

import base64
import hashlib
import hmac
import itertools
import json
from datetime import datetime

import aiohttp

from local.receivers.config import Webhook
from local.receivers.events import Event


def sign(body: bytes, key: str) -> str:
    """Compute `X-Signature`: base64 of HMAC-SHA256 under the key's UTF-8 bytes."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


class Poster:
    """The webhook of the relay."""

    def __init__(self, webhook: Webhook, session: aiohttp.ClientSession) -> None:
        self._webhook = webhook
        self._session = session
        self._serial = itertools.count(1)

    async def post(self, batch: list[Event]) -> bool:
        """Post a batch; return whether it was taken."""
        # Stalwart makes the id at serialisation, so a re-sent event has a new one.
        events = [{"id": self._id(event), **event} for event in batch]
        body = json.dumps({"events": events}, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "X-Signature": sign(body, self._webhook.key)}
        try:
            async with self._session.post(
                self._webhook.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                await response.read()
                return 200 <= response.status < 300
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _id(self, event: Event) -> str:
        created = int(datetime.fromisoformat(event["createdAt"]).timestamp())
        kind = sum(event["type"].encode()) % 637  # stands for Stalwart's number of the type
        return f"{created}{next(self._serial)}{kind}"
