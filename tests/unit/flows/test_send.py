"""Send: a run's endings, and what becomes of a batch that two senders meet on."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from local.memory.batches import Batches
from local.memory.campaigns import Campaigns
from local.memory.contacts import Contacts
from mailtide.domain.batch import Batch, BatchRef, Phase, Tally
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.handover import Unknown
from mailtide.flows.send import PAUSE_CHECK, Ending, Order
from tests.sending import CAMPAIGN, HOUR, LEASE, NEVER, NOW, ORG, Stage

REF = BatchRef(ORG, CAMPAIGN, "0", "00000")
SECOND = timedelta(seconds=1)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def pointer(stage: Stage, *numbers: int) -> Order:
    """Put a batch, release it and return its pointer."""
    stage.put_batch(*numbers)
    (order,) = stage.look()
    return order


def everybody(stage: Stage) -> list[int]:
    """Return whom the relay has, who must be nobody twice."""
    mailed = stage.relay.mailed()
    assert len(mailed) == len(set(mailed))
    return sorted(mailed)


def test_a_batch_is_worked_block_by_block_to_its_end(stage: Stage) -> None:
    assert stage.send(pointer(stage, *range(5)), block_size=2) is Ending.DONE
    assert stage.relay.mailed() == [0, 1, 2, 3, 4]
    done = stage.stored()
    assert (done.phase, done.tally, done.due_at) == (Phase.DONE, Tally(accepted=5), None)


def test_the_tally_of_a_batch_sums_its_blocks(stage: Stage) -> None:
    order = pointer(stage, *range(6))
    stage.suppress(1)
    stage.relay.answers.update({2: NEVER, 4: Unknown("lost")})
    stage.send(order, block_size=2)
    assert stage.stored().tally == Tally(accepted=3, left_out=1, failed=1, doubted=1)


def test_a_stale_pointer_ends_without_a_write(stage: Stage) -> None:
    order = pointer(stage, 1)
    before = stage.stored()
    assert stage.send(replace(order, fence=order.fence - 1)) is Ending.STALE
    assert stage.stored() == before


def test_a_pointer_to_nothing_is_stale(stage: Stage) -> None:
    assert stage.send(Order(REF, fence=1)) is Ending.STALE


def test_a_pointer_to_a_batch_that_is_done_is_stale(stage: Stage) -> None:
    stage.put_batch()
    assert stage.send(Order(REF, fence=0)) is Ending.STALE


def test_of_two_copies_of_a_pointer_one_works(stage: Stage) -> None:
    order = pointer(stage, 1, 2)
    assert [stage.send(order), stage.send(order)] == [Ending.DONE, Ending.STALE]
    assert everybody(stage) == [1, 2]


@dataclass
class Interrupted(Batches):
    """Batches in which something else happens right after the next read of a row."""

    meanwhile: list[Callable[[], object]] = field(default_factory=list)

    def get(self, ref: BatchRef) -> Batch | None:
        found = super().get(ref)
        if self.meanwhile:
            self.meanwhile.pop()()
        return found


def test_of_two_copies_that_read_at_the_same_time_one_works(stage: Stage) -> None:
    stage.batches = Interrupted()
    order = pointer(stage, 1, 2)
    endings: list[Ending] = []
    stage.batches.meanwhile.append(lambda: endings.append(stage.send(order)))
    assert stage.send(order) is Ending.STALE
    assert endings == [Ending.DONE]
    assert everybody(stage) == [1, 2]


def test_a_copy_that_comes_while_the_batch_is_worked_is_stale(stage: Stage) -> None:
    order = pointer(stage, 1, 2)
    endings: list[Ending] = []
    stage.relay.meanwhile[2] = lambda: endings.append(stage.send(order))
    assert stage.send(order) is Ending.DONE
    assert endings == [Ending.STALE]
    assert everybody(stage) == [1, 2]


@pytest.mark.parametrize("state", [State.PAUSED, State.CANCELLED])
def test_a_campaign_that_stops_between_blocks_is_mailed_no_further(
    stage: Stage, state: State
) -> None:
    order = pointer(stage, *range(4))
    stage.relay.meanwhile[0] = lambda: stage.put_campaign(state)
    assert stage.send(order, block_size=2) is Ending.NOT_SENDING
    assert everybody(stage) == [0, 1]
    left = stage.stored()
    assert (left.phase, left.watermark, left.tally) == (Phase.WAITING, 2, Tally(accepted=2))
    assert left.due_at == NOW + PAUSE_CHECK


def test_a_resumed_campaign_goes_on_where_it_stopped(stage: Stage) -> None:
    order = pointer(stage, *range(4))
    stage.relay.meanwhile[0] = lambda: stage.put_campaign(State.PAUSED)
    stage.send(order, block_size=2)
    stage.put_campaign(State.SENDING)
    stage.clock.now += PAUSE_CHECK
    (order,) = stage.look()
    assert stage.send(order) is Ending.DONE
    assert everybody(stage) == [0, 1, 2, 3]


def test_a_campaign_that_is_gone_ends_the_run(stage: Stage) -> None:
    order = pointer(stage, 1)
    stage.campaigns.rows.clear()
    assert stage.send(order) is Ending.STALE
    assert everybody(stage) == []


def test_when_its_places_are_used_up_a_batch_waits_and_is_due(stage: Stage) -> None:
    stage.put_ip("ip1", limit=2)
    assert stage.send(pointer(stage, *range(5))) is Ending.PLACES_USED
    assert everybody(stage) == [0, 1]
    left = stage.stored()
    assert (left.phase, left.watermark, left.due_at) == (Phase.WAITING, 2, NOW)


def test_out_of_time_a_fresh_pointer_with_a_new_fence_goes_on(stage: Stage) -> None:
    order = pointer(stage, *range(4))

    def time_passes() -> None:
        stage.clock.now += SECOND

    stage.relay.meanwhile[1] = time_passes
    assert stage.send(order, block_size=2, within=SECOND) is Ending.OUT_OF_TIME
    fresh = stage.queues.orders[-1]
    assert fresh.fence > order.fence
    assert stage.stored().due_at == NOW + SECOND + LEASE
    assert stage.send(fresh) is Ending.DONE
    assert stage.send(order) is Ending.STALE
    assert everybody(stage) == [0, 2, 3]
    assert stage.stored("00000.0").count == 1  # number 1 goes on later


def test_out_of_time_keeps_the_places_that_are_left(stage: Stage) -> None:
    stage.put_ip("ip1", limit=3)
    order = pointer(stage, *range(5))
    assert stage.send(order, within=timedelta(0)) is Ending.OUT_OF_TIME
    assert (stage.stored().phase, stage.stored().released_to) == (Phase.RELEASED, 3)


def holder_that_dies(stage: Stage, order: Order, n: int) -> None:
    """Run a sender that dies right before it hands message n over."""

    class DeathError(BaseException):
        pass

    def die() -> None:
        raise DeathError

    stage.relay.meanwhile[n] = die
    with pytest.raises(DeathError):
        stage.send(order, block_size=2)


def test_a_takeover_settles_what_was_opened_and_goes_on_behind_it(stage: Stage) -> None:
    holder_that_dies(stage, pointer(stage, *range(6)), 3)
    assert stage.take_over() == [Ending.DONE]
    assert everybody(stage) == [0, 1, 2, 4, 5]
    assert stage.in_doubt() == [2, 3]  # the block, of which number 2 was taken
    assert stage.stored().tally == Tally(accepted=4, doubted=2)


def test_nobody_takes_over_before_the_lease_has_run_out(stage: Stage) -> None:
    holder_that_dies(stage, pointer(stage, 1), 1)
    stage.clock.now += LEASE - timedelta(milliseconds=1)
    assert stage.look() == []


@dataclass
class Interruption(Contacts):
    """Contacts whose next read takes so long that something else happens meanwhile."""

    meanwhile: list[Callable[[], object]] = field(default_factory=list)

    def get_many(self, org_id: str, contact_ids: object) -> dict[str, object]:  # type: ignore[override]
        if self.meanwhile:
            self.meanwhile.pop()()
        return dict(super().get_many(org_id, contact_ids))  # type: ignore[arg-type]


def test_a_block_that_was_claimed_and_not_opened_is_run_again(stage: Stage) -> None:
    stage.contacts = Interruption()
    order = pointer(stage, *range(3))

    def die() -> None:
        raise SystemExit

    stage.contacts.meanwhile.append(die)
    with pytest.raises(SystemExit):
        stage.send(order)
    assert stage.stored().phase is Phase.CLAIMED
    assert stage.take_over() == [Ending.DONE]
    assert everybody(stage) == [0, 1, 2]
    assert stage.in_doubt() == []


def test_a_holder_that_wakes_after_a_takeover_cannot_open_its_block(stage: Stage) -> None:
    stage.contacts = Interruption()
    order = pointer(stage, *range(3))
    stage.contacts.meanwhile.append(stage.take_over)
    assert stage.send(order) is Ending.LOST
    assert everybody(stage) == [0, 1, 2]
    assert stage.stored().tally == Tally(accepted=3)


def test_a_late_holder_finishes_its_block_claims_nothing_and_testifies(stage: Stage) -> None:
    order = pointer(stage, *range(4))
    doubts: list[int] = []

    def taken_over() -> None:
        assert stage.take_over() == [Ending.DONE]
        doubts.extend(stage.in_doubt())

    stage.relay.meanwhile[1] = taken_over
    assert stage.send(order, block_size=2) is Ending.LOST
    assert everybody(stage) == [0, 1, 2, 3]
    assert doubts == [0, 1]
    assert stage.in_doubt() == []


def test_a_late_holder_whose_batch_is_finished_testifies_too(stage: Stage) -> None:
    order = pointer(stage, 0, 1)
    stage.relay.meanwhile[1] = stage.take_over
    assert stage.send(order) is Ending.LOST
    assert everybody(stage) == [0, 1]
    assert stage.in_doubt() == []


def test_a_late_holder_keeps_its_own_doubts(stage: Stage) -> None:
    order = pointer(stage, 0, 1)
    stage.relay.meanwhile[1] = stage.take_over
    stage.relay.answers[1] = Unknown("lost")
    assert stage.send(order) is Ending.LOST
    assert stage.in_doubt() == [1]


def test_a_holder_that_loses_the_batch_before_its_first_claim_mails_nobody(stage: Stage) -> None:
    @dataclass
    class Slow(Campaigns):
        meanwhile: list[Callable[[], object]] = field(default_factory=list)

        def get(self, org_id: str, campaign_id: str) -> Campaign | None:
            if self.meanwhile:
                self.meanwhile.pop()()
            return super().get(org_id, campaign_id)

    stage.campaigns = slow = Slow(stage.campaigns.rows)
    order = pointer(stage, 0, 1)
    slow.meanwhile.append(stage.take_over)
    assert stage.send(order) is Ending.LOST
    assert everybody(stage) == [0, 1]
    assert stage.stored().tally == Tally(accepted=2)


def test_an_opened_block_of_a_paused_campaign_is_settled_and_nothing_more(stage: Stage) -> None:
    holder_that_dies(stage, pointer(stage, *range(4)), 1)
    stage.put_campaign(State.PAUSED)
    assert stage.take_over() == [Ending.PLACES_USED]  # there are none for it
    assert everybody(stage) == [0]
    assert stage.in_doubt() == [0, 1]
    assert (stage.stored().watermark, stage.stored().phase) == (2, Phase.WAITING)


def test_each_claim_renews_the_lease(stage: Stage) -> None:
    order = pointer(stage, *range(2))
    leases = []

    def a_minute_passes() -> None:
        leases.append(stage.stored().due_at)
        stage.clock.now += timedelta(minutes=1)

    stage.relay.meanwhile.update({0: a_minute_passes, 1: a_minute_passes})
    stage.send(order, block_size=1, within=HOUR)
    assert leases == [NOW + LEASE, NOW + timedelta(minutes=1) + LEASE]
