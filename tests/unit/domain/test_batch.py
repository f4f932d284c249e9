"""Batch: its transitions by example, and a machine that walks them in any order."""

from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mailtide.domain import batch as rules
from mailtide.domain.batch import LEFT_OUT, PLACES, UNPLACED, Batch, BatchRef, Phase, Tally

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LEASE = NOW + timedelta(minutes=3)
REF = BatchRef("org", "camp", "0", "00000")
tallies = st.builds(Tally, *[st.integers(0, 100)] * 5)


def batch(**changes: object) -> Batch:
    """Return a fresh batch of 250 recipients with changes."""
    return replace(Batch(REF, count=250, rank=1, due_at=NOW), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),  # exactly now
        ({"due_at": NOW + timedelta(milliseconds=1)}, False),
        ({"due_at": None}, False),
        ({"phase": Phase.DONE}, False),
        ({"phase": Phase.OPENED}, True),  # its lease ran out
    ],
)
def test_due(changes: dict[str, object], expected: bool) -> None:
    assert rules.due(batch(**changes), NOW) is expected


@pytest.mark.parametrize(
    ("phase", "watermark", "block_end", "places", "released_to", "after"),
    [
        (Phase.WAITING, 0, 0, 1, 1, Phase.RELEASED),
        (Phase.WAITING, 100, 100, 50, 150, Phase.RELEASED),
        (Phase.WAITING, 100, 100, 999, 250, Phase.RELEASED),  # not beyond the end
        (Phase.WAITING, 0, 100, 5, 5, Phase.RELEASED),  # a block that was handed back binds nobody
        (Phase.RELEASED, 100, 100, 20, 120, Phase.RELEASED),  # its holder died before a claim
        (Phase.CLAIMED, 100, 200, 5, 200, Phase.CLAIMED),  # the claimed block keeps its end
        (Phase.OPENED, 100, 200, 0, 200, Phase.OPENED),
        (Phase.OPENED, 100, 150, 120, 220, Phase.OPENED),
    ],
)
def test_release(
    phase: Phase, watermark: int, block_end: int, places: int, released_to: int, after: Phase
) -> None:
    held = batch(phase=phase, watermark=watermark, block_end=block_end, fence=4, released_to=250)
    released = rules.release(held, places, LEASE)
    assert (released.released_to, released.phase) == (released_to, after)
    assert (released.fence, released.due_at) == (5, LEASE)
    assert (released.watermark, released.block_end) == (watermark, block_end)


def test_taking_a_batch_uses_its_pointer_up() -> None:
    taken = rules.take(batch(phase=Phase.RELEASED, fence=1), LEASE)
    assert (taken.fence, taken.due_at, taken.phase) == (2, LEASE, Phase.RELEASED)


@pytest.mark.parametrize(
    ("watermark", "released_to", "block_end"),
    [(0, 250, 100), (100, 250, 200), (200, 250, 250), (0, 7, 7)],
)
def test_a_claim_ends_at_a_block_or_where_the_places_end(
    watermark: int, released_to: int, block_end: int
) -> None:
    free = batch(phase=Phase.RELEASED, watermark=watermark, released_to=released_to)
    claimed = rules.claim(free, LEASE)
    assert (claimed.phase, claimed.block_end) == (Phase.CLAIMED, block_end)


def test_a_claimed_block_is_claimed_again_as_it_was() -> None:
    claimed = batch(phase=Phase.CLAIMED, watermark=100, block_end=130, released_to=250)
    assert rules.claim(claimed, LEASE) == replace(claimed, due_at=LEASE)


def test_an_opened_block_says_who_is_placed_where_and_when() -> None:
    claimed = batch(phase=Phase.CLAIMED, block_end=3, released_to=3)
    opened = rules.open_block(claimed, "ab-", ("ip1", "ip2"), NOW)
    assert opened.phase is Phase.OPENED
    assert (opened.placement, opened.ips, opened.placed_at) == ("ab-", ("ip1", "ip2"), NOW)


@pytest.mark.parametrize(
    ("block_end", "released_to", "phase", "due_at"),
    [
        (100, 250, Phase.RELEASED, LEASE),
        (100, 100, Phase.WAITING, NOW),
        (250, 250, Phase.DONE, None),
    ],
)
def test_after_its_block_a_batch_goes_on_waits_or_is_done(
    block_end: int, released_to: int, phase: Phase, due_at: datetime | None
) -> None:
    opened = batch(
        phase=Phase.OPENED,
        due_at=LEASE,
        block_end=block_end,
        released_to=released_to,
        placement="a" * block_end,
        ips=("ip1",),
        placed_at=NOW,
        tally=Tally(accepted=1),
    )
    after = rules.settle(opened, Tally(accepted=2, doubted=3), NOW)
    assert (after.phase, after.due_at, after.watermark) == (phase, due_at, block_end)
    assert (after.placement, after.ips, after.placed_at) == ("", (), None)
    assert after.tally == Tally(accepted=3, doubted=3)


def test_a_batch_that_is_handed_back_has_no_places() -> None:
    claimed = batch(phase=Phase.CLAIMED, watermark=100, block_end=200, released_to=250, fence=3)
    back = rules.hand_back(claimed, LEASE)
    assert (back.phase, back.released_to, back.due_at, back.fence) == (Phase.WAITING, 100, LEASE, 3)


