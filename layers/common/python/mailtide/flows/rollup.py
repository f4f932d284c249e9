"""Rollup: keep the counters equal to the sum over all event rows, whatever a stream does.

Each counter row carries, per shard of the stream, the sequence number up to which it holds every
change. A batch adds what the row has not seen yet and moves that checkpoint in the same write:

    checkpoint below the batch's first record    add the whole batch's change
    checkpoint at or behind its last record      another run was here: nothing to add
    in between                                   add the change of the newer records only

So cuts, repeats, overlaps, runs that come back from the dead and lost replies add nothing twice.
A counter that a batch touches is written even when its change is 0: otherwise a second reader of
the same records, cut differently, would find an old checkpoint and add a part of them.
Source: docs/domain/counters.md.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mailtide.domain import identifiers, metrics
from mailtide.domain.message import EventRow
from mailtide.domain.metrics import Cell
from mailtide.errors import PermanentError

EMULATED_SHARD = "emulator"


@dataclass(frozen=True, slots=True)
class Change:
    """One readable record of the stream; `sequence` compares as text within a shard."""

    sequence: str
    old: EventRow | None
    new: EventRow | None
    expired: bool = False  # removed by the table's time to live, which is not a happening


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is not an event row as we write them."""

    sequence: str
    message_id: str | None
    reason: str
    record: Mapping[str, Any]


class Counters(Protocol):
    """The counter rows."""

    def add(
        self, cell: Cell, change: Mapping[str, int], shard: str, first: str, last: str
    ) -> str | None:
        """Add `change` and move the shard's checkpoint to `last`, if it is below `first`.

        Both happen or neither. Returns None when they did, else the checkpoint that stands there;
        that it is `last` may mean that this very call took effect earlier.
        """
        ...

    def mark_dirty(self, campaign_id: str, reason: str) -> None:
        """Say that a campaign's counters may miss something until they are rebuilt."""
        ...


class Quarantine(Protocol):
    """Where records lie that could not be read."""

    def put(self, shard: str, record: Unreadable) -> None:
        """Keep one record; again under the same sequence number changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Rollup:
    """The rollup flow with its collaborators."""

    counters: Counters
    quarantine: Quarantine
    emulated: bool  # the emulator's streams do not name their shard

    def run(self, records: Sequence[Change | Unreadable], shard: str | None) -> dict[str, int]:
        """Bring one batch of one shard into the counters; returns counts of what was done.

        Raises:
            PermanentError: when the batch names no shard, for then no checkpoint can protect it.
        """
        shard = self._known(shard)
        changes = [record for record in records if isinstance(record, Change)]
        bad = [record for record in records if isinstance(record, Unreadable)]
        for record in bad:
            self._set_aside(shard, record)
        cells = self._roll(shard, [change for change in changes if not change.expired])
        return {"records": len(records), "counters": cells, "quarantined": len(bad)}

    def _known(self, shard: str | None) -> str:
        if shard:
            return shard
        if self.emulated:
            return EMULATED_SHARD
        raise PermanentError("the stream batch names no shard; give its trigger a tumbling window")

    def _set_aside(self, shard: str, record: Unreadable) -> None:
        self.quarantine.put(shard, record)
        if record.message_id is not None and identifiers.is_message_id(record.message_id):
            campaign_id = identifiers.campaign_of(record.message_id)
            self.counters.mark_dirty(campaign_id, f"unreadable record {record.sequence}")

    def _roll(self, shard: str, changes: Sequence[Change]) -> int:
        if not changes:
            return 0
        last = max(change.sequence for change in changes)
        touched = _by_cell(changes)
        for cell, parts in touched.items():
            self._add(cell, parts, shard, last)
        return len(touched)

    def _add(self, cell: Cell, parts: Mapping[str, Counter[str]], shard: str, last: str) -> None:
        """Bring one counter up to `last`; `parts` is its change by sequence number.

        Checkpoints only grow, so each round that fails has fewer records left to add.
        """
        seen = ""
        while seen < last:
            newer = {sequence: part for sequence, part in parts.items() if sequence > seen}
            first = min(newer, default=last)
            found = self.counters.add(cell, _sum(newer.values()), shard, first, last)
            if found is None:
                return
            seen = found


def _by_cell(changes: Iterable[Change]) -> dict[Cell, dict[str, Counter[str]]]:
    """Return each counter's change by sequence number; a record that comes twice counts once."""
    touched: dict[Cell, dict[str, Counter[str]]] = {}
    for change in changes:
        for cell, part in metrics.changes(change.old, change.new).items():
            touched.setdefault(cell, {})[change.sequence] = part
    return touched


def _sum(parts: Iterable[Counter[str]]) -> dict[str, int]:
    """Add counters up; unlike Counter's own sum this keeps what comes to 0 or less."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)
