"""An outbox: what is to be told, in batches, each again until it is taken; on wish in disorder.

One batch is on its way; what comes meanwhile joins the next one. A batch that comes back is told
again together with what is new. Chaos tells some batches twice, and some out of order.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often; seconds, not scaled."""

    throttle: float  # the smallest gap between two batches
    retry: float  # after a batch was not taken
    most: int | None = None  # of one batch; None: all there is


class Outbox:
    """Tells what was put into it; `run` works until it is cancelled."""

    def __init__(
        self,
        deliver: Callable[[list[Told]], Awaitable[bool]],
        pace: Pace,
        *,
        seed: str,
        chaos: Callable[[], float],
        on_delivered: Callable[[], None],
    ) -> None:
        """`deliver` says whether a batch was taken; `chaos` gives the share in disorder."""
        self._deliver = deliver
        self._pace = pace
        self._dice = random.Random(seed)  # noqa: S311 - a repeatable world, no secret
        self._chaos = chaos
        self._on_delivered = on_delivered
        self._pending: list[Told] = []
        self._in_flight = 0
        self._wake = asyncio.Event()

    @property
    def unsent(self) -> int:
        """Count what has not been taken yet."""
        return len(self._pending) + self._in_flight

    def put(self, told: Iterable[Told]) -> None:
        """Queue for the next batch."""
        self._pending.extend(told)
        if self._pending:
            self._wake.set()

    async def run(self) -> None:
        """Tell what is pending, no more often than the pace allows."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._pending = self._pending[: self._pace.most], self._rest()
            if self._dice.random() < self._chaos():
                batch = self._shuffled(batch)
            self._in_flight = len(batch)
            taken = not batch or await self._deliver(batch)
            self._in_flight = 0
            again = not taken or self._dice.random() < self._chaos()
            self.put(batch if again else ())
            if taken and batch:
                self._on_delivered()
            await asyncio.sleep(self._pace.throttle if taken else self._pace.retry)

    def _rest(self) -> list[Told]:
        return [] if self._pace.most is None else self._pending[self._pace.most :]

    def _shuffled(self, batch: list[Told]) -> list[Told]:
        """Put a batch out of order and hold a part of it back for the next one."""
        self._dice.shuffle(batch)
        kept = len(batch) - len(batch) // 3
        self.put(batch[kept:])
        return batch[:kept]
