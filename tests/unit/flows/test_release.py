"""Release: what one look hands out, asks for again, finishes and leaves alone."""

from collections import Counter as Counting
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from local.memory.batches import Batches
from local.memory.campaigns import Campaigns
from mailtide.domain.batch import Batch, BatchRef, Phase, Planned
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.content import started
from mailtide.domain.pool import Pool
from mailtide.domain.quota import ReservationKey
from mailtide.domain.retry import NO_PLACE
from mailtide.domain.suppression import Stream
from mailtide.errors import RetryableError
from mailtide.flows.pointers import Order
from mailtide.flows.release import AHEAD, Released
from mailtide.flows.troubles import MOST
from tests.sending import Stage, opened_by_a_dead_holder
from tests.sending_outside import CAMPAIGN, IDENTITY, LEASE, LIST, NOW, ORG
from tests.submitting import DRAFT, Counter

SECOND = timedelta(seconds=1)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def look(stage: Stage) -> Released:
    """Take one look."""
    stage.looks += 1
    return stage.release().run(stage.clock.now, f"look{stage.looks}")


def released(stage: Stage) -> list[tuple[str, int]]:
    """Return batch and places of each pointer, in the order in which they were sent."""
    return [(o.ref.batch_id, stage.stored(o.ref.batch_id).released_to) for o in stage.look()]


def test_a_due_batch_is_handed_out_with_a_fence_and_a_lease(stage: Stage) -> None:
    batch = stage.put_batch(1, 2)
    assert look(stage) == Released(batches=1)
    stored = stage.stored()
    assert (stored.phase, stored.fence, stored.released_to) == (Phase.RELEASED, 1, 2)
    assert stored.due_at == NOW + LEASE
    assert stage.queues.orders == [Order(batch.ref, fence=1)]


def test_a_batch_that_is_not_due_is_left_alone(stage: Stage) -> None:
    batch = stage.put_batch(1, due_at=NOW + SECOND)
    assert look(stage) == Released()
    assert stage.stored() == batch


def test_a_batch_whose_lease_ran_out_gets_another_holder(stage: Stage) -> None:
    stage.put_batch(1)
    look(stage)
    stage.clock.now += LEASE - SECOND
    assert look(stage) == Released()
    stage.clock.now += SECOND
    assert look(stage) == Released(batches=1)
    assert [order.fence for order in stage.queues.orders] == [1, 2]


def test_the_places_go_to_the_best_rank_first(stage: Stage) -> None:
    stage.put_ip("ip1", limit=3)
    stage.put_batch(1, 2, batch_id="00000", rank=7)
    stage.put_batch(3, 4, batch_id="00001", rank=5)
    stage.put_batch(5, 6, batch_id="00002", rank=9)
    assert released(stage) == [("00001", 2), ("00000", 1)]


def test_of_two_batches_of_one_rank_the_first_is_served_first(stage: Stage) -> None:
    stage.put_ip("ip1", limit=1)
    stage.put_batch(3, batch_id="00001")
    stage.put_batch(1, batch_id="00000")
    assert released(stage) == [("00000", 1)]


def test_the_places_of_all_ips_are_summed(stage: Stage) -> None:
    stage.put_ip("ip1", limit=1)
    stage.put_ip("ip2", limit=2)
    stage.put_batch(*range(5))
    assert released(stage) == [("00000", 3)]


def test_a_campaign_that_is_held_to_a_pool_gets_its_places_alone(stage: Stage) -> None:
    """Both campaigns may use ip2: what one look gave to the first is gone for the second."""
    stage.put_ip("ip1", limit=3)
    stage.put_ip("ip2", limit=2)
    pool = Pool(ORG, "p", "News", Stream.MARKETING, frozenset({"ip2"}))
    stage.ips.pools[ORG, "p"] = pool
    copy = replace(IDENTITY, org_id=started(ORG), identity_id=CAMPAIGN, pool_id="p")
    stage.identities.create(copy, NOW)
    stage.put_batch(1, 2, 3, 4, rank=1)
    other = replace(stage.put_campaign(), campaign_id="other")
    stage.campaigns.put(other)
    stage.put_batch(*range(5, 11), campaign_id="other", rank=2)
    assert [stage.batches.rows[order.ref][0].released_to for order in stage.look()] == [2, 3]


def test_a_campaign_whose_pool_is_gone_waits(stage: Stage) -> None:
    copy = replace(IDENTITY, org_id=started(ORG), identity_id=CAMPAIGN, pool_id="gone")
    stage.identities.create(copy, NOW)
    stage.put_batch(1)
    assert look(stage) == Released()
    assert stage.stored().due_at == NOW + NO_PLACE


