"""A corpus of mails, as servers and people write them: what each comes out as."""

import pytest

from mailtide.domain import bounce
from mailtide.domain.event import Event, EventType
from mailtide.sources import mime
from tests.unit.sources.mails import LETTER, NAMES, NOW, TRACKER, mail

BOUNCED, DEFERRED, DELIVERED = EventType.BOUNCED, EventType.DEFERRED, EventType.DELIVERED
AUTO, REPLIED, GONE = EventType.AUTO_REPLIED, EventType.REPLIED, EventType.UNSUBSCRIBED
UNKNOWN, COMPLAINED = EventType.UNKNOWN, EventType.COMPLAINED

# (type, enhanced code, class of the bounce, whom it names)
NOTIFICATIONS: dict[str, list[tuple[EventType, str | None, str | None, str | None]]] = {
    "dsn.gmail.no-such-user": [(BOUNCED, "5.1.1", "hard", "ann@example.com")],
    "dsn.gmail.mailbox-full": [(BOUNCED, "5.2.2", "mailbox_full", "ann@example.com")],
    "dsn.exchange-online.not-found": [(BOUNCED, "5.1.10", "hard", "ann@example.com")],
    "dsn.exchange-server.disabled": [(BOUNCED, "5.2.1", "hard", "ann@example.com")],
    "dsn.outlook-com.blocked": [(BOUNCED, "5.7.1", "block", "ann@example.com")],
    "dsn.yahoo.no-account": [(BOUNCED, "5.0.0", "hard", "ann@example.com")],
    "dsn.postfix.no-such-user": [(BOUNCED, "5.1.1", "hard", "ann@example.com")],
    "dsn.postfix.delayed": [(DEFERRED, "4.4.1", None, "ann@example.com")],
    "dsn.postfix.expired": [(BOUNCED, "4.4.1", "soft", "ann@example.com")],
    "dsn.postfix.success": [(DELIVERED, "2.0.0", None, "ann@example.com")],
    "dsn.postfix.relayed": [(EventType.ACCEPTED, "2.0.0", None, "ann@example.com")],
    "dsn.list.expanded": [(DELIVERED, "2.0.0", None, "ann@example.com")],
    "dsn.multi-recipient": [
        (BOUNCED, "5.1.1", "hard", "carl@elsewhere.example"),
        (BOUNCED, "5.1.1", "hard", "ann@example.com"),
        (DELIVERED, "2.0.0", None, "dora@elsewhere.example"),
    ],
    "dsn.forwarded": [(BOUNCED, "5.1.1", "hard", "ann.private@forwarded.example")],
    "dsn.forwarded.alias": [(BOUNCED, "5.1.1", "hard", "ann@example.com")],
    "dsn.redacted": [(BOUNCED, "5.7.1", "auth_policy", None)],
    "dsn.contradictory": [(UNKNOWN, "2.0.0", None, "ann@example.com")],
    "dsn.no-action": [(BOUNCED, "5.1.2", "dns", "ann@example.com")],
    "dsn.one-group": [(BOUNCED, "5.1.1", "hard", "ann@example.com")],
    "dsn.international": [(BOUNCED, "5.1.1", "hard", "ann@example.com")],
    "dsn.exim": [(BOUNCED, "5.0.0", "hard", "ann@example.com")],
    "dsn.sendmail.no-such-user": [(BOUNCED, "5.1.1", "hard", "ann@example.com")],
    "dsn.sendmail.delayed": [(DEFERRED, "4.2.0", None, "ann@example.com")],
    "dsn.at-postmaster": [(BOUNCED, "5.1.1", "hard", "ann@example.com")],
}

