"""When a recipient who could not be served is looked at again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import retry
from mailtide.domain.batch import Batch, BatchRef
from mailtide.domain.handover import Refused
from mailtide.domain.retry import BULK

LATER = Refused(later=True, code=451, response="4.7.1 try again later")
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
    ("code", "words", "minutes"),
    [
        (451, "4.7.1 try again later", [5, 10, 20, 40, 80, 160, 240, 240]),
        (450, "4.2.0 Greylisted, try again in 900 seconds", [15, 15, 20, 40, 80, 160, 240, 240]),
        (421, "4.7.0 Too many messages, slow down", [5, 10, 20, 40, 60, 60, 60, 60]),
        (452, "4.2.2 The mailbox is full", [60, 120, 240, 240, 240, 240, 240, 240]),
        (451, "4.4.5 come back after 9 hours", [240] * 8),
        (None, "the connection was lost", [1, 2, 4, 8, 16, 32, 64, 128, 240]),
    ],
)
def test_the_wait_doubles_and_goes_by_what_was_said(
    code: int | None, words: str, minutes: list[int]
) -> None:
    refusal = Refused(later=True, code=code, response=words)
    waits = [retry.wait(refusal, tries) for tries in range(len(minutes))]
    assert waits == [timedelta(minutes=one) for one in minutes]


def test_after_a_hundred_tries_the_wait_is_still_the_longest() -> None:
    assert retry.wait(LATER, 100) == timedelta(hours=4)


def test_blocks_that_were_refused_at_once_return_apart() -> None:
    dues = {retry.retried(NOON, 0, BULK, [LATER], f"batch#{n}") - NOON for n in range(50)}
    assert len(dues) == 50
    assert timedelta(minutes=5) <= min(dues) < max(dues) <= timedelta(minutes=6.25)
    assert retry.retried(NOON, 0, BULK, [LATER], "x") == retry.retried(NOON, 0, BULK, [LATER], "x")


def test_of_several_refusals_the_longest_wait_counts() -> None:
    full = Refused(later=True, code=452, response="4.2.2 The mailbox is full")
    assert retry.retried(NOON, 0, BULK, [LATER, full, LATER], "x") >= NOON + timedelta(hours=1)


@pytest.mark.parametrize(
    ("hours", "over"), [(None, False), (0, False), (71.9, False), (72, True), (200, True)]
)
def test_a_message_expires_when_it_has_been_put_off_for_so_long(
    hours: float | None, over: bool
) -> None:
    since = None if hours is None else NOON - timedelta(hours=hours)
    assert retry.expired(since, timedelta(hours=72), NOON) is over


@given(now=instants, tries=st.integers(0, 12), waiting=st.booleans(), refused=st.booleans())
def test_a_batch_of_both_kinds_waits_for_the_later(
    now: datetime, tries: int, waiting: bool, refused: bool
) -> None:
    batch = Batch(BatchRef("acme", "c1", "0", "00000"), 1, 1, now, tries=tries)
    both = retry.carried_on(now, batch, waiting=True, refusals=[LATER])
    refusals = [LATER] if refused else []
    one = retry.carried_on(now, batch, waiting=waiting, refusals=refusals)
    assert now <= one <= both
