"""Sending rates: the windows of rate limits, and the line of those who wait for one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from mailtide.domain import sending_rate as rules
from mailtide.domain.sending_rate import Gate, Holder, Meter
from mailtide.store import dynamo
from mailtide.store.places import QUOTA, Places, item_of, places_of
from mailtide.store.row import ticks, ticks_of
from mailtide.store.tables import WarmupRow

KEPT = timedelta(days=2)  # after a window's end: nobody asks for it any more
LINE = "line"
_ROUNDS = 5  # tries to book a turn; without one the same turn is given twice, which harms nobody


class SendingRates:
    """The windows of all rate limits."""

    def left(self, gates: Sequence[Gate], holder: Holder) -> Mapping[Gate, int]:
        """Read consistently what each gate has for a holder, its earlier places included."""
        item = item_of(holder.batch, holder.block)
        partitions = {gate: _places(gate).partition for gate in gates}
        keys = [(one, name) for one in partitions.values() for name in (QUOTA, item)]
        rows = {(row.ip_day, row.item): row for row in dynamo.get_many(WarmupRow, keys)}
        found = {}
        for gate, partition in partitions.items():
            held = rows.get((partition, item))
            day = _places(gate).seen(rows.get((partition, QUOTA)))
            found[gate] = (day.left or 0) + (places_of(held) if held else 0)
        return found

    def reserve(self, gate: Gate, holder: Holder, wanted: int) -> int:
        """Have up to `wanted` places reserved, earlier ones included; return how many there are.

        A holder that has given places back takes nothing more.
        """
        return _places(gate).reserve(item_of(holder.batch, holder.block), wanted)

    def give_back(self, gate: Gate, holder: Holder, unused: int) -> None:
        """Return places that no hand-over used; only the first call does anything."""
        _places(gate).give_back(item_of(holder.batch, holder.block), unused)

    def set_limit(self, gate: Gate) -> None:
        """Let the gate's number hold in its window for all who have read another one."""
        _places(gate).set_limit(gate.limit.messages)

    def join(self, gate: Gate, count: int) -> datetime:
        """Let so many wait for a gate together; return when they have their turn."""
        for _ in range(_ROUNDS):
            free_at = self._free_at(gate.meter)
            due_at, next_at = rules.turn(free_at, count, gate)
            if self._book(gate.meter, free_at, next_at):
                return due_at
        return rules.turn(self._free_at(gate.meter), count, gate)[0]

    def clear_line(self, meter: Meter) -> None:
        """Let those who join from now on have turns as if nobody waited."""
        dynamo.delete(WarmupRow(_name(meter), LINE))

    def _free_at(self, meter: Meter) -> datetime | None:
        row = dynamo.get(WarmupRow, _name(meter), LINE)
        return None if row is None else ticks_of(int(row.free_at or 0))

    def _book(self, meter: Meter, free_at: datetime | None, next_at: datetime) -> bool:
        """Move the line's end if it is still where it was read."""
        row = WarmupRow(_name(meter), LINE)
        read = WarmupRow.free_at
        still = read.does_not_exist() if free_at is None else read == ticks(free_at)
        actions = [
            WarmupRow.id.set(row.key_text()),
            read.set(ticks(next_at)),
            WarmupRow.expires_at.set(next_at + KEPT),
        ]
        return dynamo.update(row, actions, still) is None


def _places(gate: Gate) -> Places:
    partition = f"{_name(gate.meter)}#{gate.began.isoformat()}"
    return Places(partition, gate.limit.messages, gate.ends + KEPT, passes=True)


def _name(meter: Meter) -> str:
    provider = meter.provider or "*"
    return f"{meter.org_id}#{meter.owner}#{meter.owner_id}#{provider}#{meter.per}"
