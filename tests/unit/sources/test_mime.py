"""Feedback reports: who complained about which message, and mail that is something else."""

from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.event import Event, EventType
from mailtide.domain.identifiers import is_message_id
from mailtide.sources import auto_subjects, mail_parts, mime, stalwart
from mailtide.sources.arrival import MAX_READ, Arrival
from tests.collaborators import SEAL
from tests.unit.sources.mails import LETTER, NAMES, TRACKER, mail
from tests.unit.sources.payloads import MESSAGE, body, own_body

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
OTHER = "c0000000040000000000000001"
DOMAIN = "bounce.news.example.com"
VERP = SEAL.mail_from("mkta3", MESSAGE, DOMAIN)
FORGED = VERP.replace(MESSAGE, OTHER)  # the MAC of another message
BARE = f"b-mkta3-{OTHER}@{DOMAIN}"


def report(
    feedback: str = "abuse",
    *,
    fields: str = "",
    enclosed: str = "Subject: News\r\n",
    enclosed_type: str = "message/rfc822",
    headers: str = "",
) -> bytes:
    return (
        f"From: <loop@example.org>\r\n{headers}"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n"
        "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        f"Feedback-Type: {feedback}\r\nUser-Agent: Loop/1.0\r\nVersion: 1\r\n{fields}\r\n"
        f"--b\r\nContent-Type: {enclosed_type}\r\n\r\n{enclosed}\r\n\r\n--b--\r\n"
    ).encode()


def only(raw: bytes, received_at: datetime | None = NOW) -> Event:
    (event,) = mime.parse(Arrival(raw, received_at=received_at), TRACKER.read_address)
    return event


def test_the_recorded_hook_is_a_complaint_about_our_message() -> None:
    event = only(stalwart.hook_message(own_body("mta-hook.data.fbl-report")))
    assert (event.type, event.message_id, event.ip_tag) == (EventType.COMPLAINED, MESSAGE, "mkta3")


def test_a_complaint_about_mail_that_is_not_ours_names_no_message() -> None:
    event = only(stalwart.hook_message(body("mta-hook.data.fbl-report")))
    assert (event.type, event.message_id) == (EventType.COMPLAINED, None)


@pytest.mark.parametrize(
    ("feedback", "expected"),
    [
        ("abuse", EventType.COMPLAINED),
        ("Fraud", EventType.COMPLAINED),
        ("virus", EventType.COMPLAINED),
        ("other", EventType.COMPLAINED),
        ("not-spam", EventType.INFRASTRUCTURE),  # "this is wanted": the opposite of a complaint
        ("auth-failure", EventType.INFRASTRUCTURE),
        ("opt-out", EventType.UNKNOWN),
        ("", EventType.UNKNOWN),
    ],
)
def test_what_each_feedback_type_is(feedback: str, expected: EventType) -> None:
    assert only(report(feedback)).type is expected


@pytest.mark.parametrize(
    "parts",
    [
        {"fields": f"Original-Mail-From: <{VERP}>\r\n"},
        {"fields": f"Original-Mail-From: {VERP.upper()}\r\n"},
        {"enclosed": f"Return-Path: <{VERP}>\r\n"},
        {"enclosed": f"Return-Path: <{VERP}>\r\n", "enclosed_type": "text/rfc822-headers"},
        {"fields": f"Original-Mail-From: {FORGED}\r\n", "enclosed": f"Return-Path: <{VERP}>\r\n"},
    ],
)
def test_finds_the_message_in(parts: dict[str, str]) -> None:
    assert only(report(**parts)).message_id == MESSAGE


@pytest.mark.parametrize(
    "parts",
    [
        {"enclosed": f"Message-ID: <{MESSAGE}@news.example.com>\r\n"},  # it is in every link
        {"enclosed": f"Return-Path: <{FORGED}>\r\n"},
        {"fields": f"Original-Mail-From: <{BARE}>\r\n"},
        {"fields": f"Original-Mail-From: {TRACKER.reply_address(MESSAGE, 'r.example')}\r\n"},
    ],
)
def test_a_report_that_proves_nothing_names_no_message(parts: dict[str, str]) -> None:
    event = only(report(**parts))
    assert (event.type, event.message_id, event.ip_tag) == (EventType.COMPLAINED, None, None)


