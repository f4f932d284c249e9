"""Places under rate limits: who leaves, who waits for whose turn, and what it costs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.memory.quota import Quota
from local.memory.sending_rates import SendingRates
from mailtide.domain.batch import Phase, Tally
from mailtide.domain.handover import Accepted, Unknown
from mailtide.domain.quota import ReservationKey
from mailtide.domain.sending_rate import Gate, Holder, Owner, Per, RateLimit, gates
from mailtide.errors import RetryableError
from mailtide.flows.places import FRESH, LiveLimits
from mailtide.flows.rate_settings import RateSettings
from tests.sending import Stage, claimed_block, everybody, opened_by_a_dead_holder, send_block, sent
from tests.sending_outside import IDENTITY, LATER, LEASE, NEVER, NOW, ORG

MINUTE = timedelta(minutes=1)
BOTH = Tally(accepted=2, later=2)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def limit_ip(
    stage: Stage, *limits: RateLimit, ip_id: str = "ip1", daily: int | None = None
) -> None:
    stage.ips.put(replace(stage.put_ip(ip_id, daily), rate_limits=limits))


def limit_identity(stage: Stage, *limits: RateLimit) -> None:
    stage.identities.items[ORG, "identity1"] = replace(IDENTITY, rate_limits=limits)


def provide(stage: Stage, **providers: str) -> None:
    """Say who receives for contacts, by `c<number>`."""
    for name, provider in providers.items():
        key = next(k for k, c in stage.contacts.rows.items() if c.email == f"{name}@example.com")
        stage.contacts.rows[key] = replace(stage.contacts.rows[key], provider=provider)


def used(stage: Stage) -> list[int]:
    """Return what is taken of each window."""
    return sorted(stage.rates.places.reserved.values())


def test_without_limits_nothing_is_asked_of_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "rates", None)  # any use of it would fail
    assert sent(stage, claimed_block(stage, 0, 1)) == Tally(accepted=2)


def test_those_over_a_limit_wait_for_their_turn_in_a_batch_of_their_own(stage: Stage) -> None:
    limit_ip(stage, RateLimit(2, Per.MINUTE))
    assert sent(stage, claimed_block(stage, 0, 1, 2, 3)) == BOTH
    assert stage.relay.mailed() == [0, 1]
    later = stage.stored("00000.0w0")
    assert later.due_at == NOW + MINUTE
    assert [one.contact_id[-1] for one in later.inline] == ["2", "3"]
    assert used(stage) == [2]


def test_an_identitys_limit_holds_over_all_ips(stage: Stage) -> None:
    stage.put_ip("ip2")
    limit_identity(stage, RateLimit(2, Per.HOUR))
    assert sent(stage, claimed_block(stage, 0, 1, 2, 3)) == BOTH
    assert sorted(stage.relay.over) == ["ip1", "ip2"]


def test_everybody_waits_for_the_limit_that_is_about_them(stage: Stage) -> None:
    """Yahoo's long line keeps nobody at Gmail waiting."""
    limit_ip(stage, RateLimit(1, Per.MINUTE, "gmail"), RateLimit(1, Per.DAY, "yahoo"))
    batch = claimed_block(stage, *range(6))
    provide(stage, c1="yahoo", c3="yahoo", c5="other")
    assert sent(stage, batch) == Tally(accepted=3, later=3)
    assert sorted(stage.relay.mailed()) == [0, 1, 5]
    turns = {
        stage.stored(f"00000.0w{n}").due_at: [
            int(one.contact_id) for one in stage.stored(f"00000.0w{n}").inline
        ]
        for n in range(2)
    }
    assert turns == {NOW + MINUTE: [2, 4], datetime(2026, 11, 25, tzinfo=UTC): [3]}


def test_one_ips_long_limit_makes_nobody_wait_where_another_has_places_soon(stage: Stage) -> None:
    limit_ip(stage, RateLimit(2, Per.MINUTE))
    limit_ip(stage, RateLimit(1, Per.DAY), ip_id="ip2")
    assert sent(stage, claimed_block(stage, *range(10))) == Tally(accepted=3, later=7)
    assert stage.stored("00000.0w0").due_at == NOW + MINUTE
    assert stage.stored("00000.0w0").count == 7


def test_a_second_block_comes_behind_those_who_wait_already(stage: Stage) -> None:
    limit_ip(stage, RateLimit(60, Per.MINUTE))
    stage.rates.join(gate_of(stage), 30)
    stage.rates.reserve(gate_of(stage), Holder("another", 0), 60)
    sent(stage, claimed_block(stage, 0, 1))
    assert stage.stored("00000.0w0").due_at == NOW + MINUTE * 1.5


def gate_of(stage: Stage) -> Gate:
    (ip,) = stage.ips.active(ORG, "marketing")
    gate, *_ = gates(ORG, Owner.IP, ip.ip_id, ip.rate_limits, NOW)
    return gate


