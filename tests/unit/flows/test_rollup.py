"""Rollup: whatever a stream does to its batches, the counters are the sum over the rows."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.memory.counters import Counters as MemoryCounters
from local.memory.rows import EventTable
from mailtide.domain import metrics
from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow, settled
from mailtide.domain.metrics import Cell
from mailtide.errors import PermanentError, RetryableError
from mailtide.flows.rollup import Change, Rollup, Unreadable
from tests.rows import CAMPAIGN, START, doubt, engagement, happening, message, sent, state


@dataclass
class Quarantine:
    kept: dict[tuple[str, str], Unreadable] = field(default_factory=dict)

    def put(self, shard: str, record: Unreadable) -> None:
        self.kept[shard, record.sequence] = record


@dataclass
class LossyCounters(MemoryCounters):
    """Now and then a call fails, or takes effect and its reply is lost."""

    chance: random.Random = field(default_factory=random.Random)

    def add(
        self, cell: Cell, change: Mapping[str, int], shard: str, first: str, last: str
    ) -> str | None:
        luck = self.chance.random()
        if luck < 0.1:
            raise RetryableError("no answer")
        found = super().add(cell, change, shard, first, last)
        if luck > 0.8:  # the client's own retry finds its first try
            found = super().add(cell, change, shard, first, last)
        if 0.1 <= luck < 0.2:
            raise RetryableError("the reply was lost")
        return found


def totals(counters: MemoryCounters) -> dict[Cell, dict[str, int]]:
    """Return the counters that are not 0."""
    shown = {cell: _present(row.counts) for cell, row in counters.rows.items()}
    return {cell: counts for cell, counts in shown.items() if counts}


def rebuilt(rows: Iterable[EventRow]) -> dict[Cell, dict[str, int]]:
    shown = {cell: _present(counts) for cell, counts in metrics.totals(rows).items()}
    return {cell: counts for cell, counts in shown.items() if counts}


def _present(counts: Mapping[str, int]) -> dict[str, int]:
    return {metric: count for metric, count in counts.items() if count}


def records(table: EventTable) -> list[Change]:
    return [Change(f"{one.sequence:040d}", one.old, one.new) for one in table.stream]


def flow(counters: MemoryCounters | None = None, *, emulated: bool = False) -> Rollup:
    return Rollup(MemoryCounters() if counters is None else counters, Quarantine(), emulated)


def persist(rollup: Rollup, batch: Sequence[Change], shard: str) -> None:
    """Deliver a batch as a stream does: again until it went through."""
    while True:
        try:
            rollup.run(batch, shard)
        except RetryableError:
            continue
        return


LIFE = [
    sent(),
    doubt(),
    state(EventType.BOUNCED, kind="soft", minutes=3, rank=1),
    settled(doubt()),
    state(EventType.BOUNCED, kind="hard", minutes=2),
    happening(EventType.DEFERRED, minutes=1),
    engagement(opens={"2026-11-24T10:15": [1, 0, 0]}, uniques={"unique_opens": "2026-11-24T10:15"}),
    engagement(
        opens={"2026-11-24T10:15": [0, 1, 0], "2026-11-24T10:30": [1, 0, 0]},
        uniques={"unique_opens": "2026-11-24T10:15"},
    ),
    sent(2),
    state(EventType.DELIVERED, 2, minutes=20),
    sent(2, at=START + timedelta(minutes=40), ip_id="ip2"),  # a later attempt, over another IP
]


@st.composite
def lives(draw: st.DrawFn) -> EventTable:
    """Draw a table after many writes, repeats and removals among them."""
    table = EventTable()
    for row in draw(st.lists(st.sampled_from(LIFE), min_size=1, max_size=30)):
        table.put(row)
        if draw(st.integers(0, 9)) == 0:
            table.delete(row.message_id, row.event_key)
    return table


def cuts(draw: st.DrawFn, changes: Sequence[Change]) -> list[Sequence[Change]]:
    """Cut one shard into batches in their order; each may reach back over what was done."""
    batches, start = [], 0
    while start < len(changes):
        end = draw(st.integers(start + 1, len(changes)))
        back = draw(st.integers(0, start))
        batches.append(changes[back:end])
        start = end
    return batches


@given(st.data())
def test_any_cut_overlap_zombie_and_lost_reply_gives_the_sum_over_the_rows(
    data: st.DataObject,
) -> None:
    table = data.draw(lives())
    counters = LossyCounters(chance=data.draw(st.randoms(use_true_random=True)))
    rollup = flow(counters)
    shards: dict[str, list[Change]] = {"A": [], "B": []}
    for change in records(table):  # all rows of a message lie in one shard
        row = change.new or change.old
        assert row is not None
        shards["AB"[int(row.message_id[-1]) % 2]].append(change)
    for shard, changes in shards.items():
        done: list[Sequence[Change]] = []
        for batch in data.draw(st.composite(lambda draw, c=changes: cuts(draw, c))()):
            persist(rollup, data.draw(st.permutations(batch)), shard)
            done.append(batch)
            zombie = data.draw(st.sampled_from(done))
            persist(rollup, zombie, shard)
    assert totals(counters) == rebuilt(table.all())


def test_only_the_newer_records_of_a_batch_in_other_cuts_are_added() -> None:
    table = EventTable()
    for minute in range(16):
        table.put(happening(EventType.DEFERRED, minutes=minute / 2))
    changes = records(table)
    counters = MemoryCounters()
    flow(counters).run(changes[:6], "A")
    flow(counters).run(changes[2:16], "A")
    flow(counters).run(changes[2:6], "A")  # the zombie finds 16 and adds nothing
    row = counters.rows[CAMPAIGN, "all#2026-11-24T10:00#"]
    assert row.counts == {"deferred": 16}
    assert row.checkpoints == {"A": f"{16:040d}"}


def test_a_change_of_nothing_keeps_a_zombie_from_adding() -> None:
    table = EventTable()
    table.put(doubt())
    table.put(settled(doubt()))
    table.put(doubt())
    table.put(settled(doubt()))
    first, second, third, fourth = records(table)
    counters = MemoryCounters()
    flow(counters).run([first, second], "A")
    flow(counters).run([third, fourth], "A")
    flow(counters).run([first], "A")
    assert totals(counters) == {}


def test_what_the_time_to_live_removes_is_not_taken_back() -> None:
    counters = MemoryCounters()
    flow(counters).run([Change("01", None, sent())], "A")
    flow(counters).run([Change("02", sent(), None, expired=True)], "A")
    assert totals(counters) == rebuilt([sent()])


def test_a_record_that_cannot_be_read_is_set_aside_and_the_rest_goes_on() -> None:
    counters, quarantine = MemoryCounters(), Quarantine()
    bad = Unreadable("02", message(), "no event_key", {"eventID": "1"})
    answer = Rollup(counters, quarantine, emulated=False).run(
        [Change("01", None, sent()), bad, Change("03", None, sent(2))], "A"
    )
    assert totals(counters) == rebuilt([sent(), sent(2)])
    assert quarantine.kept == {("A", "02"): bad}
    assert counters.dirty == {CAMPAIGN: "unreadable record 02"}
    assert (answer["records"], answer["quarantined"]) == (3, 1)


def test_an_unreadable_record_of_nobody_marks_no_campaign() -> None:
    counters = MemoryCounters()
    flow(counters).run([Unreadable("02", None, "nothing in it", {})], "A")
    flow(counters).run([Unreadable("03", "../etc", "a strange id", {})], "A")
    assert counters.dirty == {}


def test_without_a_shard_nothing_is_counted() -> None:
    counters = MemoryCounters()
    with pytest.raises(PermanentError, match="names no shard"):
        flow(counters).run([Change("01", None, sent())], None)
    assert totals(counters) == {}


def test_the_emulator_needs_no_shard() -> None:
    counters = MemoryCounters()
    rollup = flow(counters, emulated=True)
    rollup.run([Change("01", None, sent())], None)
    rollup.run([Change("01", None, sent())], None)
    assert totals(counters) == rebuilt([sent()])


def test_an_empty_batch_is_nothing() -> None:
    assert flow().run([], "A") == {"records": 0, "counters": 0, "quarantined": 0}


def test_counts_are_by_every_dimension() -> None:
    counters = MemoryCounters()
    flow(counters).run([Change("01", None, sent())], "A")
    assert {cell[1].split("#")[0] for cell in counters.rows} == {
        "all",
        "provider",
        "identity",
        "list",
        "variant",
        "ip",
    }
    assert Counter(row.counts["sent"] for row in counters.rows.values()) == {1: 6}
