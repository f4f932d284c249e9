"""Block rates: a block's places where rate limits have a say, too.

What is left is read first, and who would leave how is worked out from it; then each limit that this
needs is reserved, once, and what was granted decides. So nothing is written for a limit that is
used up, and somebody who came in between costs those a turn whom it shuts out.
Source: docs/domain/rates.md.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain import placing
from mailtide.domain.batch import WAITS
from mailtide.domain.placing import Capacity, Gates, Placing
from mailtide.domain.quota import ReservationKey
from mailtide.domain.sending_ip import SendingIp
from mailtide.domain.sending_rate import Gate, Holder
from mailtide.flows.block_days import BlockDays


class Rates(Protocol):
    """The windows of rate limits."""

    def left(self, gates: Sequence[Gate], holder: Holder) -> Mapping[Gate, int]:
        """Read consistently what each gate has for a holder, its earlier places included."""
        ...

    def reserve(self, gate: Gate, holder: Holder, wanted: int) -> int:
        """Have up to `wanted` places reserved, earlier ones included; return how many there are.

        A holder that has given places back takes nothing more.
        """
        ...

    def give_back(self, gate: Gate, holder: Holder, unused: int) -> None:
        """Return places that no hand-over used; only the first call does anything."""
        ...

    def join(self, gate: Gate, count: int) -> datetime:
        """Let so many wait for a gate together; return when they have their turn."""
        ...


@dataclass(frozen=True, slots=True)
class Rated:
    """What a block was granted."""

    placing: Placing
    granted: Mapping[Capacity, int]
    waits: tuple[datetime, ...]  # turns of those whom limits keep
    waiting: Mapping[int, int]  # which of the turns each has, by index in the block


@dataclass(frozen=True, slots=True)
class BlockRates:
    """The rate limits, as a block sees them."""

    rates: Rates
    days: BlockDays

    def reserve(
        self,
        ips: Mapping[str, SendingIp],
        keys: Mapping[str, ReservationKey],
        gates: Gates,
        providers: Mapping[int, str],
        holder: Holder,
    ) -> Rated:
        """Reserve what those need who may leave, and let the others join the lines.

        Args:
            ips: that may be used, by id.
            keys: of their days' reservations.
            gates: the limits.
            providers: of everybody who may be mailed, by index in the block.
            holder: the block.
        """
        seed = f"{holder.batch}#{holder.block}"
        places: dict[Capacity, int | None] = {
            ip: self.days.capacity(ips[ip], keys[ip]) for ip in ips
        }
        places.update(self.rates.left(gates.all(), holder).items())
        planned = placing.walk(providers, gates, places, seed)
        granted: dict[Capacity, int] = {
            one: self.rates.reserve(one, holder, count)
            if isinstance(one, Gate)
            else self.days.quota.reserve(ips[one], keys[one], count)
            for one, count in planned.needs(gates, providers).items()
        }
        placed = placing.walk(providers, gates, granted, seed)
        # What blocks somebody is known best from before: then nothing else was used up yet.
        blocked_by = {i: planned.blocked_by.get(i, shut) for i, shut in placed.blocked_by.items()}
        waits, waiting = self._join(blocked_by)
        return Rated(placed, granted, waits, waiting)

    def _join(
        self, blocked_by: Mapping[int, frozenset[Gate]]
    ) -> tuple[tuple[datetime, ...], dict[int, int]]:
        """Let those whom limits block wait for their turns, those of the same limits together.

        A block has so many turns; who has none of them waits as those do whom a day blocks.
        """
        groups: defaultdict[frozenset[Gate], list[int]] = defaultdict(list)
        for i, shut in blocked_by.items():
            if shut and (shut in groups or len(groups) < len(WAITS)):
                groups[shut].append(i)
        waits = tuple(
            max(self.rates.join(gate, len(members)) for gate in shut)
            for shut, members in groups.items()
        )
        waiting = {i: turn for turn, group in enumerate(groups.values()) for i in group}
        return waits, waiting
