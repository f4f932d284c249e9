"""The webhook's handler on moto: bytes in, a queue message and an answer out."""

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from functions.webhook.handler import lambda_handler
from mailtide.flows.webhook import BODY_LIMIT
from tests.aws import BUCKET, Stack, stack
from tests.collaborators import SOURCE
from tests.events import Context
from tests.http import Answer, http_event
from tests.unit.sources.ses_payloads import certificate, recorded

PATH = f"/webhooks/stalwart/{SOURCE}"
BODY = b'{"events": [{"type": "delivery.delivered", "data": {}}]}'


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with stack(monkeypatch) as made:
        yield made


def post(
    path: str, body: str | bytes, headers: dict[str, str] | None = None, method: str = "POST"
) -> Answer:
    event = http_event(method, path, headers=headers or {}, body=body)
    reply = lambda_handler(event, Context())
    return Answer(reply["statusCode"], reply["headers"], reply.get("body") or "")


def signed(body: bytes, source_id: str = SOURCE) -> dict[str, str]:
    from mailtide import app

    key = app.keyring().source_key(source_id).encode()
    return {"X-Signature": base64.b64encode(hmac.digest(key, body, "sha256")).decode()}


@pytest.mark.parametrize("as_text", [True, False])
def test_a_signed_batch_is_queued_whether_the_gateway_encodes_it_or_not(
    aws: Stack, as_text: bool
) -> None:
    answer = post(PATH, BODY.decode() if as_text else BODY, signed(BODY))
    assert answer.status == 200
    [queued] = aws.bodies("events")
    assert json.loads(queued)["body"] == BODY.decode()


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, "signature_missing"), ({"X-Signature": "bm8="}, "signature_invalid")],
)
def test_what_is_not_proved_is_a_401(aws: Stack, headers: dict[str, str], code: str) -> None:
    answer = post(PATH, BODY, headers)
    assert (answer.status, answer.code) == (401, code)
    assert aws.bodies("events") == []


def test_the_key_of_another_source_does_not_fit(aws: Stack) -> None:
    answer = post(PATH, BODY, signed(BODY, "source0000000009"))
    assert (answer.status, answer.code) == (401, "signature_invalid")


def test_truncated_json_is_a_400(aws: Stack) -> None:
    answer = post(PATH, BODY[:-3], signed(BODY[:-3]))
    assert (answer.status, answer.code) == (400, "invalid_json")


def test_an_oversize_body_is_a_413(aws: Stack) -> None:
    body = b'{"events": []}'.ljust(BODY_LIMIT + 1)
    answer = post(PATH, body, signed(body))
    assert (answer.status, answer.code) == (413, "payload_too_large")


def test_a_large_body_lies_in_the_bucket(aws: Stack) -> None:
    body = json.dumps({"events": ["x" * 300_000]}).encode()
    assert post(PATH, body, signed(body)).status == 200
    [queued] = aws.bodies("events")
    assert aws.objects("payloads/")[json.loads(queued)["body_key"]] == body


def test_trouble_of_ours_is_a_503_after_which_stalwart_sends_again(aws: Stack) -> None:
    aws.sqs.delete_queue(QueueUrl=aws.queues["events"])
    answer = post(PATH, BODY, signed(BODY))
    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "5"


def large_batch() -> tuple[list[dict[str, Any]], bytes]:
    entries = [{"id": str(number), "data": {"details": "x" * 650}} for number in range(7000)]
    return entries, json.dumps({"events": entries}, separators=(",", ":")).encode()


def test_a_large_batch_lies_in_the_queue_in_slices(aws: Stack) -> None:
    entries, body = large_batch()
    assert post(PATH, body, signed(body)).status == 200
    parts = [json.loads(json.loads(text)["body"])["events"] for text in aws.bodies("events")]
    assert len(parts) == 70
    queued = [one for part in parts for one in part]
    assert sorted(queued, key=lambda one: int(one["id"])) == entries
    assert aws.objects("payloads/") == {}


