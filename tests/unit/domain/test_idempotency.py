"""What becomes of a call that names a key: by example at every edge, and what holds at any time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.idempotency import (
    KEPT_FOR,
    TAKEN_OVER_AFTER,
    Record,
    Step,
    check_key,
    decide,
    fingerprint,
    is_kept,
    taking_over,
    wait_seconds,
)
from mailtide.errors import InvalidInputError

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
CLAIMED = Record("f", "claim", NOW, NOW)
RELEASED = replace(CLAIMED, claim="")
ANSWERED = replace(CLAIMED, answered=True, answer=b"sealed")
TICK = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("record", "after", "step"),
    [
        (None, timedelta(0), Step.CARRY_OUT),
        (CLAIMED, timedelta(0), Step.WAIT),
        (CLAIMED, -timedelta(seconds=2), Step.WAIT),  # its clock is ahead of ours
        (CLAIMED, TAKEN_OVER_AFTER - TICK, Step.WAIT),
        (CLAIMED, TAKEN_OVER_AFTER, Step.CARRY_OUT),  # it must be dead by now
        (RELEASED, timedelta(0), Step.CARRY_OUT),
        (replace(RELEASED, fingerprint="g"), timedelta(0), Step.REFUSE),
        (ANSWERED, timedelta(0), Step.REPLAY),
        (ANSWERED, KEPT_FOR - TICK, Step.REPLAY),
        (ANSWERED, KEPT_FOR, Step.CARRY_OUT),  # however late its row is cleaned up
        (replace(ANSWERED, answer=None), timedelta(0), Step.REPLAY),
        (replace(ANSWERED, fingerprint="g"), timedelta(0), Step.REFUSE),
        (replace(CLAIMED, fingerprint="g"), timedelta(0), Step.REFUSE),
        (replace(CLAIMED, fingerprint="g"), TAKEN_OVER_AFTER, Step.REFUSE),
        (replace(CLAIMED, fingerprint="g"), KEPT_FOR, Step.CARRY_OUT),
    ],
)
def test_decide(record: Record | None, after: timedelta, step: Step) -> None:
    assert decide(record, "f", NOW + after) is step


@pytest.mark.parametrize(
    ("after", "begun_after"),
    [(TICK, timedelta(0)), (KEPT_FOR - TICK, timedelta(0)), (KEPT_FOR,) * 2],
)
def test_attempts_of_a_call_have_one_beginning_for_a_day(
    after: timedelta, begun_after: timedelta
) -> None:
    mine = Record("f", "mine", NOW + after, NOW + after)
    assert taking_over(CLAIMED, mine) == replace(mine, begun_at=NOW + begun_after)


@given(st.integers(0, 29_999))
def test_who_waits_as_told_never_waits_past_the_take_over(age_ms: int) -> None:
    age = timedelta(milliseconds=age_ms)
    waited = wait_seconds(CLAIMED, NOW + age)
    assert waited >= 1
    assert age + timedelta(seconds=waited) <= TAKEN_OVER_AFTER + timedelta(seconds=1)


@pytest.mark.parametrize(
    "key", ["x", "8e03978e-40d5-43dd-bc93-6894a57f9324", '"quoted"', "k" * 256]
)
def test_a_key_is_visible_ascii(key: str) -> None:
    check_key(key)


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 257, "kéy", "k\n", "\x00", "k\x7f"])
def test_what_cannot_be_a_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_key(key)
    assert caught.value.code == "invalid_idempotency_key"


CALLS = [
    ("POST", "/api/lists", "", b"{}"),
    ("PUT", "/api/lists", "", b"{}"),
    ("POST", "/api/list", "", b"{}"),
    ("POST", "/api/lists", "dry_run=true", b"{}"),
    ("POST", "/api/lists", "", b"{ }"),
    ("POST", "/api/lists", "", b""),
    ("POST", "/api/lists\n", "", b""),
]


def test_calls_that_differ_in_anything_have_other_fingerprints() -> None:
    assert len({fingerprint(*call) for call in CALLS}) == len(CALLS)
    assert fingerprint(*CALLS[0]) == fingerprint(*CALLS[0])


@pytest.mark.parametrize(
    ("status", "kept"),
    [(200, True), (204, True), (409, True), (429, False), (500, False), (503, False)],
)
def test_what_may_work_later_is_not_kept(status: int, kept: bool) -> None:
    assert is_kept(status) is kept
