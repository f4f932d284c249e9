"""Post events as Stalwart's webhook does: batched, signed, whole batches again until accepted.

One POST is in flight; what comes meanwhile joins the next one. A batch that comes back is sent
again together with what is new, under fresh ids. Unlike Stalwart nothing is discarded with age.
"""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import random
from collections.abc import Callable, Iterable
from datetime import datetime

import aiohttp

from local.receivers.config import Webhook
from local.receivers.events import Event


def sign(body: bytes, key: str) -> str:
    """Compute `X-Signature`: base64 of HMAC-SHA256 under the key's UTF-8 bytes."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


class Poster:
    """The webhook of the relay; `run` works until it is cancelled."""

    def __init__(
        self,
        webhook: Webhook,
        session: aiohttp.ClientSession,
        *,
        seed: str,
        chaos: Callable[[], float],
        on_posted: Callable[[], None],
    ) -> None:
        self._webhook = webhook
        self._session = session
        self._dice = random.Random(seed)  # noqa: S311 - a repeatable world, no secret
        self._chaos = chaos
        self._on_posted = on_posted
        self._pending: list[Event] = []
        self._in_flight = 0
        self._serial = itertools.count(1)
        self._wake = asyncio.Event()

    @property
    def unsent(self) -> int:
        """Count the events that the webhook has not accepted yet."""
        return len(self._pending) + self._in_flight

    def put(self, events: Iterable[Event]) -> None:
        """Queue events for the next POST."""
        self._pending.extend(events)
        self._wake.set()

    async def run(self) -> None:
        """Post what is pending, no more often than the throttle allows."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._pending = self._pending, []
            if self._dice.random() < self._chaos():
                batch = self._shuffled(batch)
            self._in_flight = len(batch)
            accepted = not batch or await self._post(batch)
            self._in_flight = 0
            if not accepted or self._dice.random() < self._chaos():
                self.put(batch)
            if accepted and batch:
                self._on_posted()
            await asyncio.sleep(self._webhook.throttle if accepted else self._webhook.retry)

    def _shuffled(self, batch: list[Event]) -> list[Event]:
        """Put a batch out of order and hold a part of it back for the next one."""
        self._dice.shuffle(batch)
        kept = len(batch) - len(batch) // 3
        self.put(batch[kept:])
        return batch[:kept]

    async def _post(self, batch: list[Event]) -> bool:
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
