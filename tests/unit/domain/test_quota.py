"""Quota: what a day still has, at every edge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.quota import Day, grant


@pytest.mark.parametrize(
    ("day", "left"),
    [
        (Day(reserved=0, limit=50), 50),
        (Day(reserved=49, limit=50), 1),
        (Day(reserved=50, limit=50), 0),
        (Day(reserved=60, limit=50), 0),  # the limit was lowered after the reservations
        (Day(reserved=7, limit=0), 0),
        (Day(reserved=7, limit=None), None),
        (Day(reserved=0, limit=50, stopped=True), 0),
        (Day(reserved=0, limit=None, stopped=True), 0),
    ],
)
def test_what_is_left_of_a_day(day: Day, left: int | None) -> None:
    assert day.left == left


@pytest.mark.parametrize(
    ("day", "granted"),
    [
        (Day(reserved=0, limit=100), 100),
        (Day(reserved=1, limit=100), 99),
        (Day(reserved=100, limit=100), 0),
        (Day(reserved=10**6, limit=None), 100),
        (Day(reserved=0, limit=None, stopped=True), 0),
    ],
)
def test_a_hundred_places_are_granted_as_far_as_the_day_has_them(day: Day, granted: int) -> None:
    assert grant(day, 100) == granted


@given(st.integers(0, 500), st.integers(0, 500), st.lists(st.integers(0, 100), max_size=20))
def test_no_sequence_of_grants_passes_the_limit(
    reserved: int, limit: int, wanted: list[int]
) -> None:
    day = Day(reserved, limit)
    for one in wanted:
        granted = grant(day, one)
        assert 0 <= granted <= one
        day = Day(day.reserved + granted, limit)
    assert day.reserved <= max(limit, reserved)
