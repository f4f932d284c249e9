"""IP router: shares that sum up, respect capacities and stay even."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.ip_router import scarcest_first, share

capacities = st.dictionaries(
    st.sampled_from([f"ip{n}" for n in range(6)]), st.none() | st.integers(0, 120), max_size=6
)


def total(capacity: dict[str, int | None]) -> int | None:
    """Return the sum of capacities; None when one is unlimited."""
    return None if None in capacity.values() else sum(n or 0 for n in capacity.values())


@pytest.mark.parametrize(
    ("count", "capacity", "expected"),
    [
        (100, {}, {}),
        (0, {"a": 10}, {}),
        (100, {"a": None}, {"a": 100}),
        (100, {"a": 100, "b": None}, {"a": 50, "b": 50}),
        (100, {"a": 10, "b": None}, {"a": 10, "b": 90}),
        (100, {"a": 10, "b": 20}, {"a": 10, "b": 20}),
        (100, {"a": 0, "b": 200}, {"b": 100}),
        (100, {"a": -5, "b": 200}, {"b": 100}),  # more was used than a lowered limit allows
        (100, {"a": 10, "b": 200, "c": 200}, {"a": 10, "b": 45, "c": 45}),
    ],
)
def test_shares(count: int, capacity: dict[str, int | None], expected: dict[str, int]) -> None:
    assert share(count, capacity, "seed") == expected


@given(st.integers(0, 300), capacities, st.text(max_size=10))
def test_shares_sum_to_what_fits(count: int, capacity: dict[str, int | None], seed: str) -> None:
    room = total(capacity)
    assert sum(share(count, capacity, seed).values()) == (
        count if room is None else min(count, room)
    )


@given(st.integers(0, 300), capacities, st.text(max_size=10))
def test_no_share_passes_its_capacity_and_none_is_empty(
    count: int, capacity: dict[str, int | None], seed: str
) -> None:
    for ip, n in share(count, capacity, seed).items():
        most = capacity[ip]
        assert n > 0
        assert most is None or n <= most


@given(st.integers(0, 300), capacities, st.text(max_size=10))
def test_an_ip_with_room_has_no_less_than_one_below_any_other(
    count: int, capacity: dict[str, int | None], seed: str
) -> None:
    shares = dict.fromkeys(capacity, 0) | share(count, capacity, seed)
    with_room = [n for ip, n in shares.items() if n != capacity[ip]]
    assert not with_room or max(shares.values()) - min(with_room) <= 1


@given(st.integers(0, 300), capacities, st.text(max_size=10))
def test_the_same_arguments_give_the_same_shares(
    count: int, capacity: dict[str, int | None], seed: str
) -> None:
    backwards = dict(reversed(capacity.items()))
    assert share(count, capacity, seed) == share(count, backwards, seed)


def test_the_odd_message_goes_round_with_the_seed() -> None:
    favoured = {next(iter(share(1, {"a": None, "b": None, "c": None}, f"{n}"))) for n in range(9)}
    assert favoured == {"a", "b", "c"}


@given(capacities)
def test_the_scarcest_come_first_and_the_unlimited_last(capacity: dict[str, int | None]) -> None:
    line = [capacity[ip] for ip in scarcest_first(capacity)]
    limited = [most for most in line if most is not None]
    assert line == sorted(limited) + [None] * (len(line) - len(limited))
    assert sorted(scarcest_first(capacity)) == sorted(capacity)
