"""Queue: delivers at least once, in no order, and again when a delivery failed."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Generic, TypeVar

from local.world.clock import Clock

T = TypeVar("T")
MAX_RECEIVES = 5


@dataclass(slots=True, eq=False)
class Delivery(Generic[T]):
    """One message in a queue."""

    body: T
    receives: int = 0
    deleted: bool = False


@dataclass(slots=True)
class Queue(Generic[T]):
    """One queue with its dead letters; a million messages in it cost no more than ten, each."""

    clock: Clock
    chance: random.Random
    visibility: timedelta
    duplicates: float = 0.0  # share of messages that are delivered twice
    waiting: int = 0  # messages that are not deleted
    dead: list[T] = field(default_factory=list)
    _visible: list[Delivery[T]] = field(default_factory=list)
    _hidden: list[tuple[datetime, int, Delivery[T]]] = field(default_factory=list)  # a heap
    _puts: int = 0

    def put(self, body: T) -> None:
        """Enqueue a message, now and then twice."""
        copies = 2 if self.chance.random() < self.duplicates else 1
        for _ in range(copies):
            delay = timedelta(milliseconds=self.chance.randint(0, 2000))
            self.waiting += 1
            self._hide(Delivery(body), self.clock.now + delay)

    def take(self) -> Delivery[T] | None:
        """Receive one visible message; it comes back unless it is deleted."""
        self._show()
        while self._visible:
            delivery = self._any_visible()
            if delivery.receives < MAX_RECEIVES:
                delivery.receives += 1
                self._hide(delivery, self.clock.now + self.visibility)
                return delivery
            self.delete(delivery)
            self.dead.append(delivery.body)
        return None

    def delete(self, delivery: Delivery[T]) -> None:
        """Remove a message that was dealt with; a second delivery of it may have done so."""
        self.waiting -= not delivery.deleted
        delivery.deleted = True

    def next_visible(self) -> datetime | None:
        """Return when the next message can be received."""
        self._show()
        if self._visible:
            return self.clock.now
        return self._hidden[0][0] if self._hidden else None

    def _hide(self, delivery: Delivery[T], until: datetime) -> None:
        self._puts += 1
        heappush(self._hidden, (until, self._puts, delivery))

    def _show(self) -> None:
        """Move what has become visible; what was deleted meanwhile is forgotten."""
        hidden = self._hidden
        while hidden and (hidden[0][0] <= self.clock.now or hidden[0][2].deleted):
            _, _, delivery = heappop(hidden)
            if not delivery.deleted:
                self._visible.append(delivery)

    def _any_visible(self) -> Delivery[T]:
        """Take any of the visible out: the last one moves to its place."""
        visible = self._visible
        position = int(self.chance.random() * len(visible))
        visible[position], visible[-1] = visible[-1], visible[position]
        return visible.pop()