def test_a_large_batch_is_not_acknowledged_when_one_call_fails(aws: Stack) -> None:
    from mailtide import app

    calls = count()

    def refuse_the_third(**_: Any) -> tuple[Any, dict[str, Any]] | None:
        if next(calls) != 2:
            return None
        error = {"Code": "ThrottlingException", "Message": "slow down"}
        told = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
        return SimpleNamespace(status_code=400), told

    app.client("sqs").meta.events.register("before-call.sqs.SendMessageBatch", refuse_the_third)
    _, body = large_batch()
    answer = post(PATH, body, signed(body))
    assert (answer.status, answer.code) == (503, "unavailable")
    assert next(calls) == 3  # nothing is sent behind a failure


def test_a_bucket_that_is_gone_is_a_503(aws: Stack) -> None:
    aws.s3.delete_bucket(Bucket=BUCKET)
    body = json.dumps({"events": ["x" * 300_000]}).encode()
    assert post(PATH, body, signed(body)).status == 503
    assert aws.bodies("events") == []


def test_an_inbound_mail_is_accepted(aws: Stack) -> None:
    from mailtide import app

    token = app.keyring().inbound_token(SOURCE)
    hook = json.dumps({"message": {"headers": [["Subject", " x\r\n"]], "contents": "y"}})
    answer = post(f"/webhooks/inbound/{SOURCE}", hook, {"Authorization": f"Bearer {token}"})
    assert (answer.status, answer.json) == (200, {"action": "accept"})
    assert len(aws.bodies("events")) == 1


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The recorded certificate where SNS has it; the time when the messages were posted."""
    from mailtide import app
    from mailtide.transports.sns_pages import SnsPages

    monkeypatch.setattr(SnsPages, "_get", lambda _, url: certificate() if ".pem" in url else b"")
    at = datetime.fromisoformat(recorded("sns.delivery")["Timestamp"])
    monkeypatch.setattr(app, "now", lambda: at)
    return at


@pytest.mark.usefixtures("sns")
def test_a_message_of_sns_is_queued(aws: Stack) -> None:
    body = json.dumps(recorded("sns.delivery"))
    answer = post("/webhooks/ses", body)
    assert (answer.status, answer.json) == (200, {"queued": True})
    [queued] = aws.bodies("events")
    assert json.loads(queued)["body"] == body


@pytest.mark.usefixtures("sns")
def test_a_forged_message_of_sns_is_a_401_and_another_topic_a_403(aws: Stack) -> None:
    forged = post("/webhooks/ses", json.dumps(recorded("sns.delivery") | {"Message": "{}"}))
    assert (forged.status, forged.code) == (401, "signature_invalid")
    topic = {"TopicArn": "arn:aws:sns:us-east-1:999999999999:theirs"}
    other = post("/webhooks/ses", json.dumps(recorded("sns.delivery") | topic))
    assert (other.status, other.code) == (403, "topic_refused")
    assert post("/webhooks/ses", "{").status == 400
    assert aws.bodies("events") == []


def test_the_log_names_the_topic_whose_subscription_ended(
    aws: Stack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sns: datetime,
) -> None:
    from mailtide import app

    told = recorded("sns.unsubscribe-confirmation")
    monkeypatch.setattr(app, "now", lambda: datetime.fromisoformat(told["Timestamp"]))
    assert post("/webhooks/ses", json.dumps(told)).json == {"ended": True}
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (line["sns"], line["topic"]) == ("ended", told["TopicArn"])


def test_an_old_message_of_sns_is_a_401(aws: Stack) -> None:
    answer = post("/webhooks/ses", json.dumps(recorded("sns.delivery")))
    assert (answer.status, answer.code) == (401, "message_expired")


def test_another_path_is_a_404(aws: Stack) -> None:
    assert post("/webhooks/pigeon/1", BODY).code == "not_found"
