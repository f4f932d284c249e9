"""A block in trouble: what is lost, throttled or broken mails nobody twice and loses nobody."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from local.memory.messages import Messages
from local.memory.quota import Quota
from mailtide.domain import batch as rules
from mailtide.domain.batch import Batch, Phase, Tally
from mailtide.domain.block import Recipient
from mailtide.domain.campaign import Campaign
from mailtide.domain.contact import Contact
from mailtide.domain.message import EventRow, SentState
from mailtide.domain.quota import ReservationKey
from mailtide.domain.sending_ip import SendingIp
from mailtide.errors import PermanentError, RetryableError
from mailtide.flows.hand_over import Transport
from tests.sending import Stage, claimed_block, reserved, send_block, sent
from tests.sending_outside import (
    HOUR,
    NEVER,
    NOW,
    Content,
    Relay,
    number,
)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_who_lost_the_batch_before_opening_mails_nobody(stage: Stage) -> None:
    batch = claimed_block(stage, 1, 2)
    stage.batches.swap(batch, rules.take(batch, NOW), "takeover")
    assert send_block(stage, batch) is None
    assert stage.relay.taken == []
    assert list(stage.messages.table.all()) == []


@dataclass
class Throttled(Messages):
    """The event table while it takes nothing; `failures` writes fail."""

    failures: int = 1

    def write_ahead(self, rows: Sequence[EventRow]) -> None:
        if self.failures:
            self.failures -= 1
            raise RetryableError("throttled")
        super().write_ahead(rows)


def test_when_rows_cannot_be_written_ahead_nobody_is_mailed_and_all_go_on(stage: Stage) -> None:
    ip = stage.put_ip("ip1", limit=5)
    stage.messages = Throttled()
    assert sent(stage, claimed_block(stage, 1, 2)) == Tally(later=2)
    assert stage.relay.taken == []
    assert reserved(stage, ip) == 0


def test_who_is_left_out_gets_the_row_although_the_first_write_failed(stage: Stage) -> None:
    stage.messages = Throttled()
    batch = claimed_block(stage, 1, 2)
    stage.suppress(1)
    assert sent(stage, batch) == Tally(left_out=1, later=1)
    assert stage.row(1, "suppressed") is not None


def test_a_table_that_stays_throttled_puts_nobody_in_doubt(stage: Stage) -> None:
    stage.messages = Throttled(failures=2)
    batch = claimed_block(stage, 1, 2)
    stage.suppress(1)
    with pytest.raises(RetryableError, match="throttled"):
        send_block(stage, batch)
    tally = stage.takeover().settle(stage.stored(), stage.put_campaign())
    assert tally == Tally(left_out=1, later=1)
    assert stage.in_doubt() == []
    assert stage.row(1, "suppressed") is not None


def test_places_that_cannot_be_returned_do_not_hold_up_the_result(stage: Stage) -> None:
    class Stuck(Quota):
        def give_back(self, key: ReservationKey, unused: int) -> None:
            raise RetryableError("throttled")

    stage.quota = Stuck()
    stage.relay.answers[1] = NEVER
    assert sent(stage, claimed_block(stage, 1, 2)) == Tally(accepted=1, failed=1)


def test_content_that_cannot_be_prepared_leaves_the_block_unopened(stage: Stage) -> None:
    class Broken(Content):
        def compose(self, campaign: Campaign) -> Content:
            raise PermanentError("no content was kept")

    stage.content = Broken()
    with pytest.raises(PermanentError):
        send_block(stage, claimed_block(stage, 1))
    assert stage.stored().phase is Phase.CLAIMED


def test_a_fault_of_ours_puts_off_the_one_message_that_it_keeps_from_being_made(
    stage: Stage,
) -> None:
    class Faulty(Content):
        def render(self, contact: Contact, message_id: str, at: datetime) -> bytes:
            if number(message_id) == 2:
                raise KeyError(contact.email)
            return super().render(contact, message_id, at)

    stage.content = Faulty()
    ip = stage.put_ip("ip1", limit=5)
    assert sent(stage, claimed_block(stage, 1, 2, 3)) == Tally(accepted=2, later=1)
    assert (stage.relay.mailed(), stage.in_doubt()) == ([1, 3], [])
    row = stage.row(2)
    assert row is not None
    assert row.data["state"] == SentState.REFUSED
    words = row.smtp_response or ""
    assert words.startswith("a fault of ours: KeyError in render, line ")
    assert "@" not in words
    assert reserved(stage, ip) == 2


def test_a_transport_that_cannot_be_made_leaves_the_block_unopened(stage: Stage) -> None:
    class Unreachable(Relay):
        def of(self, ip: SendingIp) -> "Transport":  # type: ignore[override]
            raise RetryableError("no password")

    stage.relay = Unreachable(stage.clock)
    with pytest.raises(RetryableError):
        send_block(stage, claimed_block(stage, 1))
    assert stage.stored().phase is Phase.CLAIMED


def test_a_recipient_whom_nobody_knows_is_never_handed_over(stage: Stage) -> None:
    class Careless:
        def read(self, batch: Batch) -> Sequence[Recipient]:
            known = stage.recipients().read(batch)
            return [replace(one, contact=None) for one in known]

    batch = claimed_block(stage, 1)
    blocks = replace(stage.blocks(), reader=Careless())
    with pytest.raises(ValueError, match="without a contact"):
        blocks.send(batch, stage.put_campaign(), NOW + HOUR, lambda opened: opened)
    assert stage.relay.taken == []
