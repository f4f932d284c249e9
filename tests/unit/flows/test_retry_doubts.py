"""Retried doubts: who is sent once more, when, and what a retry that comes to nothing leaves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailtide.domain import block as members
from mailtide.domain.batch import Batch, Phase, Planned, Tally
from mailtide.domain.campaign import DOUBT_EXPIRES_HOURS, Campaign, OnDoubt, State
from mailtide.domain.event import EventType
from mailtide.domain.handover import Outcome, Unknown
from mailtide.flows.later import Later
from tests.sending import Stage, opened_by_a_dead_holder
from tests.sending_outside import HOUR, LATER, LIST, NEVER, NOW, contact_id

EXPIRY = timedelta(hours=DOUBT_EXPIRES_HOURS)
LOST = Unknown("lost")
DOUBTS = "00000.0d"


class Retrying(Stage):
    """A stage whose campaign retries its doubts."""

    def put_campaign(self, state: State = State.SENDING, **changes: object) -> Campaign:
        return super().put_campaign(state, on_doubt=OnDoubt.RETRY, **changes)


@pytest.fixture
def stage() -> Stage:
    return Retrying()


def sent(stage: Stage, *numbers: int, **answers: Outcome) -> None:
    """Send a batch whose recipients `n0`, `n1` ... are answered so, the others accepted."""
    stage.put_batch(*numbers)
    answer(stage, **answers)
    play(stage)


def answer(stage: Stage, **answers: Outcome) -> None:
    stage.relay.answers = {int(name[1:]): outcome for name, outcome in answers.items()}


def play(stage: Stage, after: timedelta = timedelta(0)) -> None:
    """Let time pass, and work what is due."""
    stage.clock.now += after
    for order in stage.look():
        stage.send(order)


def batches(stage: Stage) -> list[str]:
    return sorted(ref.batch_id for ref in stage.batches.rows)


def people(batch: Batch) -> list[str]:
    return [one.contact_id for one in batch.inline]


def heard(stage: Stage, n: int) -> None:
    """Let the delivery of a message be reported, as ingest does before it looks at the mark."""
    sent = stage.row(n)
    assert sent is not None
    delivered = replace(
        sent, event_key="delivered", event_type=EventType.DELIVERED, data={"order": "00#0#x"}
    )
    stage.messages.table.put(delivered)


def test_a_campaign_that_reports_puts_no_batch_for_its_doubts() -> None:
    stage = Stage()
    sent(stage, 0, 1, n1=LOST)
    play(stage, EXPIRY)
    assert batches(stage) == ["00000"]
    assert stage.in_doubt() == [1]
    stage = Stage()
    stage.takeover().settle(opened_by_a_dead_holder(stage, 0, 1), stage.put_campaign())
    assert DOUBTS not in batches(stage)


def test_a_campaign_without_doubts_puts_no_batch_for_them(stage: Stage) -> None:
    sent(stage, 0, 1, n0=NEVER)
    assert batches(stage) == ["00000"]


def test_those_without_an_answer_wait_until_no_relay_tries_any_more(stage: Stage) -> None:
    sent(stage, 0, 1, 2, n1=LOST)
    waiting = stage.stored(DOUBTS)
    assert people(waiting) == [contact_id(1)]
    assert (waiting.due_at, waiting.attempt, waiting.phase) == (NOW + EXPIRY, 2, Phase.WAITING)
    assert (waiting.in_doubt, waiting.tries, waiting.put_off_at) == (True, 0, None)
    play(stage, EXPIRY - timedelta(minutes=1))
    assert stage.relay.mailed() == [0, 2]


def test_a_retry_that_is_taken_settles_the_doubt_and_counts_once(stage: Stage) -> None:
    sent(stage, 0, n0=LOST)
    answer(stage)
    play(stage, EXPIRY)
    assert stage.relay.mailed() == [0]
    assert stage.in_doubt() == []
    row = stage.row(0)
    assert row is not None
    assert (row.attempt, row.ts) == (2, NOW + EXPIRY)
    assert row.data == {"state": "sent", "retry": True, "answered": True}
    assert stage.stored(DOUBTS).tally == Tally(accepted=1)


def test_whoever_was_heard_of_is_left_out_and_settled(stage: Stage) -> None:
    sent(stage, 0, 1, n0=LOST, n1=LOST)
    heard(stage, 0)
    answer(stage)
    play(stage, EXPIRY)
    assert stage.relay.mailed() == [1]
    assert stage.in_doubt() == []
    row = stage.row(0)
    assert row is not None
    assert (row.attempt, row.data) == (1, {"state": "sent"})
    assert stage.row(0, "suppressed") is None
    assert stage.stored(DOUBTS).tally == Tally(accepted=1, left_out=1)


def test_whom_nobody_may_write_to_any_more_stays_in_doubt(stage: Stage) -> None:
    sent(stage, 0, 1, n0=LOST, n1=LOST)
    stage.suppress(0)
    del stage.contacts.rows["org0000000000000", contact_id(1)]
    answer(stage)
    play(stage, EXPIRY)
    assert stage.relay.mailed() == []
    assert stage.in_doubt() == [0, 1]
    assert stage.row(0, "suppressed") is None


@pytest.mark.parametrize("outcome", [NEVER, LOST])
def test_a_retry_that_comes_to_nothing_stays_in_doubt_and_is_the_last(
    stage: Stage, outcome: Outcome
) -> None:
    sent(stage, 0, n0=LOST)
    answer(stage, n0=outcome)
    play(stage, EXPIRY)
    play(stage, EXPIRY)
    assert batches(stage) == ["00000", DOUBTS]
    assert stage.in_doubt() == [0]
    row = stage.row(0)
    assert row is not None
    assert row.data == {"state": "sent", "retry": True}
    assert row.smtp_response == (NEVER.response if outcome is NEVER else None)


def test_a_retry_that_is_put_off_goes_on_and_looks_for_evidence_again(stage: Stage) -> None:
    sent(stage, 0, 1, n0=LOST, n1=LOST)
    answer(stage, n0=LATER, n1=LATER)
    play(stage, EXPIRY)
    again = stage.stored(f"{DOUBTS}.0")
    assert (again.in_doubt, again.attempt, again.tries) == (True, 3, 1)
    assert stage.in_doubt() == [0, 1]
    heard(stage, 0)
    answer(stage)
    play(stage, HOUR)
    assert stage.relay.mailed() == [1]
    assert stage.in_doubt() == []


def test_a_takeover_retries_all_the_placed_that_are_not_carried(stage: Stage) -> None:
    opened = replace(opened_by_a_dead_holder(stage, 0, 1, 2), placement="a-a")
    tally = stage.takeover().settle(opened, stage.put_campaign())
    assert tally == Tally(later=1, doubted=2)
    assert people(stage.stored(DOUBTS)) == [contact_id(0), contact_id(2)]


def test_a_takeover_without_doubts_puts_no_batch_for_them(stage: Stage) -> None:
    opened = replace(opened_by_a_dead_holder(stage, 0), placement="-")
    stage.takeover().settle(opened, stage.put_campaign())
    assert DOUBTS not in batches(stage)


def test_a_takeover_doubts_nobody_whom_the_holder_did_not(stage: Stage) -> None:
    """The holder put its doubts' batch and died: the rows of all others were right by then."""
    opened = opened_by_a_dead_holder(stage, 0, 1, 2)
    campaign = stage.put_campaign()
    rows = members.rows(stage.recipients().read(opened), opened, campaign)
    refused = members.correction(rows[2], NEVER, carried=False)
    stage.messages.write_ahead([rows[0], rows[1], refused])
    Later(stage.batches).retry(opened, [Planned(contact_id(1), LIST)], NOW, EXPIRY)
    assert stage.takeover().settle(opened, campaign) == Tally(accepted=2, doubted=1)
    assert stage.in_doubt() == [1]
    assert stage.row(2) == refused


