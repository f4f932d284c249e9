"""Rate settings: what has to be known at once of limits that somebody saves.

A sender may have read another number just before, or, of an identity, seconds ago. So a number is
written into the row of the window of now and of the next one, where every reservation reads it,
before the identity or IP itself is changed. By the window after them everybody has read it anew.

The line of those who wait was made by the old number, and begins anew.
Source: docs/domain/rates.md.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from mailtide.domain import sending_rate
from mailtide.domain.sending_rate import Gate, Meter, Owner, RateLimit


class Rates(Protocol):
    """The windows of rate limits."""

    def set_limit(self, gate: Gate) -> None:
        """Let the gate's number hold in its window for all who have read another one."""
        ...

    def clear_line(self, meter: Meter) -> None:
        """Let those who join from now on have turns as if nobody waited."""
        ...


@dataclass(frozen=True, slots=True)
class RateSettings:
    """Tells windows what holds in them."""

    rates: Rates
    clock: Callable[[], datetime]

    def tell(
        self,
        org_id: str,
        owner: Owner,
        owner_id: str,
        old: Collection[RateLimit],
        new: Collection[RateLimit],
    ) -> None:
        """Let those of the new limits hold at once that the identity or IP does not have yet."""
        now = self.clock()
        changed = [limit for limit in new if limit not in old]
        for gate in sending_rate.gates(org_id, owner, owner_id, changed, now):
            self.rates.set_limit(gate)
            self.rates.set_limit(replace(gate, began=gate.ends))
            self.rates.clear_line(gate.meter)
