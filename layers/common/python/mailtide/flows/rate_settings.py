"""Rate settings: what has to be known at once of limits that somebody saves.

A sender may have read another number just before, or, of an identity, seconds ago. So a number is
written into the row of the window of now and of the next one, where every reservation reads it,
before the identity or IP itself is changed. By the window after them everybody has read it anew.
Source: docs/domain/rates.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain import sending_rate
from mailtide.domain.sending_rate import Gate, Owner, RateLimit


class Rates(Protocol):
    """The windows of rate limits."""

    def set_limit(self, gate: Gate) -> None:
        """Let the gate's number hold in its window for all who have read another one."""
        ...


@dataclass(frozen=True, slots=True)
class RateSettings:
    """Tells windows what holds in them."""

    rates: Rates
    clock: Callable[[], datetime]

    def tell(self, org_id: str, owner: Owner, owner_id: str, limits: Iterable[RateLimit]) -> None:
        """Let limits hold at once, which the identity or IP is about to have."""
        now = self.clock()
        for limit in limits:
            for at in (now, now + limit.per.length):
                for gate in sending_rate.gates(org_id, owner, owner_id, [limit], at):
                    self.rates.set_limit(gate)
