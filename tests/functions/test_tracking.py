"""The tracking handler on moto: pixel, redirect and unsubscribe as programs ask for them."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from functions.tracking.handler import lambda_handler
from mailtide import app
from mailtide.domain.signing import Purpose
from mailtide.domain.suppression import Reason
from mailtide.domain.tracking import Link, Tracker
from mailtide.edge import PIXEL
from mailtide.store.events import Events
from mailtide.store.suppressions import Suppressions
from tests.aws import PUBLIC_URL, Stack, stack
from tests.events import Context
from tests.http import http_event
from tests.rows import CAMPAIGN, ORG, contact, message, sent

URL = "https://shop.example/?a=1&b=2"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with stack(monkeypatch) as made:
        Events().put_all([sent()])
        yield made


def call(
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    body: str | bytes | None = None,
) -> dict[str, Any]:
    event = http_event(method, path.removeprefix(PUBLIC_URL), headers=headers, body=body)
    answer: dict[str, Any] = lambda_handler(event, Context())
    return answer


def tracker() -> Tracker:
    return Tracker(app.keyring(), PUBLIC_URL)


def click_path() -> str:
    return tracker().click_base(message()) + tracker().link(Link(CAMPAIGN, 2, URL))


def lose_queue() -> None:
    """Cut the line to SQS."""

    def refuse(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://sqs")

    app.hasty_queue_client().meta.events.register("before-call.sqs", refuse)


def hits(aws: Stack) -> list[dict[str, Any]]:
    return [hit for body in aws.bodies("events") for hit in json.loads(body)["hits"]]


def suppressed() -> set[Reason]:
    found = Suppressions().get_many(ORG, [contact()]).get(contact())
    return set(found.reasons) if found else set()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_pixel_is_a_gif_that_nobody_keeps(aws: Stack, method: str) -> None:
    answer = call(method, tracker().open_url(message()), headers={"User-Agent": "Mail/1"})
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "image/gif"
    assert "no-store" in answer["headers"]["Cache-Control"]
    assert base64.b64decode(answer["body"]) == PIXEL
    [hit] = hits(aws)
    assert (hit["kind"], hit["method"], hit["user_agent"]) == ("open", method, "Mail/1")
    assert hit["address"] == "192.0.2.1"


@pytest.mark.parametrize("token", ["x", "é", "a" * 40, "../../x", ""])
def test_a_bad_pixel_is_an_image_all_the_same_and_no_hit(aws: Stack, token: str) -> None:
    answer = call("GET", f"/t/o/{token}.gif")
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, "image/gif")
    assert hits(aws) == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_click_is_redirected_and_recorded_with_its_method(aws: Stack, method: str) -> None:
    answer = call(method, click_path())
    assert (answer["statusCode"], answer["headers"]["Location"]) == (302, URL)
    assert "no-store" in answer["headers"]["Cache-Control"]
    [hit] = hits(aws)
    assert (hit["kind"], hit["method"], hit["link_index"], hit["url"]) == ("click", method, 2, URL)


def test_a_click_reaches_its_goal_when_the_queue_does_not_answer(aws: Stack) -> None:
    lose_queue()
    assert call("GET", click_path())["statusCode"] == 302


def test_a_pixel_is_an_image_when_the_queue_does_not_answer(aws: Stack) -> None:
    lose_queue()
    assert call("GET", tracker().open_url(message()))["statusCode"] == 200


@pytest.mark.parametrize("change", [lambda p: p[:-1] + "_", lambda p: p + "x", lambda p: p[:-9]])
def test_an_altered_link_is_a_404_and_never_a_redirect(aws: Stack, change: Any) -> None:
    answer = call("GET", change(click_path()))
    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["code"] == "token_invalid"
    assert "Location" not in answer["headers"]
    assert hits(aws) == []


def test_a_browser_gets_the_problem_as_a_page(aws: Stack) -> None:
    answer = call("GET", "/u/<script>", headers={"Accept": "text/html,*/*"})
    assert answer["statusCode"] == 404
    assert answer["headers"]["Content-Type"].startswith("text/html")
    assert "(token_invalid)" in answer["body"]
    assert "<script" not in answer["body"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_unsubscribe_page_has_one_button_and_changes_nothing(aws: Stack, method: str) -> None:
    answer = call(method, tracker().unsubscribe_url(message()))
    assert answer["statusCode"] == 200
    assert answer["body"].count("<button") == 1
    assert '<form method="post">' in answer["body"]
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert (suppressed(), hits(aws)) == (set(), [])


MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click"),
        ("multipart/form-data; boundary=b", MULTIPART),
        ("application/octet-stream", b"\xff\xfe"),
        ("text/plain", None),
    ],
)
def test_one_click_suppresses_before_it_answers(
    aws: Stack, content_type: str, body: str | bytes | None
) -> None:
    url = tracker().unsubscribe_url(message())
    answer = call("POST", url, headers={"Content-Type": content_type}, body=body)
    assert answer["statusCode"] == 200
    assert "You are unsubscribed" in answer["body"]
    assert not answer.get("cookies")
    assert "Location" not in answer["headers"]
    assert suppressed() == {Reason.UNSUBSCRIBE}
    assert [(hit["kind"], hit["key"]) for hit in hits(aws)] == [("unsubscribe", "unsubscribed")]


def test_unsubscribing_again_is_fine(aws: Stack) -> None:
    url = tracker().unsubscribe_url(message())
    assert [call("POST", url)["statusCode"] for _ in range(2)] == [200, 200]


def test_an_unsubscribe_whose_event_is_not_queued_is_a_503_but_stands(aws: Stack) -> None:
    aws.sqs.delete_queue(QueueUrl=aws.queues["events"])
    answer = call("POST", tracker().unsubscribe_url(message()))
    assert answer["statusCode"] == 503
    assert suppressed() == {Reason.UNSUBSCRIBE}


@pytest.mark.parametrize("purpose", [Purpose.OPEN, Purpose.CLICK])
def test_a_token_of_another_purpose_unsubscribes_nobody(aws: Stack, purpose: Purpose) -> None:
    answer = call("POST", f"/u/{tracker().recipient(purpose, message())}")
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (404, "token_invalid")
    assert suppressed() == set()
