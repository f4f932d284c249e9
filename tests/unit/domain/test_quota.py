"""Quota: what a day still has, at every edge."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.quota import Day, day_end, days_needed, grant, left_of_all


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


@pytest.mark.parametrize(
    ("days", "left"),
    [
        ([], 0),
        ([Day(1, 10), Day(10, 10), Day(0, 5, stopped=True), Day(0, 3)], 12),
        ([Day(1, 10), Day(0, None)], None),
        ([Day(1, 10), Day(0, None, stopped=True)], 9),
    ],
)
def test_what_the_days_of_several_ips_have_together(days: list[Day], left: int | None) -> None:
    assert left_of_all(days) == left


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 2, tzinfo=UTC),
        datetime(2026, 3, 2, 23, 59, 59, 999_000, tzinfo=UTC),
        datetime(2026, 3, 3, 1, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_places_end_at_midnight_utc(at: datetime) -> None:
    assert day_end(at) == datetime(2026, 3, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "today", "later", "days"),
    [
        (0, 5, 5, 0),
        (0, 0, 0, 0),
        (5, 5, 0, 1),
        (7, None, None, 1),
        (6, 5, 5, 2),
        (10, 5, 5, 2),
        (11, 5, 5, 3),
        (11, 0, 5, 4),
        (11, 5, None, 2),  # the rest goes over an unlimited IP tomorrow
        (6, 5, 0, None),
    ],
)
def test_the_days_that_so_many_messages_need(
    count: int, today: int | None, later: int | None, days: int | None
) -> None:
    assert days_needed(count, today, later) == days


@given(st.integers(0, 500), st.integers(0, 50), st.integers(1, 50))
def test_the_last_message_leaves_on_the_last_of_these_days(
    count: int, today: int, later: int
) -> None:
    days = days_needed(count, today, later)
    assert days is not None
    places = [today, *[later] * 600]
    assert sum(places[:days]) >= count
    assert days == 0 or sum(places[: days - 1]) < count or count == 0