def test_places_that_are_reserved_already_are_not_handed_out(stage: Stage) -> None:
    ip = stage.put_ip("ip1", limit=3)
    stage.quota.reserve(ip, ReservationKey("ip1", NOW.date(), "another", 0), 2)
    stage.put_batch(*range(5))
    assert released(stage) == [("00000", 1)]


def test_one_unlimited_ip_has_places_for_all(stage: Stage) -> None:
    stage.put_ip("ip2", limit=0)
    stage.put_batch(*range(5), batch_id="00000")
    stage.put_batch(*range(5, 9), batch_id="00001")
    assert released(stage) == [("00000", 5), ("00001", 4)]


def put_another(stage: Stage, *ranks: int) -> None:
    """Let another organisation send, too, with one batch of each rank."""
    other = Campaign("another", "campaign99", "x", (), "t", "i", State.SENDING, NOW)
    stage.campaigns.put(other)
    stage.ips.put(replace(stage.put_ip("ip1"), org_id="another", ip_id="ip9"))
    for n, rank in enumerate(ranks):
        ref = BatchRef("another", "campaign99", "0", f"{n:05d}")
        stage.batches.create(Batch(ref, 1, rank, NOW), [Planned(stage.put_contact(n), LIST)])


def test_organisations_take_turns_and_within_one_the_best_rank_comes_first(stage: Stage) -> None:
    for n in range(4):
        stage.put_batch(n, batch_id=f"{n:05d}", rank=10 - n)
    put_another(stage, 99, 98)
    handed = [(order.ref.org_id, stage.batches.rows[order.ref][0].rank) for order in stage.look()]
    assert handed == [(ORG, 7), ("another", 98), (ORG, 8), ("another", 99), (ORG, 9), (ORG, 10)]


def test_no_more_is_handed_out_than_the_queue_has_room_for(stage: Stage) -> None:
    for n in range(5):
        stage.put_batch(n, batch_id=f"{n:05d}", rank=n)
    put_another(stage, 50)
    stage.queues.backlog = AHEAD - 3
    assert look(stage) == Released(batches=3)
    assert {order.ref.org_id for order in stage.queues.orders} == {ORG, "another"}
    assert stage.stored("00004").due_at == NOW  # the next look finds it
    stage.queues.backlog = AHEAD
    assert look(stage) == Released()
    stage.queues.backlog = 0
    assert look(stage) == Released(batches=3)


def test_pointers_go_ten_to_a_call(stage: Stage) -> None:
    for n in range(23):
        stage.put_batch(n, batch_id=f"{n:05d}")
    assert look(stage) == Released(batches=23)
    assert stage.queues.calls == [10, 10, 3]


