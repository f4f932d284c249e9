"""Queue: delivers at least once, in no order, and again when a delivery failed."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from local.world.clock import Clock

T = TypeVar("T")
MAX_RECEIVES = 5


@dataclass(slots=True, eq=False)
class Delivery(Generic[T]):
    """One message in a queue."""

    body: T
    visible_at: datetime
    receives: int = 0


@dataclass(slots=True)
class Queue(Generic[T]):
    """One queue with its dead letters."""

    clock: Clock
    chance: random.Random
    visibility: timedelta
    duplicates: float = 0.0  # share of messages that are delivered twice
    waiting: list[Delivery[T]] = field(default_factory=list)
    dead: list[T] = field(default_factory=list)

    def put(self, body: T) -> None:
        """Enqueue a message, now and then twice."""
        copies = 2 if self.chance.random() < self.duplicates else 1
        for _ in range(copies):
            delay = timedelta(milliseconds=self.chance.randint(0, 2000))
            self.waiting.append(Delivery(body, self.clock.now + delay))

    def take(self) -> Delivery[T] | None:
        """Receive one visible message; it comes back unless it is deleted."""
        visible = [d for d in self.waiting if d.visible_at <= self.clock.now]
        if not visible:
            return None
        delivery = self.chance.choice(visible)
        if delivery.receives == MAX_RECEIVES:
            self.waiting.remove(delivery)
            self.dead.append(delivery.body)
            return self.take()
        delivery.receives += 1
        delivery.visible_at = self.clock.now + self.visibility
        return delivery

    def delete(self, delivery: Delivery[T]) -> None:
        """Remove a message that was dealt with; a second delivery of it may have done so."""
        if delivery in self.waiting:
            self.waiting.remove(delivery)

    def next_visible(self) -> datetime | None:
        """Return when the next message can be received."""
        return min((d.visible_at for d in self.waiting), default=None)
