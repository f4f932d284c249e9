"""Ingest of mail: what replies, reports and unsubscribes by mail change, and what they may not."""

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import metrics
from mailtide.domain.engagement import MAX_ANSWERS
from mailtide.domain.message import EventRow, SentState, settled
from mailtide.domain.signing import Keyring
from mailtide.domain.suppression import Reason
from mailtide.domain.verp import Seal
from mailtide.errors import RetryableError
from tests.collaborators import FOREIGN_SOURCE, KEYRING
from tests.ingesting import (
    TRACKER,
    World,
    bounces_to,
    delivered,
    feedback,
    mail,
    notification,
    reply_to,
    status,
    webhook,
)
from tests.rows import START, doubt, message, sent
from tests.unit.flows.test_ingest_faults import stepped

GONE = TRACKER.unsubscribe_address(message(), "reply.example.com")
PERSON = "Message-ID: <a.1@example.com>\nIn-Reply-To: <x@example.com>"
PROGRAM = "Message-ID: <b.1@example.com>\nAuto-Submitted: auto-replied"


@pytest.fixture
def world() -> World:
    return World()


def counts(world: World) -> dict[str, int]:
    """Return the counters that all rows make, without times."""
    found: dict[str, int] = {}
    for row in world.table.all():
        for (_, metric), count in metrics.contributions(row).items():
            found[metric] = found.get(metric, 0) + count
    return found


def rows(world: World, type_: str) -> list[EventRow]:
    return [r for r in world.table.of_message(message()) if r.event_type.value == type_]


def reason_of(world: World) -> str:
    [key] = world.kept("refused/")
    return str(json.loads(world.bucket.objects[key])["reason"])


def test_a_reply_is_a_row_and_counts_once_as_its_first(world: World) -> None:
    assert dict(world.flow.run(mail(reply_to(), PERSON))) == {"replied": 1}
    world.flow.run(mail(reply_to(), "Message-ID: <a.2@example.com>\nIn-Reply-To: <x>"))
    assert len(rows(world, "replied")) == 2
    assert counts(world) == {"sent": 2, "replies": 2, "unique_replies": 1}
    assert world.reasons() == set()


def test_an_auto_reply_is_never_a_reply(world: World) -> None:
    assert dict(world.flow.run(mail(reply_to(), PROGRAM))) == {"auto_replied": 1}
    assert counts(world) == {"sent": 2, "auto_replies": 1}


def test_a_mail_that_comes_again_hours_later_is_the_same_row(world: World) -> None:
    for minutes in (300, 60, 90):
        world.flow.run(mail(reply_to(), PERSON, minutes=minutes))
    [row] = rows(world, "replied")
    assert row.ts.minute == sent().ts.minute
    assert (row.ts - sent().ts).seconds == 3600
    assert counts(world) == {"sent": 2, "replies": 1, "unique_replies": 1}


def test_whoever_writes_for_ever_counts_up_to_the_limit(world: World) -> None:
    for number in range(MAX_ANSWERS + 3):
        world.flow.run(mail(reply_to(), f"Message-ID: <{number}>", minutes=60 + number))
    assert len(rows(world, "replied")) == MAX_ANSWERS
    assert counts(world)["replies"] == MAX_ANSWERS


def test_an_unsubscribe_by_mail_is_the_row_and_the_suppression_of_one_click(world: World) -> None:
    assert dict(world.flow.run(mail(GONE.upper(), "Subject: hello"))) == {"unsubscribed": 1}
    assert world.row("unsubscribed") is not None
    assert world.reasons() == {Reason.UNSUBSCRIBE}
    assert counts(world) == {"sent": 2, "unsubscribes": 1}


@pytest.mark.parametrize(
    "address",
    [
        f"u{reply_to()[1:]}",  # a reply's token unsubscribes nobody
        f"r{GONE[1:]}",
        GONE.replace("u-2", "u-3"),
        "postmaster@reply.example.com",
    ],
)
def test_an_address_that_we_did_not_make_has_no_consequence(world: World, address: str) -> None:
    found = dict(world.flow.run(mail(address, PERSON)))
    assert found in ({"unattributed": 1}, {"unknown": 1})
    assert [row.event_key for row in world.table.all()] == ["sent", "sent"]
    assert world.reasons() == set()


def test_a_hard_bounce_by_mail_suppresses(world: World) -> None:
    found = world.flow.run(notification(status("failed", "5.1.1")))
    assert dict(found) == {"bounced": 1}
    row = world.row("bounced")
    assert row is not None
    assert (row.data["kind"], row.data["source_type"]) == ("hard", "delivery-status/failed")
    assert world.reasons() == {Reason.HARD_BOUNCE}


