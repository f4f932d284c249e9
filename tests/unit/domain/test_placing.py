"""Placing: whoever passes every gate leaves, and no gate lets more through than it has."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import sending_rate
from mailtide.domain.placing import Capacity, Gates, Placing, walk
from mailtide.domain.sending_rate import Gate, Owner, Per, RateLimit

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
GMAIL, ALL = RateLimit(1, Per.HOUR, "gmail"), RateLimit(1, Per.DAY)


def gates(owner: Owner, name: str, *limits: RateLimit) -> tuple[Gate, ...]:
    return sending_rate.gates("acme", owner, name, limits, NOW)


def block(*providers: str) -> dict[int, str]:
    return dict(enumerate(providers))


def place(providers: dict[int, str], before: Gates, left: dict[Capacity, int | None]) -> Placing:
    return walk(providers, before, left, "")


def test_without_a_shut_gate_everybody_leaves_in_turn() -> None:
    before = Gates((), {"ip1": (), "ip2": ()})
    placing = place(block(*"abcd"), before, {"ip1": None, "ip2": 9})
    assert placing.over == {0: "ip1", 1: "ip2", 2: "ip1", 3: "ip2"}
    assert not placing.blocked_by


def test_the_seed_decides_who_begins() -> None:
    before = Gates((), {"ip1": (), "ip2": ()})
    begins = {walk({0: "a"}, before, {"ip1": 1, "ip2": 1}, seed).over[0] for seed in "ab"}
    assert begins == {"ip1", "ip2"}


def test_the_identitys_limit_keeps_those_it_covers_and_nobody_else() -> None:
    (gmail,) = common = gates(Owner.IDENTITY, "i", GMAIL)
    placing = place(
        block("gmail", "yahoo", "gmail"), Gates(common, {"ip1": ()}), {gmail: 1, "ip1": None}
    )
    assert placing.over == {0: "ip1", 1: "ip1"}
    assert placing.blocked_by == {2: frozenset(common)}


def test_another_ip_takes_what_one_ips_limit_keeps() -> None:
    (gmail,) = gates(Owner.IP, "ip1", GMAIL)
    placing = place(
        block("gmail", "gmail", "gmail"),
        Gates((), {"ip1": (gmail,), "ip2": ()}),
        {gmail: 1, "ip1": None, "ip2": None},
    )
    assert placing.over == {0: "ip1", 1: "ip2", 2: "ip2"}


def test_who_is_kept_by_a_limit_and_by_a_day_waits_for_the_limit() -> None:
    """The IP whose day is over would not help before midnight."""
    (gmail,) = gates(Owner.IP, "ip2", GMAIL)
    before = Gates((), {"ip1": (), "ip2": (gmail,)})
    placing = place(block("gmail", "yahoo"), before, {gmail: 0, "ip1": 0, "ip2": 0})
    assert placing.blocked_by == {0: frozenset(), 1: frozenset()}
    placing = place(block("gmail", "yahoo"), before, {gmail: 0, "ip1": 0, "ip2": 9})
    assert placing.over == {1: "ip2"}
    assert placing.blocked_by == {0: frozenset({gmail})}


@pytest.mark.parametrize("slow", ["ip1", "ip2"])
def test_who_is_kept_on_every_ip_waits_for_the_one_that_opens_first(slow: str) -> None:
    quick = "ip2" if slow == "ip1" else "ip1"
    (minute,) = gates(Owner.IP, quick, RateLimit(2, Per.MINUTE))
    own = {slow: gates(Owner.IP, slow, ALL, GMAIL), quick: (minute,)}
    before = Gates((), own)
    left: dict[Capacity, int | None] = {**dict.fromkeys(before.all(), 0), "ip1": None, "ip2": None}
    placing = place(block("gmail"), before, left)
    assert placing.blocked_by == {0: frozenset({minute})}


def test_without_an_ip_nobody_leaves() -> None:
    assert place(block("gmail"), Gates((), {}), {}).blocked_by == {0: frozenset()}


def test_it_needs_a_place_of_each_gate_passed() -> None:
    common = gates(Owner.IDENTITY, "i", GMAIL, ALL)
    own = gates(Owner.IP, "ip1", ALL)
    before = Gates(common, {"ip1": own})
    providers = block("gmail", "yahoo")
    placing = place(providers, before, {**dict.fromkeys((*common, *own), 9), "ip1": None})
    needs = {common[0]: 1, common[1]: 2, own[0]: 2, "ip1": 2}
    assert placing.needs(before, providers) == needs


LIMITS = st.lists(
    st.builds(
        RateLimit,
        st.integers(1, 5),
        st.sampled_from(list(Per)),
        st.sampled_from([None, "gmail", "yahoo"]),
    ),
    max_size=3,
    unique_by=lambda limit: (limit.provider, limit.per),
)


def soonest(
    before: Gates, provider: str, rest: dict[Capacity, int | None]
) -> list[frozenset[Gate]]:
    """Return what a message that cannot leave may wait for: what opens first."""

    def shut(some: Sequence[Gate]) -> frozenset[Gate]:
        return frozenset(one for one in some if one.limit.covers(provider) and rest[one] == 0)

    if common := shut(before.common):
        return [common]
    blocks = [shut(own) for ip_id, own in before.own.items() if rest[ip_id] != 0]
    assert all(blocks)  # else it could leave
    if not blocks:
        return [frozenset()]  # for a day
    opens = [max(gate.ends for gate in block) for block in blocks]
    return [block for block, at in zip(blocks, opens, strict=True) if at == min(opens)]


@given(
    providers=st.lists(st.sampled_from(["gmail", "yahoo", "other"]), max_size=20),
    common=LIMITS,
    own=st.lists(LIMITS, max_size=3),
    days=st.lists(st.none() | st.integers(0, 8), min_size=3, max_size=3),
    seed=st.text(max_size=3),
)
def test_no_gate_lets_more_through_and_nobody_waits_before_an_open_one(
    providers: list[str],
    common: list[RateLimit],
    own: list[list[RateLimit]],
    days: list[int | None],
    seed: str,
) -> None:
    before = Gates(
        gates(Owner.IDENTITY, "i", *common),
        {f"ip{n}": gates(Owner.IP, f"ip{n}", *limits) for n, limits in enumerate(own)},
    )
    left: dict[Capacity, int | None] = {gate: gate.limit.messages for gate in before.all()}
    left |= {f"ip{n}": days[n] for n in range(len(own))}
    mail = block(*providers)
    placing = walk(mail, before, left, seed)
    assert sorted({*placing.over, *placing.blocked_by}) == sorted(mail)
    assert not placing.over.keys() & placing.blocked_by.keys()
    needs = placing.needs(before, mail)
    rest = {one: None if n is None else n - needs[one] for one, n in left.items()}
    assert all(n is None or n >= 0 for n in rest.values())
    rest = dict(left)
    for i, provider in mail.items():
        if i in placing.over:
            for passed in before.passed(placing.over[i], provider):
                places = rest[passed]
                assert places != 0
                rest[passed] = places and places - 1
        else:
            assert placing.blocked_by[i] in soonest(before, provider, rest)
    assert walk(mail, before, Counter(needs), seed).over.keys() <= mail.keys()
