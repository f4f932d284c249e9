"""The windows of rate limits in memory."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from local.memory.quota import Reservation
from mailtide.domain import sending_rate as rules
from mailtide.domain.sending_rate import Gate, Holder, Meter

Window = tuple[Meter, datetime]


@dataclass(slots=True)
class SendingRates:
    """Stands in for `store.sending_rates.SendingRates`."""

    reservations: dict[tuple[Window, Holder], Reservation] = field(default_factory=dict)
    reserved: Counter[Window] = field(default_factory=Counter)
    limits: dict[Window, int] = field(default_factory=dict)
    lines: dict[Meter, datetime] = field(default_factory=dict)

    def left(self, gates: Sequence[Gate], holder: Holder) -> Mapping[Gate, int]:
        """Return what each gate has for a holder, its earlier places included."""
        return {gate: self._left(gate) + self._held(gate, holder) for gate in gates}

    def reserve(self, gate: Gate, holder: Holder, wanted: int) -> int:
        """Have up to `wanted` places reserved, earlier ones included; return how many there are."""
        window = _window(gate)
        held, reservation = self._held(gate, holder), self.reservations.get((window, holder))
        more = min(wanted - held, self._left(gate))
        if more <= 0 or (reservation and reservation.returned is not None):
            return held
        self.reservations[window, holder] = Reservation(held + more)
        self.reserved[window] += more
        return held + more

    def give_back(self, gate: Gate, holder: Holder, unused: int) -> None:
        """Return places that no hand-over used; only the first call does anything."""
        window = _window(gate)
        reservation = self.reservations.get((window, holder))
        if reservation and reservation.returned is None and unused <= reservation.granted:
            reservation.returned = unused
            self.reserved[window] -= unused

    def set_limit(self, gate: Gate) -> None:
        """Let the gate's number hold in its window for all who have read another one."""
        self.limits[_window(gate)] = gate.limit.messages

    def join(self, gate: Gate, count: int) -> datetime:
        """Let so many wait for a gate together; return when they have their turn."""
        due_at, self.lines[gate.meter] = rules.turn(self.lines.get(gate.meter), count, gate)
        return due_at

    def clear_line(self, meter: Meter) -> None:
        """Let those who join from now on have turns as if nobody waited."""
        self.lines.pop(meter, None)

    def _left(self, gate: Gate) -> int:
        window = _window(gate)
        limit = self.limits.get(window, gate.limit.messages)
        return max(0, limit - self.reserved[window])

    def _held(self, gate: Gate, holder: Holder) -> int:
        reservation = self.reservations.get((_window(gate), holder))
        return reservation.places if reservation else 0


def _window(gate: Gate) -> Window:
    return gate.meter, gate.began
