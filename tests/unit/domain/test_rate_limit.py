"""The rate limit: what is left of a minute, and when the next begins."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.rate_limit import WINDOW, allowance, window_of

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("used", "remaining", "is_over"), [(1, "2", False), (3, "0", False), (4, "0", True)]
)
def test_what_is_left(used: int, remaining: str, is_over: bool) -> None:
    left = allowance(3, used, NOON + timedelta(seconds=15))
    assert left.is_over is is_over
    assert left.headers == {
        "RateLimit-Limit": "3",
        "RateLimit-Remaining": remaining,
        "RateLimit-Reset": "45",
    }


@given(st.integers(0, 10**8))
def test_an_instant_lies_in_its_window_and_the_next_begins_within_it(ms: int) -> None:
    now = NOON + timedelta(milliseconds=ms)
    assert window_of(now) <= now < window_of(now) + WINDOW
    assert 1 <= allowance(1, 1, now).reset_seconds <= WINDOW.total_seconds()
