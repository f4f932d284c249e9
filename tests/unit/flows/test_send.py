"""Send: a run's endings, and what becomes of a batch that two senders meet on."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from local.memory.batches import Batches
from mailtide.domain.batch import Batch, BatchRef, Phase, Tally
from mailtide.domain.campaign import State
from mailtide.domain.handover import Unknown
from mailtide.flows.pointers import Order
from mailtide.flows.send import Ending
from tests.sending import Stage, everybody, pointer
from tests.sending_outside import CAMPAIGN, LEASE, NEVER, NOW, ORG

REF = BatchRef(ORG, CAMPAIGN, "0", "00000")
SECOND = timedelta(seconds=1)


@pytest.fixture
def stage() -> Stage:
    return Stage()


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
    assert left.due_at == NOW


def test_a_resumed_campaign_goes_on_at_once_where_it_stopped(stage: Stage) -> None:
    order = pointer(stage, *range(4))
    stage.relay.meanwhile[0] = lambda: stage.put_campaign(State.PAUSED)
    stage.send(order, block_size=2)
    stage.put_campaign(State.SENDING)
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
