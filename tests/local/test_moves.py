"""What a pause or a cancel may let out, and how rows and ledger have to agree."""

from typing import Any

from local.moves import SENDERS, Stop, row_problems
from mailtide.domain.batch import BLOCK_SIZE
from mailtide.domain.campaign import Move


def ledger(*messages: str) -> dict[str, Any]:
    return {"messages": [{"message_id": message} for message in messages]}


def test_stop_lets_every_sender_finish_its_block() -> None:
    assert Stop(Move.PAUSE, mailed=10, in_hands=SENDERS * BLOCK_SIZE).problems(5000) == []


def test_stop_after_which_more_than_the_blocks_in_hands_leave_is_told() -> None:
    assert Stop(Move.PAUSE, mailed=10, in_hands=SENDERS * BLOCK_SIZE + 1).problems(5000) == [
        "pause, 10 mailed: 401 left after it, more than a block for each sender"
    ]


def test_stop_in_which_the_ledger_grows_though_no_sender_works_is_told() -> None:
    assert Stop(Move.CANCEL, mailed=10, still=1).problems(5000) == [
        "cancel, 10 mailed: 1 left when no sender had anything in hands"
    ]


def test_stop_that_stops_nothing_is_told() -> None:
    assert Stop(Move.PAUSE, mailed=200, in_hands=100).problems(300) == [
        "pause, 200 mailed: it stopped nothing: everybody was mailed"
    ]


def test_rows_that_say_sent_are_those_of_the_messages_that_were_taken() -> None:
    rows = {"a": "sent", "b": "sent", "c": "refused"}
    assert row_problems(rows, ledger("a", "b")) == []
    assert row_problems(rows, ledger("a", "c")) == [
        "c was taken, and no row says `sent`",
        "b was never taken, and a row says `sent`",
    ]