def test_a_retry_whose_holder_died_is_not_retried(stage: Stage) -> None:
    sent(stage, 0, 1, n0=LOST, n1=LOST)

    def dies() -> None:
        raise SystemExit

    answer(stage)
    stage.relay.meanwhile = {1: dies}
    with pytest.raises(SystemExit):
        play(stage, EXPIRY)
    stage.take_over()
    play(stage, EXPIRY)
    assert stage.relay.mailed() == [0]
    assert stage.in_doubt() == [0, 1]
    assert batches(stage) == ["00000", DOUBTS, f"{DOUBTS}.0"]
    assert stage.stored(f"{DOUBTS}.0").count == 0


def test_a_block_that_nobody_took_over_until_its_doubts_are_due_is_in_doubt(stage: Stage) -> None:
    """Its holder died between the batch and the marks."""
    opened = opened_by_a_dead_holder(stage, 0)
    rows = members.rows(stage.recipients().read(opened), opened, stage.put_campaign())
    stage.messages.write_ahead([rows[0]])
    Later(stage.batches).retry(opened, [Planned(contact_id(0), LIST)], NOW, EXPIRY)
    order = replace(stage.stored(DOUBTS), due_at=NOW)
    stage.batches.swap(stage.stored(DOUBTS), order, "due")
    play(stage)
    assert stage.relay.mailed() == [0]
    stage.takeover().settle(opened, stage.put_campaign())
    assert stage.in_doubt() == []


@pytest.mark.parametrize("state", [State.PAUSED, State.CANCELLED])
def test_a_pause_and_a_cancel_hold_for_retries(stage: Stage, state: State) -> None:
    sent(stage, 0, n0=LOST)
    answer(stage)
    stage.put_campaign(state)
    play(stage, EXPIRY)
    assert stage.relay.mailed() == []
    assert stage.in_doubt() == [0]
    stage.put_campaign()
    play(stage)
    assert stage.relay.mailed() == ([0] if state is State.PAUSED else [])


def test_a_campaign_is_sent_when_its_doubts_are_done_with(stage: Stage) -> None:
    sent(stage, 0, n0=LOST)
    play(stage, HOUR)
    assert stage.bus.told == []
    play(stage, EXPIRY)
    play(stage)
    assert [one.state for one in stage.bus.told] == [State.SENT]
