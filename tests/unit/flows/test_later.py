"""Later: who is carried over, until when, and that whoever comes second goes by what is stored."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailtide.domain.batch import INLINE, Batch, Phase, Planned, Tally
from mailtide.domain.handover import Accepted, Outcome, Refused, Unknown
from mailtide.flows.later import Later
from tests.sending import Stage
from tests.sending_outside import LATER, LIST, NEVER, NOW, contact_id

MINUTE = timedelta(minutes=1)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def opened(stage: Stage, placement: str, **changes: object) -> Batch:
    """Return a batch that is opened with a placement in its first block."""
    batch = stage.put_batch(*range(len(placement)))
    return replace(
        batch,
        phase=Phase.OPENED,
        fence=7,
        revision=9,
        block_end=len(placement),
        released_to=len(placement),
        placement=placement,
        ips=("ip1",),
        placed_at=NOW,
        tally=Tally(accepted=5),
        **changes,  # type: ignore[arg-type]
    )


def put(
    stage: Stage,
    batch: Batch,
    outcomes: dict[int, Outcome] | None = None,
    now: datetime = NOW,
    **how: bool,
) -> frozenset[str]:
    """Put the later batch of a block of contacts numbered as in the block."""
    planned = [Planned(contact_id(n), LIST) for n in range(len(batch.placement))]
    return Later(stage.batches).put(batch, planned, outcomes or {}, now, **how)


def test_nobody_to_carry_puts_no_batch(stage: Stage) -> None:
    outcomes: dict[int, Outcome] = {0: Accepted("ok"), 1: NEVER, 2: Unknown("lost")}
    assert put(stage, opened(stage, "aaax"), outcomes) == frozenset()
    assert len(stage.batches.rows) == 1


def test_the_unplaced_and_the_put_off_are_carried(stage: Stage) -> None:
    carried = put(stage, opened(stage, "aa-x"), {0: LATER, 1: Accepted("ok")})
    assert carried == {contact_id(0), contact_id(2)}
    assert [one.contact_id for one in stage.stored("00000.0").inline] == sorted(carried)[::-1]


def test_a_later_batch_begins_anew_with_the_next_attempt(stage: Stage) -> None:
    batch = opened(stage, "aa-", attempt=3, tries=1)
    put(stage, batch, {0: LATER})
    due_at = stage.stored("00000.0").due_at
    assert due_at is not None
    assert 10 * MINUTE <= due_at - NOW <= 12.5 * MINUTE
    assert stage.stored("00000.0") == Batch(
        ref=replace(batch.ref, batch_id="00000.0"),
        count=2,
        rank=batch.rank,
        due_at=due_at,
        attempt=4,
        tries=2,
        put_off_at=NOW,
        inline=(Planned(contact_id(2), LIST), Planned(contact_id(0), LIST)),
    )


def test_each_block_has_a_later_batch_of_its_own(stage: Stage) -> None:
    batch = opened(stage, "a" * 100 + "-")
    put(stage, replace(batch, watermark=100, placement="-"))
    put(stage, replace(batch, watermark=0, placement="-"))
    assert stage.stored("00000.100").ref != stage.stored("00000.0").ref


def test_a_block_without_a_place_counts_no_try(stage: Stage) -> None:
    put(stage, opened(stage, "-", tries=4))
    assert stage.stored("00000.0").tries == 4


@pytest.mark.parametrize(
    ("now", "due_at"),
    [
        (NOW, NOW + 10 * MINUTE),
        (NOW.replace(hour=23, minute=49), NOW.replace(hour=23, minute=59)),
        (NOW.replace(hour=23, minute=55), NOW.replace(hour=0) + timedelta(days=1)),
    ],
)
def test_the_unplaced_wait_for_a_raised_limit_or_midnight(
    stage: Stage, now: datetime, due_at: datetime
) -> None:
    put(stage, opened(stage, "-"), now=now)
    assert stage.stored("00000.0").due_at == due_at


def test_a_batch_of_both_kinds_waits_for_the_back_off(stage: Stage) -> None:
    put(stage, opened(stage, "a-", tries=5), {0: LATER})
    due_at = stage.stored("00000.0").due_at
    assert due_at is not None
    assert 160 * MINUTE <= due_at - NOW <= 200 * MINUTE


def test_whose_time_is_over_is_carried_no_more(stage: Stage) -> None:
    batch = opened(stage, "a-", tries=3, put_off_at=NOW - timedelta(days=3))
    assert put(stage, batch, {0: LATER}, expired=True) == {contact_id(1)}
    later = stage.stored("00000.0")
    assert (later.tries, later.put_off_at) == (3, batch.put_off_at)


def test_a_takeover_puts_an_empty_batch_that_is_done(stage: Stage) -> None:
    assert put(stage, opened(stage, "aa"), always=True) == frozenset()
    empty = stage.stored("00000.0")
    assert (empty.phase, empty.count, empty.due_at) == (Phase.DONE, 0, None)


def test_a_late_holder_carries_nobody_whom_a_takeover_has_not_carried(stage: Stage) -> None:
    batch = opened(stage, "a-")
    put(stage, batch, always=True)
    assert put(stage, batch, {0: LATER}) == {contact_id(1)}


def test_a_takeover_learns_from_the_batch_whom_the_holder_carried(stage: Stage) -> None:
    batch = opened(stage, "a-")
    put(stage, batch, {0: LATER})
    assert put(stage, batch, always=True) == {contact_id(0), contact_id(1)}


def test_a_manifest_whose_writer_died_before_the_row_counts(stage: Stage) -> None:
    size = INLINE + 5
    batch = opened(stage, "a" * 2 + "-" * size)
    later = replace(batch, ref=replace(batch.ref, batch_id="00000.0"))
    everybody = [Planned(contact_id(n), LIST) for n in range(size + 1)]
    stage.batches.put_manifest(later, everybody)
    assert put(stage, batch, always=True) == {one.contact_id for one in everybody}


def test_what_we_put_off_ourselves_is_no_refusal_and_never_the_last(stage: Stage) -> None:
    midnight = Refused(later=True, code=None, response="the day is over", tried=False)
    batch = opened(stage, "aa", tries=4)
    assert put(stage, batch, {0: midnight, 1: LATER}, expired=True) == {contact_id(0)}
    later = stage.stored("00000.0")
    assert (later.tries, later.put_off_at, later.due_at) == (4, None, NOW + 10 * MINUTE)
