"""What answers without an API key, on anything: mail systems' and recipients' routes, and ours.

No request is a fault of ours, whatever its path, query, headers and body; what cannot be proved
leaves nothing behind.
"""

import base64
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.tracking.handler import lambda_handler as tracking
from functions.webhook.handler import lambda_handler as webhook
from mailtide.sources.stalwart import SIGNATURE_HEADER
from tests.aws import Stack
from tests.events import Context
from tests.functions.gateway import front
from tests.functions.tenants import Tenant, furnish
from tests.functions.walk import EDGES, Operation, misfits
from tests.http import Answer, Handler, http_event

pytestmark = pytest.mark.thorough

TEXT = st.text(max_size=30) | st.text("/%.?&=#\\\x00\r\n \ufffd", max_size=12)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "authorization",
            SIGNATURE_HEADER,
            "accept",
            "content-type",
            "user-agent",
            "idempotency-key",
        ]
    ),
    TEXT | TEXT.map("Bearer {}".format) | st.just("text/html"),
)
BODIES = st.none() | st.binary(max_size=80) | TEXT | st.just('{"events": [{}]}')
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
QUIET = settings(
    max_examples=60,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def ask(handler: Handler, method: str, path: str, **more: Any) -> dict[str, Any]:
    answer = handler(http_event(method, path, **more), Context())
    assert answer["statusCode"] < 500, (method, path, answer)
    return answer


@pytest.mark.parametrize("place", ["stalwart/", "inbound/", "ses", "", "other/"])
def test_nothing_unproved_is_taken_from_a_mail_system(shared_stack: Stack, place: str) -> None:
    @QUIET
    @given(METHODS, TEXT, HEADERS, BODIES)
    def post(method: str, rest: str, headers: dict[str, str], body: str | bytes | None) -> None:
        answer = ask(webhook, method, f"/webhooks/{place}{rest}", headers=headers, body=body)
        assert answer["statusCode"] >= 400

    post()
    assert shared_stack.bodies("events") == []
    assert shared_stack.objects("payloads/") == {}


@pytest.mark.parametrize("place", ["/t/o/", "/t/c/", "/u/", "/t/", "/"])
def test_nothing_made_up_is_tracked_or_redirected(shared_stack: Stack, place: str) -> None:
    @QUIET
    @given(METHODS, TEXT, HEADERS, BODIES)
    def visit(method: str, rest: str, headers: dict[str, str], body: str | bytes | None) -> None:
        answer = ask(tracking, method, f"{place}{rest}", headers=headers, body=body)
        assert answer["statusCode"] == 404 or place.startswith("/t/o/")
        assert "Location" not in answer["headers"]

    visit()
    assert shared_stack.bodies("events") == []


@pytest.mark.parametrize("operation", EDGES, ids=str)
def test_an_edge_answers_as_it_is_described(shared_stack: Stack, operation: Operation) -> None:
    handler = webhook if operation.path.startswith("/webhooks/") else tracking
    token = TEXT.map(lambda text: text.replace("/", "") or "x")

    @QUIET
    @given(st.fixed_dictionaries(dict.fromkeys(operation.names, token)), HEADERS, BODIES)
    def call(ids: dict[str, str], headers: dict[str, str], body: str | bytes | None) -> None:
        path = operation.named({key: quote(value, safe="") for key, value in ids.items()})
        answer = ask(handler, operation.method, path, headers=headers, body=body)
        shown = Answer(answer["statusCode"], answer["headers"], answer["body"])
        assert misfits(operation, shown) == [], path

    call()


@pytest.mark.parametrize("place", ["/api/", "/api/contacts/", "/api/messages/", ""])
def test_no_request_is_a_fault_of_the_api(acme: Tenant, place: str) -> None:
    furnish(acme)

    @QUIET
    @given(METHODS, TEXT, st.dictionaries(TEXT, TEXT, max_size=2), HEADERS, BODIES, st.booleans())
    def call(
        method: str,
        rest: str,
        query: dict[str, str],
        headers: dict[str, str],
        body: str | bytes | None,
        known: bool,
    ) -> None:
        key = {"authorization": f"Bearer {acme.admin.key}"} if known else {}
        answer = ask(front, method, f"{place}{rest}", query=query, headers=headers | key, body=body)
        assert known or answer["statusCode"] == 401

    call()


@pytest.mark.parametrize("body", [base64.b64encode(b"x").decode(), "=", "%"])
def test_a_body_that_is_called_base64_is_read_as_such(acme: Tenant, body: str) -> None:
    headers = {"authorization": f"Bearer {acme.admin.key}", "content-type": "application/json"}
    event = http_event("POST", "/api/lists", headers=headers) | {"body": body}
    assert front(event | {"isBase64Encoded": True}, Context())["statusCode"] == 400