# (type, what kind of mail it is, which message it names)
LETTERS: dict[str, tuple[EventType, str, str | None]] = {
    "auto.challenge": (AUTO, "auto-reply", LETTER),
    "auto.exchange.english": (AUTO, "auto-reply", LETTER),
    "auto.french.weak-signs": (AUTO, "auto-reply", LETTER),
    "auto.german": (AUTO, "auto-reply", LETTER),
    "auto.gmail-vacation": (AUTO, "auto-reply", LETTER),
    "auto.help-desk": (AUTO, "auto-reply", LETTER),
    "auto.japanese": (AUTO, "auto-reply", LETTER),
    "auto.read-receipt": (AUTO, "auto-reply", LETTER),
    "auto.spanish.low-precedence": (AUTO, "auto-reply", LETTER),
    "auto.vacation-program": (AUTO, "auto-reply", LETTER),
    "reply.about-an-office": (REPLIED, "reply", LETTER),
    "reply.apple.with-picture": (REPLIED, "reply", LETTER),
    "reply.gmail": (REPLIED, "reply", LETTER),
    "reply.new-mail": (REPLIED, "reply", LETTER),
    "reply.outlook.html": (REPLIED, "reply", LETTER),
    "reply.titled-like-a-program": (REPLIED, "reply", LETTER),
    "reply.without-an-id": (REPLIED, "reply", LETTER),
    "unsubscribe.any-words": (GONE, "spam", LETTER),
    "unsubscribe.by-a-program": (GONE, "auto-reply", LETTER),
    "unsubscribe.folded-case": (GONE, "reply", LETTER),
    "unsubscribe.for-another-address": (GONE, "reply", LETTER),
    "unsubscribe.gmail": (GONE, "reply", LETTER),
    "bounce.exim.without-report": (UNKNOWN, "bounce", LETTER),
    "bounce.qmail": (UNKNOWN, "bounce", LETTER),
    "list.discussion": (UNKNOWN, "bulk", LETTER),
    "spam.to-reply-address": (UNKNOWN, "spam", LETTER),
    "letter.to-envelope-sender": (UNKNOWN, "reply", LETTER),
    "letter.to-postmaster": (UNKNOWN, "mail", None),
    "forged.reply-token": (REPLIED, "reply", None),
    "forged.unsubscribe-with-reply-token": (GONE, "reply", None),
    "forged.dsn.inside-a-forward": (UNKNOWN, "reply", LETTER),
    "feedback.abuse.redacted": (COMPLAINED, "feedback-report/abuse", LETTER),
    "feedback.not-spam": (EventType.INFRASTRUCTURE, "feedback-report/not-spam", LETTER),
}
UNKNOWN_MESSAGE = "forged.dsn.unknown-message"


def events(name: str) -> list[Event]:
    found = mime.parse(mail(name), TRACKER.read_address)
    assert mime.parse(mail(name, crlf=False), TRACKER.read_address) == found
    assert {event.occurred_at for event in found} == {NOW}
    return found


def test_every_mail_is_expected_to_be_something() -> None:
    assert sorted([*NOTIFICATIONS, *LETTERS, UNKNOWN_MESSAGE]) == NAMES


@pytest.mark.parametrize("name", NOTIFICATIONS)
def test_what_a_notification_says_of_each_recipient(name: str) -> None:
    found = events(name)
    classes = [
        bounce.classify(e.smtp_code, e.enhanced_code, e.smtp_response or "", "other").value
        if e.type is BOUNCED
        else None
        for e in found
    ]
    said = [
        (e.type, e.enhanced_code, class_, e.recipient)
        for e, class_ in zip(found, classes, strict=True)
    ]
    assert said == NOTIFICATIONS[name]
    assert {e.message_id for e in found} == {LETTER}
    assert {e.ip_tag for e in found} == {"mkta3"}


@pytest.mark.parametrize("name", LETTERS)
def test_what_a_letter_is(name: str) -> None:
    (event,) = events(name)
    assert (event.type, event.source_type, event.message_id) == LETTERS[name]


def test_a_made_up_message_is_not_named() -> None:
    (event,) = events(UNKNOWN_MESSAGE)
    assert (event.type, event.message_id) == (BOUNCED, None)


def test_a_notification_brings_code_words_and_host() -> None:
    (event,) = events("dsn.outlook-com.blocked")
    assert (event.smtp_code, event.mx_host) == (550, "example-com.mail.protection.outlook.com")
    assert (event.smtp_response or "").startswith("5.7.1 Unfortunately, messages from")
    assert event.data == {"reporting_mta": "dns; relay.example.net"}


def test_an_auto_reply_says_by_what_it_was_told() -> None:
    (event,) = events("auto.french.weak-signs")
    assert event.data["reasons"] == "subject no_thread"


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("letter.to-post")])
def test_a_mail_that_comes_again_has_the_same_key(name: str) -> None:
    later = NOW.replace(hour=15)
    keys = [event.key for event in events(name)]
    again = [event.key for event in mime.parse(mail(name, later), TRACKER.read_address)]
    assert again == keys
    assert len(set(keys)) == len(keys)
