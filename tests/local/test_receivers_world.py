"""The rules of the mailbox world: fates that repeat, people who are never as fast as machines."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from local.receivers.acts import Act, ActKind, Dice
from local.receivers.config import Behaviour, Delays, Domain, Override, Rates
from local.receivers.world import Fate, Plan, Reception, World

CALM = Rates(
    hard=0, soft=0, block=0, defer=0, open=0, complain=0, machine=0, proxy=0, auto_reply=0, late=0
)


def world(
    behaviour: Behaviour | None = None,
    *,
    seed: str = "seed",
    domains: dict[str, Domain] | None = None,
) -> World:
    return World(Dice(seed, 1.0), Delays(), domains or {}, behaviour or Behaviour())


def fates(of: World, *, domain: str = "gmail.com", ip: str = "a1", count: int = 1000) -> list[Fate]:
    return [of.plan(f"p{n}@{domain}", ip, "News").fate for n in range(count)]


def kinds(acts: tuple[Act, ...]) -> list[ActKind]:
    return [act.kind for act in acts]


@pytest.mark.parametrize(
    ("recipient", "fate", "relay", "reader"),
    [
        ("hard+x@gmail.com", Fate.HARD, ["bounce"], []),
        ("soft+x@gmail.com", Fate.SOFT, ["defer", "give_up"], []),
        ("block+x@outlook.com", Fate.BLOCKED, ["bounce"], []),
        ("block+x@yahoo.com", Fate.BLOCKED, ["defer", "give_up"], []),  # TSS04 is a 4xx
        ("defer+x@gmail.com", Fate.DEFERRED, ["defer", "deliver"], []),
        ("quiet+x@a-corp.com", Fate.DELIVERED, ["deliver"], []),
        ("complain+x@gmail.com", Fate.DELIVERED, ["deliver"], ["complain"]),
        ("open+x@gmail.com", Fate.DELIVERED, ["deliver"], ["open"]),
        ("click+x@gmail.com", Fate.DELIVERED, ["deliver"], ["open", "click"]),
        ("unsub+x@gmail.com", Fate.DELIVERED, ["deliver"], ["open", "unsubscribe"]),
        ("unsubmail+x@gmail.com", Fate.DELIVERED, ["deliver"], ["open", "unsubscribe_by_mail"]),
        ("reply+x@gmail.com", Fate.DELIVERED, ["deliver"], ["open", "reply"]),
        ("ooo+x@gmail.com", Fate.DELIVERED, ["deliver"], ["auto_reply"]),
        ("late+x@gmail.com", Fate.DELIVERED, ["deliver"], ["late_bounce"]),
        ("machine+x@gmail.com", Fate.DELIVERED, ["deliver"], ["scan"]),
        ("proxy+x@gmail.com", Fate.DELIVERED, ["deliver"], ["open"]),
        ("HARD+x@Gmail.com", Fate.HARD, ["bounce"], []),
    ],
)
def test_local_part_forces_what_happens(
    recipient: str, fate: Fate, relay: list[str], reader: list[str]
) -> None:
    plan = world().plan(recipient, "a1", "News")
    assert (plan.fate, kinds(plan.relay), kinds(plan.reader)) == (fate, relay, reader)


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        ("relay4xx+x@gmail.com", Reception.REFUSED_FOR_NOW),
        ("relay5xx+x@gmail.com", Reception.REFUSED_FOR_GOOD),
        ("drop+x@gmail.com", Reception.TAKEN_IN_SILENCE),
        ("anna@gmail.com", Reception.TAKEN),
    ],
)
def test_local_part_forces_what_the_relay_does(recipient: str, expected: Reception) -> None:
    assert world().reception(recipient, "a1") is expected


def test_behaviour_forces_a_plain_address() -> None:
    behaviour = Behaviour(addresses={"anna@gmail.com": "hard"})
    assert world(behaviour).plan("anna@gmail.com", "a1", "News").fate is Fate.HARD


def test_same_seed_and_address_meet_the_same_plan() -> None:
    behaviour = Behaviour(rates=Rates(hard=0.3, open=0.5, click=0.5))

    def plans(seed: str) -> list[Plan]:
        one = world(behaviour, seed=seed)
        return [one.plan(f"p{n}@gmail.com", "a1", "News") for n in range(50)]

    assert plans("a") == plans("a")
    assert plans("a") != plans("b")


def test_address_exists_or_not_whatever_the_ip_and_the_subject() -> None:
    behaviour = Behaviour(rates=replace_rates(hard=0.5))
    one = world(behaviour)
    for n in range(100):
        seen = {one.plan(f"p{n}@gmail.com", ip, s).fate for ip in ("a1", "a2") for s in ("x", "y")}
        assert len(seen) == 1


def replace_rates(**rates: float) -> Rates:
    return Rates.model_validate(CALM.model_dump() | rates)


def test_fates_have_their_shares() -> None:
    behaviour = Behaviour(rates=replace_rates(hard=0.2, soft=0.1, defer=0.1, block=0.1))
    seen = fates(world(behaviour), count=4000)
    for fate, share in ((Fate.BLOCKED, 0.1), (Fate.HARD, 0.18), (Fate.SOFT, 0.09)):
        assert seen.count(fate) / len(seen) == pytest.approx(share, abs=0.03)


def test_raising_one_rate_keeps_the_addresses_that_already_bounced() -> None:
    low = fates(world(Behaviour(rates=replace_rates(hard=0.1))))
    high = fates(world(Behaviour(rates=replace_rates(hard=0.2))))
    assert all(
        after is Fate.HARD for before, after in zip(low, high, strict=True) if before is Fate.HARD
    )


def test_override_blocks_one_ip_at_one_provider_only() -> None:
    override = Override(ip="a1", provider="outlook", rates={"block": 1.0})
    one = world(Behaviour(rates=CALM, overrides=(override,)))
    assert set(fates(one, domain="outlook.com", ip="a1", count=20)) == {Fate.BLOCKED}
    assert set(fates(one, domain="outlook.com", ip="a2", count=20)) == {Fate.DELIVERED}
    assert set(fates(one, domain="gmail.com", ip="a1", count=20)) == {Fate.DELIVERED}


def test_override_by_subject_makes_one_variant_more_interesting() -> None:
    override = Override(subject="Now", rates={"open": 1.0})
    one = world(Behaviour(rates=CALM, overrides=(override,)))
    assert kinds(one.plan("anna@gmail.com", "a1", "Now or never").reader) == [ActKind.OPEN]
    assert kinds(one.plan("anna@gmail.com", "a1", "News").reader) == []


def test_company_domains_are_scanned_and_others_are_not() -> None:
    one = world(Behaviour(rates=CALM.model_copy(update={"machine": None, "proxy": None})))
    scanned = [one.plan(f"p{n}@acme-corp.com", "a1", "News").reader for n in range(200)]
    assert sum(kinds(acts) == [ActKind.SCAN] for acts in scanned) > 150
    assert not any(one.plan(f"p{n}@gmail.com", "a1", "News").reader for n in range(200))


def test_gmail_readers_never_complain_by_report_unless_forced() -> None:
    one = world(Behaviour(rates=replace_rates(complain=1.0)))
    assert kinds(one.plan("anna@yahoo.com", "a1", "News").reader) == [ActKind.COMPLAIN]
    assert kinds(one.plan("anna@gmail.com", "a1", "News").reader) == []


def test_configured_domain_names_its_provider_and_mx() -> None:
    domains = {"firm.example": Domain(provider="gmail", mx="aspmx.l.google.com")}
    plan = world(domains=domains).plan("hard+x@firm.example", "a1", "News")
    assert plan.provider.name == "gmail"
    assert plan.provider.mx_host("firm.example") == "aspmx.l.google.com"
    assert plan.reply is not None
    assert "does not exist" in plan.reply.text


@given(local=st.text("abcdefgh", min_size=1, max_size=12), subject=st.text(max_size=10))
def test_people_act_beyond_every_machine_window(local: str, subject: str) -> None:
    rates = replace_rates(open=1, reopen=1, click=1, unsubscribe=1, complain=1, machine=1, proxy=1)
    acts = world(Behaviour(rates=rates)).plan(f"{local}@yahoo.com", "a1", subject).reader
    assert {act.machine for act in acts} == {True, False}
    assert max(act.after for act in acts if act.machine) <= 2
    assert min(act.after for act in acts if not act.machine) >= 8


def test_time_scale_shortens_every_delay() -> None:
    whole, short = world(), world()
    short = replace(short, dice=Dice("seed", 0.1))
    for slow, fast in zip(
        whole.plan("click+x@gmail.com", "a1", "").reader,
        short.plan("click+x@gmail.com", "a1", "").reader,
        strict=True,
    ):
        assert fast.after == pytest.approx(slow.after / 10)


def test_partial_change_keeps_the_other_rates() -> None:
    changed = Behaviour(rates=Rates(open=0.9)).changed({"rates": {"hard": 0.5}, "chaos": 0.2})
    assert (changed.rates.open, changed.rates.hard, changed.chaos) == (0.9, 0.5, 0.2)


@pytest.mark.parametrize(
    "patch",
    [
        {"rates": {"hard": 2}},
        {"rates": {"hurd": 0.1}},
        {"overrides": [{"rates": {"hurd": 0.1}}]},
        {"addresses": {"a@b.c": "explode"}},
        {"weather": 1},
    ],
)
def test_unknown_or_impossible_change_is_refused(patch: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Behaviour().changed(patch)


def test_relay_takes_its_time_for_a_message_only_when_it_is_told_to() -> None:
    slow = replace(world(), delays=Delays(take=(0.1, 0.3)))
    times = [slow.taking(f"p{n}@gmail.com") for n in range(100)]
    assert 0.1 <= min(times) < max(times) <= 0.3
    assert world().taking("p0@gmail.com") == 0
