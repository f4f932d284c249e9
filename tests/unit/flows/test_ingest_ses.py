"""Ingest of what AWS puts into the queue: SES's records, raw, in an envelope, or off the bus."""

import json
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.event import EventType
from mailtide.domain.message import millis, settled
from mailtide.domain.suppression import Reason
from mailtide.sources.ses_words import OWN
from tests.ingesting import World
from tests.rows import ORG, START, contact, doubt, message, sent

HARD: dict[str, Any] = {"bounceType": "Permanent", "bounceSubType": "General"}
NO_USER: dict[str, Any] = {
    "bouncedRecipients": [
        {
            "emailAddress": "ann@example.com",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        }
    ]
}


@pytest.fixture
def world() -> World:
    return World()


def told(word: str, number: int = 1, seconds: int = 60, org: str = ORG, **own: Any) -> str:
    """Return a record of SES about one of our messages, as SNS delivers it raw."""
    at = (START + timedelta(seconds=seconds)).isoformat()
    tags = {"mt-message": [message(number)], "mt-org": [org], "mt-ip": ["ip1"]}
    mail = {"timestamp": START.isoformat(), "messageId": "ses-1", "tags": tags}
    return json.dumps({"eventType": word, "mail": mail, OWN[word]: {"timestamp": at, **own}})


def enveloped(text: str) -> str:
    return json.dumps({"Type": "Notification", "Message": text})


def on_the_bus(text: str) -> str:
    name = {"Delivery": "Email Delivered", "Bounce": "Email Bounced"}[json.loads(text)["eventType"]]
    return json.dumps({"source": "aws.ses", "detail-type": name, "detail": json.loads(text)})


def posted(text: str) -> str:
    """Return what the webhook queues of a message that SNS posted."""
    head = {"source": "ses", "source_id": None, "received_at": millis(START)}
    return json.dumps({**head, "body": enveloped(text)})


DELIVERED = told("Delivery", smtpResponse="250 2.0.0 OK")
BOUNCED = told("Bounce", 2, **HARD, **NO_USER)
WAYS = (str, enveloped, on_the_bus, posted)


@pytest.mark.parametrize("way", WAYS)
def test_a_delivery_is_a_row_by_whatever_way_it_comes(world: World, way: Any) -> None:
    assert dict(world.flow.run(way(DELIVERED))) == {"delivered": 1}
    row = world.row("delivered")
    assert row is not None
    assert (row.smtp_code, row.smtp_response, row.data["source"]) == (250, "OK", "ses")
    assert row.of == sent().of
    assert row.ts == START + timedelta(seconds=60)


@given(st.lists(st.sampled_from([way(one) for way in WAYS for one in (DELIVERED, BOUNCED)])),
       st.randoms(use_true_random=True))  # fmt: skip
def test_all_ways_together_end_in_the_same_rows(more: list[str], chance: Random) -> None:
    straight, mixed = World(), World()
    texts = [DELIVERED, BOUNCED]
    for text in texts:
        straight.flow.run(text)
    many = texts + more
    chance.shuffle(many)
    for text in many:
        mixed.flow.run(text)
    assert list(mixed.table.all()) == list(straight.table.all())
    assert mixed.suppressions.rows == straight.suppressions.rows


def test_a_hard_bounce_suppresses_at_once_with_the_receivers_words(world: World) -> None:
    world.flow.run(told("Bounce", **HARD, **NO_USER))
    row = world.row("bounced")
    assert row is not None
    assert (row.data["kind"], row.data["class"]) == ("hard", "hard")
    assert (
        "user unknown" in world.suppressions.rows[ORG, contact()].reasons[Reason.HARD_BOUNCE].text
    )


def test_a_full_mailbox_suppresses_nobody(world: World) -> None:
    world.flow.run(told("Bounce", bounceType="Transient", bounceSubType="MailboxFull", **NO_USER))
    row = world.row("bounced")
    assert row is not None
    assert (row.data["kind"], row.data["class"]) == ("soft", "mailbox_full")
    assert world.reasons() == set()


def test_whom_ses_kept_back_is_suppressed_and_counts_against_nobody_again(world: World) -> None:
    kept: dict[str, Any] = {"bounceType": "Permanent", "bounceSubType": "OnAccountSuppressionList"}
    world.flow.run(told("Bounce", **kept))
    row = world.row("bounced")
    assert row is not None
    assert row.data["kind"] == "suppressed"
    assert row.data["bounce_sub_type"] == "OnAccountSuppressionList"
    assert world.reasons() == {Reason.HARD_BOUNCE}


def test_a_complaint_suppresses_and_its_opposite_does_not(world: World) -> None:
    world.flow.run(told("Complaint", complaintFeedbackType="not-spam"))
    assert world.reasons() == set()
    world.flow.run(told("Complaint", complaintFeedbackType="abuse"))
    assert world.row("complained") is not None
    assert world.reasons() == {Reason.COMPLAINT}