def test_turns_of_those_who_will_not_come_leave_no_window_empty(stage: Stage) -> None:
    limit_ip(stage, RateLimit(10, Per.HOUR))
    for _ in range(100):  # of a campaign that was cancelled
        stage.rates.join(gate_of(stage), 10)
    assert sent(stage, claimed_block(stage, *range(20))) == Tally(accepted=10, later=10)
    due_at = stage.stored("00000.0w0").due_at
    assert due_at is not None
    assert Per.HOUR.begin(due_at) == gate_of(stage).ends


def test_who_waits_is_sent_in_the_next_window(stage: Stage) -> None:
    limit_ip(stage, RateLimit(2, Per.MINUTE))
    stage.put_batch(0, 1, 2, 3, 4)
    for minute in range(3):
        stage.clock.now = NOW + minute * MINUTE
        for order in stage.look():
            stage.send(order)
        assert len(everybody(stage)) == min(5, 2 * (minute + 1))
    assert all(batch.phase is Phase.DONE for batch, _ in stage.batches.rows.values())


def test_the_days_places_and_a_limit_hold_together(stage: Stage) -> None:
    limit_ip(stage, RateLimit(3, Per.MINUTE), daily=1)
    assert sent(stage, claimed_block(stage, 0, 1)) == Tally(accepted=1, later=1)
    assert used(stage) == [1]
    assert stage.stored("00000.0").due_at == NOW + timedelta(minutes=10)


def test_what_nobody_used_is_given_back_and_a_doubt_keeps_its_place(stage: Stage) -> None:
    limit_ip(stage, RateLimit(9, Per.MINUTE), RateLimit(9, Per.DAY, "gmail"))
    limit_identity(stage, RateLimit(9, Per.HOUR))
    stage.relay.answers = {0: LATER, 1: NEVER, 2: Unknown("no answer"), 3: Accepted("ok")}
    sent(stage, claimed_block(stage, 0, 1, 2, 3))
    assert used(stage) == [2, 2, 2]


@pytest.mark.parametrize(("refused", "given_back"), [((), []), ((1,), [1])])
@pytest.mark.parametrize("limits", [(), (RateLimit(9, Per.MINUTE),)])
def test_a_block_that_used_all_its_places_writes_nothing_to_give_back(
    stage: Stage, refused: Sequence[int], given_back: list[int], limits: Sequence[RateLimit]
) -> None:
    returned: list[int] = []

    class Days(Quota):
        def give_back(self, key: ReservationKey, unused: int) -> None:
            returned.append(unused)

    stage.quota = Days()
    limit_ip(stage, *limits, daily=9)
    stage.relay.answers = dict.fromkeys(refused, NEVER)
    sent(stage, claimed_block(stage, 0, 1))
    assert returned == given_back


def test_places_that_cannot_be_given_back_harm_nobody(stage: Stage) -> None:
    class Stubborn(SendingRates):
        def give_back(self, gate: Gate, holder: Holder, unused: int) -> None:
            raise RetryableError("throttled")

    stage.rates = Stubborn()
    limit_ip(stage, RateLimit(9, Per.MINUTE))
    stage.relay.answers = {0: NEVER}
    assert sent(stage, claimed_block(stage, 0)) == Tally(failed=1)
    assert used(stage) == [1]


def test_one_ips_mail_is_given_back_to_its_own_limit(stage: Stage) -> None:
    limit_ip(stage, RateLimit(9, Per.MINUTE))
    limit_ip(stage, RateLimit(9, Per.MINUTE), ip_id="ip2")
    stage.relay.answers = {0: NEVER, 1: NEVER, 2: Accepted("ok"), 3: Accepted("ok")}
    sent(stage, claimed_block(stage, 0, 1, 2, 3))
    assert used(stage) == [1, 1]


def test_a_place_of_the_last_window_is_no_place(stage: Stage) -> None:
    limit_ip(stage, RateLimit(9, Per.MINUTE))
    stage.relay.meanwhile[1] = lambda: setattr(stage.clock, "now", NOW + MINUTE)
    assert sent(stage, claimed_block(stage, 0, 1, 2)) == Tally(accepted=1, later=2)
    assert stage.relay.mailed() == [0]
    assert used(stage) == [1]


def test_what_another_sender_took_after_it_was_read_is_not_used_twice(stage: Stage) -> None:
    class Overtaken(SendingRates):
        def left(self, asked: Sequence[Gate], holder: Holder) -> Mapping[Gate, int]:
            found = super().left(asked, holder)
            super().reserve(asked[0], Holder("another", 0), 2)
            return found

    stage.rates = Overtaken()
    limit_ip(stage, RateLimit(3, Per.MINUTE))
    assert sent(stage, claimed_block(stage, 0, 1, 2)) == Tally(accepted=1, later=2)
    assert used(stage) == [3]


def test_a_block_that_is_run_again_meets_its_own_places(stage: Stage) -> None:
    limit_ip(stage, RateLimit(2, Per.MINUTE))
    batch = claimed_block(stage, 0, 1)
    assert stage.blocks().send(batch, stage.put_campaign(), NOW + MINUTE, lambda _: None) is None
    assert sent(stage, batch) == Tally(accepted=2)
    assert used(stage) == [2]


