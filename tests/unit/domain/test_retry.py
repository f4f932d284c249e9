"""When a recipient who could not be served is looked at again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import retry

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
instants = st.integers(0, 365 * 24 * 3600).map(lambda seconds: NOON + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOON, NOON + timedelta(minutes=10)),
        (NOON.replace(hour=23, minute=50), datetime(2026, 3, 3, tzinfo=UTC)),  # just at midnight
        (NOON.replace(hour=23, minute=59), datetime(2026, 3, 3, tzinfo=UTC)),
    ],
)
def test_places_return_within_ten_minutes_and_at_midnight(
    now: datetime, expected: datetime
) -> None:
    assert retry.places_return(now) == expected


@pytest.mark.parametrize(
    ("tries", "minutes"), [(0, 5), (1, 10), (2, 20), (5, 160), (6, 240), (11, 240)]
)
def test_the_wait_doubles_up_to_four_hours(tries: int, minutes: int) -> None:
    assert retry.retried(NOON, tries) - NOON == timedelta(minutes=minutes)


def test_all_tries_together_last_more_than_a_day() -> None:
    waits = [retry.retried(NOON, tries) - NOON for tries in range(retry.BULK.tries)]
    assert timedelta(days=1) < sum(waits, timedelta()) < timedelta(days=2)


@given(now=instants, tries=st.integers(0, 12), waiting=st.booleans(), refused=st.booleans())
def test_a_batch_of_both_kinds_waits_for_the_later(
    now: datetime, tries: int, waiting: bool, refused: bool
) -> None:
    both = retry.carried_on(now, tries, waiting=True, refused=True)
    one = retry.carried_on(now, tries, waiting=waiting, refused=refused)
    assert now <= one <= both
