"""The sender function: a pointer in, mail out over real SMTP, rows written, once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from functions.launch.handler import lambda_handler as launch
from functions.sender.handler import lambda_handler
from local.emulator import free_port
from mailtide import app
from mailtide.domain import verp
from mailtide.domain.campaign import Move
from mailtide.domain.identifiers import SHARDS
from mailtide.domain.message import DOUBT, SENT, SUPPRESSED, EventRow, SentState
from mailtide.domain.suppression import Evidence, Reason, Suppression
from mailtide.domain.verp import EnvelopeSender
from mailtide.flows.pointers import Shard, write_shard
from mailtide.store.messages import Messages
from mailtide.store.suppressions import Suppressions
from mailtide.transports.ses_call import MOST_IN_FLIGHT
from tests.aws import Stack, stack
from tests.events import Context, failed_ids, sqs_event
from tests.functions.campaigns import CAMPAIGN, NOW, ORG, move, put_campaign, put_contacts
from tests.transports import scripted_ses as script

ADDRESSES = [f"reader{i}@example.test" for i in range(4)]


@dataclass
class Mailbox:
    """A relay that takes everything and keeps it."""

    envelopes: list[Envelope] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 2.0.0 taken"

    @property
    def recipients(self) -> list[str]:
        return sorted(str(envelope.rcpt_tos[0]) for envelope in self.envelopes)


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    mailbox = Mailbox()
    port = free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield mailbox, port
    controller.stop()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with stack(monkeypatch) as made:
        app.connect()
        yield made


def launched(
    aws: Stack, port: int = 0, configuration_set: str | None = None
) -> tuple[list[str], list[str]]:
    """Launch the campaign; return the contacts and the pointers to their batches."""
    ids = put_contacts(ADDRESSES)
    put_campaign(port, configuration_set=configuration_set)
    move(Move.START)
    launch(sqs_event(*(write_shard(Shard(ORG, CAMPAIGN, shard)) for shard in SHARDS)), Context())
    return ids, aws.bodies("sending")


def rows_of(contact_id: str) -> dict[str, EventRow]:
    message_id = app.message_id(CAMPAIGN, contact_id)
    return {row.event_key: row for row in Messages().of_messages([message_id])[message_id]}


def row_of(contact_id: str) -> EventRow:
    [row] = rows_of(contact_id).values()
    return row


def test_everybody_gets_one_message_and_has_one_row(
    aws: Stack, mailbox: tuple[Mailbox, int]
) -> None:
    box, port = mailbox
    ids, pointers = launched(aws, port)
    for pointer in pointers:
        assert failed_ids(lambda_handler(sqs_event(pointer), Context())) == []
    assert box.recipients == ADDRESSES
    rows = [row_of(contact_id) for contact_id in ids]
    assert {row.event_key for row in rows} == {SENT}
    assert {(row.of.ip_id, row.of.list_id, row.of.provider) for row in rows} == {
        ("ip1", "l1", "gmail")
    }
    assert app.batches().all_done(CAMPAIGN)


def test_the_envelope_names_sending_ip_and_message(
    aws: Stack, mailbox: tuple[Mailbox, int]
) -> None:
    box, port = mailbox
    ids, pointers = launched(aws, port)
    for pointer in pointers:
        lambda_handler(sqs_event(pointer), Context())
    senders = {verp.proven(str(one.mail_from), app.keyring()) for one in box.envelopes}
    assert senders == {EnvelopeSender("a", app.message_id(CAMPAIGN, one)) for one in ids}
    message = message_from_bytes(box.envelopes[0].original_content or b"")
    assert message["Subject"] == "Hello"
    assert "One-Click" in message["List-Unsubscribe-Post"]


def test_a_pointer_that_comes_again_sends_nothing(aws: Stack, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    _, pointers = launched(aws, port)
    for pointer in pointers * 2:
        assert failed_ids(lambda_handler(sqs_event(pointer), Context())) == []
    assert box.recipients == ADDRESSES


def test_who_was_suppressed_after_the_launch_is_left_out(
    aws: Stack, mailbox: tuple[Mailbox, int]
) -> None:
    box, port = mailbox
    ids, pointers = launched(aws, port)
    reasons = {Reason.COMPLAINT: Evidence(NOW, "m1")}
    Suppressions().add(Suppression(ORG, ids[0], reasons))
    for pointer in pointers:
        lambda_handler(sqs_event(pointer), Context())
    assert box.recipients == ADDRESSES[1:]
    assert row_of(ids[0]).event_key == SUPPRESSED


def test_without_time_a_fresh_pointer_goes_on(aws: Stack, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    _, pointers = launched(aws, port)
    lambda_handler(sqs_event(pointers[0]), Context(remaining_ms=0))
    assert box.envelopes == []
    [fresh] = aws.bodies("sending")
    lambda_handler(sqs_event(fresh), Context())
    assert len(box.envelopes) > 0


def test_what_is_no_pointer_goes_back(aws: Stack) -> None:
    assert failed_ids(lambda_handler(sqs_event('{"org_id": "acme"}'), Context())) == ["message-0"]


def test_over_ses_everybody_gets_one_message_that_its_tags_name(aws: Stack) -> None:
    ses = aws.ses
    ids, pointers = launched(aws, configuration_set="news")
    for pointer in pointers * 2:
        assert failed_ids(lambda_handler(sqs_event(pointer), Context())) == []
    assert sorted(ses.recipients()) == ADDRESSES
    tags = [{tag["Name"]: tag["Value"] for tag in one["EmailTags"]} for one in ses.taken]
    named = {app.message_id(CAMPAIGN, contact_id) for contact_id in ids}
    assert {tag["mt-message"] for tag in tags} == named
    same = {(tag["mt-campaign"], tag["mt-ip"], tag["mt-org"]) for tag in tags}
    assert same == {(CAMPAIGN, "a", ORG)}
    assert {one["ConfigurationSetName"] for one in ses.taken} == {"news"}
    message = message_from_bytes(ses.content(0))
    assert message["Subject"] == "Hello"
    assert message["To"] == ses.recipients()[0]
    assert app.batches().all_done(CAMPAIGN)


def test_over_ses_a_lost_reply_is_a_doubt_and_no_second_mail(aws: Stack) -> None:
    ses = aws.ses
    ses.script = {1: script.TAKE_AND_DROP}
    ids, pointers = launched(aws, configuration_set="news")
    for pointer in pointers * 2:
        assert failed_ids(lambda_handler(sqs_event(pointer), Context())) == []
    assert sorted(ses.recipients()) == ADDRESSES
    doubted = [contact_id for contact_id in ids if DOUBT in rows_of(contact_id)]
    assert len(doubted) == 1  # whichever of those in flight it was
    assert app.batches().all_done(CAMPAIGN)


REFUSAL = "Message rejected on account of news@acme.test"
UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region EU-WEST-1:"
    " news@acme.test"
)


def test_over_ses_a_refusal_is_the_reason_on_the_message(aws: Stack) -> None:
    aws.ses.script = {0: script.refusal(400, "MessageRejected", REFUSAL)}
    ids, pointers = launched(aws, configuration_set="news")
    for pointer in pointers:
        lambda_handler(sqs_event(pointer), Context())
    assert len(aws.ses.taken) == len(ADDRESSES) - 1
    [failed] = [r for c in ids if (r := row_of(c)).data["state"] == SentState.FAILED]
    words, _, address = f"MessageRejected: {REFUSAL}".rpartition(" ")
    assert (failed.smtp_response or "").startswith(f"{words} {{contact:")  # no address is kept
    assert address not in (failed.smtp_response or "")


def test_over_ses_a_sender_that_is_not_verified_gives_nobody_up(aws: Stack) -> None:
    aws.ses.script = dict.fromkeys(range(50), script.refusal(400, "MessageRejected", UNVERIFIED))
    ids, pointers = launched(aws, configuration_set="news")
    for pointer in pointers:
        lambda_handler(sqs_event(pointer), Context())
    assert {row_of(contact_id).data["state"] for contact_id in ids} == {SentState.REFUSED}
    # The first answer of each call is enough; no more than were in flight hear it too.
    assert len(pointers) <= aws.ses.sends <= len(pointers) * MOST_IN_FLIGHT
    assert not app.batches().all_done(CAMPAIGN)


def test_over_ses_a_pause_carries_the_rest_over(aws: Stack) -> None:
    aws.ses.script = {1: script.refusal(400, "SendingPausedException", "Sending paused.")}
    ids, pointers = launched(aws, configuration_set="news")
    for pointer in pointers:
        lambda_handler(sqs_event(pointer), Context())
    rows = [row_of(contact_id) for contact_id in ids]
    refused = [row for row in rows if row.data["state"] == SentState.REFUSED]
    assert len(refused) == len(ADDRESSES) - len(aws.ses.taken) >= 1
    assert {row.smtp_response for row in refused} == {"SendingPausedException: Sending paused."}
    assert not app.batches().all_done(CAMPAIGN)