def test_the_relays_own_words_stand_before_those_of_a_mail(world: World) -> None:
    world.flow.run(notification(status("delivered", "2.0.0")))
    world.ingest(delivered())
    world.flow.run(notification(status("delivered", "2.0.0"), minutes=1))
    row = world.row("delivered")
    assert row is not None
    assert row.data["source"] == "stalwart"


def test_a_delay_is_counted_once_however_often_it_is_told(world: World) -> None:
    for minutes in (60, 200, 30):
        world.flow.run(notification(status("delayed", "4.4.1"), minutes=minutes))
    world.flow.run(notification(status("delayed", "4.4.1"), id_="dsn.2@mx.example.com"))
    assert counts(world) == {"sent": 2, "deferred": 2}


@pytest.mark.parametrize("recipient", ["carl@elsewhere.example", "ann.private@forward.example"])
def test_a_report_about_somebody_else_is_refused(world: World, recipient: str) -> None:
    found = world.flow.run(notification(status("failed", "5.1.1", recipient)))
    assert dict(found) == {"refused": 1}
    assert reason_of(world) == "other_recipient"
    assert world.reasons() == set()


@pytest.mark.parametrize("recipient", [None, "redacted@example.com", "ANN@Example.com"])
def test_a_report_that_names_nobody_or_the_recipient_counts(
    world: World, recipient: str | None
) -> None:
    found = world.flow.run(notification(status("failed", "5.1.1", recipient)))
    assert dict(found) == {"bounced": 1}


def test_of_many_recipients_the_messages_own_counts(world: World) -> None:
    groups = [status("failed", "5.1.1", f"{name}@example.com") for name in ("bob", "ann", "eve")]
    assert dict(world.flow.run(notification(*groups))) == {"bounced": 1, "refused": 2}
    assert world.reasons() == {Reason.HARD_BOUNCE}
    assert world.reasons(2) == set()


@pytest.mark.parametrize("state", [SentState.FAILED, SentState.REFUSED])
def test_no_mail_counts_about_a_message_that_never_left(world: World, state: SentState) -> None:
    world.events.put_all([replace(sent(), data={"state": state.value})])
    for text in (
        notification(status("failed", "5.1.1")),
        mail(reply_to(), PERSON),
        mail(GONE),
    ):
        assert dict(world.flow.run(text)) == {"refused": 1}
    assert world.reasons() == set()


def test_a_source_tells_nothing_of_another_organisations_messages(world: World) -> None:
    for text in (
        mail(reply_to(), PERSON, source_id=FOREIGN_SOURCE),
        mail(GONE, PERSON, source_id=FOREIGN_SOURCE),
        notification(status("failed", "5.1.1"), source_id=FOREIGN_SOURCE),
    ):
        assert dict(world.flow.run(text)) == {"refused": 1}
    assert world.reasons() == set()


def test_an_unknown_message_is_refused(world: World) -> None:
    report = notification(status("failed", "5.1.1"), to=bounces_to(9))
    assert dict(world.flow.run(report)) == {"refused": 1}
    assert reason_of(world) == "unknown_message"


LOCAL, _, DOMAIN = bounces_to().partition("@")
FORGERIES = {
    "no MAC": f"{LOCAL[:-18]}@{DOMAIN}",
    "a made-up MAC": f"{LOCAL[:-16]}{'0' * 16}@{DOMAIN}",
    "a cut MAC": f"{LOCAL[:-1]}@{DOMAIN}",
    "the MAC of another message": bounces_to(2).replace(message(2), message()),
    "the MAC of another sending IP": f"{LOCAL}@{DOMAIN}".replace("-ip1-", "-ip2-"),
    "the MAC of a root that is gone": Seal.of(Keyring(7, {7: b"g" * 32})).mail_from(
        "ip1", message(), DOMAIN
    ),
    "what replies go to": reply_to(),
    "what unsubscribes go to": GONE,
}


@pytest.mark.parametrize("forged", FORGERIES.values(), ids=FORGERIES)
def test_whoever_saw_a_message_alone_cannot_write_a_report_of_it(world: World, forged: str) -> None:
    for text in (
        notification(status("failed", "5.1.1"), to=forged),
        notification(status("failed", "5.1.1"), to="postmaster@bounce.example.com", id_="2"),
        notification(status("delivered", "2.0.0"), to=forged),
        feedback(sender=forged),
    ):
        assert dict(world.flow.run(text)) == {"unattributed": 1}
    assert [row.event_key for row in world.table.all()] == ["sent", "sent"]
    assert world.suppressions.rows == {}
    assert len(world.kept("raw/")) == 4


@pytest.mark.parametrize("forged", list(FORGERIES.values())[:6], ids=list(FORGERIES)[:6])
def test_an_auto_reply_to_a_forged_envelope_sender_counts_nowhere(
    world: World, forged: str
) -> None:
    found = dict(world.flow.run(mail(forged, PROGRAM)))
    assert found in ({"unattributed": 1}, {"unknown": 1})
    assert counts(world) == {"sent": 2}