def test_a_report_inside_a_forwarded_mail_is_not_a_report() -> None:
    outer = b"Content-Type: message/rfc822\r\n\r\n" + report()
    assert only(outer).type is EventType.UNKNOWN


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Original-Rcpt-To: <kim@example.org>\r\n", "kim@example.org"),
        ("Original-Rcpt-To: rfc822; kim@example.org\r\n", "kim@example.org"),
        ("", None),
    ],
)
def test_names_whom_the_report_names(field: str, expected: str | None) -> None:
    assert only(report(fields=field)).recipient == expected


def test_a_complaint_happened_when_it_reached_us() -> None:
    raw = report(headers="Date: Tue, 1 Sep 2026 09:00:00 +0000\r\n")
    assert only(raw, NOW).occurred_at == NOW


@pytest.mark.parametrize(
    ("headers", "fields", "expected"),
    [
        ("Date: Tue, 1 Sep 2026 11:00:00 +0200\r\n", "", datetime(2026, 9, 1, 9, tzinfo=UTC)),
        ("Date: soon\r\n", "Arrival-Date: Tue, 1 Sep 2026 08:00:00 -0000\r\n",
         datetime(2026, 9, 1, 8, tzinfo=UTC)),
        ("", "", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_dates_a_report_by_itself_when_nobody_says_when_it_came(
    headers: str, fields: str, expected: datetime
) -> None:
    assert only(report(headers=headers, fields=fields), None).occurred_at == expected


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\x00\xfe",
        b"Subject: Re: hello\r\n\r\nThank you",
        b"Content-Type: multipart/report; boundary=b\r\n\r\nno parts",
        b"Content-Type: message/rfc822\r\n\r\n" * 3000,  # deeper than the parser can go
    ],
)
def test_other_mail_is_unknown(raw: bytes) -> None:
    assert only(raw).type is EventType.UNKNOWN


@given(raw=st.binary(max_size=300), at=st.integers(0, 400))
def test_never_raises_whatever_the_bytes(raw: bytes, at: int) -> None:
    genuine = report(fields=f"Original-Mail-From: <{VERP}>\r\n")
    for one in (raw, genuine[:at] + raw + genuine[at:]):
        assert len(mime.parse(Arrival(one), TRACKER.read_address)) == 1


@given(
    st.sampled_from(NAMES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=12)), max_size=5),
)
def test_never_raises_on_any_mail_that_was_changed(
    name: str, changes: list[tuple[float, int, bytes]]
) -> None:
    arrival = mail(name)
    raw = arrival.raw
    for share, cut, put in changes:
        at = int(share * len(raw))
        raw = raw[:at] + put + raw[at + cut :]
    for event in mime.parse(replace(arrival, raw=raw), TRACKER.read_address):
        assert event.message_id is None or is_message_id(event.message_id)
        assert event.smtp_code is None or 200 <= event.smtp_code < 600


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("=?utf-8?q?R=C3=A9ponse?=", "Réponse"),
        ("=?utf-9?q?x?=", "=?utf-9?q?x?="),  # no such charset
        ("=?utf-8?b?abcde?=", "=?utf-8?b?abcde?="),  # no base64
        ("plain \udcff", "plain \ufffd"),
    ],
)
def test_subjects_are_read_or_stay_as_they_are(subject: str, shown: str) -> None:
    written = Message()
    written["Subject"] = subject
    assert mail_parts.words(written, "Subject") == shown


def test_a_mail_to_several_addresses_of_ours_counts_at_each_once() -> None:
    other = TRACKER.reply_address(OTHER, "reply.example")
    mine = TRACKER.reply_address(LETTER, "reply.example")
    raw = b"Message-ID: <1>\r\nIn-Reply-To: <2>\r\n\r\nHello"
    arrival = Arrival(raw, "ann@example.com", (mine, mine.upper(), f"<{other}>", "x@y"), NOW)
    found = mime.parse(arrival, TRACKER.read_address)
    assert [event.message_id for event in found] == [LETTER, OTHER]
    assert {event.type for event in found} == {EventType.REPLIED}


