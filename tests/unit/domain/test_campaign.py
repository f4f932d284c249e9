"""The table of a campaign's states, every pair of it."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest

from mailtide.domain.campaign import Move, State, checked_send_at, moved
from mailtide.errors import ConflictError, InvalidInputError

ALLOWED = {
    (State.DRAFT, Move.SCHEDULE): State.SCHEDULED,
    (State.SCHEDULED, Move.SCHEDULE): State.SCHEDULED,
    (State.SCHEDULED, Move.UNSCHEDULE): State.DRAFT,
    (State.SCHEDULED, Move.START): State.SENDING,
    (State.SCHEDULED, Move.CANCEL): State.CANCELLED,
    (State.DRAFT, Move.START): State.SENDING,
    (State.DRAFT, Move.CANCEL): State.CANCELLED,
    (State.SENDING, Move.PAUSE): State.PAUSED,
    (State.SENDING, Move.FINISH): State.SENT,
    (State.SENDING, Move.CANCEL): State.CANCELLED,
    (State.PAUSED, Move.RESUME): State.SENDING,
    (State.PAUSED, Move.CANCEL): State.CANCELLED,
}
FORBIDDEN = [pair for pair in product(State, Move) if pair not in ALLOWED]


@pytest.mark.parametrize(("state", "move", "after"), [(*pair, s) for pair, s in ALLOWED.items()])
def test_an_allowed_move_leads_on(state: State, move: Move, after: State) -> None:
    assert moved(state, move) is after


@pytest.mark.parametrize(("state", "move"), FORBIDDEN)
def test_every_other_move_is_a_conflict(state: State, move: Move) -> None:
    with pytest.raises(ConflictError, match=f"cannot {move} a campaign that is {state}"):
        moved(state, move)


def test_a_conflict_names_what_a_customer_may_do_instead() -> None:
    with pytest.raises(ConflictError, match=r"allowed now: cancel, pause$"):
        moved(State.SENDING, Move.START)


def test_a_conflict_says_when_nothing_can_be_done() -> None:
    with pytest.raises(ConflictError, match="nothing more can be done"):
        moved(State.SENT, Move.CANCEL)


NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "send_at",
    [
        NOW,
        NOW - timedelta(seconds=1),
        NOW + timedelta(days=366, seconds=1),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=12))),
    ],
)
def test_a_time_that_is_past_or_too_far_is_refused_with_the_field(send_at: datetime) -> None:
    with pytest.raises(InvalidInputError) as caught:
        checked_send_at(send_at, NOW)
    assert caught.value.errors[0]["at"] == "body.send_at"


@pytest.mark.parametrize(
    ("send_at", "kept"),
    [
        (NOW + timedelta(days=366), NOW + timedelta(days=366)),
        (NOW + timedelta(microseconds=1500), NOW + timedelta(milliseconds=1)),
        (
            datetime(2026, 11, 24, 13, tzinfo=timezone(timedelta(hours=2))),
            datetime(2026, 11, 24, 11, tzinfo=UTC),
        ),
    ],
)
def test_a_time_is_kept_as_utc_to_the_millisecond(send_at: datetime, kept: datetime) -> None:
    assert checked_send_at(send_at, NOW) == kept
    assert checked_send_at(send_at, NOW).tzinfo is UTC
