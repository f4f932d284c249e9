"""The table of a campaign's states, every pair of it."""

from itertools import product

import pytest

from mailtide.domain.campaign import Move, State, moved
from mailtide.errors import ConflictError

ALLOWED = {
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