@pytest.mark.parametrize(
    ("to", "named"),
    [
        (VERP, MESSAGE),
        (VERP.upper(), MESSAGE),
        (FORGED, LETTER),  # then what it encloses
        (BARE, LETTER),
        (TRACKER.reply_address(OTHER, "reply.example"), LETTER),
        (TRACKER.unsubscribe_address(OTHER, "reply.example"), LETTER),
        ("postmaster@bounce.news.example.com", LETTER),
    ],
)
def test_the_envelope_sender_names_the_message_rather_than_what_a_report_encloses(
    to: str, named: str
) -> None:
    raw = (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Return-Path: <{SEAL.mail_from('mkta3', LETTER, DOMAIN)}>\r\n"
        f"Message-ID: <{OTHER}@news.example.com>\r\n\r\n--b--\r\n"
    ).encode()
    [event] = mime.parse(Arrival(raw, "", (to,), NOW), TRACKER.read_address)
    assert (event.type, event.message_id) == (EventType.BOUNCED, named)


def test_what_the_server_takes_for_spam_is_no_reply() -> None:
    arrival = replace(mail("reply.gmail"), suspect=True, data={"spam": "FAIL"})
    (event,) = mime.parse(arrival, TRACKER.read_address)
    assert (event.type, event.source_type) == (EventType.UNKNOWN, "spam")
    assert event.data == {"spam": "FAIL"}


@pytest.mark.parametrize(("sender", "path"), [(None, "<>"), ("", "<a@b.c>"), ("<>", "<a@b.c>")])
def test_nobody_answers_without_an_address(sender: str | None, path: str) -> None:
    raw = f"Return-Path: {path}\r\nIn-Reply-To: <2>\r\nSubject: Re: x\r\n\r\nHello".encode()
    to = (TRACKER.reply_address(LETTER, "reply.example"),)
    (event,) = mime.parse(Arrival(raw, sender, to, NOW), TRACKER.read_address)
    assert (event.type, event.data) == (EventType.AUTO_REPLIED, {"reasons": "null_sender"})


@pytest.mark.parametrize(
    "subject",
    ["Automatic reply: News", "ABWESENHEITSNOTIZ", "Réponse\u00a0automatique", "Автоответ: x",
     "自動返信メール", "I\u2019m out until Monday", "(OOO) News"],
)  # fmt: skip
def test_subjects_of_auto_replies(subject: str) -> None:
    assert auto_subjects.is_one(subject)


@pytest.mark.parametrize("subject", ["", "Re: Automatic reply", "Urlaubsangebote", "Oooh!", "不在"])
def test_subjects_of_people(subject: str) -> None:
    assert not auto_subjects.is_one(subject)


def test_what_stands_far_behind_the_beginning_is_not_looked_at() -> None:
    arrival = mail("dsn.postfix.no-such-user")
    at = arrival.raw.index(b"Content-Type: message/delivery-status")
    for filler, type_ in ((MAX_READ // 2, EventType.BOUNCED), (MAX_READ, EventType.UNKNOWN)):
        raw = arrival.raw[:at] + b"X-Filler: a\r\n" * (filler // 13) + arrival.raw[at:]
        (event,) = mime.parse(replace(arrival, raw=raw), TRACKER.read_address)
        assert event.type is type_


def test_a_mail_without_an_id_is_known_by_what_was_written() -> None:
    first, again = mail("reply.without-an-id"), mail("reply.without-an-id", crlf=False)
    again = replace(again, raw=b"Received: from a by b\n" + again.raw)
    other = replace(first, raw=first.raw + b"!")
    keys = [mime.parse(one, TRACKER.read_address)[0].key for one in (first, again, other)]
    assert keys[0] == keys[1] != keys[2]
