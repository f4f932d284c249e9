"""What SNS posts: nothing is fetched, confirmed or queued before it is proved."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from local.memory.bucket import Bucket
from mailtide.errors import MailtideError, RetryableError
from mailtide.flows import envelope_reading
from mailtide.flows.sns_webhook import BODY_LIMIT, Answer, SnsWebhook, Taken
from mailtide.sources import sns
from tests.collaborators import Queue
from tests.unit.sources.ses_payloads import SES, certificate, recorded

TOPIC = "arn:aws:sns:us-east-1:123456789012:ses-events"
DELIVERY, SUBSCRIPTION = "sns.delivery", "sns.subscription-confirmation"


@dataclass
class Pages:
    """SNS's pages as they were recorded; `down` makes them fail."""

    fetched: list[str] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    down: bool = False

    def certificate(self, url: str) -> bytes:
        self._try()
        self.fetched.append(url)
        return certificate()

    def confirm(self, url: str) -> None:
        self._try()
        self.confirmed.append(url)

    def _try(self) -> None:
        if self.down:
            raise RetryableError("SNS is down")


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def webhook(pages: Pages, queue: Queue, bucket: Bucket) -> SnsWebhook:
    return SnsWebhook(frozenset({TOPIC, ""}), pages, queue, bucket)


def body(name: str) -> bytes:
    return (SES / f"{name}.json").read_bytes()


def posted_at(text: bytes) -> datetime:
    return sns.read(text).at


def refused(webhook: SnsWebhook, text: bytes, now: datetime) -> str:
    with pytest.raises(MailtideError) as caught:
        webhook.take(text, now)
    return caught.value.code


@pytest.mark.parametrize("name", [DELIVERY, "sns.delivery.signature-v1", "sns.bounce"])
def test_a_notification_is_queued_as_it_was_posted(
    webhook: SnsWebhook, queue: Queue, bucket: Bucket, name: str
) -> None:
    text = body(name)
    assert webhook.take(text, posted_at(text)) == Taken(Answer.QUEUED, TOPIC)
    [queued] = queue.sent
    assert envelope_reading.read(queued, bucket) == envelope_reading.Envelope(
        "ses", None, posted_at(text), text
    )


def test_a_subscription_is_confirmed_and_not_queued(
    webhook: SnsWebhook, queue: Queue, pages: Pages
) -> None:
    text = body(SUBSCRIPTION)
    assert webhook.take(text, posted_at(text)) == Taken(Answer.CONFIRMED, TOPIC)
    assert pages.confirmed == [recorded(SUBSCRIPTION)["SubscribeURL"]]
    assert queue.sent == []


def test_an_ended_subscription_is_not_taken_back(
    webhook: SnsWebhook, queue: Queue, pages: Pages
) -> None:
    text = body("sns.unsubscribe-confirmation")
    assert webhook.take(text, posted_at(text)) == Taken(Answer.ENDED, TOPIC)
    assert (pages.confirmed, queue.sent) == ([], [])


@pytest.mark.parametrize("name", [DELIVERY, SUBSCRIPTION])
@pytest.mark.parametrize(
    ("change", "code", "asked"),
    [
        ({"TopicArn": TOPIC.replace("1234", "9999")}, "topic_refused", False),
        ({"TopicArn": ""}, "topic_refused", False),
        ({"Timestamp": "2026-08-31T23:00:00.000Z"}, "message_expired", False),
        ({"SigningCertURL": "https://attacker.example/x.pem"}, "signature_invalid", False),
        ({"Signature": "bm8="}, "signature_invalid", True),
        ({"Message": "{}"}, "signature_invalid", True),
        ({"SignatureVersion": "1"}, "signature_invalid", True),
        ({"Type": "Other"}, "invalid_json", False),
    ],
)
def test_what_is_not_proved_has_no_consequence(
    webhook: SnsWebhook,
    queue: Queue,
    pages: Pages,
    name: str,
    change: dict[str, Any],
    code: str,
    asked: bool,
) -> None:
    now = posted_at(body(name))
    assert refused(webhook, json.dumps(recorded(name) | change).encode(), now) == code
    assert (pages.confirmed, queue.sent) == ([], [])
    assert bool(pages.fetched) == asked


@pytest.mark.parametrize(
    "name", ["sns.complaint.forged-cert-host", "sns.complaint.tampered-invalid-signature"]
)
def test_recorded_forgeries_are_refused(webhook: SnsWebhook, queue: Queue, name: str) -> None:
    assert refused(webhook, body(name), posted_at(body(name))) == "signature_invalid"
    assert queue.sent == []


def test_what_is_longer_than_any_message_of_sns_is_refused(webhook: SnsWebhook) -> None:
    text = body(DELIVERY)
    assert webhook.take(text.ljust(BODY_LIMIT), posted_at(text)) == Taken(Answer.QUEUED, TOPIC)
    assert refused(webhook, text.ljust(BODY_LIMIT + 1), posted_at(text)) == "payload_too_large"


@pytest.mark.parametrize("name", [DELIVERY, SUBSCRIPTION])
def test_trouble_of_ours_or_of_sns_is_for_another_try(
    webhook: SnsWebhook, queue: Queue, pages: Pages, name: str
) -> None:
    text = body(name)
    pages.down = True
    assert refused(webhook, text, posted_at(text)) == "unavailable"
    pages.down, queue.down = False, True
    if name == DELIVERY:
        assert refused(webhook, text, posted_at(text)) == "unavailable"
    assert queue.sent == []
