"""The shared rate: bookings by example, and no interleaving of senders that passes the rate."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import ses_rate
from mailtide.domain.ses_rate import MOST_AT_ONCE, TOLERANCE, Booking, book

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LATE = NOW + timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("rate", "gap"),
    [
        (1.0, SECOND),
        (14.0, timedelta(microseconds=71_429)),  # rounded up
        (0.5, 2 * SECOND),
        (5_000_000.0, timedelta(microseconds=1)),  # never none
    ],
)
def test_the_gap_between_two_messages(rate: float, gap: timedelta) -> None:
    assert ses_rate.gap(rate) == gap


@pytest.mark.parametrize(
    ("free_at", "first"),
    [(None, NOW), (NOW - SECOND, NOW), (NOW, NOW), (NOW + SECOND, NOW + SECOND)],
)
def test_a_booking_begins_at_the_next_free_instant(
    free_at: datetime | None, first: datetime
) -> None:
    booking = book(free_at, 3, 10.0, NOW, LATE)
    assert booking == Booking(first, SECOND / 10, 3)
    assert booking.end == first + 3 * SECOND / 10
    assert list(booking.instants()) == [first, first + SECOND / 10, first + SECOND / 5]


@pytest.mark.parametrize(
    ("wanted", "rate", "messages"),
    [
        (1, 100.0, 1),
        (100, 14.0, 14),  # a second's worth
        (100, 1.0, 1),
        (100, 0.2, 1),  # one at least
        (100, 1000.0, MOST_AT_ONCE),
    ],
)
def test_a_booking_takes_little_at_a_time(wanted: int, rate: float, messages: int) -> None:
    booking = book(None, wanted, rate, NOW, LATE)
    assert booking is not None
    assert booking.messages == messages


@pytest.mark.parametrize(
    ("left_ms", "messages"), [(0, None), (-5, None), (1, 1), (100, 1), (101, 2)]
)
def test_no_instant_is_booked_that_begins_too_late(left_ms: int, messages: int | None) -> None:
    booking = book(NOW, 9, 10.0, NOW - SECOND, NOW + timedelta(milliseconds=left_ms))
    assert (booking.messages if booking else None) == messages


def test_an_instant_is_lost_when_it_is_long_ago() -> None:
    assert ses_rate.usable(NOW, NOW + TOLERANCE)
    assert not ses_rate.usable(NOW, NOW + TOLERANCE + timedelta(microseconds=1))


@pytest.mark.parametrize(("throttled", "seconds"), [(1, 1), (2, 2), (5, 16), (6, 30), (10**6, 30)])
def test_everybody_waits_longer_with_each_throttled_answer(throttled: int, seconds: int) -> None:
    assert ses_rate.pause(throttled) == seconds * SECOND


@given(
    rate=st.floats(0.1, 2000),
    asks=st.lists(
        st.tuples(
            st.integers(1, 60),  # messages that wait
            st.integers(0, 3_000),  # milliseconds since the ask before, which may be another's
            st.lists(st.integers(0, 1_500), max_size=60),  # how late each message is
        ),
        min_size=1,
        max_size=20,
    ),
    stretch_ms=st.integers(1, 20_000),
)
def test_no_interleaving_passes_the_rate(
    rate: float, asks: list[tuple[int, int, list[int]]], stretch_ms: int
) -> None:
    """Senders book in any order and are late by any time; what is too late does not leave."""
    now, free_at = NOW, None
    left: list[datetime] = []
    for wanted, passed, lateness in asks:
        now += timedelta(milliseconds=passed)
        booking = book(free_at, wanted, rate, now, LATE)
        assert booking is not None
        assert booking.first >= now
        free_at = booking.end
        for instant, late in zip(booking.instants(), lateness, strict=False):
            leaves_at = instant + timedelta(milliseconds=late)
            if ses_rate.usable(instant, leaves_at):
                left.append(leaves_at)
    stretch = timedelta(milliseconds=stretch_ms)
    most = rate * (stretch + TOLERANCE).total_seconds() + 1
    left.sort()
    for start in left:
        assert sum(start <= at < start + stretch for at in left) <= most