def test_a_block_that_is_run_again_in_a_later_window_takes_what_it_lacks_of_the_day(
    stage: Stage,
) -> None:
    limit_ip(stage, RateLimit(5, Per.MINUTE))
    limit_identity(stage, RateLimit(1000, Per.DAY))
    stage.rates.reserve(gate_of(stage), Holder("another", 0), 4)
    batch = claimed_block(stage, *range(4))
    assert stage.blocks().send(batch, stage.put_campaign(), NOW + MINUTE, lambda _: None) is None
    stage.clock.now += MINUTE
    assert sent(stage, batch) == Tally(accepted=4)


def test_a_takeover_carries_those_who_wait_over_with_their_turns(stage: Stage) -> None:
    opened = opened_by_a_dead_holder(stage, 0, 1, 2)
    turn = NOW + timedelta(hours=5)
    changed = replace(opened, placement="a!-", waits=(turn,))
    stage.batches.swap(opened, changed, "again")
    stage.take_over()
    assert stage.stored("00000.0w0").due_at == turn
    assert [int(one.contact_id) for one in stage.stored("00000.0w0").inline] == [1]
    assert stage.in_doubt() == [0]
    assert stage.stored().tally == Tally(later=2, doubted=1)


def test_a_block_with_more_lines_than_it_can_name_lets_the_last_wait_for_a_place(
    stage: Stage,
) -> None:
    names = [f"other:{n}.example" for n in range(11)]
    limit_ip(stage, *(RateLimit(1, Per.DAY, name) for name in names))
    batch = claimed_block(stage, *range(22))
    provide(stage, **{f"c{n}": names[n // 2] for n in range(22)})
    assert sent(stage, batch) == Tally(accepted=11, later=11)
    assert len(stage.stored("00000.0").inline) == 2


def test_an_identitys_limits_are_read_anew_after_some_seconds(stage: Stage) -> None:
    live = LiveLimits(stage.identities)
    copy = replace(IDENTITY, rate_limits=(RateLimit(1, Per.DAY),))
    limit_identity(stage, RateLimit(5, Per.DAY))
    assert live.of(copy, NOW) == (RateLimit(5, Per.DAY),)
    limit_identity(stage)
    assert live.of(copy, NOW + FRESH - MINUTE / 60) == (RateLimit(5, Per.DAY),)
    assert live.of(copy, NOW + FRESH) == ()
    assert live.of(replace(copy, org_id="other"), NOW) == copy.rate_limits


def test_a_process_remembers_a_bounded_number_of_identities(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailtide.flows.places.KEPT", 2)
    live = LiveLimits(stage.identities)
    for n in range(5):
        live.of(replace(IDENTITY, identity_id=f"i{n}"), NOW)
    assert len(live.known) <= 2


def test_two_organisations_have_limits_of_their_own(stage: Stage) -> None:
    limit_ip(stage, RateLimit(1, Per.MINUTE))
    mine = gate_of(stage)
    theirs = replace(mine, meter=replace(mine.meter, org_id="other"))
    stage.rates.reserve(theirs, Holder("c#0#00000", 0), 1)
    assert sent(stage, claimed_block(stage, 0)) == Tally(accepted=1)


def test_what_is_saved_holds_in_the_window_of_now_and_in_the_next(stage: Stage) -> None:
    limit_ip(stage, RateLimit(5, Per.MINUTE))
    settings = RateSettings(stage.rates, stage.clock)
    settings.tell(ORG, Owner.IP, "ip1", [RateLimit(5, Per.MINUTE)], [RateLimit(1, Per.MINUTE)])
    assert sent(stage, claimed_block(stage, 0, 1, 2)) == Tally(accepted=1, later=2)
    stage.clock.now += MINUTE
    for order in stage.look():
        stage.send(order)
    assert len(everybody(stage)) == 2
    stage.clock.now += LEASE
    for order in stage.look():
        stage.send(order)
    assert len(everybody(stage)) == 3


def test_a_raised_limit_shortens_the_wait_of_those_who_come_after(stage: Stage) -> None:
    day = RateLimit(10, Per.DAY)
    limit_ip(stage, RateLimit(10, Per.HOUR), day)
    gate = gate_of(stage)
    (daily,) = gates(ORG, Owner.IP, "ip1", [day], NOW)
    for one in (gate, daily):
        stage.rates.join(one, 5)
    settings = RateSettings(stage.rates, stage.clock)
    settings.tell(ORG, Owner.IP, "ip1", [gate.limit, day], [RateLimit(1_000_000, Per.HOUR), day])
    assert stage.rates.join(gate, 1) == gate.ends
    assert stage.rates.join(daily, 1) == daily.ends + Per.DAY.length / 2


def test_a_lost_block_sends_nothing(stage: Stage) -> None:
    limit_ip(stage, RateLimit(5, Per.MINUTE))
    batch = claimed_block(stage, 0)
    stage.batches.swap(stage.stored(), replace(batch, fence=9), "another")
    assert send_block(stage, batch) is None
    assert not stage.relay.taken