def test_an_envelope_sender_counts_in_any_case_and_with_a_key_from_before(world: World) -> None:
    old = Seal.of(Keyring(0, KEYRING.roots)).mail_from("ip1", message(2), DOMAIN)
    assert old != bounces_to(2)
    for to in (bounces_to().upper(), old):
        report = notification(status("failed", "5.1.1", None), to=to, id_=to)
        assert dict(world.flow.run(report)) == {"bounced": 1}
    assert world.reasons() == world.reasons(2) == {Reason.HARD_BOUNCE}


@pytest.mark.parametrize(
    "text", [mail(reply_to(), PERSON), mail(GONE), notification(status("failed", "5.1.1"))]
)
def test_a_mail_shows_that_the_message_left(world: World, text: str) -> None:
    world.events.put_all([doubt()])
    world.flow.run(text)
    assert world.row("doubt") == settled(doubt())


def received(world: World, to: str, raw: bytes, **receipt: Any) -> str:
    """Store a mail as SES's rule does; return its notification."""
    key = f"inbound/{sha256(raw).hexdigest()}"
    world.bucket.put(key, raw)
    told = {
        "notificationType": "Received",
        "mail": {"source": "ann@example.com"},
        "receipt": {
            "timestamp": (START + timedelta(hours=1)).isoformat(),
            "recipients": [to],
            "action": {"type": "S3", "bucketName": "data", "objectKey": key},
            **receipt,
        },
    }
    return json.dumps(told)


REPLY = b"Message-ID: <s.1@example.com>\r\nIn-Reply-To: <x>\r\n\r\nHello"


def test_a_mail_that_ses_took_counts_as_one_of_the_hook(world: World) -> None:
    assert dict(world.flow.run(received(world, reply_to(), REPLY))) == {"replied": 1}
    [row] = rows(world, "replied")
    assert row.ts == START + timedelta(hours=1)
    assert dict(world.flow.run(received(world, GONE, b"\r\nstop"))) == {"unsubscribed": 1}
    assert world.reasons() == {Reason.UNSUBSCRIBE}


def test_a_mail_is_removed_when_it_has_been_worked_on_and_its_repeat_is_none(world: World) -> None:
    text = received(world, reply_to(), REPLY)
    world.flow.run(text)
    assert world.kept("inbound/") == []
    assert dict(world.flow.run(text)) == {"repeated": 1}
    assert len(rows(world, "replied")) == 1
    assert b"Hello" not in b"".join(world.bucket.objects.values())


def test_a_mail_stays_while_working_on_it_fails(world: World) -> None:
    text = received(world, reply_to(), REPLY)

    def fail() -> None:
        raise RetryableError("no answer")

    with pytest.raises(RetryableError):
        stepped(world, fail, lambda: None).run(text)
    assert len(world.kept("inbound/")) == 1
    assert dict(world.flow.run(text)) == {"replied": 1}


def test_spam_that_ses_found_is_no_reply_and_still_unsubscribes(world: World) -> None:
    spam = {"spamVerdict": {"status": "FAIL"}}
    found = world.flow.run(received(world, reply_to(), REPLY, **spam))
    assert dict(found) == {"unknown": 1}
    assert dict(world.flow.run(received(world, GONE, b"\r\nstop", **spam))) == {"unsubscribed": 1}


def test_a_notification_about_another_object_is_no_message_of_ours(world: World) -> None:
    action = {"objectKey": "raw/2026-11-24/secret.json"}
    with pytest.raises(ValueError, match="no mail that a rule of ours stored"):
        world.flow.run(received(world, reply_to(), REPLY, action=action))


MAILS = [
    mail(reply_to(), PERSON),
    mail(reply_to(), PERSON, minutes=500),
    mail(reply_to(), PROGRAM),
    mail(GONE, "Message-ID: <c.1@example.com>"),
    notification(status("delayed", "4.4.1"), id_="dsn.0"),
    notification(status("failed", "5.1.1"), minutes=90),
    notification(status("failed", "5.2.2"), minutes=80, id_="dsn.9"),
    webhook(delivered()),
]


@given(st.permutations(MAILS + MAILS[:3]), st.randoms(use_true_random=True))
def test_any_order_and_number_of_mails_ends_in_the_same_rows(
    order: list[str], chance: Random
) -> None:
    straight, shuffled = World(), World()
    for text in MAILS:
        straight.flow.run(text)
    for text in order:
        shuffled.flow.run(text)
        if chance.random() < 0.3:
            shuffled.flow.run(chance.choice(order))
    assert list(shuffled.table.all()) == list(straight.table.all())
    assert shuffled.suppressions.rows == straight.suppressions.rows
