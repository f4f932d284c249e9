"""Send: what becomes of a batch whose holder dies, sleeps or comes back late."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from local.memory.batches import Batches
from local.memory.campaigns import Campaigns
from local.memory.contacts import Contacts
from mailtide.domain.batch import Batch, Phase, Planned, Tally
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.handover import Unknown
from mailtide.errors import RetryableError
from mailtide.flows.pointers import Order
from mailtide.flows.send import Ending
from tests.sending import Stage, everybody, pointer
from tests.sending_outside import HOUR, LATER, LEASE, NOW


@pytest.fixture
def stage() -> Stage:
    return Stage()


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


def test_what_a_holder_knows_is_written_down_when_a_later_call_fails(stage: Stage) -> None:
    @dataclass
    class Throttled(Campaigns):
        reads: int = 0

        def get(self, org_id: str, campaign_id: str) -> Campaign | None:
            self.reads += 1
            if self.reads == 2:
                raise RetryableError("throttled")
            return super().get(org_id, campaign_id)

    order = pointer(stage, *range(4))
    stage.campaigns = Throttled(stage.campaigns.rows)
    with pytest.raises(RetryableError):
        stage.send(order, block_size=2)
    assert stage.take_over() == [Ending.DONE]
    assert everybody(stage) == [0, 1, 2, 3]
    assert stage.in_doubt() == []


def test_a_block_that_cannot_be_concluded_is_in_doubt_only_where_nobody_knows(stage: Stage) -> None:
    @dataclass
    class Full(Batches):
        def create(self, draft: Batch, recipients: Sequence[Planned]) -> Batch:
            raise RetryableError("throttled")

    order = pointer(stage, *range(4))
    stage.relay.answers[1] = LATER
    batches = stage.batches
    stage.batches = Full(batches.rows, batches.manifests)
    with pytest.raises(RetryableError):
        stage.send(order, block_size=4)
    stage.batches = batches
    assert stage.take_over() == [Ending.DONE]
    assert everybody(stage) == [0, 2, 3]
    assert stage.in_doubt() == [1]


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