def test_the_names_of_later_batches_stay_short_and_are_nobody_elses() -> None:
    names, first = {REF}, batch(phase=Phase.OPENED)
    for _ in range(300):
        blocks = [replace(first, watermark=watermark) for watermark in (0, 100)]
        laters = [
            *(rules.successor(one, NOW, NOW, refused=False) for one in blocks),
            *(rules.successor(one, NOW, NOW, refused=False, wait=8) for one in blocks),
            *(rules.doubtful(one, NOW) for one in blocks),
        ]
        assert rules.successor(blocks[0], NOW, NOW, refused=True).ref == laters[0].ref
        assert not names & {one.ref for one in laters}
        names |= {one.ref for one in laters}
        first = laters[3]
    assert len(names) == 1 + 6 * 300
    assert max(len(ref.batch_id) for ref in names) <= rules.LONGEST_ID
    assert {ref.batch_id.partition(".")[0] for ref in names} == {REF.batch_id}


@given(tallies, tallies)
def test_tallies_add_up_number_by_number(one: Tally, other: Tally) -> None:
    assert astuple(one.plus(other)) == tuple(
        a + b for a, b in zip(astuple(one), astuple(other), strict=True)
    )


def test_no_letter_of_a_place_means_something_else() -> None:
    assert len(set(PLACES)) == len(PLACES)
    assert not {UNPLACED, LEFT_OUT} & set(PLACES)


class BatchMachine(RuleBasedStateMachine):
    """Walks one batch through its transitions as release, senders and takeovers do."""

    def __init__(self) -> None:
        super().__init__()
        self.batch = batch()
        self.fence = self.watermark = 0

    @precondition(lambda self: self.batch.phase is Phase.DONE)
    @rule(count=st.integers(1, 300))
    def go_on_with_another_batch(self, count: int) -> None:
        self.batch = batch(count=count)
        self.fence = self.watermark = 0

    @precondition(lambda self: self.batch.phase in (Phase.WAITING, Phase.RELEASED))
    @rule(places=st.integers(1, 300))
    def release_with_places(self, places: int) -> None:
        self.batch = rules.release(self.batch, places, LEASE)
        assert self.batch.released_to > self.batch.watermark

    @precondition(lambda self: self.batch.phase in (Phase.CLAIMED, Phase.OPENED))
    @rule(places=st.integers(0, 300))
    def release_to_a_takeover(self, places: int) -> None:
        block = self.batch.watermark, self.batch.block_end, self.batch.placement
        self.batch = rules.release(self.batch, places, LEASE)
        assert (self.batch.watermark, self.batch.block_end, self.batch.placement) == block

    @precondition(lambda self: self.batch.phase not in (Phase.WAITING, Phase.DONE))
    @rule()
    def take(self) -> None:
        self.batch = rules.take(self.batch, LEASE)

    @precondition(lambda self: self.batch.phase in (Phase.RELEASED, Phase.CLAIMED))
    @rule(size=st.integers(1, 100))
    def claim(self, size: int) -> None:
        self.batch = rules.claim(self.batch, LEASE, size)

    @precondition(lambda self: self.batch.phase is Phase.CLAIMED)
    @rule()
    def open(self) -> None:
        block = self.batch.block_end - self.batch.watermark
        self.batch = rules.open_block(self.batch, "a" * block, ("ip1",), NOW)

    @precondition(lambda self: self.batch.phase is Phase.OPENED)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        left = self.batch.block_end - self.batch.watermark
        accepted = data.draw(st.integers(0, left))
        later = data.draw(st.integers(0, left - accepted))
        doubted = left - accepted - later
        result = Tally(accepted=accepted, later=later, doubted=doubted)
        self.batch = rules.settle(self.batch, result, NOW)

    @precondition(lambda self: self.batch.phase in (Phase.RELEASED, Phase.CLAIMED))
    @rule()
    def hand_back(self) -> None:
        self.batch = rules.hand_back(self.batch, NOW)

    @invariant()
    def fence_and_watermark_never_fall(self) -> None:
        assert self.batch.fence >= self.fence
        assert self.batch.watermark >= self.watermark
        self.fence, self.watermark = self.batch.fence, self.batch.watermark

    @invariant()
    def nothing_passes_the_places_or_the_end(self) -> None:
        assert 0 <= self.batch.watermark <= self.batch.released_to <= self.batch.count

    @invariant()
    def a_block_lies_within_the_places(self) -> None:
        if self.batch.phase in (Phase.CLAIMED, Phase.OPENED):
            assert self.batch.watermark < self.batch.block_end <= self.batch.released_to

    @invariant()
    def the_tally_counts_everybody_behind_the_watermark(self) -> None:
        assert sum(astuple(self.batch.tally)) == self.batch.watermark

    @invariant()
    def a_released_batch_has_places_and_a_waiting_one_has_none(self) -> None:
        if self.batch.phase is Phase.RELEASED:
            assert self.batch.released_to > self.batch.watermark
        if self.batch.phase is Phase.WAITING:
            assert self.batch.released_to == self.batch.watermark

    @invariant()
    def it_is_done_at_its_end_and_only_then_due_no_more(self) -> None:
        done = self.batch.phase is Phase.DONE
        assert done == (self.batch.watermark == self.batch.count)
        assert done == (self.batch.due_at is None)

    @invariant()
    def only_an_opened_block_has_a_placement(self) -> None:
        opened = self.batch.phase is Phase.OPENED
        assert opened == bool(self.batch.placement)
        assert opened == (self.batch.placed_at is not None)


TestBatchMachine = BatchMachine.TestCase
