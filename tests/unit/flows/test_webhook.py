"""The webhook: whose bytes these are comes first, what is in them is nobody's business."""

import json

import pytest

from local.memory.bucket import Bucket
from mailtide.errors import (
    InvalidInputError,
    MailtideError,
    RetryableError,
    TooLargeError,
    UnauthenticatedError,
)
from mailtide.flows import envelope_reading
from mailtide.flows.webhook import BODY_LIMIT, Post, Webhook
from tests.collaborators import FOREIGN_SOURCE, KEYRING, SOURCE, Queue, signature, signed
from tests.rows import START

BODY = json.dumps({"events": [{"id": "1", "type": "delivery.delivered"}]}).encode()
HOOK = json.dumps({"message": {"headers": [["Subject", " x\r\n"]], "contents": "é"}}).encode()


def refused(webhook: Webhook, post: Post) -> MailtideError:
    with pytest.raises(MailtideError) as caught:
        webhook.events(post, START)
    return caught.value


def test_a_signed_batch_is_queued_as_it_came(webhook: Webhook, queue: Queue) -> None:
    webhook.events(signed(BODY), START)
    assert queue.messages == [
        {
            "source": "stalwart",
            "source_id": SOURCE,
            "received_at": 1_795_514_400_000,
            "body": BODY.decode(),
        }
    ]


def test_what_the_key_before_signed_is_still_taken(webhook: Webhook, queue: Queue) -> None:
    webhook.events(signed(BODY, key=1), START)
    assert len(queue.sent) == 1


def test_a_word_we_do_not_know_is_taken(webhook: Webhook, queue: Queue) -> None:
    webhook.events(signed(b'{"events": [{"type": "moon.rise"}, 7, null]}'), START)
    assert len(queue.sent) == 1


@pytest.mark.parametrize(
    ("post", "code"),
    [
        (Post(SOURCE, {}, BODY), "signature_missing"),
        (Post(SOURCE, {"x-signature": ""}, BODY), "signature_invalid"),
        (Post(SOURCE, {"x-signature": signature(BODY)}, BODY + b" "), "signature_invalid"),
        (Post(SOURCE, {"x-signature": signature(BODY)}, BODY[:-1]), "signature_invalid"),
        (signed(BODY, source_id=FOREIGN_SOURCE), "signature_invalid"),
        (Post(SOURCE, {"x-signature": "é"}, BODY), "signature_invalid"),
        (Post(SOURCE, {"x-signature": signature(b"{")}, b'{"'), "signature_invalid"),
    ],
)
def test_what_is_not_proved_is_refused(
    webhook: Webhook, queue: Queue, post: Post, code: str
) -> None:
    error = refused(webhook, post)
    assert isinstance(error, UnauthenticatedError)
    assert (error.code, queue.sent) == (code, [])


@pytest.mark.parametrize(
    "body", [b"", b'{"events": [', b"[]", b'{"events": {}}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_signed_body_that_cannot_be_read_is_refused(
    webhook: Webhook, queue: Queue, body: bytes
) -> None:
    error = refused(webhook, signed(body))
    assert isinstance(error, InvalidInputError)
    assert (error.code, queue.sent) == ("invalid_json", [])


def test_a_body_over_the_limit_is_refused(webhook: Webhook, queue: Queue) -> None:
    fits = b'{"events": []}'.ljust(BODY_LIMIT)
    webhook.events(signed(fits), START)
    assert isinstance(refused(webhook, signed(fits + b" ")), TooLargeError)
    assert len(queue.sent) == 1


def test_a_large_body_goes_by_the_bucket(webhook: Webhook, queue: Queue, bucket: Bucket) -> None:
    body = json.dumps({"events": ["é" * 150_000]}, ensure_ascii=False).encode()
    webhook.events(signed(body), START)
    [message] = queue.messages
    assert bucket.objects[message["body_key"]] == body
    assert envelope_reading.read(queue.sent[0], bucket).body == body


def test_no_message_is_too_large_for_the_queue(webhook: Webhook, queue: Queue) -> None:
    body = json.dumps({"events": ['"' * 60_000]}).encode()  # written once more, it doubles
    webhook.events(signed(body), START)
    assert len(queue.sent[0].encode()) <= 256 * 1024


@pytest.mark.parametrize("character", ["\uffff", "\ufffe", "\x7f", "é", "\U0001f600"])
def test_a_queue_gets_no_character_that_it_refuses(
    webhook: Webhook, queue: Queue, bucket: Bucket, character: str
) -> None:
    body = json.dumps({"events": [character]}, ensure_ascii=False).encode()
    webhook.events(signed(body), START)
    assert queue.sent[0].isascii()
    assert envelope_reading.read(queue.sent[0], bucket).body == body


def test_trouble_with_the_queue_is_ours(webhook: Webhook, queue: Queue) -> None:
    queue.down = True
    assert isinstance(refused(webhook, signed(BODY)), RetryableError)


def bearer(token: str, body: bytes = HOOK) -> Post:
    return Post(SOURCE, {"authorization": token}, body)


def test_an_inbound_mail_is_queued_and_accepted(
    webhook: Webhook, queue: Queue, bucket: Bucket
) -> None:
    answer = webhook.mail(bearer(f"Bearer {KEYRING.inbound_token(SOURCE)}"), START)
    assert answer == {"action": "accept"}
    assert envelope_reading.read(queue.sent[0], bucket) == envelope_reading.Envelope(
        "inbound", SOURCE, START, HOOK
    )


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "signature_missing"),
        ("Bearer ", "signature_missing"),
        (f"Basic {KEYRING.inbound_token(SOURCE)}", "signature_missing"),
        (f"Bearer {KEYRING.inbound_token(FOREIGN_SOURCE)}", "signature_invalid"),
        (f"Bearer {KEYRING.source_key(SOURCE)}", "signature_invalid"),  # of another purpose
    ],
)
def test_an_inbound_mail_without_the_source_s_token_is_refused(
    webhook: Webhook, queue: Queue, authorization: str, code: str
) -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        webhook.mail(bearer(authorization), START)
    assert (caught.value.code, queue.sent) == (code, [])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{}", "invalid_json"),
        (HOOK[:-5], "invalid_json"),
        (HOOK.decode().encode("utf-16"), "invalid_json"),  # JSON, but not the UTF-8 that is queued
        (HOOK.replace(b'"Subject", ', b""), "invalid_json"),
        (HOOK.ljust(BODY_LIMIT + 1), "payload_too_large"),
    ],
)
def test_a_hook_s_request_without_a_mail_is_refused(
    webhook: Webhook, queue: Queue, body: bytes, code: str
) -> None:
    with pytest.raises(MailtideError) as caught:
        webhook.mail(bearer(f"Bearer {KEYRING.inbound_token(SOURCE)}", body), START)
    assert (caught.value.code, queue.sent) == (code, [])
