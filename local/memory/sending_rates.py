"""The windows of rate limits in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from local.memory.places import Places
from mailtide.domain import sending_rate as rules
from mailtide.domain.sending_rate import Gate, Holder, Meter

Window = tuple[Meter, datetime]


@dataclass(slots=True)
class SendingRates:
    """Stands in for `store.sending_rates.SendingRates`."""

    places: Places[Window] = field(default_factory=Places)
    limits: dict[Window, int] = field(default_factory=dict)
    lines: dict[Meter, datetime] = field(default_factory=dict)

    def left(self, gates: Sequence[Gate], holder: Holder) -> Mapping[Gate, int]:
        """Return what each gate has for a holder, its earlier places included."""
        return {gate: self._left(gate) + self.places.held(_window(gate), holder) for gate in gates}

    def reserve(self, gate: Gate, holder: Holder, wanted: int) -> int:
        """Have up to `wanted` places reserved, earlier ones included; return how many there are."""
        left = self._left(gate)
        return self.places.reserve(_window(gate), holder, wanted, lambda more: min(more, left))

    def give_back(self, gate: Gate, holder: Holder, unused: int) -> None:
        """Return places that no hand-over used; only the first call does anything."""
        self.places.give_back(_window(gate), holder, unused)

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
        return max(0, limit - self.places.reserved[window])


def _window(gate: Gate) -> Window:
    return gate.meter, gate.began
