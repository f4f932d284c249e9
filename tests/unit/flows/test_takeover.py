"""Takeover: an opened block is settled without mailing anybody, and a late holder's word counts."""

from dataclasses import replace

import pytest

from mailtide.domain import block as members
from mailtide.domain.batch import Batch, Phase, Planned, Tally
from mailtide.domain.event import EventType
from mailtide.domain.handover import Accepted, Outcome, Unknown
from mailtide.domain.message import EventRow
from mailtide.flows.block import BlockResult
from mailtide.flows.later import Later
from tests.sending import Stage, opened_by_a_dead_holder
from tests.sending_outside import LATER, LIST, NEVER, contact_id, message_id


@pytest.fixture
def stage() -> Stage:
    return Stage()


def settle(stage: Stage, opened: Batch) -> Tally:
    """Settle a block as its new holder does."""
    return stage.takeover().settle(opened, stage.put_campaign())


def rows_of(stage: Stage, opened: Batch) -> dict[int, EventRow]:
    """Return the rows that the holder of a block wrote ahead or would have."""
    return members.rows(stage.recipients().read(opened), opened, stage.put_campaign())


def carried_by_the_holder(stage: Stage, opened: Batch, outcomes: dict[int, Outcome]) -> None:
    """Put the block's later batch, as the holder did before it died."""
    planned = [Planned(contact_id(n), LIST) for n in range(opened.count)]
    Later(stage.batches).put(opened, planned, outcomes, stage.clock())


def test_the_placed_are_in_doubt(stage: Stage) -> None:
    opened = opened_by_a_dead_holder(stage, 0, 1, 2)
    assert settle(stage, opened) == Tally(doubted=3)
    assert stage.in_doubt() == [0, 1, 2]
    assert stage.relay.taken == []


def test_rows_that_the_holder_did_not_write_are_written(stage: Stage) -> None:
    opened = opened_by_a_dead_holder(stage, 0, 1)
    rows = rows_of(stage, opened)
    stage.messages.write_ahead([rows[0]])
    settle(stage, opened)
    assert [stage.row(n) for n in (0, 1)] == [rows[0], rows[1]]


def test_what_the_holder_wrote_is_left_as_it_is(stage: Stage) -> None:
    opened = opened_by_a_dead_holder(stage, 0)
    failed = members.correction(rows_of(stage, opened)[0], NEVER, carried=False)
    stage.messages.write_ahead([failed])
    settle(stage, opened)
    assert stage.row(0) == failed


def test_doubts_are_the_placed_who_are_not_in_the_later_batch(stage: Stage) -> None:
    opened = opened_by_a_dead_holder(stage, 0, 1, 2)
    carried_by_the_holder(stage, opened, {1: LATER})
    assert settle(stage, opened) == Tally(later=1, doubted=2)
    assert stage.in_doubt() == [0, 2]


def test_a_carried_message_is_not_counted_as_sent(stage: Stage) -> None:
    opened = opened_by_a_dead_holder(stage, 0)
    carried_by_the_holder(stage, opened, {0: LATER})
    settle(stage, opened)
    row = stage.row(0)
    assert row is not None
    assert row.data == {"state": "refused"}


def test_a_later_attempt_is_not_touched(stage: Stage) -> None:
    opened = opened_by_a_dead_holder(stage, 0)
    carried_by_the_holder(stage, opened, {0: LATER})
    second = replace(rows_of(stage, opened)[0], attempt=2)
    stage.messages.write_ahead([second])  # by the sender of the later batch
    settle(stage, opened)
    assert stage.row(0) == second


def test_the_unplaced_go_on_and_those_left_out_get_their_row(stage: Stage) -> None:
    opened = replace(opened_by_a_dead_holder(stage, 0, 1, 2), placement="-ax")
    stage.suppress(2)
    assert settle(stage, opened) == Tally(left_out=1, later=1, doubted=1)
    assert [one.contact_id for one in stage.stored("00000.0").inline] == [contact_id(0)]
    suppressed = stage.row(2, "suppressed")
    assert suppressed is not None
    assert suppressed.data == {"reason": "unsubscribe"}


def test_a_late_holder_finds_that_nobody_can_be_carried_any_more(stage: Stage) -> None:
    opened = opened_by_a_dead_holder(stage, 0)
    settle(stage, opened)
    carried_by_the_holder(stage, opened, {0: LATER})
    assert stage.stored("00000.0").phase is Phase.DONE
    assert stage.stored("00000.0").count == 0


def test_evidence_that_came_before_the_takeover_leaves_no_doubt(stage: Stage) -> None:
    opened = opened_by_a_dead_holder(stage, 0, 1)
    delivered = replace(
        rows_of(stage, opened)[0],
        event_key="delivered",
        event_type=EventType.DELIVERED,
        data={"order": "00#0#x"},
    )
    stage.messages.table.put(delivered)
    assert settle(stage, opened) == Tally(accepted=1, doubted=1)
    assert stage.in_doubt() == [1]


def test_settling_twice_says_the_same(stage: Stage) -> None:
    opened = replace(opened_by_a_dead_holder(stage, 0, 1), placement="a-")
    first = settle(stage, opened)
    before = len(stage.messages.table.stream)
    assert settle(stage, opened) == first
    assert len(stage.messages.table.stream) == before


def test_a_contact_erased_meanwhile_is_still_settled(stage: Stage) -> None:
    opened = opened_by_a_dead_holder(stage, 0)
    stage.contacts.rows.clear()
    assert settle(stage, opened) == Tally(doubted=1)


def test_the_word_of_a_late_holder_settles_what_it_knows(stage: Stage) -> None:
    opened = opened_by_a_dead_holder(stage, 0, 1, 2)
    rows = rows_of(stage, opened)
    settle(stage, opened)
    outcomes: dict[int, Outcome] = {0: Accepted("ok"), 1: NEVER, 2: Unknown("lost")}
    stage.messages.correct(members.correction(rows[1], NEVER, carried=False))  # its own step 7
    stage.takeover().testify(BlockResult(opened, rows, outcomes, Tally()))
    assert stage.in_doubt() == [2]
    row = stage.row(0)
    assert row is not None
    assert row.data == {"state": "sent", "answered": True}


def test_a_testimony_before_the_mark_counts_too(stage: Stage) -> None:
    opened = opened_by_a_dead_holder(stage, 0)
    rows = rows_of(stage, opened)
    stage.messages.write_ahead(list(rows.values()))
    stage.takeover().testify(BlockResult(opened, rows, {0: Accepted("ok")}, Tally()))
    assert settle(stage, opened) == Tally(accepted=1)
    assert stage.in_doubt() == []


def test_a_holder_who_knows_nothing_has_nothing_to_say(stage: Stage) -> None:
    opened = opened_by_a_dead_holder(stage, 0)
    rows = rows_of(stage, opened)
    settle(stage, opened)
    stage.takeover().testify(BlockResult(opened, rows, {0: Unknown("lost")}, Tally()))
    assert stage.in_doubt() == [0]
    assert stage.row(0) == rows[0]
    assert rows[0].message_id == message_id(0)
