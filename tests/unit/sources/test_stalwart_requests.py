"""What proves that a webhook is Stalwart's, and the mail inside an MTA hook's request."""

import base64
import hmac
import json
from datetime import UTC, datetime
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.event import EventType
from mailtide.errors import InvalidInputError
from mailtide.sources import stalwart
from tests.unit.sources.payloads import body, signed_request

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


def sign(text: bytes, key: bytes) -> str:
    return base64.b64encode(hmac.digest(key, text, "sha256")).decode()


def test_takes_the_recorded_request_for_genuine() -> None:
    request = signed_request()
    assert stalwart.verify(request["headers"], request["body"].encode(), request["secret"])


def test_reads_the_recorded_request() -> None:
    (event,) = stalwart.parse(signed_request()["body"])
    assert (event.type, event.smtp_code) == (EventType.DELIVERED, 250)


@pytest.mark.parametrize("name", ["x-signature", "X-SIGNATURE", "X-Signature"])
def test_finds_the_header_in_any_case(name: str) -> None:
    assert stalwart.verify({name: sign(b"{}", b"key")}, b"{}", b"key")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Signature": ""},
        {"X-Signature": "not base64 ü"},
        {"X-Signature": sign(b"{}", b"another key")},
        {"X-Signature": sign(b"{ }", b"key")},
        {"X-Signature": sign(b"{}", b"key").rstrip("=")},
        {"X-Signature": "sha256=" + sign(b"{}", b"key")},
        {"Signature": sign(b"{}", b"key")},
    ],
)
def test_refuses_a_missing_or_forged_signature(headers: dict[str, str]) -> None:
    assert not stalwart.verify(headers, b"{}", b"key")


def test_an_empty_key_opens_nothing() -> None:
    assert not stalwart.verify({"X-Signature": sign(b"{}", b"")}, b"{}", b"")


@given(text=st.binary(min_size=1, max_size=60), place=st.integers(0, 59), flip=st.integers(1, 255))
def test_refuses_a_body_with_any_byte_altered(text: bytes, place: int, flip: int) -> None:
    signature = sign(text, b"key")
    altered = bytearray(text)
    altered[place % len(text)] ^= flip
    assert not stalwart.verify({"X-Signature": signature}, bytes(altered), b"key")


def test_rebuilds_the_mail_of_a_hook() -> None:
    mail = message_from_bytes(stalwart.hook_message(body("mta-hook.data.fbl-report")))
    assert mail["Subject"] == "Abuse report"
    assert [part.get_content_type() for part in mail.get_payload()] == [  # type: ignore[union-attr]
        "text/plain",
        "message/feedback-report",
        "message/rfc822",
    ]


def test_a_header_without_a_line_end_ends_its_line_all_the_same() -> None:
    request = {"message": {"headers": [["A", " 1"], ["B", " 2\r\n"]], "contents": "hello"}}
    raw = stalwart.hook_message(json.dumps(request).encode())
    assert raw == b"A: 1\r\nB: 2\r\n\r\nhello"


@pytest.mark.parametrize(
    "request_",
    [
        [],
        {},
        {"message": []},
        {"message": {"headers": []}},
        {"message": {"headers": {}, "contents": ""}},
        {"message": {"headers": [["A"]], "contents": ""}},
        {"message": {"headers": [["A", 1]], "contents": ""}},
    ],
)
def test_refuses_a_hook_without_a_message(request_: object) -> None:
    with pytest.raises(InvalidInputError):
        stalwart.hook_message(json.dumps(request_).encode())


@pytest.mark.parametrize(
    ("envelope", "sender", "recipients"),
    [
        ({"from": {"address": "a@b.c"}, "to": [{"address": "d@e.f"}]}, "a@b.c", ("d@e.f",)),
        ({"from": {"address": ""}, "to": [{"address": " <d@e.f> "}]}, "", ("d@e.f",)),
        ({"from": {"address": "<>"}, "to": [{"address": ""}, {"a": 1}, "x", None]}, "", ()),
        ({"from": "a@b.c", "to": {"address": "d@e.f"}}, None, ()),
        ({}, None, ()),
        (None, None, ()),
        ([], None, ()),
    ],
)
def test_reads_the_envelope_of_a_hook(
    envelope: object, sender: str | None, recipients: tuple[str, ...]
) -> None:
    request = {"envelope": envelope, "message": {"headers": [], "contents": "x"}}
    mail = stalwart.hook_mail(json.dumps(request).encode(), NOW)
    assert (mail.sender, mail.recipients, mail.received_at) == (sender, recipients, NOW)
    assert mail.raw == b"\r\nx"


def test_reads_the_envelope_of_the_recorded_hook() -> None:
    mail = stalwart.hook_mail(body("mta-hook.data.fbl-report"), NOW)
    assert mail.sender == "feedback@fbl.example.org"
    assert mail.recipients == ("fbl@bounce.news.example.com",)


def test_refuses_a_hook_that_is_not_json() -> None:
    with pytest.raises(InvalidInputError) as refused:
        stalwart.hook_message(b"--")
    assert refused.value.code == "invalid_json"