@pytest.mark.parametrize(
    "text",
    [
        told("Send"),
        DELIVERED,
        told("Bounce", **HARD),
        told("DeliveryDelay", delayType="General"),
        told("Complaint"),
        told("Reject", reason="Bad content"),
    ],
    ids=lambda text: json.loads(text)["eventType"],
)
def test_whatever_ses_says_of_a_message_settles_its_doubt(world: World, text: str) -> None:
    world.events.put_all([doubt()])
    world.flow.run(text)
    assert world.row("doubt") == settled(doubt())


def test_that_ses_has_a_message_is_no_row(world: World) -> None:
    assert dict(world.flow.run(told("Send"))) == {"accepted": 1}
    assert [row.event_key for row in world.table.of_message(message())] == ["sent"]


@pytest.mark.parametrize(
    ("number", "org", "reason"),
    [(9, ORG, "unknown_message"), (1, "org2", "other_organisation"), (1, "", "other_organisation")],
)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_to_be_believed_is_kept_with_the_reason(
    world: World, way: Any, number: int, org: str, reason: str
) -> None:
    assert dict(world.flow.run(way(told("Bounce", number, org=org, **HARD)))) == {"refused": 1}
    assert world.row("bounced", number) is None
    assert world.suppressions.rows == {}
    [key] = world.kept("refused/2026-11-24/ses/")
    assert json.loads(world.bucket.objects[key])["reason"] == reason


def test_mail_of_others_in_the_account_is_not_attributed(world: World) -> None:
    other = json.loads(DELIVERED)
    del other["mail"]["tags"]["mt-message"]
    assert dict(world.flow.run(json.dumps(other))) == {"unattributed": 1}


def test_a_record_is_kept_as_it_came_and_a_repeat_keeps_nothing_more(world: World) -> None:
    world.flow.run(DELIVERED)
    world.flow.run(DELIVERED)
    [key] = world.kept("raw/2026-11-24/ses/")
    assert world.bucket.objects[key] == DELIVERED.encode()


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Successfully validated SNS topic for Amazon SES event publishing.\n", "infrastructure"),
        ('{"detail-type": "Sending Status Disabled", "detail": {}}', "infrastructure"),
        ('{"eventType": "Moonrise", "mail": {}}', "unknown"),
    ],
)
def test_words_without_a_consequence_are_counted_and_kept_raw(
    world: World, text: str, counts: str
) -> None:
    assert dict(world.flow.run(text)) == {counts: 1}
    assert len(world.kept("raw/")) == 1


def test_an_open_that_ses_saw_is_judged_like_any_other(world: World) -> None:
    world.flow.run(told("Open", seconds=600, userAgent="Mozilla/5.0 (Macintosh) Safari/605"))
    row = world.row("_engagement")
    assert row is not None
    assert row.data["uniques"].keys() == {"unique_opens", "unique_opens_human"}
    assert row.event_type is EventType.ENGAGEMENT


def test_the_copy_holds_nothing_of_the_messages_own_headers(world: World) -> None:
    subject = "=?utf-8?b?YW5uQGV4YW1wbGUuY29t?="  # ann@example.com, as nobody finds it
    record = json.loads(DELIVERED)
    record["mail"]["headers"] = [{"name": "Subject", "value": subject}]
    record["mail"]["commonHeaders"] = {"subject": subject}
    for way in WAYS:
        world.flow.run(way(json.dumps(record)))
    copies = [world.bucket.objects[key].decode() for key in world.kept("raw/")]
    assert len(copies) == len(WAYS) - 1  # two ways leave the same envelope
    for copy in copies:
        assert "YW5u" not in copy
        assert "250 2.0.0 OK" in copy
        assert message(1) in copy


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"Type": "Notification", "Message": "Successfully validated SNS topic x"}),
        json.dumps({"eventType": "Delivery", "mail": "ann@example.com", "x": [1]}),
        '{"eventType": "Delivery", "mail": {"headers": ' + "[" * 500 + "]" * 500 + "}}",
    ],
)
def test_what_has_no_headers_is_copied_as_it_is(world: World, text: str) -> None:
    world.flow.run(text)
    [key] = world.kept("raw/")
    assert "ann@example.com" not in world.bucket.objects[key].decode()


def test_what_can_be_read_but_not_be_written_is_copied_as_text(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = json.dumps

    def too_deep(value: Any, **options: Any) -> str:
        """Write as Python 3.11 does, which reads deeper nesting than it writes."""
        if "eventType" in value:
            raise RecursionError
        return written(value, **options)

    monkeypatch.setattr(json, "dumps", too_deep)
    world.flow.run(DELIVERED)
    [key] = world.kept("raw/")
    assert world.bucket.objects[key].decode() == DELIVERED
    assert world.row("delivered") is not None