def test_where_more_waits_than_a_look_reads_what_cannot_leave_makes_way(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A paused campaign's batches are the longest due, and a look reads only two."""
    monkeypatch.setattr("mailtide.flows.release.LOOK", 2)
    early = NOW - 5 * SECOND
    paused = [stage.put_batch(n, batch_id=f"{n:05d}", due_at=early) for n in range(3)]
    stage.put_campaign(State.PAUSED)
    put_another(stage, 1)
    assert [look(stage).batches for _ in range(2)] == [0, 1]
    moved = [stage.batches.rows[one.ref][0].due_at for one in paused]
    assert moved == [NOW + NO_PLACE] * 3


def test_one_organisation_does_not_use_anothers_places(stage: Stage) -> None:
    stage.put_ip("ip1", limit=1)
    other = Campaign("another", "campaign99", "x", (), "t", "i", State.SENDING, NOW)
    stage.campaigns.put(other)
    ref = BatchRef("another", "campaign99", "0", "00000")
    stage.batches.create(Batch(ref, 1, 1, NOW), stage.put_batch(1).inline)
    assert look(stage) == Released(batches=1)
    assert stage.batches.rows[ref][0].phase is Phase.WAITING


@pytest.mark.parametrize(
    ("now", "due_at"),
    [
        (NOW, NOW + NO_PLACE),
        (NOW.replace(hour=23, minute=55), NOW.replace(hour=0) + timedelta(days=1)),
    ],
)
def test_without_a_place_a_batch_waits_for_a_raised_limit_or_midnight(
    stage: Stage, now: datetime, due_at: datetime
) -> None:
    stage.clock.now = now
    stage.put_ip("ip1", limit=0)
    stage.put_batch(1)
    assert look(stage) == Released()
    assert (stage.stored().due_at, stage.stored().phase) == (due_at, Phase.WAITING)
    assert stage.queues.orders == []


def test_without_an_active_ip_nothing_is_handed_out(stage: Stage) -> None:
    stage.ips.put(replace(stage.put_ip("ip1"), active=False))
    stage.put_batch(1)
    assert look(stage) == Released()


@pytest.mark.parametrize("phase", [Phase.CLAIMED, Phase.OPENED])
def test_what_a_dead_holder_left_is_handed_out_also_without_places(
    stage: Stage, phase: Phase
) -> None:
    opened = opened_by_a_dead_holder(stage, 1, 2)
    stage.batches.swap(opened, replace(opened, phase=phase), "x")
    stage.put_ip("ip1", limit=0)
    assert look(stage) == Released(batches=1)
    assert (stage.stored().phase, stage.stored().block_end) == (phase, 2)


def test_whoever_was_faster_has_the_batch(stage: Stage) -> None:
    class Overtaken(Batches):
        def swap(self, old: Batch, new: Batch, nonce: str) -> bool:
            return False

    stage.batches = Overtaken()
    stage.put_batch(1)
    assert look(stage) == Released()
    assert stage.queues.orders == []


def test_a_single_message_that_another_look_took_has_no_second_pointer() -> None:
    class Overtaken(Batches):
        def swap(self, old: Batch, new: Batch, nonce: str) -> bool:
            return False

    counter = Counter(batches=Overtaken())
    counter.submit(DRAFT)
    counter.queues.orders.clear()
    counter.clock.now += LEASE
    assert look(counter).batches == 0
    assert counter.queues.orders == []


class Faulty(Batches):
    """Batches of which some cannot be written, or looked up."""

    def __init__(self, *broken: str) -> None:
        super().__init__()
        self.broken = broken
        self.tried = 0

    def swap(self, old: Batch, new: Batch, nonce: str) -> bool:
        self._fail(old.ref.batch_id)
        return super().swap(old, new, nonce)

    def all_done(self, campaign_id: str) -> bool:
        self._fail(campaign_id)
        return super().all_done(campaign_id)

    def _fail(self, named: str) -> None:
        if named in self.broken or "all" in self.broken:
            self.tried += 1
            raise RetryableError(f"{named} is throttled")


def test_a_single_message_in_trouble_keeps_nothing_else_waiting() -> None:
    batches = Faulty()
    counter = Counter(batches=batches)
    taken = counter.submit(*[replace(DRAFT, email=f"c{n}@example.com") for n in range(3)])
    waiting = counter.put_batch(1)
    counter.queues.orders.clear()
    counter.clock.now += LEASE
    broken = counter.batch_of(taken[0]).ref
    batches.broken = (broken.batch_id,)
    with pytest.raises(RetryableError, match=f"{broken.batch_id} is throttled"):
        look(counter)
    others = {counter.batch_of(one).ref for one in taken[1:]}
    assert {order.ref for order in counter.queues.orders} == {waiting.ref, *others}
    batches.broken = ()
    assert [order.ref for order in counter.look()] == [broken]


def test_a_batch_or_a_campaign_in_trouble_keeps_nothing_else_waiting() -> None:
    stage = Stage(batches=Faulty("00000", CAMPAIGN))
    put_done = replace(stage.put_campaign(), campaign_id="campaign01")
    stage.campaigns.put(put_done)
    started: list[datetime] = []

    def start_due(now: datetime) -> int:
        started.append(now)
        return 0

    release = replace(stage.release(), start_due=start_due)
    with pytest.raises(RetryableError, match=CAMPAIGN) as caught:
        release.run(stage.clock.now, "first")
    assert caught.value.__notes__ == ["so many things failed, this one first: 1"]
    ended = stage.campaigns.get(ORG, "campaign01")
    assert ended is not None
    assert (ended.state, started) == (State.SENT, [NOW])
    stage.put_batch(1, batch_id="00000")
    stage.put_batch(2, batch_id="00001")
    with pytest.raises(RetryableError, match="00000"):
        release.run(stage.clock.now, "second")
    assert [order.ref.batch_id for order in stage.queues.orders] == ["00001"]


def test_a_look_at_which_all_fails_ends_soon() -> None:
    batches = Faulty("all")
    stage = Stage(batches=batches)
    for n in range(30):
        stage.put_batch(n, batch_id=f"{n:05d}")
    with pytest.raises(RetryableError):
        look(stage)
    assert batches.tried == MOST


def marketing(counter: Counter, *numbers: int) -> None:
    """Let batches of triggers' marketing be due."""
    for n in numbers:
        ref = BatchRef(ORG, "trigger000", "0", f"{n:05d}")
        draft = Batch(ref, 1, 0, NOW, submitted=Stream.MARKETING)
        counter.batches.create(draft, [Planned(counter.put_contact(n), "")])


def test_triggers_marketing_and_campaigns_share_the_room_of_their_queue() -> None:
    counter = Counter()
    counter.submit(DRAFT)
    counter.clock.now += LEASE
    marketing(counter, *range(9))
    for n in range(9):
        counter.put_batch(n, batch_id=f"{n:05d}")
    for backlog, kinds in (
        (AHEAD, {Stream.TRANSACTIONAL: 1}),
        (AHEAD - 4, {Stream.MARKETING: 2, None: 2}),
        (AHEAD + 50, {}),
        (0, {Stream.MARKETING: 7, None: 7}),
    ):
        counter.queues.backlog = backlog
        found = Counting(order.submitted for order in counter.look())
        assert found == kinds


def test_triggers_marketing_has_all_the_room_where_no_campaign_waits() -> None:
    counter = Counter()
    marketing(counter, *range(9))
    counter.queues.backlog = AHEAD - 4
    assert len(counter.look()) == 4


def test_batches_wait_until_all_shards_are_launched(stage: Stage) -> None:
    stage.put_campaign(launching=frozenset("f"), launch_due_at=NOW + SECOND)
    batch = stage.put_batch(1)
    assert look(stage) == Released()
    assert stage.stored() == batch


@pytest.mark.parametrize("due_at", [NOW, None])
def test_a_launch_that_has_not_finished_in_time_is_asked_for_again(
    stage: Stage, due_at: datetime | None
) -> None:
    stage.put_campaign(launching=frozenset("f3"), launch_due_at=due_at)
    assert look(stage) == Released(relaunched=1)
    assert stage.queues.launches == [f"{CAMPAIGN}/3", f"{CAMPAIGN}/f"]
    assert stage.campaigns.rows[ORG, CAMPAIGN].launch_due_at == NOW + LEASE
    assert look(stage) == Released()


def test_of_two_looks_one_asks_for_a_launch_again(stage: Stage) -> None:
    class Overtaken(Campaigns):
        def relaunch(self, campaign: Campaign, due_at: datetime) -> bool:
            return False

    stage.campaigns = Overtaken()
    stage.put_campaign(launching=frozenset("f"))
    assert look(stage) == Released()
    assert stage.queues.launches == []


def test_a_paused_campaigns_batch_stays_due_for_a_resume(stage: Stage) -> None:
    batch = stage.put_batch(1)
    stage.put_campaign(State.PAUSED)
    assert look(stage) == Released()
    assert stage.stored() == batch
    stage.put_campaign(State.SENDING)
    assert look(stage) == Released(batches=1)


@pytest.mark.parametrize("state", [State.PAUSED, State.CANCELLED])
def test_an_opened_batch_is_handed_out_to_be_settled_whatever_the_campaign_does(
    stage: Stage, state: State
) -> None:
    opened_by_a_dead_holder(stage, 1, 2)
    stage.put_campaign(state)
    assert look(stage) == Released(batches=1)
    assert stage.stored().released_to == 2


@pytest.mark.parametrize("state", [State.CANCELLED, State.SENT])
def test_the_batch_of_a_campaign_that_has_ended_is_due_no_more(stage: Stage, state: State) -> None:
    stage.put_batch(1)
    stage.put_campaign(state)
    assert look(stage) == Released()
    assert stage.stored().due_at is None


def test_the_batch_of_a_campaign_that_is_gone_is_due_no_more(stage: Stage) -> None:
    stage.put_batch(1)
    stage.campaigns.rows.clear()
    assert look(stage) == Released()
    assert stage.stored().due_at is None


def test_a_campaign_whose_batches_are_done_is_finished(stage: Stage) -> None:
    stage.put_batch()
    assert look(stage) == Released(finished=1)
    campaign = stage.campaigns.rows[ORG, CAMPAIGN]
    assert (campaign.state, campaign.finished_at) == (State.SENT, NOW)


def test_the_end_of_a_campaign_is_told_once_it_is_written(stage: Stage) -> None:
    stage.put_batch()
    look(stage)
    [told] = stage.bus.told
    assert told == stage.campaigns.rows[ORG, CAMPAIGN]
    assert look(stage) == Released()
    assert len(stage.bus.told) == 1


def test_an_end_that_could_not_be_told_is_told_by_the_next_look(stage: Stage) -> None:
    stage.put_batch()
    stage.bus.down = True
    assert look(stage) == Released(finished=1)
    stage.bus.down = False
    assert look(stage) == Released()
    assert [one.state for one in stage.bus.told] == [State.SENT]


def test_a_campaign_with_a_batch_that_waits_is_not_finished(stage: Stage) -> None:
    stage.put_batch(batch_id="00000")
    stage.put_batch(1, batch_id="00000.0", due_at=NOW + SECOND)
    assert look(stage) == Released()
    assert stage.campaigns.rows[ORG, CAMPAIGN].state is State.SENDING


def test_a_campaign_that_is_paused_at_that_moment_is_not_finished(stage: Stage) -> None:
    class Overtaken(Campaigns):
        def active(self, limit: int, seed: str) -> list[Campaign]:
            seen = list(super().active(limit, seed))
            stage.put_campaign(State.PAUSED)
            return seen

    stage.campaigns = Overtaken(stage.campaigns.rows)
    assert look(stage) == Released()
    assert stage.campaigns.rows[ORG, CAMPAIGN].state is State.PAUSED
